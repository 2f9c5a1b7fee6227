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

  /** What this node has: the last of each sender of what is kept. */
  latest(): MessageId[] {
    const last = new Map<string, MessageId>();
    for (const { sender, run, serial } of this.#messages)
      last.set(senderOf({ sender, run }), [sender, run, serial]);
    return [...last.values()];
  }

  has(message: CastMessage): boolean {
    return (this.#serials.get(senderOf(message)) ?? 0) >= message.serial;
  }

  /** Whether what this sender sent up to `serial`, or the last of it, has not come here. Of a sender that may be forgotten nobody knows. */
  lacks(sender: string, run: string, serial: number): boolean {
    const last = this.#serials.get(senderOf({ sender, run }));
    if (last === undefined) return serial > 0 && this.#serials.size < MAX_SENDERS;
    return last < serial;
  }

  /** False when it had this one, or a later one of the same sender: it is not kept then. */
  add(message: Logged): boolean {
    if (this.has(message)) return false;
    const key = senderOf(message);
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

  /** The place of the first one that somebody lacks. */
  firstLacking(has: Has): number {
    const at = this.#messages.findIndex((message) => !isIn(has, message));
    return at < 0 ? this.head : this.#base + at;
  }
}

/** What a node has, by sender and run: the last serial. */
export type Has = ReadonlyMap<string, number>;

export function hasOf(ids: readonly MessageId[]): Has {
  return new Map(ids.map(([sender, run, serial]) => [senderOf({ sender, run }), serial]));
}

export function isIn(has: Has, message: Pick<CastMessage, "sender" | "run" | "serial">): boolean {
  return (has.get(senderOf(message)) ?? 0) >= message.serial;
}

/** One visit of one node. */
export function senderOf({ sender, run }: Pick<CastMessage, "sender" | "run">): string {
  return `${sender}:${run}`;
}
