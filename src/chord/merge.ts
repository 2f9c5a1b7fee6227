/**
 * Two rings become one.
 *
 * Two tabs that start at the same moment on an empty server, or a healed
 * partition, leave two rings. Gates compare: whoever can be routed to is in the
 * same ring. If not, this node enters the other ring through that gate, as a
 * newcomer would, but keeps its own; it asks the other ring who is responsible
 * for its id, links to that node, and both are each other's neighbours now.
 * From there the merge spreads by stabilizing: every node dials the nearest
 * members it hears of, and its neighbours hear of those at once.
 *
 * Source for the idea that passive stabilization needs exactly one such seed,
 * and is made quicker by more: Shafaat, Ghodsi, Haridi, "Handling network
 * partitions and mergers in structured overlay networks", P2P 2007.
 */
import type { Clock } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { ChordNode } from "./node.ts";

/** Asks the ring again after this, in ms, before believing that a node is not in it: it may have joined just now. A guess. */
const AGAIN_MS = 1_500;

export function isSameRing(
  clock: Clock,
  node: ChordNode,
  other: Id,
  done: (same: boolean) => void,
): void {
  const isLinked = () => other === node.id || node.links.get(other)?.isMember === true;
  if (isLinked()) return done(true);
  node.findNode(other, (found) => {
    if (found) return done(true);
    clock.after(AGAIN_MS, () => {
      if (isLinked()) done(true);
      else node.findNode(other, done);
    });
  });
}
