/** Token buckets, one for each of many who are not trusted: at once, and per second after that. */
import type { Prost } from "prost/sdk";
import { MAX_RATES } from "./limits.ts";

interface Bucket {
  tokens: number;
  atMs: number;
}

export class Rates {
  readonly #clock: Prost["clock"];
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Prost["clock"], burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** False when this one has had its share for now. */
  take(who: string): boolean {
    const nowMs = this.#clock.now();
    const bucket = this.#buckets.get(who) ?? { tokens: this.#burst, atMs: nowMs };
    const gained = ((nowMs - bucket.atMs) / 1_000) * this.#perSecond;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + gained);
    bucket.atMs = nowMs;
    // The last who came is the last in order; the first one goes when there are too many.
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    if (this.#buckets.size > MAX_RATES) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
