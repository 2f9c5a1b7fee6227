/**
 * How many messages and bytes a peerlet may send: two token buckets, filled
 * at the rates of its grant. Knows no clock: it is told the time.
 */
import type { Grant } from "../peer/grant.ts";

/** A peerlet may spend this much of its rates at once. Guess: the mean is to hold over some seconds. */
export const BURST_SECONDS = 5;

/** What one message counts beside its data: its tag, its id, its names. Guess. */
const MESSAGE_BYTES = 32;

export type Overdrawn = "messages" | "bytes";

export class Budget {
  readonly #messagesPerMs: number;
  readonly #bytesPerMs: number;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #messages: number;
  #bytes: number;
  #filledAtMs: number;
  #spentMessages = 0;
  #spentBytes = 0;

  constructor(grant: Grant, nowMs: number) {
    this.#messagesPerMs = grant.messagesPerSecond / 1_000;
    this.#bytesPerMs = grant.bytesPerSecond / 1_000;
    this.#maxMessages = Math.max(1, grant.messagesPerSecond * BURST_SECONDS);
    // At least one message of the size that is allowed.
    this.#maxBytes = Math.max(
      grant.bytesPerSecond * BURST_SECONDS,
      grant.messageBytes + MESSAGE_BYTES,
    );
    this.#messages = this.#maxMessages;
    this.#bytes = this.#maxBytes;
    this.#filledAtMs = nowMs;
  }

  /**
   * Counts one message of so many bytes; says what was overdrawn by it, if anything, and counts
   * nothing then. An answer is no message (it was asked for), but its bytes count.
   */
  spend(bytes: number, nowMs: number, isAnswer = false): Overdrawn | null {
    const passedMs = nowMs - this.#filledAtMs;
    this.#filledAtMs = nowMs;
    this.#messages = Math.min(this.#maxMessages, this.#messages + passedMs * this.#messagesPerMs);
    this.#bytes = Math.min(this.#maxBytes, this.#bytes + passedMs * this.#bytesPerMs);
    if (this.#messages < 1 && !isAnswer) return "messages";
    if (this.#bytes < bytes + MESSAGE_BYTES) return "bytes";
    if (!isAnswer) this.#messages -= 1;
    this.#bytes -= bytes + MESSAGE_BYTES;
    this.#spentMessages += isAnswer ? 0 : 1;
    this.#spentBytes += bytes + MESSAGE_BYTES;
    return null;
  }

  /** What was spent since the last time this was asked. */
  takeSpent(): { readonly messages: number; readonly bytes: number } {
    const spent = { messages: this.#spentMessages, bytes: this.#spentBytes };
    this.#spentMessages = 0;
    this.#spentBytes = 0;
    return spent;
  }
}
