/**
 * Keeps the ring right: Zave's stabilize and rectify, and the links to the
 * neighbours that they need.
 *
 * *Stabilize*: the successor is the nearest live member clockwise; what it says
 * of its own neighbours is taken over, and a member it names in between is
 * asked (here: dialled) and adopted only if it answers. *Rectify*: a link that
 * opens is the notification; a nearer predecessor is adopted, and a dead one
 * dropped, because only open links count. So both are one rule, applied
 * whenever something changed and once a round: *the nearest known members on
 * each side shall be linked*.
 *
 * Source: Zave, arXiv 1502.06461 and 1610.01140.
 */
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Link } from "../link/link.ts";
import type { Links } from "../link/links.ts";
import type { DialResult, Dialer } from "./dialer.ts";
import type { ChordParams } from "./params.ts";
import type { RingView } from "./ring-view.ts";
import type { Usefulness } from "./usefulness.ts";

interface Failures {
  readonly count: number;
  readonly untilMs: number;
}

/** A node that could not be dialled is dialled again after 1, 2, 4, … s, but within this, in ms. A guess. */
const MOST_BACK_OFF_MS = 60_000;
/** A timer later than this found the machine busy, in ms. A guess. */
const LATE_MS = 60;
/** And then further neighbours wait so much longer, in ms. A guess: a room full of tabs has joined by then. */
const PRESSED_MS = 5_000;
/** For so long after joining a node is the one who dials, in ms. A guess: a join is done by then. */
const NEWCOMER_MS = 5_000;

export class Stabilizer {
  readonly #env: Env;
  readonly #params: ChordParams;
  readonly #view: RingView;
  readonly #links: Links;
  readonly #dialer: Dialer;
  readonly #usefulness: Usefulness;
  readonly #failures = new Map<Id, Failures>();
  /** Since when a neighbour is known that is not linked. */
  readonly #missingSinceMs = new Map<Id, number>();
  /** Called when a dial failed because two nodes cannot connect, to try another way. */
  readonly #unconnectable: (id: Id) => void;
  #joinedAtMs = Number.POSITIVE_INFINITY;
  #pressedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    env: Env,
    params: ChordParams,
    view: RingView,
    links: Links,
    dialer: Dialer,
    usefulness: Usefulness,
    unconnectable: (id: Id) => void,
  ) {
    this.#env = env;
    this.#params = params;
    this.#view = view;
    this.#links = links;
    this.#dialer = dialer;
    this.#usefulness = usefulness;
    this.#unconnectable = unconnectable;
  }

  /** A round came so late: the machine has no time to spare for links that can wait. */
  roundWasLate(lateMs: number): void {
    if (lateMs > LATE_MS) this.#pressedAtMs = this.#env.clock.now();
  }

  /** The machine has no time to spare. */
  get isPressed(): boolean {
    return this.#env.clock.now() - this.#pressedAtMs < 2 * this.#params.roundMs;
  }

  /** A newcomer whose neighbours are still missing: its long links can wait. */
  get isBusy(): boolean {
    const isNewcomer = this.#env.clock.now() - this.#joinedAtMs < 2 * NEWCOMER_MS;
    return isNewcomer && this.#missingSinceMs.size > 0;
  }

  joined(): void {
    this.#joinedAtMs = this.#env.clock.now();
  }

  /** Dials the nearest known members on each side that are not linked. Returns when to look again, in ms, or null. */
  stabilize(): number | null {
    const now = this.#env.clock.now();
    const missing = [...this.#usefulness.wantedNeighbours()].filter(
      (id) => this.#links.get(id)?.path !== "direct",
    );
    for (const id of [...this.#missingSinceMs.keys()]) {
      if (!missing.includes(id)) this.#missingSinceMs.delete(id);
    }
    const isNewcomer = now - this.#joinedAtMs < NEWCOMER_MS;
    const { courtesyMs, spareMs } = this.#params;
    const urgent = this.#usefulness.nearestNeighbours();
    // The further ones are no hurry: when many tabs open at once, nearer ones are still to come.
    let again: number | null = null;
    for (const id of missing) {
      const sinceMs = this.#missingSinceMs.get(id) ?? now;
      this.#missingSinceMs.set(id, sinceMs);
      const patienceMs = urgent.has(id)
        ? isNewcomer
          ? 0
          : courtesyMs
        : spareMs + (this.isPressed ? PRESSED_MS : 0);
      const waitMs = sinceMs + patienceMs - now;
      if (waitMs <= 0) this.tryDial(id);
      else again = Math.min(again ?? waitMs, waitMs);
    }
    return again;
  }

  /** Dials unless that failed a moment ago, is under way, or too many are. */
  tryDial(id: Id): boolean {
    if (!this.mayDial(id) || !this.#dialer.canDial) return false;
    this.#dialer.dial(id, this.#wayTo(id), (result) => this.#dialled(id, result));
    return true;
  }

  /** Through a node that told of it: a newcomer's other links may all lead further away. Best one that is linked to it. */
  #wayTo(id: Id): Link | null {
    const via = [...(this.#view.knownById(id)?.via ?? [])].filter(({ isOpen }) => isOpen);
    return via.find(({ state }) => state?.links.includes(id)) ?? via[0] ?? null;
  }

  mayDial(id: Id): boolean {
    const failures = this.#failures.get(id);
    if (failures && failures.untilMs > this.#env.clock.now()) return false;
    return !this.#dialer.isDialling(id) && !this.#view.isGone(id);
  }

  /** Closes one link that neither end needs, when there are more than the budget by choice. */
  trim(): void {
    const { chosenLinks, roundMs } = this.#params;
    // Some air, so that links are not closed and dialled again in turn.
    if (this.#links.count <= chosenLinks + 4) return;
    const now = this.#env.clock.now();
    const isIdle = (link: Link) =>
      this.#usefulness.worthOf(link.id) === 0 && now - link.openedAtMs > 10 * roundMs;
    const least = this.#links.leastUseful();
    if (least && isIdle(least)) this.#links.close(least, "budget: neither end needs this link");
  }

  #dialled(id: Id, result: DialResult): void {
    if (result.kind === "opened") {
      this.#failures.delete(id);
      return;
    }
    const now = this.#env.clock.now();
    const count = Math.min(10, (this.#failures.get(id)?.count ?? 0) + 1);
    const waitMs = Math.min(MOST_BACK_OFF_MS, 500 * 2 ** count);
    // Bounded: only nodes that somebody told us of get in here, and old entries go first.
    if (this.#failures.size >= 256) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(id, { count, untilMs: now + waitMs * (0.5 + this.#env.random.next()) });
    // Twice without any link to show for it: whoever named this node is wrong, or lies.
    const isDoubtful = count >= 2 && result.reason !== "busy" && !this.#links.get(id);
    if (result.reason === "gone" || isDoubtful) {
      this.#view.bury(id, Math.min(this.#params.goneMs, this.#params.silentMs * count));
    }
    const isNear = this.#usefulness.wantedNeighbours().has(id);
    if (result.reason === "unconnected" && isNear && !this.#links.get(id)) this.#unconnectable(id);
  }
}
