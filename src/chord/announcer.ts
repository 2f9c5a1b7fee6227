/**
 * Tells the other ends of this node's links who its neighbours and links are.
 *
 * Who the neighbours are goes to neighbours at once, because their pointers
 * depend on it. Everything else is only for looking one hop further, so it goes
 * to everybody in turns, and most changes share one message.
 */
import type { Counters } from "../base/counters.ts";
import type { Link, Wants } from "../link/link.ts";
import type { Links } from "../link/links.ts";
import { encode } from "../wire/codec.ts";
import { MAX_LINKS } from "../wire/limits.ts";
import type { RingView } from "./ring-view.ts";
import type { Neighbours } from "./successor-list.ts";
import type { Usefulness } from "./usefulness.ts";

export class Announcer {
  readonly #counters: Counters;
  readonly #view: RingView;
  readonly #usefulness: Usefulness;
  readonly #links: Links;
  readonly #isMember: () => boolean;
  #version = 1;
  /** The versions in which membership or a neighbour changed last, and in which membership did. */
  #nearVersion = 1;
  #memberVersion = 1;
  /** The state in its current version, for each thing a link may be wanted for: many links get the same bytes. */
  readonly #encoded = new Map<Wants, Uint8Array>();
  #toldMember = false;
  #toldNear: Neighbours = { successors: [], predecessors: [] };
  #toldLinks: readonly Link[] = [];

  constructor(
    counters: Counters,
    view: RingView,
    usefulness: Usefulness,
    links: Links,
    isMember: () => boolean,
  ) {
    this.#counters = counters;
    this.#view = view;
    this.#usefulness = usefulness;
    this.#links = links;
    this.#isMember = isMember;
  }

  /** Gives the state a new version where something in it changed, and tells neighbours what they must know. */
  refresh(): void {
    const { membersClockwise, toTell } = this.#view;
    const isMember = this.#isMember();
    const isNearSame = isMember === this.#toldMember && areSame(toTell, this.#toldNear);
    const areLinksSame = areEqual(membersClockwise, this.#toldLinks);
    if (!isNearSame) this.#nearVersion = ++this.#version;
    else if (!areLinksSame) this.#version += 1;
    if (!isNearSame || !areLinksSame) this.#encoded.clear();
    // Everybody at once: a gate keeps a place for a newcomer until it hears that this is one no more.
    if (isMember !== this.#toldMember) this.#memberVersion = this.#version;
    this.#toldMember = isMember;
    this.#toldNear = toTell;
    this.#toldLinks = membersClockwise;
    for (const [link, wants] of this.#usefulness.wantsByLink()) {
      // What a link is wanted for decides what the other end may close: it hears at once that it must not.
      const isMore = WORTH[wants] > WORTH[link.wantsSent];
      link.wants = wants;
      const neededVersion = isNear(link) ? this.#nearVersion : this.#memberVersion;
      if (isMore || link.stateVersionSent < neededVersion) {
        this.tellOne(link);
      }
    }
  }

  /** Sends the state to every link, or every near one, that has not had it. */
  tellAll(which: "near" | "all"): void {
    for (const link of this.#links.all()) {
      if (which === "near" && !isNear(link)) continue;
      const isKnown = link.stateVersionSent === this.#version && link.wantsSent === link.wants;
      if (!isKnown) this.tellOne(link);
    }
  }

  tellOne(link: Link): void {
    this.#counters.add("states.sent");
    link.stateVersionSent = this.#version;
    link.wantsSent = link.wants;
    const encoded = this.#encoded.get(link.wants) ?? this.#encode(link.wants);
    this.#encoded.set(link.wants, encoded);
    link.sendEncoded(encoded);
  }

  #encode(wants: Wants): Uint8Array {
    return encode("state", {
      version: this.#version,
      wants,
      member: this.#isMember(),
      ...this.#view.toTell,
      links: this.#view.membersClockwise.slice(0, MAX_LINKS).map((member) => member.id),
    });
  }
}

/** The more useful, the more. */
const WORTH: Record<Wants, number> = { nothing: 0, long: 1, neighbour: 2 };

function areSame(a: Neighbours, b: Neighbours): boolean {
  return (
    a === b || (areEqual(a.successors, b.successors) && areEqual(a.predecessors, b.predecessors))
  );
}

function areEqual<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}

/** Either end keeps it as a neighbour, or does not know yet what for. */
function isNear(link: Link): boolean {
  return link.wants === "neighbour" || link.state === null || link.state.wants === "neighbour";
}
