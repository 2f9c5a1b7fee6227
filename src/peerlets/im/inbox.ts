/**
 * Letters that came, by whichever way: each is opened, checked and taken once.
 * Contacts' go to conversations and are acknowledged; a stranger's first few wait
 * as a request, unacknowledged, so that nobody learns from us who is there.
 */
import type { Prost } from "prost/sdk";
import { type Body, type TextBody, readBody } from "./bodies.ts";
import { hexOf } from "./bytes.ts";
import { conversationOf, personOf } from "./conversations.ts";
import type { Opened } from "./envelope.ts";
import type { History, Message } from "./history.ts";
import {
  MAX_CLOCK_AHEAD_MS,
  MAX_REQUESTS,
  MAX_REQUEST_MESSAGES,
  MAX_SEALED_AGE_MS,
  STRANGER_BURST,
  STRANGER_PER_SECOND,
} from "./limits.ts";
import type { Handled } from "./mailbox.ts";
import type { Outbox } from "./outbox.ts";
import { Rates } from "./rates.ts";
import type { Roster } from "./roster.ts";
import { dateOf } from "./dates.ts";

export interface InboxEvents {
  message(conversation: string, message: Message): void;
  /** A contact has come, at this node. */
  here(publicKey: string, node: string): void;
  /** Another tab of this person is at this node; resolves when it has been told what it needs. */
  tab(node: string): Promise<void>;
  roster(entries: readonly unknown[]): Promise<void>;
  seen(conversation: string): void;
}

export class Inbox {
  readonly #prost: Prost;
  readonly #me: string;
  readonly #history: History;
  readonly #roster: Roster;
  readonly #outbox: Outbox;
  readonly #events: InboxEvents;
  readonly #strangers: Rates;
  readonly #greetings: Rates;
  readonly counts = { taken: 0, twice: 0, refused: 0, later: 0 };

  constructor(
    prost: Prost,
    me: string,
    history: History,
    roster: Roster,
    outbox: Outbox,
    events: InboxEvents,
  ) {
    this.#prost = prost;
    this.#me = me;
    this.#history = history;
    this.#roster = roster;
    this.#outbox = outbox;
    this.#events = events;
    this.#strangers = new Rates(prost.clock, STRANGER_BURST, STRANGER_PER_SECOND);
    this.#greetings = new Rates(prost.clock, STRANGER_BURST, STRANGER_PER_SECOND);
  }

  /**
   * `from`: the node that handed it, whose caller waits for it, so a second one is acknowledged again;
   * null for a mailbox.
   */
  async take(letter: Opened, from: string | null): Promise<Handled> {
    const writer = hexOf(letter.writer);
    const body = readBody(letter.body);
    const ageMs = body ? dateOf(this.#prost) - body.sealed : 0;
    const isSound = body && ageMs <= MAX_SEALED_AGE_MS && ageMs >= -MAX_CLOCK_AHEAD_MS;
    if (!isSound || this.#roster.isBlocked(writer)) {
      this.counts.refused += 1;
      return "taken";
    }
    if (writer === this.#me) return this.#takeOwn(body, from);
    if (body.kind !== "text" && !this.#roster.isContact(writer)) return "taken";
    this.#roster.answers(writer);
    switch (body.kind) {
      case "text":
        return this.#roster.isContact(writer)
          ? this.#takeText(writer, body, from !== null)
          : this.#takeRequest(writer, body);
      case "ack":
        this.#outbox.acked(writer, body.delivered, body.read);
        return "taken";
      case "here":
        // From there, or somebody repeats it.
        if (body.node === from && this.#greetings.take(writer)) this.#events.here(writer, from);
        return "taken";
      default:
        return "taken";
    }
  }

  /** People who wrote and are no contacts. */
  requests(): string[] {
    const people = this.#history.names().map(personOf);
    return people.filter(
      (key): key is string =>
        key !== null &&
        !this.#roster.isContact(key) &&
        this.#history.messages(conversationOf(key)).some(({ author }) => author === key),
    );
  }

  async #takeText(writer: string, body: TextBody, isStraight: boolean): Promise<Handled> {
    const conversation = conversationOf(writer);
    const message = messageOf(writer, body, dateOf(this.#prost));
    const isNew = this.#history.add(conversation, message);
    if (isNew) {
      // "Delivered" says that it is kept here.
      await this.#history.saved();
      this.#events.message(conversation, message);
    }
    this.counts[isNew ? "taken" : "twice"] += 1;
    if (isNew || isStraight) this.#outbox.acknowledge(writer, [body.id], "delivered");
    return "taken";
  }

  #takeRequest(writer: string, body: TextBody): Handled {
    const conversation = conversationOf(writer);
    if (this.#history.has(conversation, writer, body.id)) return "taken";
    const count = this.#history.count(conversation);
    const isFull = count === 0 && this.requests().length >= MAX_REQUESTS;
    if (isFull || count >= MAX_REQUEST_MESSAGES || !this.#strangers.take(writer)) {
      this.counts.later += 1;
      return "later";
    }
    const message = messageOf(writer, body, dateOf(this.#prost));
    if (!this.#history.add(conversation, message)) return "taken";
    this.counts.taken += 1;
    this.#events.message(conversation, message);
    return "taken";
  }

  /** From another tab of this person. */
  async #takeOwn(body: Body, from: string | null): Promise<Handled> {
    if (body.kind === "copy") {
      const { to, id, text, date, sealed } = body;
      const author = this.#me;
      const own = { id, author, name: "", text, date, sealed, stored: 0, isCopy: true };
      const message: Message = { ...own, mark: "sent" };
      const conversation = conversationOf(to);
      if (this.#history.add(conversation, message)) this.#events.message(conversation, message);
    } else if (body.kind === "seen") {
      const conversation = conversationOf(body.of);
      for (const id of body.ids) this.#history.change(conversation, body.of, id, { mark: "seen" });
      this.#events.seen(conversation);
    } else if (body.kind === "roster") {
      await this.#events.roster(body.entries);
    } else if (body.kind === "tab" && body.node === from) {
      await this.#events.tab(from);
    }
    return "taken";
  }
}

/** A date in the future would keep its message below all others for ever. */
function messageOf(author: string, body: TextBody, nowDate: number): Message {
  const { id, name, text, sealed } = body;
  const date = Math.min(body.date, nowDate);
  return { id, author, name, text, date, sealed, mark: "new", stored: 0, isCopy: false };
}
