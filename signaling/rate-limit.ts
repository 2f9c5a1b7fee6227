/**
 * A token bucket for each remote address: a burst is fine, a flood is not.
 *
 * The table is bounded as well: when it is full of addresses that are busy,
 * all further ones share a single bucket.
 */

export interface RateLimitParams {
  readonly burst: number;
  readonly perSecond: number;
  readonly maxAddresses: number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** The bucket of those who find no room; no address is written like this. */
const OVERFLOW = "";

export class RateLimit {
  readonly #params: RateLimitParams;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(params: RateLimitParams, now: () => number) {
    this.#params = params;
    this.#now = now;
  }

  /** Takes one token of this address; false when there is none left. */
  take(address: string): boolean {
    const bucket = this.#bucketOf(address);
    this.#fill(bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #bucketOf(address: string): Bucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#params.maxAddresses) this.#forgetIdle();
    if (this.#buckets.size >= this.#params.maxAddresses && address !== OVERFLOW) {
      return this.#bucketOf(OVERFLOW);
    }
    const bucket = { tokens: this.#params.burst, filledAtMs: this.#now() };
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #fill(bucket: Bucket): void {
    const elapsedMs = this.#now() - bucket.filledAtMs;
    bucket.filledAtMs += elapsedMs;
    const { burst, perSecond } = this.#params;
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs / 1000) * perSecond);
  }

  /** A full bucket is as good as a new one. */
  #forgetIdle(): void {
    for (const [address, bucket] of [...this.#buckets]) {
      this.#fill(bucket);
      if (bucket.tokens >= this.#params.burst) this.#buckets.delete(address);
    }
  }
}
