/** How often each node may call: a bucket of calls for each, filled as time passes. */
import { CALLS_PER_SECOND, CALL_BURST, MAX_CALLERS } from "./limits.ts";

interface Bucket {
  left: number;
  atMs: number;
}

export class CallRate {
  readonly #now: () => number;
  /** In the order in which they called last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False when this node has called too often; then nothing is counted. */
  admits(caller: string): boolean {
    const atMs = this.#now();
    const bucket = this.#buckets.get(caller) ?? { left: CALL_BURST, atMs };
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > MAX_CALLERS) {
      // Whoever was silent longest is forgotten: its bucket is the likeliest to be full again.
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    const filled = ((atMs - bucket.atMs) / 1_000) * CALLS_PER_SECOND;
    bucket.left = Math.min(CALL_BURST, bucket.left + Math.max(0, filled));
    bucket.atMs = atMs;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }
}
