/**
 * What was said, as this node keeps it: conversations in pages, all in memory,
 * written behind. The oldest pages go first, of the largest conversation when all
 * together are too many. Below its floor a conversation takes nothing any more:
 * what was dropped does not come back as a replay.
 */
import type { Plain, Prost } from "prost/sdk";
import { type Fields, isDate, isFields } from "./bytes.ts";
import {
  HISTORY_SHARE,
  MAX_CONVERSATION_BYTES,
  MAX_MESSAGES,
  MAX_PAGES,
  MESSAGE_BYTES,
  PAGE_BYTES,
  PAGE_MESSAGES,
} from "./limits.ts";

/** Of one's own, in this order; of others' `new` until it was shown. */
export type Mark = "waiting" | "sent" | "delivered" | "read" | "new" | "seen";

const RANK: Readonly<Record<Mark, number>> = {
  waiting: 0,
  sent: 1,
  delivered: 2,
  read: 3,
  new: 0,
  seen: 1,
};

export interface Message {
  readonly id: string;
  /** Who wrote it: a public key, 64 hex digits. */
  readonly author: string;
  /** How they called themselves then. */
  readonly name: string;
  readonly text: string;
  readonly date: number;
  /** When its letter was made, by the writer's clock. */
  readonly sealed: number;
  readonly mark: Mark;
  /** When this node last put it on replicas; 0: not yet, or another tab does it. */
  readonly stored: number;
  /** Another tab of this person sent it. */
  readonly isCopy: boolean;
}

interface Page {
  readonly number: number;
  messages: Message[];
  bytes: number;
}

interface Conversation {
  pages: Page[];
  bytes: number;
  count: number;
  floor: number;
  readonly places: Map<string, Page>;
}

const PREFIX = "h/";
const FLOORS = "floors";
/** Of the calls that a peerlet may have open. */
const LOADED_AT_ONCE = 16;

export class History {
  readonly #prost: Prost;
  readonly #mostBytes: number;
  readonly #conversations = new Map<string, Conversation>();
  readonly #dirty = new Map<string, Page | null>();
  #areFloorsDirty = false;
  #bytes = 0;
  #pages = 0;
  #writing: Promise<void> = Promise.resolve();
  readonly counts = { trimmed: 0, notWritten: 0 };

  constructor(prost: Prost) {
    this.#prost = prost;
    this.#mostBytes = prost.grant.storageBytes * HISTORY_SHARE;
  }

  async load(): Promise<void> {
    const floors = await this.#prost.storage.get(FLOORS);
    for (const [name, floor] of Object.entries(isFields(floors) ? floors : {})) {
      if (isDate(floor)) this.#of(name).floor = floor;
    }
    const keys = await this.#prost.storage.keys(PREFIX);
    for (let at = 0; at < keys.length; at += LOADED_AT_ONCE) {
      const some = keys.slice(at, at + LOADED_AT_ONCE);
      await Promise.all(some.map((key) => this.#loadPage(key)));
    }
    for (const { pages } of this.#conversations.values()) pages.sort((a, b) => a.number - b.number);
  }

  /** Forgets everything of another person. */
  async wipe(): Promise<void> {
    this.#conversations.clear();
    this.#dirty.clear();
    this.#bytes = 0;
    this.#pages = 0;
    await this.#writing;
    for (const key of await this.#prost.storage.keys(PREFIX)) await this.#prost.storage.delete(key);
    await this.#prost.storage.delete(FLOORS);
  }

  names(): string[] {
    return [...this.#conversations].filter(([, { count }]) => count > 0).map(([name]) => name);
  }

  has(name: string, author: string, id: string): boolean {
    return this.#conversations.get(name)?.places.has(`${author} ${id}`) ?? false;
  }

  count(name: string): number {
    return this.#conversations.get(name)?.count ?? 0;
  }

  /** False when it is there already, or older than what was dropped. */
  add(name: string, message: Message): boolean {
    const conversation = this.#of(name);
    const place = `${message.author} ${message.id}`;
    if (conversation.places.has(place) || message.sealed <= conversation.floor) return false;
    const last = conversation.pages.at(-1);
    const bytes = bytesOf(message);
    const isFull =
      !last || last.messages.length >= PAGE_MESSAGES || last.bytes + bytes > PAGE_BYTES;
    const page = isFull ? { number: (last?.number ?? 0) + 1, messages: [], bytes: 0 } : last;
    if (isFull) {
      conversation.pages.push(page);
      this.#pages += 1;
    }
    page.messages.push(message);
    page.bytes += bytes;
    conversation.places.set(place, page);
    conversation.bytes += bytes;
    conversation.count += 1;
    this.#bytes += bytes;
    this.#touch(name, page);
    this.#trim(name, conversation);
    return true;
  }

  /** The message as it is now; null when it is not there, or nothing changes. A mark never goes back. */
  change(
    name: string,
    author: string,
    id: string,
    change: Partial<Pick<Message, "mark" | "stored" | "sealed">>,
  ): Message | null {
    const page = this.#conversations.get(name)?.places.get(`${author} ${id}`);
    const at = page?.messages.findIndex((each) => each.author === author && each.id === id) ?? -1;
    if (!page || at < 0) return null;
    const before = page.messages[at]!;
    const { mark, ...rest } = change;
    const isForward = mark !== undefined && RANK[mark] > RANK[before.mark];
    if (!isForward && Object.keys(rest).length === 0) return null;
    const after = { ...before, ...rest, mark: isForward ? mark : before.mark };
    page.messages[at] = after;
    this.#touch(name, page);
    return after;
  }

  /** In order of their dates. */
  messages(name: string): Message[] {
    const pages = this.#conversations.get(name)?.pages ?? [];
    return pages.flatMap(({ messages }) => messages).toSorted((a, b) => a.date - b.date);
  }

  /** Nothing of it is kept, and nothing older than now is taken. */
  drop(name: string, floor: number): void {
    const conversation = this.#of(name);
    for (const page of conversation.pages) this.#dirty.set(`${PREFIX}${name}/${page.number}`, null);
    this.#bytes -= conversation.bytes;
    this.#pages -= conversation.pages.length;
    this.#conversations.delete(name);
    this.#of(name).floor = floor;
    this.#areFloorsDirty = true;
    this.#write();
  }

  /** Until all that was added is written. */
  saved(): Promise<void> {
    return this.#writing;
  }

  stats() {
    return { historyBytes: this.#bytes, historyMostBytes: Math.floor(this.#mostBytes) };
  }

  #of(name: string): Conversation {
    const known = this.#conversations.get(name);
    if (known) return known;
    const made = { pages: [], bytes: 0, count: 0, floor: 0, places: new Map() };
    this.#conversations.set(name, made);
    return made;
  }

  async #loadPage(key: string): Promise<void> {
    const stored = await this.#prost.storage.get(key);
    if (!Array.isArray(stored)) return;
    const end = key.lastIndexOf("/");
    const messages = (stored as unknown[]).filter(isFields).map(messageOf);
    const page = { number: Number(key.slice(end + 1)), messages, bytes: 0 };
    this.#append(this.#of(key.slice(PREFIX.length, end)), page);
  }

  #append(conversation: Conversation, page: Page): void {
    page.bytes = page.messages.reduce((sum, message) => sum + bytesOf(message), 0);
    conversation.pages.push(page);
    this.#pages += 1;
    conversation.bytes += page.bytes;
    conversation.count += page.messages.length;
    this.#bytes += page.bytes;
    for (const { author, id } of page.messages) conversation.places.set(`${author} ${id}`, page);
  }

  #trim(name: string, conversation: Conversation): void {
    const isTooLong = () =>
      conversation.count > MAX_MESSAGES || conversation.bytes > MAX_CONVERSATION_BYTES;
    while (isTooLong() && conversation.pages.length > 1) this.#dropOldest(name, conversation);
    while (this.#bytes > this.#mostBytes || this.#pages > MAX_PAGES) {
      const [largest] = [...this.#conversations].toSorted(([, a], [, b]) => b.bytes - a.bytes);
      if (!largest || largest[1].pages.length === 0) return;
      this.#dropOldest(...largest);
    }
  }

  #dropOldest(name: string, conversation: Conversation): void {
    const page = conversation.pages.shift()!;
    this.#pages -= 1;
    conversation.bytes -= page.bytes;
    conversation.count -= page.messages.length;
    this.#bytes -= page.bytes;
    for (const { author, id, sealed } of page.messages) {
      conversation.places.delete(`${author} ${id}`);
      conversation.floor = Math.max(conversation.floor, sealed);
    }
    this.counts.trimmed += page.messages.length;
    this.#areFloorsDirty = true;
    this.#dirty.set(`${PREFIX}${name}/${page.number}`, null);
    this.#write();
  }

  #touch(name: string, page: Page): void {
    this.#dirty.set(`${PREFIX}${name}/${page.number}`, page);
    this.#write();
  }

  #write(): void {
    this.#writing = this.#writing.then(() => this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    for (const [key, page] of [...this.#dirty]) {
      this.#dirty.delete(key);
      try {
        if (page) await this.#prost.storage.set(key, page.messages.map(plainOf));
        else await this.#prost.storage.delete(key);
      } catch (error) {
        // In memory it is all the same; the next change of the page tries again.
        this.counts.notWritten += 1;
        this.#prost.log("a page of history was not written", String(error));
      }
    }
    if (!this.#areFloorsDirty) return;
    this.#areFloorsDirty = false;
    const floors = [...this.#conversations].map(([name, { floor }]) => [name, floor] as const);
    const set = Object.fromEntries(floors.filter(([, floor]) => floor > 0)) as Plain;
    await this.#prost.storage.set(FLOORS, set).catch(() => {});
  }
}

function bytesOf({ text, name }: Message): number {
  return MESSAGE_BYTES + 2 * (text.length + name.length);
}

function plainOf(message: Message): Plain {
  return { ...message };
}

/** This peerlet wrote it. */
function messageOf(fields: Fields): Message {
  return fields as unknown as Message;
}
