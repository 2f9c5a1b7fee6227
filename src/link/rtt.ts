/**
 * Round-trip time, smoothed, and the time-out that follows from it.
 *
 * Source: RFC 6298, section 2: alpha 1/8, beta 1/4, RTO = SRTT + 4·RTTVAR.
 */

/** Before anything was measured, and at the least. RFC 6298: 1 s; a busy machine's pauses are hundreds of ms. */
const LEAST_TIMEOUT_MS = 1_000;
const MOST_TIMEOUT_MS = 3_000;

export class RoundTrip {
  #smoothedMs: number | null = null;
  #variationMs = 0;

  /** A sample from before this tab slept says nothing of the link, so none counts for more than the longest time-out. */
  measured(sampleMs: number): void {
    const ms = Math.min(sampleMs, MOST_TIMEOUT_MS);
    if (this.#smoothedMs === null) {
      this.#smoothedMs = ms;
      this.#variationMs = ms / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - ms) - this.#variationMs) / 4;
    this.#smoothedMs += (ms - this.#smoothedMs) / 8;
  }

  /** Null until something was measured. */
  get smoothedMs(): number | null {
    return this.#smoothedMs;
  }

  /** How long to wait for an answer before trying another way. */
  get timeoutMs(): number {
    if (this.#smoothedMs === null) return LEAST_TIMEOUT_MS;
    const timeout = this.#smoothedMs + 4 * this.#variationMs;
    return Math.min(MOST_TIMEOUT_MS, Math.max(LEAST_TIMEOUT_MS, timeout));
  }
}
