/**
 * Messages of a version that is being fetched. They wait for it, and then go to
 * whatever is here: the version they were meant for, when it could be had and
 * may run, else the one before.
 *
 * Only they wait, for a stranger's message can name any version.
 */
import type { Clock } from "../env/env.ts";

/** What may wait for one version. Guesses: a flood of them is served by the version that is here. */
const MOST_HELD = 64;
const MOST_HELD_BYTES = 1024 * 1024;
/** They wait so long at most, in ms. A guess: well below what a sender waits for its receipt. */
const HELD_MS = 3_000;

interface Held {
  readonly bytes: number;
  readonly goOn: () => void;
}

export class HeldMessages {
  readonly #clock: Clock;
  /** The package that is being fetched. */
  #hash: string | null = null;
  readonly #held = new Set<Held>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This version is being fetched, until `release`. */
  expect(hash: string): void {
    this.#hash = hash;
  }

  /**
   * Takes a message if it is of that version: then `goOn` is called once, later, with the time that
   * it waited. False when it need not wait, or there is no room.
   */
  hold(locator: string, bytes: number, goOn: (waitedMs: number) => void): boolean {
    if (this.#hash === null || !locator.endsWith(this.#hash)) return false;
    if (this.#held.size >= MOST_HELD || this.#bytes + bytes > MOST_HELD_BYTES) return false;
    const startMs = this.#clock.now();
    const cancel = this.#clock.after(HELD_MS, () => this.#let(held));
    const held: Held = {
      bytes,
      goOn: () => {
        cancel();
        goOn(this.#clock.now() - startMs);
      },
    };
    this.#held.add(held);
    this.#bytes += bytes;
    return true;
  }

  /** It is here, or will not come. */
  release(): void {
    this.#hash = null;
    for (const held of this.#held) this.#let(held);
  }

  #let(held: Held): void {
    if (!this.#held.delete(held)) return;
    this.#bytes -= held.bytes;
    held.goOn();
  }
}
