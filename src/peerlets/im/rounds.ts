/**
 * What is looked at again and again: mailboxes, presence, rooms. The one that is
 * most overdue comes first, a bounded number at the same time and per second: with
 * many contacts each look comes later instead of more of them.
 */
import type { Prost } from "prost/sdk";
import { LOOKS_AT_ONCE, LOOKS_PER_SECOND, LOOK_BURST, TICK_MS } from "./limits.ts";
import { Rates } from "./rates.ts";

interface Round {
  readonly everyMs: number;
  readonly look: () => Promise<void>;
  dueMs: number;
  isRunning: boolean;
}

export class Rounds {
  readonly #prost: Prost;
  readonly #rounds = new Map<string, Round>();
  readonly #rate: Rates;
  #running = 0;
  #cancel: (() => void) | null = null;
  /** What each tick does besides. */
  onTick: () => void = () => {};

  constructor(prost: Prost) {
    this.#prost = prost;
    this.#rate = new Rates(prost.clock, LOOK_BURST, LOOKS_PER_SECOND);
  }

  start(): void {
    this.#cancel ??= this.#prost.clock.after(TICK_MS, () => {
      this.#cancel = null;
      this.onTick();
      this.#go();
      this.start();
    });
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#rounds.clear();
  }

  /** From now on, the first time as soon as may be. One that is there stays as it is. */
  add(name: string, everyMs: number, look: () => Promise<void>): void {
    if (this.#rounds.has(name)) return;
    const dueMs = this.#prost.clock.now();
    this.#rounds.set(name, { everyMs, look, dueMs, isRunning: false });
    this.#go();
  }

  remove(name: string): void {
    this.#rounds.delete(name);
  }

  names(prefix: string): string[] {
    return [...this.#rounds.keys()].filter((name) => name.startsWith(prefix));
  }

  /** It is due now, or so much later. */
  hurry(name: string, inMs = 0): void {
    const round = this.#rounds.get(name);
    if (!round) return;
    round.dueMs = Math.min(round.dueMs, this.#prost.clock.now() + inMs);
    this.#go();
  }

  #go(): void {
    const nowMs = this.#prost.clock.now();
    const due = [...this.#rounds.values()]
      .filter(({ dueMs, isRunning }) => dueMs <= nowMs && !isRunning)
      .toSorted((a, b) => a.dueMs - b.dueMs);
    for (const round of due) {
      if (this.#running >= LOOKS_AT_ONCE || !this.#rate.take("")) return;
      void this.#run(round);
    }
  }

  async #run(round: Round): Promise<void> {
    this.#running += 1;
    round.isRunning = true;
    // Not all people's in step: a quarter more or less.
    const jitter = 0.75 + this.#prost.random.next() / 2;
    round.dueMs = this.#prost.clock.now() + round.everyMs * jitter;
    try {
      await round.look();
    } catch (error) {
      this.#prost.log(`a look failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#running -= 1;
    round.isRunning = false;
    this.#go();
  }
}
