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
import type { Usefulness } from "./usefulness.ts";

export class Announcer {
  readonly #counters: Counters;
  readonly #view: RingView;
  readonly #usefulness: Usefulness;
  readonly #links: Links;
  readonly #isMember: () => boolean;
  #version = 1;
  /** The version in which membership or a neighbour changed last. */
  #nearVersion = 1;
  /** The state in its current version, for each thing a link may be wanted for: many links get the same bytes. */
  readonly #encoded = new Map<Wants, Uint8Array>();
  #toldNear = "";
  #toldLinks = "";

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
    const { membersClockwise } = this.#view;
    const { successors, predecessors } = this.#view.toTell;
    const near = [this.#isMember(), successors, predecessors].join("|");
    const links = membersClockwise.map((link) => link.id).join("");
    if (near !== this.#toldNear) this.#nearVersion = ++this.#version;
    else if (links !== this.#toldLinks) this.#version += 1;
    if (near !== this.#toldNear || links !== this.#toldLinks) this.#encoded.clear();
    this.#toldNear = near;
    this.#toldLinks = links;
    for (const [link, wants] of this.#usefulness.wantsByLink()) {
      // What a link is wanted for decides what the other end may close: it hears of it at once.
      const isChanged = link.wants !== wants;
      link.wants = wants;
      if (isChanged || (isNear(link) && link.stateVersionSent < this.#nearVersion)) {
        this.tellOne(link);
      }
    }
  }

  /** Sends the state to every link that has not had it. */
  tellAll(): void {
    for (const link of this.#links.all()) {
      if (link.stateVersionSent < this.#version) this.tellOne(link);
    }
  }

  tellOne(link: Link): void {
    this.#counters.add("states.sent");
    link.stateVersionSent = this.#version;
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

/** Either end keeps it as a neighbour, or does not know yet what for. */
function isNear(link: Link): boolean {
  return link.wants === "neighbour" || link.state === null || link.state.wants === "neighbour";
}
