/**
 * Rates from counters: a short memory of samples. Pure; the caller brings the time.
 */
export interface Sample {
  readonly atMs: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What a sparkline shows, in ms; and how far back a rate looks. Both are taste. */
const MEMORY_MS = 60_000;
const RATE_WINDOW_MS = 5000;

export class Rates {
  #samples: Sample[] = [];

  /** Samples come in the order of their time. */
  add(atMs: number, values: Readonly<Record<string, number>>): void {
    this.#samples.push({ atMs, values });
    const tooOld = this.#samples.findIndex((sample) => sample.atMs >= atMs - MEMORY_MS);
    if (tooOld > 0) this.#samples.splice(0, tooOld);
  }

  /** Growth per second over the last few seconds; 0 until there are two samples. */
  perSecond(names: readonly string[]): number {
    const last = this.#samples.at(-1);
    if (last === undefined) return 0;
    const first = this.#samples.find((sample) => sample.atMs >= last.atMs - RATE_WINDOW_MS)!;
    return growth(first, last, names);
  }

  /** Growth per second in each of `count` equal stretches of the memory, the latest last. */
  history(names: readonly string[], count: number): number[] {
    const last = this.#samples.at(-1);
    if (last === undefined) return Array.from({ length: count }, () => 0);
    const stretchMs = MEMORY_MS / count;
    return Array.from({ length: count }, (_, index) => {
      const endMs = last.atMs - (count - 1 - index) * stretchMs;
      const end = this.#samples.findLast((sample) => sample.atMs <= endMs);
      const start = this.#samples.findLast((sample) => sample.atMs <= endMs - stretchMs);
      return start === undefined || end === undefined ? 0 : growth(start, end, names);
    });
  }
}

/** A counter that went back was started anew by another peer: that is no negative traffic. */
function growth(from: Sample, to: Sample, names: readonly string[]): number {
  const seconds = (to.atMs - from.atMs) / 1000;
  if (seconds <= 0) return 0;
  const total = names.reduce(
    (sum, name) => sum + Math.max(0, (to.values[name] ?? 0) - (from.values[name] ?? 0)),
    0,
  );
  return total / seconds;
}
