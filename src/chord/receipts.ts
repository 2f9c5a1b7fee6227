/**
 * The source's side of a routed message: it waits for the receipt, sends again
 * when none comes, and gives up in time. Never silence.
 */
import type { Env } from "../env/env.ts";
import { NO_BYTES } from "../base/bytes.ts";
import type { RouteResult } from "../kbr/routing.ts";
import type { BodyOf } from "../wire/messages.ts";
import type { Routed } from "../wire/routed.ts";

interface Waiting {
  readonly message: Routed;
  readonly timeoutMs: number;
  readonly done: (result: RouteResult) => void;
  readonly resend: (message: Routed) => void;
  resends: number;
  cancel: () => void;
}

/** An attempt counts by this much, so that hops may count detours in between. */
const ATTEMPT_STEP = 16;

/** The attempt that a hop counts when it lets a message pass nodes again; stays within the source's sending. */
export function afterDetour(attempt: number): number {
  return Math.min(attempt + 1, (sendingOf(attempt) + 1) * ATTEMPT_STEP - 1);
}

/** Two nodes that each hold the other for the way to a third must not hand a message to and fro for long. A guess. */
const MOST_DETOURS = 8;

/** False when a message has made so many detours in this sending that it shall rather wait where it is. */
export function mayDetour(attempt: number): boolean {
  return attempt % ATTEMPT_STEP < MOST_DETOURS;
}

/** Which of the source's sendings an attempt belongs to: 0 for the first. */
export function sendingOf(attempt: number): number {
  return Math.floor(attempt / ATTEMPT_STEP);
}

export class Receipts {
  readonly #env: Env;
  readonly #resendMs: number;
  readonly #mostResends: number;
  readonly #resend: (message: Routed) => void;
  readonly #waiting = new Map<number, Waiting>();

  constructor(env: Env, resendMs: number, mostResends: number, resend: (message: Routed) => void) {
    this.#env = env;
    this.#resendMs = resendMs;
    this.#mostResends = mostResends;
    this.#resend = resend;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** `message` is kept, unchanged, to be sent again: the way it went first, where that was chosen. */
  expect(
    message: Routed,
    timeoutMs: number,
    done: (result: RouteResult) => void,
    resend = this.#resend,
  ): void {
    const waiting = { message, timeoutMs, done, resend, resends: 0, cancel: () => {} };
    this.#waiting.set(message.messageId, waiting);
    this.#wait(waiting, timeoutMs);
  }

  has(messageId: number): boolean {
    return this.#waiting.has(messageId);
  }

  /** False when nobody waits for it: it came twice, or too late. */
  settle(receipt: BodyOf<"receipt">): boolean {
    const { outcome, by, hops, why, trace, body } = receipt;
    const result = {
      delivered: { kind: "delivered", root: by, hops },
      refused: { kind: "refused", by, why },
      unreachable: { kind: "unreachable", why },
    } as const;
    return this.#finish(receipt.messageId, { receipt: result[outcome], trace, body });
  }

  /** Ends everything that still waits; for when this node leaves. */
  close(why: string): void {
    for (const messageId of [...this.#waiting.keys()]) {
      this.#finish(messageId, { receipt: { kind: "unreachable", why }, trace: [], body: NO_BYTES });
    }
  }

  #finish(messageId: number, result: RouteResult): boolean {
    const waiting = this.#waiting.get(messageId);
    if (!waiting) return false;
    this.#waiting.delete(messageId);
    waiting.cancel();
    waiting.done(result);
    return true;
  }

  #wait(waiting: Waiting, leftMs: number): void {
    // Each hop of a per-hop message may first have to fetch and start the application: silence is no loss yet.
    const resendMs = waiting.message.perHop ? 2 * this.#resendMs : this.#resendMs;
    const isLast = waiting.resends >= this.#mostResends || leftMs <= resendMs;
    waiting.cancel = this.#env.clock.after(isLast ? leftMs : resendMs, () => {
      if (isLast) {
        const receipt = { kind: "timed-out", afterMs: waiting.timeoutMs } as const;
        this.#finish(waiting.message.messageId, { receipt, trace: [], body: NO_BYTES });
        return;
      }
      waiting.resends += 1;
      waiting.message.attempt += ATTEMPT_STEP;
      waiting.resend(waiting.message.copy());
      this.#wait(waiting, leftMs - resendMs);
    });
  }
}
