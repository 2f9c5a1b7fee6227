/** How often something may happen: a bucket that fills as time passes. And one for each node that calls. */
import { CALLS_PER_SECOND, CALL_BURST, MAX_CALLERS } from "./limits.ts";

export class Rate {
  readonly #now: () => number;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(now: () => number, burst: number, perSecond: number) {
    this.#now = now;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#atMs = now();
  }

  /** False when it is too much; then nothing is counted. */
  admits(cost = 1): boolean {
    const atMs = this.#now();
    const filled = (Math.max(0, atMs - this.#atMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + filled);
    this.#atMs = atMs;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}

export class CallRate {
  readonly #now: () => number;
  /** In the order in which they called last. */
  readonly #rates = new Map<string, Rate>();

  constructor(now: () => number) {
    this.#now = now;
  }

  admits(caller: string): boolean {
    const rate = this.#rates.get(caller) ?? new Rate(this.#now, CALL_BURST, CALLS_PER_SECOND);
    this.#rates.delete(caller);
    this.#rates.set(caller, rate);
    // Whoever was silent longest is forgotten: its bucket is the likeliest to be full again.
    if (this.#rates.size > MAX_CALLERS) this.#rates.delete(this.#rates.keys().next().value!);
    return rate.admits();
  }
}
