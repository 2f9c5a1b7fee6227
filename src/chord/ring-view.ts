/**
 * What this node knows of the ring: its links, and the neighbours and links
 * that those have told about (knowing is cheap, linking is dear).
 *
 * Everything is derived from the links; nothing here is remembered but who is
 * gone, and for a while what they told last: when the nearest successor dies,
 * the next entry of the list must still be there, though it was that one who
 * told of it. A node counts as alive only when a link to it is open, so a
 * pointer is never adopted without a sign of life (Zave, arXiv 1502.06461).
 * Sorting is put off until somebody looks, because links change more often than
 * messages pass.
 */
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import {
  type Place,
  clockwiseFraction,
  clockwiseFrom,
  fractionOf,
  inOpenClosed,
  placeOf,
} from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import { type NeighbourLists, type Neighbours, neighbourLists } from "./successor-list.ts";

/** A member that this node knows of. */
export interface Known extends Place {
  /** The open link to it, if there is one. */
  link: Link | null;
  /** Links to nodes that say they know it. */
  readonly via: Set<Link>;
}

const NOBODY: ReadonlySet<Id> = new Set();

interface LastWords {
  readonly untilMs: number;
  /** Another link to the same node is open, and has not told its state yet. */
  readonly isBack: boolean;
}

export class RingView {
  readonly self: Id;
  readonly place: Place;
  readonly #env: Env;
  readonly #listLength: number;
  readonly #goneUntilMs = new Map<Id, number>();
  readonly #members = new Set<Link>();
  readonly #knownById = new Map<Id, Known>();
  /** The same, sorted by id: kept so, because sorting hundreds at every change is what a node would do most. */
  readonly #sorted: Known[] = [];
  /** What each member has told of, so that its next state only costs the difference. */
  readonly #toldBy = new Map<Link, ReadonlySet<Id>>();
  /** Links that closed a moment ago; what they told is in `#toldBy` yet. */
  readonly #lastWords = new Map<Link, LastWords>();
  // Worked out when asked for; null when out of date.
  #known: readonly Known[] | null = null;
  #membersClockwise: readonly Link[] | null = null;
  #lists: NeighbourLists | null = null;

  constructor(self: Id, env: Env, listLength: number) {
    this.self = self;
    this.place = placeOf(self);
    this.#env = env;
    this.#listLength = listLength;
  }

  /** A link told its state. Only members count. */
  told(link: Link): void {
    this.#lists = null;
    for (const [closed, { untilMs }] of this.#lastWords) {
      if (closed.id !== link.id) continue;
      if (link.isMember) this.#unbelieve(closed);
      else this.#lastWords.set(closed, { untilMs, isBack: false });
    }
    if (!link.isMember) return this.closed(link);
    if (!this.#members.has(link)) {
      this.#members.add(link);
      this.#membersClockwise = null;
      this.#entry(link.id).link = link;
    }
    const { links, predecessors, successors } = link.state!;
    const now = new Set([...links, ...predecessors, ...successors]);
    now.delete(this.self);
    const before = this.#toldBy.get(link) ?? NOBODY;
    this.#toldBy.set(link, now);
    for (const id of now) if (!before.has(id)) this.#entry(id).via.add(link);
    for (const id of before) if (!now.has(id)) this.#untold(id, link);
  }

  /** A link closed, or its node is no member any more. What it told last is believed for so long yet. */
  closed(link: Link, believedMs = 0, isBack = false): void {
    if (!this.#members.delete(link)) return;
    this.#lists = null;
    this.#membersClockwise = null;
    const known = this.#knownById.get(link.id);
    if (known?.link === link) known.link = null;
    const untilMs = this.#env.clock.now() + believedMs;
    this.#lastWords.set(link, { untilMs, isBack });
    if (believedMs === 0) this.#unbelieve(link);
    this.#dropIfUnknown(link.id);
  }

  /** What others still say of this node is not believed for a while. */
  bury(id: Id, forMs: number): void {
    this.#goneUntilMs.set(id, this.#env.clock.now() + forMs);
    this.#known = null;
    this.#lists = null;
  }

  /** It is back: it linked to us. */
  exhume(id: Id): void {
    if (!this.#goneUntilMs.delete(id)) return;
    this.#known = null;
    this.#lists = null;
  }

  isGone(id: Id): boolean {
    return this.#goneUntilMs.has(id);
  }

  /** Forgets who has been gone long enough, and what they told; to be called about once a second. */
  forget(): void {
    const now = this.#env.clock.now();
    for (const [link, { untilMs }] of this.#lastWords) if (untilMs <= now) this.#unbelieve(link);
    for (const [id, untilMs] of this.#goneUntilMs) {
      if (untilMs <= now && !this.#isNamedInLastWords(id)) this.exhume(id);
    }
  }

  /** Sorted by id. Only good until something changes. */
  get known(): readonly Known[] {
    this.#known ??= this.#goneUntilMs.size === 0 ? this.#sorted : this.#believed();
    return this.#known;
  }

  knownById(id: Id): Known | undefined {
    return this.#knownById.get(id);
  }

  /** Nearest first; linked or only known. */
  get successors(): readonly Id[] {
    return this.#neighbours.successors;
  }

  get predecessors(): readonly Id[] {
    return this.#neighbours.predecessors;
  }

  /** Both lists as other nodes may hear them: see `successor-list.ts`. */
  get toTell(): Neighbours {
    return this.#neighbours.toTell;
  }

  /** The nearest linked member clockwise, other than `except`; null when there is none. */
  successorLink(except: Id | null = null): Link | null {
    return this.membersClockwise.find((link) => link.id !== except) ?? null;
  }

  /** Linked members, nearest clockwise first. */
  get membersClockwise(): readonly Link[] {
    const clockwise = clockwiseFrom(this.self);
    this.#membersClockwise ??= [...this.#members].toSorted((a, b) => clockwise(a.id, b.id));
    return this.#membersClockwise;
  }

  /** True when this node is the root of `key` as far as it knows, were `except` not there. */
  isRootOf(key: Id, except: Id | null = null): boolean {
    const linked = this.membersClockwise.findLast((link) => link.id !== except);
    // Two that hold each other for neighbours need no third: hearsay could take this node's keys away.
    const isMutual = linked?.state?.successors[0] === this.self;
    const predecessor = isMutual ? linked?.id : this.predecessors.find((id) => id !== except);
    return predecessor === undefined || inOpenClosed(key, predecessor, this.self);
  }

  /** Where `key` stands, or would stand, in `known`: the first known node at or after it, wrapping round. */
  indexAtOrAfter(key: Id): number {
    const at = firstAtOrAfter(this.known, key);
    return at === this.known.length ? 0 : at;
  }

  /** Nodes in the ring, from the density of the neighbours: k nodes on a stretch x of the ring make k / x. */
  estimatedSize(): number {
    const { successors, predecessors } = this.#neighbours;
    const last = successors.at(-1);
    const first = predecessors.at(-1);
    const atLeast = this.#knownById.size + 1;
    if (last === undefined || first === undefined) return atLeast;
    // In a small ring both lists go all the way round and meet: then every node is known.
    if (successors.includes(first) || predecessors.includes(last)) return atLeast;
    const stretch = clockwiseFraction(first, last);
    return Math.max(atLeast, (successors.length + predecessors.length) / stretch);
  }

  get #neighbours(): NeighbourLists {
    this.#lists ??= neighbourLists(
      this.self,
      this.membersClockwise,
      this.#listLength,
      (id) => id !== this.self && !this.isGone(id),
      this.#lastWords,
    );
    return this.#lists;
  }

  #believed(): Known[] {
    return this.#sorted.filter(({ id, link }) => link !== null || !this.isGone(id));
  }

  #entry(id: Id): Known {
    const existing = this.#knownById.get(id);
    if (existing) return existing;
    const known: Known = { id, at: fractionOf(id), link: null, via: new Set() };
    this.#knownById.set(id, known);
    this.#sorted.splice(firstAtOrAfter(this.#sorted, id), 0, known);
    this.#known = null;
    return known;
  }

  /** Of two that died together, the last words of one must not bring back the other. */
  #isNamedInLastWords(id: Id): boolean {
    return [...this.#lastWords.keys()].some((link) => this.#toldBy.get(link)?.has(id));
  }

  #unbelieve(link: Link): void {
    this.#lastWords.delete(link);
    this.#lists = null;
    for (const id of this.#toldBy.get(link) ?? NOBODY) this.#untold(id, link);
    this.#toldBy.delete(link);
  }

  #untold(id: Id, by: Link): void {
    this.#knownById.get(id)?.via.delete(by);
    this.#dropIfUnknown(id);
  }

  #dropIfUnknown(id: Id): void {
    const known = this.#knownById.get(id);
    if (!known || known.link !== null || known.via.size > 0) return;
    this.#knownById.delete(id);
    this.#sorted.splice(firstAtOrAfter(this.#sorted, id), 1);
    this.#known = null;
  }
}

function firstAtOrAfter(sorted: readonly Known[], id: Id): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
