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
  inOpen,
  inOpenClosed,
  placeOf,
} from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import {
  type NeighbourLists,
  type Neighbours,
  WITNESSES,
  neighbourLists,
} from "./successor-list.ts";

/** A member that this node knows of. */
export interface Known extends Place {
  /** The open link to it, if there is one. */
  link: Link | null;
  /** Links to nodes that say they know it, once for each list they have it in. */
  readonly via: Link[];
}

/** What a link told last: the entries of its three lists. */
interface Told {
  readonly links: readonly Known[];
  readonly predecessors: readonly Known[];
  readonly successors: readonly Known[];
}

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
  /** Others name this node too; it is none of those it knows. */
  readonly #own: Known;
  /** The same, sorted by id: kept so, because sorting hundreds at every change is what a node would do most. */
  readonly #sorted: Known[] = [];
  /** What each member has told of, so that its next state only costs the difference. */
  readonly #toldBy = new Map<Link, Told>();
  #version = 0;
  /** Links that closed a moment ago; what they told is in `#toldBy` yet. */
  readonly #lastWords = new Map<Link, LastWords>();
  /** Of `#sorted` those that are believed in, in the same order; null while that is all of them. */
  #believed: Known[] | null = null;
  // Worked out when asked for; null when out of date.
  #membersClockwise: readonly Link[] | null = null;
  #lists: NeighbourLists | null = null;

  constructor(self: Id, env: Env, listLength: number) {
    this.self = self;
    this.place = placeOf(self);
    this.#own = { ...this.place, link: null, via: [] };
    this.#env = env;
    this.#listLength = listLength;
  }

  /** Another number whenever anything in here is not what it was. */
  get version(): number {
    return this.#version;
  }

  /** A link told its state. Only members count. */
  told(link: Link): void {
    for (const [closed, { untilMs }] of this.#lastWords) {
      if (closed.id !== link.id) continue;
      if (link.isMember) this.#unbelieve(closed);
      else this.#lastWords.set(closed, { untilMs, isBack: false });
      this.#version += 1;
      this.#lists = null;
    }
    if (!link.isMember) return this.closed(link);
    if (!this.#members.has(link)) {
      this.#members.add(link);
      this.#membersClockwise = null;
      this.#lists = null;
      this.#version += 1;
      this.#setLink(this.#entry(link.id), link);
    }
    const { links, predecessors, successors } = link.state!;
    const before = this.#toldBy.get(link) ?? NOTHING;
    const told = {
      links: this.#replace(link, before.links, links),
      predecessors: this.#replace(link, before.predecessors, predecessors),
      successors: this.#replace(link, before.successors, successors),
    };
    this.#toldBy.set(link, told);
    const isSame =
      told.predecessors === before.predecessors && told.successors === before.successors;
    if (!isSame && this.#isWitness(link)) this.#lists = null;
  }

  /**
   * Takes a link's new list in place of the old one. It is the old one most of
   * the time, or differs in one place, and a node in a busy ring does little else:
   * so what is the same at both ends is not looked at.
   */
  #replace(link: Link, before: readonly Known[], ids: readonly Id[]): readonly Known[] {
    const shorter = Math.min(before.length, ids.length);
    let start = 0;
    while (start < shorter && before[start]!.id === ids[start]) start += 1;
    if (start === before.length && start === ids.length) return before;
    let end = 0;
    while (end < shorter - start && before.at(-1 - end)!.id === ids.at(-1 - end)) end += 1;
    this.#version += 1;
    const inPlace = ids.slice(start, ids.length - end).map((id) => this.#entry(id));
    const dropped = before.slice(start, before.length - end);
    for (const known of inPlace) known.via.push(link);
    for (const known of dropped) this.#untold(known, link);
    return [...before.slice(0, start), ...inPlace, ...before.slice(before.length - end)];
  }

  /** Whether this node's own lists are made of what this member tells: see `successor-list.ts`. */
  #isWitness(link: Link): boolean {
    const { membersClockwise } = this;
    const at = membersClockwise.indexOf(link);
    return at < WITNESSES || at >= membersClockwise.length - WITNESSES;
  }

  /** A link closed, or its node is no member any more. What it told last is believed for so long yet. */
  closed(link: Link, believedMs = 0, isBack = false): void {
    if (!this.#members.delete(link)) return;
    this.#version += 1;
    this.#lists = null;
    this.#membersClockwise = null;
    const known = this.#knownById.get(link.id);
    if (known?.link === link) this.#setLink(known, null);
    const untilMs = this.#env.clock.now() + believedMs;
    this.#lastWords.set(link, { untilMs, isBack });
    if (believedMs === 0) this.#unbelieve(link);
    this.#dropIfUnknown(link.id);
  }

  /** What others still say of this node is not believed for a while. */
  bury(id: Id, forMs: number): void {
    this.#believed ??= [...this.#sorted];
    const known = this.#knownById.get(id);
    if (known && known.link === null && !this.isGone(id)) removeFrom(this.#believed, id);
    this.#goneUntilMs.set(id, this.#env.clock.now() + forMs);
    this.#version += 1;
    this.#lists = null;
  }

  /** It is back: it linked to us. */
  exhume(id: Id): void {
    if (!this.#goneUntilMs.delete(id)) return;
    const known = this.#knownById.get(id);
    if (this.#goneUntilMs.size === 0) this.#believed = null;
    else if (known && known.link === null) insertInto(this.#believed!, known);
    this.#version += 1;
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
    return this.#believed ?? this.#sorted;
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
    const predecessor = isMutual ? linked?.id : this.#predecessor(except);
    return predecessor === undefined || inOpenClosed(key, predecessor, this.self);
  }

  /**
   * Who stands before this node, also by what its successor says: that is all a
   * newcomer has, and without it the keys of half the ring would be its own. In
   * the lists it does not count: there it would remind others of the dead.
   */
  #predecessor(except: Id | null): Id | undefined {
    let nearest = this.predecessors.find((id) => id !== except);
    for (const id of this.successorLink(except)?.state?.predecessors ?? []) {
      if (id === except || this.isGone(id)) continue;
      if (nearest !== undefined && inOpen(id, nearest, this.self)) nearest = id;
    }
    return nearest;
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

  #entry(id: Id): Known {
    const existing = id === this.self ? this.#own : this.#knownById.get(id);
    if (existing) return existing;
    const known: Known = {
      id,
      at: fractionOf(id),
      link: null,
      via: [],
    };
    this.#knownById.set(id, known);
    insertInto(this.#sorted, known);
    if (this.#believed && !this.isGone(id)) insertInto(this.#believed, known);
    return known;
  }

  /** Of two that died together, the last words of one must not bring back the other. */
  #isNamedInLastWords(id: Id): boolean {
    const known = this.#knownById.get(id);
    if (!known) return false;
    return [...this.#lastWords.keys()].some((link) => known.via.includes(link));
  }

  #unbelieve(link: Link): void {
    this.#lastWords.delete(link);
    this.#version += 1;
    this.#lists = null;
    const { links, predecessors, successors } = this.#toldBy.get(link) ?? NOTHING;
    this.#toldBy.delete(link);
    for (const list of [links, predecessors, successors]) {
      for (const known of list) this.#untold(known, link);
    }
  }

  #untold(known: Known, by: Link): void {
    const at = known.via.indexOf(by);
    known.via.splice(at, 1);
    this.#version += 1;
    this.#dropIfUnknown(known.id);
  }

  #dropIfUnknown(id: Id): void {
    const known = this.#knownById.get(id);
    if (!known || known.link !== null || known.via.length > 0) return;
    this.#knownById.delete(id);
    removeFrom(this.#sorted, id);
    if (this.#believed && !this.isGone(id)) removeFrom(this.#believed, id);
  }

  /** A link to it is open, or not any more. One that is held to be gone is believed in as long as there is one. */
  #setLink(known: Known, link: Link | null): void {
    const isOther = (known.link === null) !== (link === null);
    known.link = link;
    if (!isOther || !this.#believed || !this.isGone(known.id)) return;
    if (link) insertInto(this.#believed, known);
    else removeFrom(this.#believed, known.id);
  }
}

const NOTHING: Told = { links: [], predecessors: [], successors: [] };

function insertInto(sorted: Known[], known: Known): void {
  sorted.splice(firstAtOrAfter(sorted, known.id), 0, known);
}

/** It is in there. */
function removeFrom(sorted: Known[], id: Id): void {
  sorted.splice(firstAtOrAfter(sorted, id), 1);
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
