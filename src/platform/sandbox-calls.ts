/**
 * The host's calls that wait for an answer: each of them is answered exactly
 * once, by the other side, by its deadline, or by the end.
 */
import type { Clock } from "../env/env.ts";
import type { Result } from "../peer/sandbox.ts";

interface Waiting {
  done(result: Result): void;
  cancelDeadline(): void;
}

export class SandboxCalls {
  readonly #clock: Clock;
  readonly #waitingById = new Map<number, Waiting>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#waitingById.size;
  }

  /** The id of a new call. */
  open(timeoutMs: number, done: (result: Result) => void): number {
    const id = ++this.#lastId;
    const cancelDeadline = this.#clock.after(timeoutMs, () =>
      this.settle(
        id,
        failure("timed-out", `there was no answer within ${Math.round(timeoutMs)} ms`),
      ),
    );
    this.#waitingById.set(id, { done, cancelDeadline });
    return id;
  }

  /** Does nothing when it has been settled before. */
  settle(id: number, result: Result): void {
    const waiting = this.#waitingById.get(id);
    if (waiting === undefined) return;
    this.#waitingById.delete(id);
    waiting.cancelDeadline();
    waiting.done(result);
  }

  settleAll(result: Result): void {
    for (const id of [...this.#waitingById.keys()]) this.settle(id, result);
  }
}

export function failure(code: Extract<Result, { kind: "error" }>["code"], why: string): Result {
  return { kind: "error", code, why };
}
