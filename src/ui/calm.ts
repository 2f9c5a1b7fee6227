/**
 * Whether the page should keep still because the machine has no time to spare.
 *
 * Many tabs on one small machine all draw what happens at the same moments, and
 * then the drawing would slow down the ring it shows. So a page begins calm,
 * moves once its timers have been on time for a while, and is calm again as
 * soon as they are late. Pure: the page tells it the times.
 */

/** How often a page looks whether its timers are on time, in ms. A guess. */
export const BEAT_MS = 100;
/** A timer that fires later than this found the machine busy, in ms. A guess: three pictures at 60 a second. */
const LATE_MS = 50;
/** On time for so long before anything moves, in ms. A guess. */
const QUIET_MS = 4_000;

export class Calm {
  #busyAtMs: number;

  constructor(nowMs: number) {
    this.#busyAtMs = nowMs;
  }

  /** A timer fired so much later than it was set for. */
  timerFired(lateMs: number, nowMs: number): void {
    if (lateMs > LATE_MS) this.#busyAtMs = nowMs;
  }

  isCalm(nowMs: number): boolean {
    return nowMs - this.#busyAtMs < QUIET_MS;
  }
}
