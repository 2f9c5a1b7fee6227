/**
 * What the ring shows: every node this one knows of, and what it knows of them.
 *
 * Knows nothing of pixels. Three degrees of knowledge must stay apart, because
 * the picture is a promise: linked to (own links), heard of (a neighbour says
 * it is linked to it, or it is in the successor list), and passed (a trace
 * came through it).
 */
import type { LinkInfo, RingSnapshot } from "../peer/peer.ts";
import { formatMs, ordinal, plural } from "./format.ts";
import { clockwiseTurn, turnOf } from "./ring-geometry.ts";

export type NodeKind = "self" | "neighbour" | "long" | "other" | "heard" | "passed";

export interface ShownNode {
  readonly id: string;
  readonly turn: number;
  readonly kind: NodeKind;
  readonly link: LinkInfo | null;
  readonly isPredecessor: boolean;
  /** 1 for the successor, 2 for its successor, ...; null when not in the successor list. */
  readonly successorRank: number | null;
  /** Every node it is known to be linked to, whoever said so. */
  readonly linkedTo: ReadonlySet<string>;
}

export interface RingModel {
  readonly selfId: string;
  /** Clockwise, starting at this node. */
  readonly nodes: readonly ShownNode[];
  readonly byId: ReadonlyMap<string, ShownNode>;
  /** Links between other nodes, each once, as their neighbours told. */
  readonly heardLinks: readonly (readonly [string, string])[];
  readonly predecessorId: string | null;
  readonly lastSuccessorId: string | null;
  readonly estimatedSize: number;
}

export function ringModel(
  selfId: string,
  ring: RingSnapshot,
  passed: readonly string[] = [],
): RingModel {
  const links = new Map(
    ring.links.filter((link) => link.id !== selfId).map((link) => [link.id, link]),
  );
  const ranks = new Map(ring.successors.map((node, index) => [node.id, index + 1]));
  const adjacency = new Map<string, Set<string>>([[selfId, new Set()]]);
  const know = (id: string): Set<string> => {
    let linkedTo = adjacency.get(id);
    if (linkedTo === undefined) adjacency.set(id, (linkedTo = new Set()));
    return linkedTo;
  };

  const heardLinks: [string, string][] = [];
  for (const link of links.values()) {
    know(selfId).add(link.id);
    know(link.id).add(selfId);
  }
  for (const link of links.values()) {
    for (const other of link.linkedTo) {
      if (other === selfId || other === link.id || know(link.id).has(other)) continue;
      know(link.id).add(other);
      know(other).add(link.id);
      heardLinks.push([link.id, other]);
    }
  }
  const predecessorId = ring.predecessor?.id ?? null;
  for (const id of [...ranks.keys(), ...(predecessorId === null ? [] : [predecessorId])]) know(id);
  const heard = new Set(adjacency.keys());
  for (const id of passed) know(id);

  const kindOf = (id: string): NodeKind => {
    if (id === selfId) return "self";
    return links.get(id)?.role ?? (heard.has(id) ? "heard" : "passed");
  };
  const selfTurn = turnOf(selfId);
  const nodes = [...adjacency]
    .map(([id, linkedTo]) => ({
      id,
      turn: turnOf(id),
      kind: kindOf(id),
      link: links.get(id) ?? null,
      isPredecessor: id === predecessorId,
      successorRank: ranks.get(id) ?? null,
      linkedTo,
    }))
    .toSorted((a, b) => clockwiseTurn(selfTurn, a.turn) - clockwiseTurn(selfTurn, b.turn));

  return {
    selfId,
    nodes,
    byId: new Map(nodes.map((node) => [node.id, node])),
    heardLinks,
    predecessorId,
    lastSuccessorId: ring.successors.at(-1)?.id ?? null,
    estimatedSize: ring.estimatedSize,
  };
}

/** What this node is to us, in words. */
export function describeNode(node: ShownNode): string {
  return [placeWords(node), linkWords(node)].filter((words) => words !== "").join(" · ");
}

function placeWords(node: ShownNode): string {
  const words: string[] = [];
  if (node.kind === "self") words.push("this node");
  if (node.successorRank === 1) words.push("successor");
  if (node.successorRank !== null && node.successorRank > 1) {
    words.push(`${ordinal(node.successorRank)} successor`);
  }
  if (node.isPredecessor) words.push("predecessor");
  return words.join(" and ");
}

function linkWords(node: ShownNode): string {
  if (node.kind === "self") return plural(node.linkedTo.size, "link");
  if (node.link === null) {
    if (node.kind === "passed") return "passed by the trace, not linked";
    return node.linkedTo.size === 0
      ? "not linked"
      : `not linked, heard of from ${plural(node.linkedTo.size, "node")}`;
  }
  const { link } = node;
  const words = [ROLE_WORDS[link.role]];
  if (!link.member) words.push("on its way in");
  if (link.path === "relayed") words.push("relayed");
  if (link.rttMs !== null) words.push(`${formatMs(link.rttMs)} away`);
  words.push(`linked to ${plural(node.linkedTo.size, "node")} that we know`);
  return words.join(", ");
}

export const ROLE_WORDS: Readonly<Record<LinkInfo["role"], string>> = {
  neighbour: "neighbour link",
  long: "long link",
  other: "link kept by the other end",
};
