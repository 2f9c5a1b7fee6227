/**
 * To one member of a group, one that is near in the tree: a depth-first search,
 * as in Scribe, but driven by who asks, so that no node waits for another's
 * search. It begins at this node's place in the tree, or where a join of it would end.
 */
import type { Prost } from "prost/sdk";
import type { Groups } from "./groups.ts";
import { CALL_MS, MAX_ANYCAST_NODES } from "./limits.ts";
import { type Data, ROUTED } from "./protocol.ts";
import { readAnycastAnswer } from "./reading.ts";

/** The node that took it. A node that took it and could not say so may not be the only one. */
export async function anycast(
  prost: Prost,
  groups: Groups,
  group: string,
  data: Data,
): Promise<{ readonly node: string; readonly asked: number }> {
  const own = groups.get(group);
  const toAsk = own?.isAttached ? own.neighbours : await entrance(prost, group);
  const asked = new Set([prost.self]);
  for (
    let id = toAsk.shift();
    id !== undefined && asked.size <= MAX_ANYCAST_NODES;
    id = toAsk.shift()
  ) {
    if (asked.has(id)) continue;
    asked.add(id);
    try {
      const said = await groups.references.at(id, (there) =>
        there.anycast(group, data, own?.proof ?? ""),
      );
      const answer = readAnycastAnswer(said);
      if (answer.isTaken) return { node: id, asked: asked.size - 1 };
      toAsk.unshift(...answer.next);
    } catch {
      // Gone, or busy: the next one.
    }
  }
  throw new Error("no other member of this group was found");
}

async function entrance(prost: Prost, group: string): Promise<string[]> {
  const data = Uint8Array.of(ROUTED.find);
  const receipt = await prost.route(group, data, { timeoutMs: 2 * CALL_MS });
  if (receipt.kind === "refused") return [receipt.by];
  return receipt.kind === "delivered" ? [receipt.root] : [];
}
