/**
 * What is true, whatever the nodes believe: roots, neighbours, and how far the
 * world is from that. Only looks.
 *
 * Everything is said in words, "" or [] where there is nothing to say, so that
 * a failing scenario tells what is wrong and not just that something is.
 */
import type { Id } from "../id/id.ts";
import type { Lookup, SimNode, World } from "./world.ts";

/** The root of a key: the first id at or after it, wrapping round. */
export function rootOf(key: Id, sortedIds: readonly Id[]): Id {
  let low = 0;
  let high = sortedIds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sortedIds[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return sortedIds[low % sortedIds.length]!;
}

/** A node's name in what is printed: its number, in the order they came, and the first digits of its id. */
export function nameOf({ host, id }: Pick<SimNode, "host" | "id">): string {
  return `n${host.number}:${id.slice(0, 6)}`;
}

/** Nodes that are no members yet, and members whose lists of neighbours are not exactly the truth. */
export function ringFaults(world: World): string[] {
  const faults: string[] = [];
  const members = world.members();
  for (const node of world.nodes) {
    if (!node.node.isMember) faults.push(`${nameOf(node)} is no member`);
  }
  const byId = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const count = byId.length;
  for (const [at, node] of byId.entries()) {
    const { successors, predecessors } = node.node.view;
    const length = Math.min(world.params.listLength, count - 1);
    const isOff = (list: readonly Id[], step: number) =>
      list.length !== length ||
      list.some((id, i) => id !== byId[(at + step * (i + 1) + count * (i + 1)) % count]!.id);
    if (isOff(successors, 1)) faults.push(`${nameOf(node)} has wrong successors`);
    if (isOff(predecessors, -1)) faults.push(`${nameOf(node)} has wrong predecessors`);
  }
  return faults;
}

/**
 * Members that are not linked to their nearest neighbours. Until they are, two that hold each other
 * for neighbours believe nobody about a third between them, and answer for its keys.
 */
export function linkFaults(world: World): string[] {
  return world.members().flatMap((node) => {
    const { successors, predecessors } = node.node.view;
    return [successors[0], predecessors[0]]
      .filter((id) => id !== undefined && node.node.links.get(id)?.isMember !== true)
      .map((id) => `${nameOf(node)} is not linked to ${id!.slice(0, 6)}`);
  });
}

/** What is wrong with what a lookup found, given who are members now; "" when it is right. */
export function faultOf({ key, from, result }: Lookup, sortedIds: readonly Id[]): string {
  const { receipt } = result;
  const asked = `${nameOf(from)} asked for ${key.slice(0, 6)}`;
  if (receipt.kind !== "delivered") {
    return `${asked}: ${receipt.kind}${"why" in receipt ? `, ${receipt.why}` : ""}`;
  }
  const root = rootOf(key, sortedIds);
  if (receipt.root === root) return "";
  return `${asked} and found ${receipt.root.slice(0, 6)}, not ${root.slice(0, 6)}`;
}

/** The same for many lookups: only what is wrong. */
export function faultsOf(lookups: readonly Lookup[], sortedIds: readonly Id[]): string[] {
  return lookups.map((lookup) => faultOf(lookup, sortedIds)).filter((fault) => fault !== "");
}
