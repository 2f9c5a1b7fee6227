/**
 * The successor list that keeps the ring whole, and its mirror, the
 * predecessors.
 *
 * Chord with Zave's corrections: the list is the nearest *live* successor,
 * followed by what that one says follows it. "Live" means that a link to it is
 * open. Other live members that lie in between are taken in at once, which is
 * what stabilize and rectify would do one round later.
 *
 * A node is only believed about what lies *beyond* it. In a ring smaller than
 * the lists these go all the way round, and two nodes would else remind each
 * other for ever of a third that died between them.
 *
 * Source: Zave, "How to make Chord correct", arXiv 1502.06461, section 5.
 */
import type { Id } from "../id/id.ts";
import { clockwiseFrom, inOpen } from "../id/interval.ts";
import type { Link } from "../link/link.ts";

/** How many of the nearest live members are asked for what lies beyond them: the second knows when the first does not yet. */
export const WITNESSES = 2;

export interface Neighbours {
  /** Nearest first. */
  readonly successors: readonly Id[];
  readonly predecessors: readonly Id[];
}

export interface NeighbourLists extends Neighbours {
  /** What other nodes are told: each side as far as it was heard of on that side. */
  readonly toTell: Neighbours;
}

/**
 * `membersClockwise`: the linked members, nearest clockwise first. `closed`:
 * links whose last words still count; their nodes only where they are back.
 */
export function neighbourLists(
  self: Id,
  membersClockwise: readonly Link[],
  length: number,
  alive: (id: Id) => boolean,
  closed: ReadonlyMap<Link, { readonly isBack: boolean }> = new Map(),
): NeighbourLists {
  const clockwise = clockwiseFrom(self);
  const back = [...closed].filter(([, { isBack }]) => isBack).map(([{ id }]) => id);
  const heardOf = (nearestFirst: readonly Link[], side: keyof Neighbours) => {
    const ids = new Set(nearestFirst.slice(0, length).map((link) => link.id));
    for (const id of back) ids.add(id);
    const said = (link: Link) => link.state?.[side] ?? [];
    const liesBeyond = (id: Id, link: Link, end: Id) =>
      side === "successors" ? inOpen(id, link.id, end) : inOpen(id, end, link.id);
    const witnesses = nearestFirst.slice(0, WITNESSES);
    // The living know better, where their lists are full and reach that far.
    const isDenied = (id: Id) =>
      witnesses.some((witness) => {
        const list = said(witness);
        const end = list[length - 1];
        return end !== undefined && liesBeyond(id, witness, end) && !list.includes(id);
      });
    const hear = (from: Link, isBelieved: (id: Id) => boolean) => {
      for (const id of said(from)) {
        if (liesBeyond(id, from, self) && isBelieved(id)) ids.add(id);
      }
    };
    for (const witness of witnesses) hear(witness, alive);
    for (const link of closed.keys()) hear(link, (id) => alive(id) && !isDenied(id));
    return [...ids].toSorted(clockwise);
  };
  const ahead = heardOf(membersClockwise, "successors");
  const behind = heardOf(membersClockwise.toReversed(), "predecessors");
  // In a small ring each side goes all the way round, so what was heard on one is true of the other.
  const all = [...new Set([...ahead, ...behind])].toSorted(clockwise);
  return {
    successors: all.slice(0, length),
    predecessors: all.toReversed().slice(0, length),
    toTell: {
      successors: ahead.slice(0, length),
      predecessors: behind.toReversed().slice(0, length),
    },
  };
}
