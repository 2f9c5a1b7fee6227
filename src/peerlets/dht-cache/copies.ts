/**
 * The copies of one node: least recently used out first, within a bound of bytes,
 * none beyond its time. In memory alone: what is lost is fetched again.
 *
 * It checks no hash: who puts something in has done that.
 */
import { COPY_BYTES } from "./limits.ts";

export interface Copy {
  readonly value: Uint8Array;
  /** What is left of its time. */
  readonly ttlMs: number;
}

interface Kept {
  readonly value: Uint8Array;
  readonly untilMs: number;
}

export class Copies {
  readonly #now: () => number;
  readonly #maxBytes: number;
  /** In the order in which they were used. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(now: () => number, maxBytes: number) {
    this.#now = now;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** All of it, with what a copy costs beside its value. */
  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#live(key) !== null;
  }

  /** Counts as used. */
  get(key: string): Copy | null {
    const kept = this.#live(key);
    if (!kept) return null;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return { value: kept.value, ttlMs: kept.untilMs - this.#now() };
  }

  /** Never shortens what is here. Nothing happens to what has no time left, or is larger than all of it. */
  put(key: string, value: Uint8Array, ttlMs: number): void {
    const cost = value.length + COPY_BYTES;
    if (!(ttlMs > 0) || cost > this.#maxBytes) return;
    const untilMs = Math.max(this.#now() + ttlMs, this.#live(key)?.untilMs ?? 0);
    this.#drop(key);
    this.#kept.set(key, { value, untilMs });
    this.#bytes += cost;
    while (this.#bytes > this.#maxBytes) this.#drop(this.#kept.keys().next().value!);
  }

  #live(key: string): Kept | null {
    const kept = this.#kept.get(key);
    if (!kept) return null;
    if (kept.untilMs > this.#now()) return kept;
    this.#drop(key);
    return null;
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept && this.#kept.delete(key)) this.#bytes -= kept.value.length + COPY_BYTES;
  }
}
