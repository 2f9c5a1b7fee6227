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
  readonly untilMs: number;
  readonly done: (result: RouteResult) => void;
  readonly resend: (message: Routed) => void;
  /** When it last left this node; null while it waits here for its turn or for a way. */
  sentAtMs: number | null;
  resends: number;
  cancel: () => void;
}

export interface ResendRules {
  /** Silence after which the source sends again, in ms; twice that the next time, and so on. */
  readonly resendMs: number;
  readonly mostResends: number;
  /** How long a hop's acknowledgement may take by now, in ms: where each hop takes long, so does the way. */
  hopTimeoutMs(): number;
}

/** Hops of a way whose time-outs are waited for. A guess: a ring of 256 nodes takes 4 in the mean. */
const HOPS_AWAITED = 4;

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
  readonly #rules: ResendRules;
  readonly #resend: (message: Routed) => void;
  readonly #waiting = new Map<number, Waiting>();

  constructor(env: Env, rules: ResendRules, resend: (message: Routed) => void) {
    this.#env = env;
    this.#rules = rules;
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
    const waiting: Waiting = {
      message,
      timeoutMs,
      untilMs: this.#env.clock.now() + timeoutMs,
      done,
      resend,
      sentAtMs: null,
      resends: 0,
      cancel: () => {},
    };
    this.#waiting.set(message.messageId, waiting);
    this.#wait(waiting);
  }

  /** It left this node: from here on it may be lost. */
  sent(messageId: number): void {
    const waiting = this.#waiting.get(messageId);
    if (waiting) waiting.sentAtMs = this.#env.clock.now();
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

  #wait(waiting: Waiting): void {
    const { clock } = this.#env;
    const leftMs = waiting.untilMs - clock.now();
    const toResendMs = this.#toResendMs(waiting);
    waiting.cancel = clock.after(Math.min(leftMs, toResendMs), () => {
      if (clock.now() >= waiting.untilMs) return this.#timedOut(waiting);
      // It may have been sent later than the timer was set, or be under way on a ring that has become slow.
      if (this.#toResendMs(waiting) <= 0) this.#sendAgain(waiting);
      this.#wait(waiting);
    });
  }

  /** In how many ms it is to be sent again, as things are now. */
  #toResendMs({ message, resends, sentAtMs }: Waiting): number {
    const { resendMs, mostResends } = this.#rules;
    if (resends >= mostResends) return Number.POSITIVE_INFINITY;
    if (sentAtMs === null) return resendMs;
    const patienceMs = Math.max(resendMs, HOPS_AWAITED * this.#rules.hopTimeoutMs());
    // Each hop of a per-hop message may first have to fetch and start the application: silence is no loss yet.
    const waitMs = patienceMs * 2 ** resends * (message.perHop ? 2 : 1);
    return sentAtMs + waitMs - this.#env.clock.now();
  }

  #sendAgain(waiting: Waiting): void {
    waiting.resends += 1;
    waiting.sentAtMs = null;
    waiting.message.attempt += ATTEMPT_STEP;
    waiting.resend(waiting.message.copy());
  }

  #timedOut({ message, timeoutMs }: Waiting): void {
    const receipt = { kind: "timed-out", afterMs: timeoutMs } as const;
    this.#finish(message.messageId, { receipt, trace: [], body: NO_BYTES });
  }
}
