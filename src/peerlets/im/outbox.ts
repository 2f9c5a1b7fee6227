/**
 * Messages that this person sent, until their reader has them: put on replicas,
 * handed to the reader's tabs, and both again as long as no acknowledgement came.
 */
import type { Prost } from "prost/sdk";
import { conversationOf } from "./conversations.ts";
import { hexOf } from "./bytes.ts";
import type { History, Message } from "./history.ts";
import {
  ACK_DELAY_MS,
  GIVE_UP_MS,
  LOOKS_AT_ONCE,
  MAX_ACK_IDS,
  MAX_HANDED_AGAIN,
  MAX_RETRY_MS,
  RETRY_MS,
  STORE_AGAIN_MS,
} from "./limits.ts";
import type { Post } from "./post.ts";
import type { Roster } from "./roster.ts";
import { dateOf } from "./dates.ts";

const ID_BYTES = 16;

interface Retry {
  readonly to: string;
  pauseMs: number;
  dueMs: number;
  isRunning: boolean;
}

interface Acks {
  readonly delivered: Set<string>;
  readonly read: Set<string>;
}

export class Outbox {
  readonly #prost: Prost;
  readonly #me: string;
  readonly #history: History;
  readonly #roster: Roster;
  readonly #post: Post;
  /** What is not on the replicas yet, or not any more, by message id. */
  readonly #retries = new Map<string, Retry>();
  readonly #acks = new Map<string, Acks>();
  onMark: (to: string, message: Message) => void = () => {};

  constructor(prost: Prost, me: string, history: History, roster: Roster, post: Post) {
    this.#prost = prost;
    this.#me = me;
    this.#history = history;
    this.#roster = roster;
    this.#post = post;
  }

  /** What was left over from the run before. */
  load(): void {
    for (const { key } of this.#roster.contacts()) {
      for (const message of this.#undelivered(key)) {
        if (message.mark === "waiting") this.#retry(key, message.id);
      }
    }
  }

  send(to: string, text: string, name: string): Message {
    const date = dateOf(this.#prost);
    const id = hexOf(this.#prost.random.bytes(ID_BYTES));
    const sealed = date;
    const own = { id, author: this.#me, name, text, date, sealed, stored: 0, isCopy: false };
    const message: Message = { ...own, mark: "waiting" };
    this.#history.add(conversationOf(to), message);
    this.#retry(to, id);
    void this.#deliver(id);
    this.#copy(to, message);
    return message;
  }

  /** Again what is due: not stored, or stored long ago. */
  tick(): void {
    const nowMs = this.#prost.clock.now();
    const due = [...this.#retries].filter(
      ([, { dueMs, isRunning }]) => dueMs <= nowMs && !isRunning,
    );
    for (const [id] of due.slice(0, LOOKS_AT_ONCE)) void this.#deliver(id);
  }

  /** The replicas' copies do not last for ever. */
  renew(): void {
    const date = dateOf(this.#prost);
    for (const { key } of this.#roster.contacts()) {
      for (const { id, stored, date: written } of this.#undelivered(key)) {
        if (date - stored > STORE_AGAIN_MS && date - written < GIVE_UP_MS) this.#retry(key, id);
      }
    }
  }

  /** The reader has come: what they do not have is handed over. */
  async came(to: string): Promise<void> {
    for (const message of this.#undelivered(to).slice(0, MAX_HANDED_AGAIN)) {
      const { id, text, date, name } = message;
      const letter = this.#post.seal(to, { kind: "text", id, text, date, name });
      if ((await this.#post.hand(to, letter)) === 0) return;
    }
  }

  /** A proved word of the reader. */
  acked(from: string, delivered: readonly string[], read: readonly string[]): void {
    for (const id of delivered) this.#mark(from, id, "delivered");
    for (const id of read) this.#mark(from, id, "read");
  }

  /** To be told to the writer of these messages, soon, together with others. */
  acknowledge(to: string, ids: readonly string[], what: "delivered" | "read"): void {
    let acks = this.#acks.get(to);
    if (!acks) {
      acks = { delivered: new Set(), read: new Set() };
      this.#acks.set(to, acks);
      this.#prost.clock.after(ACK_DELAY_MS, () => void this.#sendAcks(to));
    }
    for (const id of ids) acks[what].add(id);
  }

  stats() {
    return { waiting: this.#retries.size };
  }

  #undelivered(to: string): Message[] {
    return this.#history
      .messages(conversationOf(to))
      .filter(
        ({ author, mark, isCopy }) =>
          author === this.#me && !isCopy && (mark === "waiting" || mark === "sent"),
      );
  }

  #retry(to: string, id: string): void {
    if (this.#retries.has(id)) return;
    const dueMs = this.#prost.clock.now();
    this.#retries.set(id, { to, pauseMs: RETRY_MS, dueMs, isRunning: false });
  }

  async #deliver(id: string): Promise<void> {
    const retry = this.#retries.get(id);
    if (!retry || retry.isRunning) return;
    const { to } = retry;
    const name = conversationOf(to);
    const message = this.#history.messages(name).find((each) => each.id === id);
    if (!message || message.author !== this.#me || !this.#roster.isContact(to)) {
      this.#retries.delete(id);
      return;
    }
    retry.isRunning = true;
    const { text, date, name: called } = message;
    const letter = this.#post.seal(to, { kind: "text", id, text, date, name: called });
    const handed = this.#post.hand(to, letter);
    try {
      await this.#post.put(to, letter, !this.#roster.get(to)?.answers);
      this.#retries.delete(id);
      const stored = dateOf(this.#prost);
      this.#history.change(name, this.#me, id, { stored });
      this.#mark(to, id, "sent");
    } catch (error) {
      this.#prost.log("a message is not on the replicas yet", String(error));
      retry.dueMs = this.#prost.clock.now() + retry.pauseMs * (0.5 + this.#prost.random.next());
      retry.pauseMs = Math.min(2 * retry.pauseMs, MAX_RETRY_MS);
    }
    retry.isRunning = false;
    await handed;
  }

  #mark(to: string, id: string, mark: "sent" | "delivered" | "read"): void {
    const message = this.#history.change(conversationOf(to), this.#me, id, { mark });
    if (!message) return;
    if (mark !== "sent") this.#retries.delete(id);
    this.onMark(to, message);
  }

  /** For this person's other tabs and machines. */
  #copy(to: string, { id, text, date }: Message): void {
    const letter = this.#post.seal(this.#me, { kind: "copy", to, id, text, date });
    const done = Promise.all([this.#post.hand(this.#me, letter), this.#post.put(this.#me, letter)]);
    done.catch((error: unknown) => this.#prost.log("a copy is not on the replicas", String(error)));
  }

  async #sendAcks(to: string): Promise<void> {
    const acks = this.#acks.get(to);
    this.#acks.delete(to);
    if (!acks) return;
    const [delivered, read] = [[...acks.delivered], [...acks.read]];
    try {
      for (let i = 0; i < Math.max(delivered.length, read.length); i += MAX_ACK_IDS) {
        const part = (ids: readonly string[]) => ids.slice(i, i + MAX_ACK_IDS);
        await this.#post.send(to, { kind: "ack", delivered: part(delivered), read: part(read) });
      }
    } catch (error) {
      // The writer sends the message again when we meet, and is told then.
      this.#prost.log("an acknowledgement was lost", String(error));
    }
  }
}
