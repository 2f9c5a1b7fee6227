/**
 * Who is responsible for which keys, from what this node knows: the calls of
 * the common API that manage the id space.
 *
 * Two nodes are *adjacent* when one of the nodes known here says that nobody is
 * between them. Answers are only given along adjacent nodes: a gap in what is
 * known ends a list, or makes it empty, rather than naming a wrong root.
 */
import type { Id } from "../id/id.ts";
import { inOpenClosed, isNearer, placeOf, plus } from "../id/interval.ts";
import type { Range } from "../kbr/routing.ts";
import type { Link } from "../link/link.ts";
import type { RingView } from "./ring-view.ts";
import { nextHop } from "./routing.ts";

/** All known nodes and this one, sorted by id: looked at one by one, for few of them are ever needed. */
interface Nodes {
  readonly count: number;
  at(index: number): Id;
  /** The first at or after `key`, wrapping round. */
  indexAtOrAfter(key: Id): number;
}

function nodesOf(view: RingView): Nodes {
  const { self, known } = view;
  const count = known.length + 1;
  const knownBefore = (key: Id) => {
    const at = view.indexAtOrAfter(key);
    return known.length > 0 && known[at]!.id < key ? known.length : at;
  };
  const own = knownBefore(self);
  return {
    count,
    at: (index) => (index === own ? self : known[index < own ? index : index - 1]!.id),
    indexAtOrAfter: (key) => (knownBefore(key) + (self < key ? 1 : 0)) % count,
  };
}

/** Whether somebody who should know says that there is no node between these two. */
function isAdjacent(view: RingView, before: Id, after: Id): boolean {
  // Of its own lists only the nearest on each side: what comes further out may be a link that is simply
  // the next one known. What lies beyond a neighbour is for that one to say.
  const { self, predecessors, successors } = view;
  if (before === self && after === successors[0]) return true;
  if (after === self && before === predecessors[0]) return true;
  return view.membersClockwise.some(
    ({ id, state }) =>
      state !== null &&
      (isFollowed(id, state.successors, before, after) ||
        isFollowed(id, state.predecessors, after, before)),
  );
}

/** Whether `next` comes right after `one` in the list that begins with `first` and goes on with `rest`. */
function isFollowed(first: Id, rest: readonly Id[], one: Id, next: Id): boolean {
  const at = rest.indexOf(next);
  return at >= 0 && (at === 0 ? first : rest[at - 1]) === one;
}

/** The root first, then who would be root as the earlier ones fail; shorter where too little is known. */
export function replicaSet(view: RingView, key: Id, maxRank: number): Id[] {
  const nodes = nodesOf(view);
  const { count } = nodes;
  const first = nodes.indexAtOrAfter(key);
  const replicas: Id[] = [];
  for (let i = 0; i < Math.min(maxRank, count); i++) {
    const node = nodes.at((first + i) % count);
    const before = nodes.at((first + i - 1 + count) % count);
    if (count > 1 && !isAdjacent(view, before, node)) break;
    replicas.push(node);
  }
  return replicas;
}

/** The keys for which `node` is among the first `rank` roots; null when too little is known around it. */
export function rangeOf(view: RingView, node: Id, rank: number): Range | null {
  const nodes = nodesOf(view);
  const { count } = nodes;
  const at = nodes.indexAtOrAfter(node);
  if (nodes.at(at) !== node) return null;
  let after = node;
  // After as many steps as there are nodes it is this node again: the whole ring.
  const steps = count > 1 ? Math.min(rank, count) : 0;
  for (let i = 1; i <= steps; i++) {
    const before = nodes.at((at - i + count) % count);
    if (!isAdjacent(view, before, after)) return null;
    after = before;
  }
  return { from: plus(after, 1n), to: node };
}

/**
 * Next hops towards a key, best first; this node alone when it is the root.
 *
 * A safe answer uses nothing but ids that were proved in a handshake: no
 * hearsay of other nodes, no preference for the quick. Ids are hashes of keys,
 * so the share of faulty nodes in it is that of the overlay.
 */
export function localLookup(view: RingView, key: Id, num: number, safe: boolean): Id[] {
  if (view.isRootOf(key)) return [view.self];
  if (safe) {
    const place = placeOf(key);
    return view.membersClockwise
      .filter((link) => isNearer(place, link, view.place) || inOpenClosed(key, view.self, link.id))
      .toSorted((a, b) => (isNearer(place, a, b) ? -1 : 1))
      .slice(0, num)
      .map(({ id }) => id);
  }
  const tried = new Set<Link>();
  const hops: Id[] = [];
  const heading = { key, final: false, except: null, exact: false, mayDetour: true };
  while (hops.length < num) {
    const hop = nextHop(view, heading, (link) => tried.has(link));
    if (hop.kind !== "link") break;
    tried.add(hop.link);
    hops.push(hop.link.id);
  }
  return hops;
}

/** The nearest known nodes on both sides, in turn. */
export function neighborSet(view: RingView, num: number): Id[] {
  const { successors, predecessors } = view;
  const ids = new Set<Id>();
  for (let i = 0; i < Math.max(successors.length, predecessors.length); i++) {
    for (const id of [successors[i], predecessors[i]]) if (id && ids.size < num) ids.add(id);
  }
  return [...ids];
}
