/**
 * The recent messages of a group, as this node got them: what it hands on to
 * its children, and to those that come back. It takes each message once.
 *
 * A place in it is a number that stays the same while older messages go.
 */
import { BATCH_BYTES, BATCH_MESSAGES, LOG_BYTES, LOG_MESSAGES, MAX_SENDERS } from "./limits.ts";
import type { CastMessage, MessageId } from "./protocol.ts";
import { bytesOf } from "./reading.ts";

export interface Logged extends CastMessage {
  /** It was sent before this node came to the tree. */
  readonly isOld: boolean;
}

export class MessageLog {
  #messages: Logged[] = [];
  #bytes = 0;
  /** The place of the oldest one that is kept. */
  #base = 0;
  /** The last serial of each sender, by sender and run, in the order in which they sent last. */
  readonly #serials = new Map<string, number>();

  get base(): number {
    return this.#base;
  }

  /** The place of the next one to come. */
  get head(): number {
    return this.#base + this.#messages.length;
  }

  get last(): MessageId | null {
    const last = this.#messages.at(-1);
    return last ? [last.sender, last.run, last.serial] : null;
  }

  has({ sender, run, serial }: CastMessage): boolean {
    return (this.#serials.get(`${sender}:${run}`) ?? 0) >= serial;
  }

  /** False when it had this one, or a later one of the same sender: it is not kept then. */
  add(message: Logged): boolean {
    if (this.has(message)) return false;
    const key = `${message.sender}:${message.run}`;
    this.#serials.delete(key);
    this.#serials.set(key, message.serial);
    if (this.#serials.size > MAX_SENDERS) this.#serials.delete(this.#serials.keys().next().value!);
    this.#messages.push(message);
    this.#bytes += bytesOf(message.data);
    while (this.#messages.length > LOG_MESSAGES || this.#bytes > LOG_BYTES) {
      this.#bytes -= bytesOf(this.#messages.shift()!.data);
      this.#base += 1;
    }
    return true;
  }

  /** As many from this place on as one call carries. */
  from(place: number): { readonly messages: readonly Logged[]; readonly next: number } {
    const start = Math.max(place, this.#base);
    const messages: Logged[] = [];
    let bytes = 0;
    for (const message of this.#messages.slice(
      start - this.#base,
      start - this.#base + BATCH_MESSAGES,
    )) {
      bytes += bytesOf(message.data);
      if (bytes > BATCH_BYTES && messages.length > 0) break;
      messages.push(message);
    }
    return { messages, next: start + messages.length };
  }

  all(): readonly Logged[] {
    return this.#messages;
  }

  /** The last ones, as many as one call carries. */
  newest(): readonly Logged[] {
    let bytes = 0;
    const messages = this.#messages.slice(-BATCH_MESSAGES);
    const start = messages.findLastIndex(({ data }) => (bytes += bytesOf(data)) > BATCH_BYTES);
    return messages.slice(start + 1);
  }

  /** The place after this message; null when it is not kept here. */
  after([sender, run, serial]: MessageId): number | null {
    const at = this.#messages.findLastIndex(
      (message) => message.serial === serial && message.sender === sender && message.run === run,
    );
    return at < 0 ? null : this.#base + at + 1;
  }
}
