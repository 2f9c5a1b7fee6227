/**
 * Rooms: whoever knows a room's name is in it. Group, key and the places of its
 * history follow from the name, so that neither forwarders nor replicas can read
 * a room whose name they cannot guess. Each message is signed by its author.
 *
 * Messages travel by `Carrier`, and are kept on the replicas for who comes later
 * and for whom the carrier missed. Everything that speaks to cast is in `carrier.ts`.
 */
import type { Prost } from "prost/sdk";
import { bytesOfHex, fieldsOf, hexOf, isDate, joined, utf8 } from "./bytes.ts";
import { ID_DIGITS } from "./bodies.ts";
import { conversationOfRoom } from "./conversations.ts";
import {
  KEY_BYTES,
  type Keys,
  NONCE_BYTES,
  SIGNATURE_BYTES,
  derive,
  isPublicKey,
  isSigned,
  lock,
  sha256,
  sign,
  unlock,
} from "./crypto.ts";
import type { History, Message } from "./history.ts";
import {
  MAX_CLOCK_AHEAD_MS,
  MAX_KNOWN_LETTERS,
  MAX_SEALED_BYTES,
  OPENS_PER_SECOND,
  OPEN_BURST,
  OPEN_PAUSE_MS,
  PADDING_BYTES,
  RETRY_MS,
  ROOM_AUTHOR_SHARE,
  ROOM_BUCKETS,
  ROOM_BUCKET_MS,
  ROOM_BURST,
  ROOM_PAGES,
  ROOM_PER_SECOND,
  ROOM_TTL_MS,
} from "./limits.ts";
import type { Dht } from "./owned.ts";
import { Rates } from "./rates.ts";
import { type RoomKeys, bucketOf, keysOfRoom } from "./room-keys.ts";
import { isName, isText } from "./texts.ts";
import { dateOf } from "./dates.ts";

/** What carries a message to the members of a group that are there. */
export interface Carrier {
  join(group: string): Promise<void>;
  leave(group: string): Promise<void>;
  multicast(group: string, data: Uint8Array): Promise<void>;
}

/** By then what was sent meanwhile is on the replicas, in ms. A guess. */
const ENTERED_LOOK_MS = 3_000;

const INSIDE_BYTES = KEY_BYTES + SIGNATURE_BYTES;

interface Room extends RoomKeys {
  isJoined: boolean;
  /** The group has taken this node in. */
  isEntered: boolean;
}

export class Rooms {
  readonly #prost: Prost;
  readonly #dht: Dht;
  readonly #carrier: Carrier;
  readonly #keys: Keys;
  readonly #me: string;
  readonly #history: History;
  readonly #rooms = new Map<string, Room>();
  readonly #rates: Rates;
  /** A signature costs as much as a letter. */
  readonly #pace: Rates;
  readonly #all: Rates;
  readonly #waiting = new Map<string, { readonly key: string; dueMs: number }>();
  readonly counts = { carried: 0, caughtUp: 0, roomRefused: 0 };
  /** Hashes of letters that were read from the replicas: they need not be read again. */
  readonly #readBefore = new Set<string>();
  onMessage: (room: string, message: Message) => void = () => {};
  onMark: (room: string, message: Message) => void = () => {};

  constructor(prost: Prost, dht: Dht, carrier: Carrier, keys: Keys, history: History) {
    this.#prost = prost;
    this.#dht = dht;
    this.#carrier = carrier;
    this.#keys = keys;
    this.#me = hexOf(keys.publicKey);
    this.#history = history;
    this.#rates = new Rates(prost.clock, ROOM_BURST, ROOM_PER_SECOND);
    this.#pace = new Rates(prost.clock, OPEN_BURST, OPENS_PER_SECOND);
    this.#all = new Rates(prost.clock, OPEN_BURST, OPENS_PER_SECOND);
  }

  /** Rooms that are no longer wanted are left; answers which. */
  keepOnly(keys: readonly string[]): string[] {
    for (const key of keys) this.#of(key);
    const gone = [...this.#rooms.keys()].filter((key) => !keys.includes(key));
    // Who comes again reads again.
    if (gone.length > 0) this.#readBefore.clear();
    for (const key of gone) {
      const { group, isJoined } = this.#rooms.get(key)!;
      this.#rooms.delete(key);
      if (isJoined) this.#carrier.leave(group).catch(() => {});
    }
    return gone;
  }

  close(): void {
    this.keepOnly([]);
  }

  /** Joins if it has not, and reads what it missed. */
  async look(key: string): Promise<void> {
    const room = this.#of(key);
    room.isJoined = true;
    // Each time anew: cast may have been started again, and being in already is no harm.
    this.#carrier.join(room.group).then(
      () => this.#entered(key, room),
      (error: unknown) => this.#prost.log("a group was not joined yet", String(error)),
    );
    await this.#lookAll(key, room);
  }

  /** What was said between the first look and being in the group came to neither: it is looked for once more. */
  #entered(key: string, room: Room): void {
    if (room.isEntered) return;
    room.isEntered = true;
    this.#prost.clock.after(ENTERED_LOOK_MS, () => {
      if (this.#rooms.get(key) !== room) return;
      this.#lookAll(key, room).catch((error: unknown) => {
        this.#prost.log("a room was not read", String(error));
      });
    });
  }

  async #lookAll(key: string, room: Room): Promise<void> {
    const today = Math.floor(dateOf(this.#prost) / ROOM_BUCKET_MS);
    for (let day = today - ROOM_BUCKETS + 1; day <= today; day++)
      await this.#lookAt(key, room, day);
  }

  send(key: string, text: string, name: string): Message {
    const date = dateOf(this.#prost);
    const { id, bytes } = this.#made(this.#of(key), text, date, name);
    const own = { id, author: this.#me, name, text, date, sealed: date, stored: 0, isCopy: false };
    const message: Message = { ...own, mark: "waiting" };
    this.#history.add(conversationOfRoom(key), message);
    void this.#store(key, message);
    this.#carrier.multicast(this.#of(key).group, bytes).catch((error: unknown) => {
      this.#prost.log("a message was not carried; its room reads it later", String(error));
    });
    return message;
  }

  /** Of the carrier: any bytes. */
  receive(group: string, data: unknown): void {
    const [key, room] = [...this.#rooms].find(([, each]) => each.group === group) ?? [];
    // What is too much now is read from the replicas later.
    const isReadable = room && data instanceof Uint8Array && this.#all.take("");
    const read = isReadable ? this.#read(room, data) : null;
    if (key === undefined || !read || !this.#rates.take(`${group} ${read.author}`)) {
      this.counts.roomRefused += 1;
      return;
    }
    if (this.#add(key, read)) this.counts.carried += 1;
  }

  /** Again what is not on the replicas yet. */
  tick(): void {
    const nowMs = this.#prost.clock.now();
    for (const [id, { key, dueMs }] of this.#waiting) {
      if (dueMs > nowMs) continue;
      const messages = this.#history.messages(conversationOfRoom(key));
      const message = messages.find((each) => each.id === id && each.author === this.#me);
      if (message) void this.#store(key, message);
      else this.#waiting.delete(id);
    }
  }

  #of(key: string): Room {
    const known = this.#rooms.get(key);
    if (known) return known;
    const room = { ...keysOfRoom(key), isJoined: false, isEntered: false };
    this.#rooms.set(key, room);
    return room;
  }

  async #lookAt(key: string, room: Room, day: number): Promise<void> {
    let cursor: string | null = null;
    const fresh: Message[] = [];
    for (let i = 0; i < ROOM_PAGES; i++) {
      const options = { kind: "value", cursor } as const;
      const page = await this.#dht.get(bucketOf(room, day), options);
      for (const { hash, value } of page.values) {
        if (this.#readBefore.has(hash)) continue;
        while (!this.#pace.take("")) await this.#turn();
        const read = this.#read(room, value);
        this.#readBefore.add(hash);
        if (read) fresh.push(read);
      }
      ({ cursor } = page);
      if (cursor === null) break;
    }
    if (this.#readBefore.size > MAX_KNOWN_LETTERS) this.#readBefore.clear();
    for (const message of sharesOf(fresh)) {
      if (this.#add(key, message)) this.counts.caughtUp += 1;
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#prost.clock.after(OPEN_PAUSE_MS, resolve);
    });
  }

  #add(key: string, message: Message): boolean {
    if (!this.#history.add(conversationOfRoom(key), message)) return false;
    this.onMessage(key, message);
    return true;
  }

  async #store(key: string, message: Message): Promise<void> {
    const { id, text, date, name } = message;
    this.#waiting.set(id, { key, dueMs: Number.POSITIVE_INFINITY });
    const room = this.#of(key);
    const { bytes } = this.#made(room, text, date, name);
    const box = bucketOf(room, Math.floor(date / ROOM_BUCKET_MS));
    try {
      await this.#dht.put(box, bytes, { ttlMs: ROOM_TTL_MS });
      this.#waiting.delete(id);
      const conversation = conversationOfRoom(key);
      const sent = this.#history.change(conversation, this.#me, id, { mark: "sent" });
      if (sent) this.onMark(key, sent);
    } catch (error) {
      this.#prost.log("a room's message is not on the replicas yet", String(error));
      this.#waiting.set(id, { key, dueMs: this.#prost.clock.now() + RETRY_MS });
    }
  }

  /** The id follows from the inside, and that from the message: made twice it is the same one. */
  #made(room: Room, text: string, date: number, name: string) {
    const json = JSON.stringify({ text, date, name });
    const length = Math.ceil(utf8(json).length / PADDING_BYTES) * PADDING_BYTES;
    const body = utf8(json + " ".repeat(length - utf8(json).length));
    const signature = sign(this.#keys.seed, signedBytes(room, body));
    const inside = joined(this.#keys.publicKey, signature, body);
    const nonce = derive(inside, room.lockKey, "prost-im room nonce", NONCE_BYTES);
    const bytes = joined(nonce, lock(room.lockKey, nonce, inside, bytesOfHex(room.group)));
    return { id: idOf(inside), bytes };
  }

  /** Null for what is no message of this room. */
  #read(room: Room, bytes: Uint8Array): Message | null {
    if (bytes.length <= NONCE_BYTES || bytes.length > MAX_SEALED_BYTES) return null;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const locked = bytes.subarray(NONCE_BYTES);
    const inside = unlock(room.lockKey, nonce, locked, bytesOfHex(room.group));
    if (!inside || inside.length < INSIDE_BYTES) return null;
    const author = inside.slice(0, KEY_BYTES);
    const body = inside.subarray(INSIDE_BYTES);
    const { text, date, name } = fieldsOf(body) ?? {};
    const nowDate = dateOf(this.#prost);
    if (!isText(text) || !isDate(date) || !(name === "" || isName(name))) return null;
    if (date > nowDate + MAX_CLOCK_AHEAD_MS || date < nowDate - ROOM_TTL_MS) return null;
    const id = idOf(inside);
    const conversation = [...this.#rooms].find(([, each]) => each === room)?.[0] ?? "";
    const who = hexOf(author);
    // What is known needs no second look at its signature.
    if (!this.#history.has(conversationOfRoom(conversation), who, id)) {
      const signature = inside.subarray(KEY_BYTES, INSIDE_BYTES);
      if (!isPublicKey(author) || !isSigned(author, signedBytes(room, body), signature)) {
        return null;
      }
    }
    const mark = who === this.#me ? "sent" : "new";
    const shown = Math.min(date, nowDate);
    return {
      id,
      author: who,
      name,
      text,
      date: shown,
      sealed: date,
      mark,
      stored: 0,
      isCopy: true,
    };
  }
}

/** Of each author the latest, in order. */
function sharesOf(messages: readonly Message[]): Message[] {
  const shares = new Map<string, number>();
  const latest = messages
    .toSorted((a, b) => b.date - a.date)
    .filter(({ author }) => {
      const share = (shares.get(author) ?? 0) + 1;
      shares.set(author, share);
      return share <= ROOM_AUTHOR_SHARE;
    });
  return latest.toReversed();
}

function idOf(inside: Uint8Array): string {
  return hexOf(sha256(inside)).slice(0, ID_DIGITS);
}

function signedBytes({ group }: RoomKeys, body: Uint8Array): Uint8Array {
  return joined(utf8("prost-im room signed"), bytesOfHex(group), body);
}
