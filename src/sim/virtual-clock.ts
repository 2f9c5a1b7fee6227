/**
 * Time that only passes when it is told to. Tasks that are due at the same
 * moment run in the order they were set, so a seed gives one run.
 *
 * Most tasks of a large world are frames due within a fraction of a second, and
 * time-outs that never come. So they lie unsorted in a slot for their
 * millisecond, and only those of the current one are put in order: one heap of
 * everything spent its time in cold memory.
 */
import type { Clock } from "../env/env.ts";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  /** Null once cancelled. */
  task: (() => void) | null;
}

/** Slots of 1 ms, a power of two: what is due later than this waits in a heap of its own. */
const SLOTS = 16_384;

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  /** Everything due before the end of this millisecond is in `#due`, nothing of that anywhere else. */
  #slotMs = 0;
  readonly #due = new Heap();
  readonly #slots: (Entry[] | undefined)[] = Array.from({ length: SLOTS });
  #inSlots = 0;
  readonly #later = new Heap();
  #soon: (() => void)[] = [];
  #stopped = false;

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const entry: Entry = { atMs, order: this.#order++, task };
    this.#put(entry);
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
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#due.pop();
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

  #put(entry: Entry): void {
    const aheadMs = Math.floor(entry.atMs) - this.#slotMs;
    if (aheadMs <= 0) return this.#due.push(entry);
    if (aheadMs >= SLOTS) return this.#later.push(entry);
    const at = (this.#slotMs + aheadMs) % SLOTS;
    (this.#slots[at] ??= []).push(entry);
    this.#inSlots += 1;
  }

  /** The first entry due until then, or undefined. */
  #next(untilMs: number): Entry | undefined {
    while (this.#due.first === undefined && this.#slotMs < untilMs) {
      const laterMs = Math.floor(this.#later.first?.atMs ?? Number.POSITIVE_INFINITY);
      if (this.#inSlots > 0) this.#slotMs += 1;
      else this.#slotMs = Math.min(Math.max(this.#slotMs + 1, laterMs), Math.ceil(untilMs));
      this.#fetch();
    }
    const { first } = this.#due;
    return first && first.atMs <= untilMs ? first : undefined;
  }

  /** Brings what is due in the new current millisecond, and what is no longer far away. */
  #fetch(): void {
    const slot = this.#slots[this.#slotMs % SLOTS];
    if (slot) {
      for (const entry of slot) if (entry.task !== null) this.#due.push(entry);
      this.#inSlots -= slot.length;
      this.#slots[this.#slotMs % SLOTS] = undefined;
    }
    const endMs = this.#slotMs + SLOTS;
    for (let { first } = this.#later; first && first.atMs < endMs; { first } = this.#later) {
      this.#later.pop();
      if (first.task !== null) this.#put(first);
    }
  }
}

/** A binary heap: the parent of i is (i - 1) >> 1 and never later. */
class Heap {
  readonly #entries: Entry[] = [];

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  push(entry: Entry): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  pop(): void {
    const entries = this.#entries;
    const last = entries.pop()!;
    if (entries.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= entries.length) break;
      const right = left + 1;
      const isRight = right < entries.length && isEarlier(entries[right]!, entries[left]!);
      const child = isRight ? right : left;
      if (!isEarlier(entries[child]!, last)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
