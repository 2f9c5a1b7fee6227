/**
 * Notices links that fell silent, by a timer of its own: a crash says nothing.
 *
 * It blames nobody for what this tab did not hear because its own thread stood
 * still. What a single link owes is in `link/link.ts`.
 */
import type { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import type { Links } from "../link/links.ts";
import type { ChordParams } from "./params.ts";

/** Links are looked at no more often than this, in ms; and once more after so much when this came later than that. A guess. */
const LEAST_WAIT_MS = 100;
/** A link that has not answered for so long makes one look at the others, in ms. A guess: an answer takes less, on a busy machine too. */
const SUSPICIOUS_MS = 1_000;

export class LinkWatch {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #params: ChordParams;
  readonly #links: Links;
  #closed = false;
  #cancel: () => void = () => {};

  constructor(clock: Clock, counters: Counters, params: ChordParams, links: Links) {
    this.#clock = clock;
    this.#counters = counters;
    this.#params = params;
    this.#links = links;
  }

  start(): void {
    this.#lookIn(this.#params.roundMs);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #lookIn(delayMs: number, wasDeaf = false): void {
    const { roundMs, stallMs } = this.#params;
    const waitMs = Math.min(roundMs, Math.max(LEAST_WAIT_MS, delayMs));
    const setAtMs = this.#clock.now();
    this.#cancel = this.#clock.after(waitMs, () => {
      const lateMs = this.#clock.now() - setAtMs - waitMs;
      const stalled = lateMs > stallMs;
      if (stalled) this.#counters.add("node.stalls");
      // What came while this tab stood still may wait behind this timer; but on a busy machine every timer is late.
      const isDeaf = lateMs > LEAST_WAIT_MS && !stalled && !wasDeaf;
      const againMs = isDeaf ? LEAST_WAIT_MS : this.#look(stalled);
      if (!this.#closed) this.#lookIn(againMs, isDeaf);
    });
  }

  /** After this tab's own stall nobody is blamed: all are asked for a sign of life first. Returns when to look again, in ms. */
  #look(stalled: boolean): number {
    const { quietNeighbourMs, quietLongMs, deadMs } = this.#params;
    const links = [...this.#links.all()];
    // Where one has fallen silent others may have too, and they may be the neighbours once it is gone.
    const isAnySilent = links.some(({ doubtedMs }) => doubtedMs >= SUSPICIOUS_MS);
    let againMs = Number.POSITIVE_INFINITY;
    for (const link of links) {
      if (stalled) link.forgive();
      const isNear = link.wants === "neighbour" || link.state?.wants === "neighbour";
      const quietMs = isNear || isAnySilent ? quietNeighbourMs : quietLongMs;
      const lookAgainMs = link.watch(quietMs, deadMs);
      if (lookAgainMs === null) this.#links.declareDead(link);
      else againMs = Math.min(againMs, lookAgainMs);
    }
    return againMs;
  }
}
