/**
 * Time that only passes when it is told to. Tasks that are due at the same
 * moment run in the order they were set, so a seed gives one run.
 */
import type { Clock } from "../env/env.ts";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  /** Null once cancelled. */
  task: (() => void) | null;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  /** A binary heap: the parent of i is (i - 1) >> 1 and never later. */
  readonly #heap: Entry[] = [];
  #soon: (() => void)[] = [];
  #stopped = false;

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const entry: Entry = { atMs, order: this.#order++, task };
    this.#push(entry);
    return () => {
      entry.task = null;
    };
  }

  soon(task: () => void): void {
    this.#soon.push(task);
  }

  /** Runs everything due within the next `ms`. `afterEach` sees the world after every event. */
  advance(ms: number, afterEach?: () => void): void {
    const untilMs = this.#nowMs + ms;
    this.#stopped = false;
    this.#drain();
    for (let next = this.#heap[0]; next && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      if (next.task === null) continue;
      this.#nowMs = next.atMs;
      next.task();
      this.#drain();
      afterEach?.();
      if (this.#stopped) return;
    }
    this.#nowMs = untilMs;
  }

  /** Ends the `advance` under way after this event; time stays where it is. */
  stop(): void {
    this.#stopped = true;
  }

  /** Ends the current turn: what was to run soon runs now, and what that adds too. */
  #drain(): void {
    while (this.#soon.length > 0) {
      const tasks = this.#soon;
      this.#soon = [];
      for (const task of tasks) task();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && isEarlier(heap[right]!, heap[left]!) ? right : left;
      if (!isEarlier(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
