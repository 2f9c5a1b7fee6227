/**
 * Timers with a floor and a number, for the peerlet and for `prost.clock`.
 * Its own errors reach whoever set the timer too many.
 */
export interface NativeTimers {
  set(task: () => void, delayMs: number): number;
  clear(timer: number): void;
}

/** No timer fires sooner. The floor that browsers have for nested timers. */
const FLOOR_MS = 4;

export class Timers {
  readonly #native: NativeTimers;
  readonly #max: number;
  readonly #timersById = new Map<number, number>();
  #lastId = 0;

  constructor(native: NativeTimers, max: number) {
    this.#native = native;
    this.#max = max;
  }

  /** Ids are our own: an interval keeps its id, while its native timer changes. */
  set(task: () => void, delayMs: number, repeats: boolean): number {
    if (typeof task !== "function") throw new TypeError("a timer needs a function");
    if (this.#timersById.size >= this.#max) {
      throw new RangeError(`${this.#max} timers wait already, and more are not granted`);
    }
    const id = ++this.#lastId;
    // What is no number is no delay, as browsers have it.
    const wantedMs = Number.isFinite(delayMs) ? delayMs : 0;
    this.#arm(id, task, Math.max(FLOOR_MS, wantedMs), repeats);
    return id;
  }

  clear(id: number): void {
    const timer = this.#timersById.get(id);
    if (timer === undefined) return;
    this.#timersById.delete(id);
    this.#native.clear(timer);
  }

  #arm(id: number, task: () => void, delayMs: number, repeats: boolean): void {
    const fire = () => {
      if (repeats) this.#arm(id, task, delayMs, repeats);
      else this.#timersById.delete(id);
      task();
    };
    this.#timersById.set(id, this.#native.set(fire, delayMs));
  }
}
