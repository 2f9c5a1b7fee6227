/**
 * The keys that this node was asked for a moment ago. A copy is taken for these
 * alone: nobody fills a cache with what was not asked for on its way.
 */
import { ASKED_MS, MAX_ASKED } from "./limits.ts";

export class Asked {
  readonly #now: () => number;
  /** When each was asked for last, the longest ago first. */
  readonly #atMs = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  note(key: string): void {
    this.#atMs.delete(key);
    this.#atMs.set(key, this.#now());
    if (this.#atMs.size > MAX_ASKED) this.#atMs.delete(this.#atMs.keys().next().value!);
  }

  has(key: string): boolean {
    const atMs = this.#atMs.get(key);
    return atMs !== undefined && this.#now() - atMs <= ASKED_MS;
  }

  /** One copy for one question: the next one needs another. */
  forget(key: string): void {
    this.#atMs.delete(key);
  }
}
