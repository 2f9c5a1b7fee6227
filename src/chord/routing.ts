/**
 * Next hop: which link brings a message strictly closer to its key.
 *
 * Greedy in both directions round the ring, with one-hop lookahead over what
 * the links have told of their own links (Manku, Naor, Wieder, "Know thy
 * Neighbor's Neighbor", STOC 2004). Closer is measured the shorter way round.
 * The node nearest to a key may stand before it, and then its successor is the
 * root: that last step goes away from the key by this measure, so it is marked
 * `final` (and so is the step to a linked node that says it is the root), and a
 * receiver of a final message only goes back towards the key
 * among the nodes after it. Each of the two phases can only shrink: no loops.
 *
 * All of that takes for granted that neighbours are linked, which they are not
 * yet just after somebody came or went. Then a node that knows the root, but has
 * no link to it, makes a *detour* over one that says it has: further away, so
 * the hops of a message are counted there, and there are few of them.
 *
 * A link that is being tried already is passed over; a *node* is not believed
 * dead before its link is, so trying another way never finds a wrong root.
 */
import type { Id } from "../id/id.ts";
import { type Place, inOpen, inOpenClosed, isNearer, placeOf } from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import type { RingView } from "./ring-view.ts";

export type NextHop =
  | { readonly kind: "here" }
  | {
      readonly kind: "link";
      readonly link: Link;
      readonly final: boolean;
      /** It may lead back here: the message is then no copy, and must not do so for ever. */
      readonly isDetour: boolean;
    }
  /** Every way on is being tried, or none is known. Wait for the ring to repair. */
  | { readonly kind: "none" };

export interface Heading {
  readonly key: Id;
  readonly final: boolean;
  /** A node that asks the ring for its own id wants to know who would be root without it; else null. */
  readonly except: Id | null;
  /** Only the node whose id is the key may take it. */
  readonly exact: boolean;
  /** False when the message has made so many detours that it shall wait rather than make another. */
  readonly mayDetour: boolean;
}

/** Candidates looked at on each side of the key before giving up: neighbours of a crash site are all in doubt. A guess. */
const CANDIDATES = 24;

export function nextHop(view: RingView, to: Heading, isTried: (link: Link) => boolean): NextHop {
  const { key, except } = to;
  if (to.exact && to.mayDetour) {
    // Who is linked to that very node is the way to it, whatever this node makes of the keys around it.
    const link = linkTowards(view, key, except, isTried);
    if (link) return { kind: "link", link, final: to.final, isDetour: link.id !== key };
  }
  if (view.isRootOf(key, except)) return { kind: "here" };
  if (to.final) {
    const link = backTowards(view, key, except, isTried);
    if (link) return { kind: "link", link, final: true, isDetour: false };
    return to.mayDetour ? overKnownRoot(view, key, except, isTried) : NONE;
  }
  const root = linkedRoot(view, key, except);
  if (root && !isTried(root)) return { kind: "link", link: root, final: true, isDetour: false };
  const link = closest(view, key, except, isTried);
  if (link) return { kind: "link", link, final: false, isDetour: false };
  const hop = to.mayDetour ? overKnownRoot(view, key, except, isTried) : NONE;
  if (hop.kind === "link") return hop;
  const successor = view.successorLink(except);
  if (!successor || isTried(successor)) return NONE;
  return inOpenClosed(key, view.self, successor.id)
    ? { kind: "link", link: successor, final: true, isDetour: false }
    : NONE;
}

const NONE: NextHop = { kind: "none" };

/** To the root that this node's own lists name, over whatever link leads to it; none where they do not reach the key. */
function overKnownRoot(
  view: RingView,
  key: Id,
  except: Id | null,
  isTried: (link: Link) => boolean,
): NextHop {
  const { self, successors, predecessors } = view;
  const farthest = predecessors.at(-1);
  let root = successors.find((id) => id !== except && inOpenClosed(key, self, id));
  if (root === undefined && farthest !== undefined && inOpen(key, farthest, self)) {
    root = predecessors.findLast(
      (id) => id !== except && id !== farthest && inOpenClosed(key, farthest, id),
    );
  }
  const link = root === undefined ? null : linkTowards(view, root, except, isTried);
  if (link === null) return NONE;
  return { kind: "link", link, final: true, isDetour: link.id !== root };
}

/** The link to a known node, or else the quickest to one that says it is linked to it. */
function linkTowards(
  view: RingView,
  id: Id,
  except: Id | null,
  isTried: (link: Link) => boolean,
): Link | null {
  const known = view.isGone(id) ? undefined : view.knownById(id);
  if (known?.link && !isTried(known.link)) return known.link;
  let best: Link | null = null;
  for (const link of known?.via ?? []) {
    if (!link.isOpen || isTried(link) || link.id === except) continue;
    if (!link.state?.links.includes(id)) continue;
    if (best === null || isFaster(link, best)) best = link;
  }
  return best;
}

/** The linked node that, by what it told of its predecessor, is the root. */
function linkedRoot(view: RingView, key: Id, except: Id | null): Link | null {
  const link = view.known[view.indexAtOrAfter(key)]?.link;
  const predecessor = link?.state?.predecessors.find((id) => id !== except);
  if (!link || link.id === except || predecessor === undefined) return null;
  return inOpenClosed(key, predecessor, link.id) ? link : null;
}

/** The link towards the nearest known node, where the link itself is strictly nearer than this node. */
function closest(
  view: RingView,
  key: Id,
  except: Id | null,
  isTried: (link: Link) => boolean,
): Link | null {
  const { known, place: self } = view;
  const place = placeOf(key);
  const count = known.length;
  if (count === 0) return null;
  // Two pointers walk away from the key, one on each side; the nearer goes first.
  let after = view.indexAtOrAfter(key);
  let before = (after - 1 + count) % count;
  for (let looked = Math.min(count, 2 * CANDIDATES); looked > 0; looked--) {
    const isAfterNearer = isNearer(place, known[after]!, known[before]!);
    const candidate = known[isAfterNearer ? after : before]!;
    if (!isNearer(place, candidate, self)) return null;
    if (candidate.id !== except) {
      const link = bestLinkTo(candidate, place, self, except, isTried);
      if (link) return link;
    }
    if (isAfterNearer) after = (after + 1) % count;
    else before = (before - 1 + count) % count;
  }
  return null;
}

function bestLinkTo(
  candidate: RingView["known"][number],
  key: Place,
  self: Place,
  except: Id | null,
  isTried: (link: Link) => boolean,
): Link | null {
  if (candidate.link && !isTried(candidate.link)) return candidate.link;
  let best: Link | null = null;
  for (const link of candidate.via) {
    if (!link.isOpen || isTried(link) || link.id === except) continue;
    if (!isNearer(key, link, self)) continue;
    if (best === null || isFaster(link, best)) best = link;
  }
  return best;
}

function isFaster(a: Link, b: Link): boolean {
  if (a.isDoubted !== b.isDoubted) return b.isDoubted;
  return (
    (a.rtt.smoothedMs ?? Number.POSITIVE_INFINITY) < (b.rtt.smoothedMs ?? Number.POSITIVE_INFINITY)
  );
}

/** Of the linked nodes in [key, self), the nearest after the key; null when all are being tried. */
function backTowards(
  view: RingView,
  key: Id,
  except: Id | null,
  isTried: (link: Link) => boolean,
): Link | null {
  let best: Link | null = null;
  for (const link of view.membersClockwise) {
    if (link.id === except || isTried(link)) continue;
    if (link.id === key) return link;
    if (inOpen(link.id, key, best?.id ?? view.self)) best = link;
  }
  return best;
}
