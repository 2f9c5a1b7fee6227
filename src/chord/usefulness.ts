/**
 * What each link is good for: the budget of a node, as numbers to compare.
 *
 * Neighbours on both sides come first, then a few long links per octave of
 * distance (flexible fingers: any node of an octave will do, the quickest is
 * best), then what the other end wants, then nothing.
 */
import type { Id } from "../id/id.ts";
import { type Place, inOpen } from "../id/interval.ts";
import type { Link, Wants } from "../link/link.ts";
import type { Links } from "../link/links.ts";
import type { ChordParams } from "./params.ts";
import type { Known, RingView } from "./ring-view.ts";

/** How far away a node is, as a power of two of the ring: 0 is the half farthest away, -1 the quarter before it, … */
export function octaveOf(self: Place, at: number): number {
  const apart = Math.abs(at - self.at);
  // 2^-52 is where the fractions end; nobody keeps a long link that near.
  return Math.floor(Math.log2(Math.max(Math.min(apart, 1 - apart), 2 ** -52))) + 2;
}

/** So long nobody takes a newcomer's place at its gate, in ms; after the second its link is worth nothing. Guesses: a join takes 1 s. */
const JOINING_MS = 5_000;
const GUEST_MS = 30_000;

/** So many of the nearest links on each side are asked who else is near. A guess: as many as are linked by choice. */
const WITNESSES = 4;

export class Usefulness {
  readonly #view: RingView;
  readonly #params: ChordParams;
  readonly #links: () => Links;
  readonly #now: () => number;
  // Worked out when asked for, once for each version of the view and of the links.
  #viewVersion = -1;
  #linksVersion = -1;
  #wanted: ReadonlySet<Id> | null = null;
  #nearestOnes: ReadonlySet<Id> | null = null;
  /** What `#wants` was made of, beside the links themselves. */
  #wantedThen: ReadonlySet<Id> | null = null;
  #membersThen: readonly Link[] | null = null;
  #perOctaveThen = 0;
  #wants: ReadonlyMap<Link, Wants> | null = null;

  constructor(view: RingView, params: ChordParams, links: () => Links, now: () => number) {
    this.#view = view;
    this.#params = params;
    this.#links = links;
    this.#now = now;
  }

  /** The known members that should be linked as neighbours: the nearest on each side. The same set until it changes. */
  wantedNeighbours(): ReadonlySet<Id> {
    this.#lookForChanges();
    return this.#wanted!;
  }

  /** Those that the ring itself depends on: the successor and the predecessor. */
  nearestNeighbours(): ReadonlySet<Id> {
    this.#lookForChanges();
    this.#nearestOnes ??= this.#nearest(1);
    return this.#nearestOnes;
  }

  /** They do all the time: which link is the quickest is looked at now and then, and when links change. */
  roundTripsChanged(): void {
    this.#wants = null;
  }

  #lookForChanges(): void {
    const { version } = this.#view;
    const linksVersion = this.#links().version;
    if (linksVersion !== this.#linksVersion) this.#wants = null;
    if (version === this.#viewVersion && linksVersion === this.#linksVersion) return;
    this.#viewVersion = version;
    this.#linksVersion = linksVersion;
    this.#nearestOnes = null;
    const wanted = this.#nearest(this.#params.linkedNeighbours);
    if (this.#wanted === null || !areEqual(wanted, this.#wanted)) this.#wanted = wanted;
  }

  /**
   * So many on each side, nearest first. What somebody far away names is no reason
   * to dial: only the nearest links vouch for nodes near this one.
   */
  #nearest(onEachSide: number): Set<Id> {
    const { known, self, membersClockwise } = this.#view;
    const witnesses = [
      ...membersClockwise.slice(0, WITNESSES),
      ...membersClockwise.slice(-WITNESSES),
    ];
    const isVouchedFor = ({ link, via }: Known) =>
      link !== null || witnesses.some((witness) => via.includes(witness));
    const count = known.length;
    const start = this.#view.indexAtOrAfter(self);
    const ids = new Set<Id>();
    const walk = (step: 1 | -1, from: number) => {
      let found = 0;
      for (let i = 0; i < count && found < onEachSide; i++) {
        const candidate = known[(from + step * i + 2 * count) % count]!;
        if (!isVouchedFor(candidate)) continue;
        ids.add(candidate.id);
        found += 1;
      }
    };
    walk(1, start);
    walk(-1, start - 1);
    return ids;
  }

  /** What this node keeps each of its links for. */
  wantsByLink(): ReadonlyMap<Link, Wants> {
    const wanted = this.wantedNeighbours();
    const { membersClockwise } = this.#view;
    const perOctave = this.#perOctave();
    const isSame =
      wanted === this.#wantedThen &&
      membersClockwise === this.#membersThen &&
      perOctave === this.#perOctaveThen;
    if (this.#wants === null || !isSame) this.#wants = this.#share(wanted, perOctave);
    this.#wantedThen = wanted;
    this.#membersThen = membersClockwise;
    this.#perOctaveThen = perOctave;
    return this.#wants;
  }

  #share(neighbours: ReadonlySet<Id>, perOctave: number): Map<Link, Wants> {
    const wants = new Map<Link, Wants>();
    for (const link of this.#links().all()) {
      wants.set(link, neighbours.has(link.id) ? "neighbour" : "nothing");
    }
    for (const links of this.longLinksByOctave(neighbours).values()) {
      const quickest = links.length > perOctave ? links.toSorted(byQuickness) : links;
      for (const link of quickest.slice(0, perOctave)) wants.set(link, "long");
    }
    return wants;
  }

  /** See `LinksEvents.worthOf`: 1,000 for the successor, 0 for what nobody wants. */
  worthOf(id: Id, isGuest = false): number {
    const rank = this.#rankOf(id);
    if (rank < this.#params.listLength) return 1_000 - rank;
    const link = this.#links().get(id);
    if (!link) return isGuest ? 500 : 50;
    if (!link.isMember) {
      const ageMs = this.#now() - link.openedAtMs;
      return ageMs < JOINING_MS ? 500 : ageMs < GUEST_MS ? 400 : 0;
    }
    if (link.state?.wants === "neighbour") return 600;
    if (link.wants === "long") return 200;
    return link.state?.wants === "long" ? 100 : 0;
  }

  /** Links of each octave, neighbours left out. */
  longLinksByOctave(neighbours: ReadonlySet<Id>): Map<number, Link[]> {
    const byOctave = new Map<number, Link[]>();
    for (const link of this.#links().all()) {
      if (!link.isMember || neighbours.has(link.id)) continue;
      const octave = octaveOf(this.#view.place, link.at);
      const links = byOctave.get(octave);
      if (links) links.push(link);
      else byOctave.set(octave, [link]);
    }
    return byOctave;
  }

  /** Long links to keep in each octave: what the budget leaves, shared out. */
  #perOctave(): number {
    const octaves = Math.max(1, Math.log2(this.#view.estimatedSize() / this.#params.listLength));
    const budget = this.#params.chosenLinks - 2 * this.#params.linkedNeighbours;
    return Math.max(1, Math.round(budget / octaves));
  }

  /**
   * 0 for the successor and the predecessor, 1 for the next on each side, and so
   * on. It is the place that counts, not whether the node is in the lists: a gate
   * that is full of newcomers must not turn away the one that is to be its
   * neighbour, nor one that it holds to be gone.
   */
  #rankOf(id: Id): number {
    const { self, successors, predecessors } = this.#view;
    const ahead = successors.filter((nearer) => inOpen(nearer, self, id)).length;
    const behind = predecessors.filter((nearer) => inOpen(nearer, id, self)).length;
    return Math.min(ahead, behind);
  }
}

function areEqual(a: ReadonlySet<Id>, b: ReadonlySet<Id>): boolean {
  if (a.size !== b.size) return false;
  for (const id of a) if (!b.has(id)) return false;
  return true;
}

/** Measured round trips first; then the older link, so that nothing flaps. */
function byQuickness(a: Link, b: Link): number {
  const difference = (a.rtt.smoothedMs ?? 1e9) - (b.rtt.smoothedMs ?? 1e9);
  return difference === 0 ? a.openedAtMs - b.openedAtMs : difference;
}
