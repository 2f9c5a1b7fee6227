/**
 * Whom this person knows and which rooms they are in. Kept here, told to the
 * person's other tabs, and on the replicas sealed for the person's own key, so that
 * their other machines have it; of two entries for one key the one that was
 * changed later holds.
 */
import type { Plain, Prost } from "prost/sdk";
import { fieldsOf, isDate, isHex, joined, utf8 } from "./bytes.ts";
import { PUBLIC_KEY_DIGITS } from "./bodies.ts";
import { type Keys, NONCE_BYTES, derive, lock, unlock } from "./crypto.ts";
import {
  MAX_CONTACTS,
  MAX_REMOVED,
  MAX_ROOMS,
  MAX_ROSTER_PART,
  PROFILE_TTL_MS,
  TELL_ROSTER_MS,
} from "./limits.ts";
import { type Dht, Owned } from "./owned.ts";
import { isName } from "./texts.ts";
import { dateOf } from "./dates.ts";

export type State = "in" | "out" | "blocked";

export interface Entry {
  /** A public key, or the name of a room. */
  readonly key: string;
  readonly name: string;
  readonly state: State;
  /** By the clock of the machine that changed it. */
  readonly changed: number;
  /** They have written, so they look into the box that we two share. */
  readonly answers: boolean;
}

/** Of the record, in bytes: what the dht takes, less what sealing adds. */
const MOST_BYTES = 60_000;
const RECORD = "im roster";
const STORED = "roster";

export class Roster {
  readonly #prost: Prost;
  readonly #owned: Owned;
  readonly #key: Uint8Array;
  readonly #entries = new Map<string, Entry>();
  #cancel: (() => void) | null = null;
  /** What was changed here and is not told yet, by key. */
  readonly #untold = new Set<string>();
  /** Something is other than it was. */
  onChange: () => void = () => {};
  /** The person's other tabs should have these entries. */
  onTell: (entries: Plain[]) => void = () => {};

  constructor(prost: Prost, dht: Dht, keys: Keys) {
    this.#prost = prost;
    this.#owned = new Owned(prost, dht, keys, RECORD);
    this.#key = derive(keys.seed, new Uint8Array(), "prost-im roster");
  }

  async load(): Promise<void> {
    this.#merge(await this.#prost.storage.get(STORED));
  }

  close(): void {
    this.#cancel?.();
  }

  /** Forgets what is kept here of another person. */
  async wipe(): Promise<void> {
    this.#entries.clear();
    await this.#prost.storage.delete(STORED);
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  isContact(publicKey: string): boolean {
    return this.#entries.get(publicKey)?.state === "in";
  }

  isBlocked(publicKey: string): boolean {
    return this.#entries.get(publicKey)?.state === "blocked";
  }

  contacts(): Entry[] {
    return this.#all().filter(({ key, state }) => isPerson(key) && state === "in");
  }

  blocked(): Entry[] {
    return this.#all().filter(({ state }) => state === "blocked");
  }

  rooms(): Entry[] {
    return this.#all().filter(({ key, state }) => !isPerson(key) && state === "in");
  }

  /** Throws when there is no room for one more. */
  set(key: string, change: { name?: string; state: State }): Entry {
    const before = this.#entries.get(key);
    if (change.state === "in" && before?.state !== "in") {
      if (isPerson(key) && this.contacts().length >= MAX_CONTACTS) {
        throw new RangeError(`there are ${MAX_CONTACTS} contacts already: remove one first`);
      }
      if (!isPerson(key) && this.rooms().length >= MAX_ROOMS) {
        throw new RangeError(`you are in ${MAX_ROOMS} rooms already: leave one first`);
      }
    }
    const entry: Entry = {
      key,
      name: change.name ?? before?.name ?? "",
      state: change.state,
      changed: Math.max(dateOf(this.#prost), (before?.changed ?? 0) + 1),
      answers: before?.answers ?? false,
    };
    this.#entries.set(key, entry);
    this.#changed(key);
    this.onChange();
    return entry;
  }

  /** They have written. */
  answers(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.answers) return;
    this.#entries.set(key, { ...entry, answers: true });
    this.#changed(key);
  }

  /** What the person's other machines made of it; and what they lack is put there. */
  async look(): Promise<void> {
    const value = await this.#owned.read();
    if (value === null) return this.publish();
    const nonce = value.subarray(0, NONCE_BYTES);
    const plain = unlock(this.#key, nonce, value.subarray(NONCE_BYTES), utf8(RECORD));
    const list = plain && fieldsOf(plain)?.["entries"];
    if (!list) return;
    await this.take(list);
    if (JSON.stringify(list) !== JSON.stringify(this.#fitting())) await this.publish();
  }

  /** Entries that this person wrote elsewhere. */
  async take(list: unknown): Promise<void> {
    if (!this.#merge(list)) return;
    this.onChange();
    await this.#save();
  }

  /** All of it, as `take` takes it, in parts that fit into letters. */
  parts(): Plain[][] {
    return partsOf(this.#all());
  }

  async publish(): Promise<void> {
    if (this.#entries.size === 0) return;
    const nonce = this.#prost.random.bytes(NONCE_BYTES);
    const plain = utf8(JSON.stringify({ entries: this.#fitting() }));
    const value = joined(nonce, lock(this.#key, nonce, plain, utf8(RECORD)));
    await this.#owned.write(value, PROFILE_TTL_MS);
  }

  #changed(key: string): void {
    this.#forgetSome();
    this.#untold.add(key);
    // Not put off by what follows: another tab may begin any moment.
    this.#cancel ??= this.#prost.clock.after(TELL_ROSTER_MS, () => {
      this.#cancel = null;
      const untold = [...this.#untold].map((each) => this.#entries.get(each));
      this.#untold.clear();
      for (const part of partsOf(untold.filter((each) => each !== undefined))) this.onTell(part);
      // It is read before it is written: another machine may have changed it.
      this.look().catch((error: unknown) => this.#prost.log("roster", String(error)));
    });
    this.#save().catch((error: unknown) => this.#prost.log("roster", String(error)));
  }

  async #save(): Promise<void> {
    await this.#prost.storage.set(STORED, this.#all().map(listOf));
  }

  /** In one order on all machines. */
  #all(): Entry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** What goes into the record: contacts and rooms, and as many of the others as fit, the latest first. */
  #fitting(): Plain[] {
    const byImportance = this.#all().toSorted(
      (a, b) =>
        Number(b.state === "in") - Number(a.state === "in") ||
        b.changed - a.changed ||
        (a.key < b.key ? -1 : 1),
    );
    let bytes = 0;
    return byImportance.map(listOf).filter((list) => {
      bytes += utf8(JSON.stringify(list)).length + 1;
      return bytes <= MOST_BYTES;
    });
  }

  #forgetSome(): void {
    const others = this.#all().filter(({ state }) => state !== "in");
    const oldest = others.toSorted((a, b) => a.changed - b.changed);
    for (const { key } of oldest.slice(0, Math.max(0, others.length - MAX_REMOVED))) {
      this.#entries.delete(key);
    }
  }

  /** True when something is other than it was. */
  #merge(list: unknown): boolean {
    let isChanged = false;
    const most = MAX_CONTACTS + MAX_ROOMS + MAX_REMOVED;
    for (const each of Array.isArray(list) ? list.slice(0, most) : []) {
      const entry = entryOf(each);
      if (!entry) continue;
      const before = this.#entries.get(entry.key);
      const answers = entry.answers || (before?.answers ?? false);
      const isLater = !before || entry.changed > before.changed;
      if (!isLater && answers === before.answers) continue;
      this.#entries.set(entry.key, { ...(isLater ? entry : before), answers });
      isChanged = true;
    }
    if (isChanged) this.#forgetSome();
    return isChanged;
  }
}

export function isPerson(key: string): boolean {
  return isHex(key, PUBLIC_KEY_DIGITS);
}

function listOf({ key, name, state, changed, answers }: Entry): Plain[] {
  return [key, name, state, changed, answers];
}

function partsOf(entries: readonly Entry[]): Plain[][] {
  const parts: Plain[][] = [];
  for (let at = 0; at < entries.length; at += MAX_ROSTER_PART) {
    parts.push(entries.slice(at, at + MAX_ROSTER_PART).map(listOf));
  }
  return parts;
}

function entryOf(list: unknown): Entry | null {
  if (!Array.isArray(list)) return null;
  const [key, name, state, changed, answers] = list as unknown[];
  if (typeof key !== "string" || !(isPerson(key) || isName(key)) || !isDate(changed)) return null;
  if (typeof name !== "string" || !(name === "" || isName(name))) return null;
  if (state !== "in" && state !== "out" && state !== "blocked") return null;
  return { key, name, state, changed, answers: answers === true };
}
