/**
 * What makes this node a provider: a key, drawn when it is first needed, and the
 * entries that were registered with it. Both are in the node's storage, and can
 * be taken to another machine as one text.
 */
import type { Plain, Prost } from "prost/sdk";
import { publicKeyOf } from "../replicated/crypto.ts";
import { hex, isBytes, isCount } from "../replicated/rules.ts";
import {
  MAX_CONTACT_CHARS,
  MAX_DESCRIPTION_CHARS,
  MAX_NAME_CHARS,
  MAX_OWN_ENTRIES,
  MAX_TTL_MS,
  MIN_TTL_MS,
} from "./limits.ts";
import { isNormalCategory, textProblem } from "./names.ts";
import { slotOfEntry } from "./records.ts";

export interface OwnEntry {
  readonly category: string;
  readonly name: string;
  readonly description: string;
  readonly contact: string;
  readonly ttlMs: number;
  readonly autoRenew: boolean;
  readonly sequence: number;
  readonly expiresMs: number;
}

export interface Key {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

const SECRET_BYTES = 32;
const SECRET_AT = "me";
const PREFIX = "own/";
const FORMAT = "prost-directory-key 1";
/** Of an exported key with as many entries as there may be, escapes included. A guess. */
const MAX_EXPORT_CHARS = 300_000;

export class Own {
  readonly #prost: Prost;
  /** By slot. */
  readonly #entries = new Map<string, OwnEntry>();
  readonly #loaded: Promise<void>;
  #key: Key | null = null;

  constructor(prost: Prost) {
    this.#prost = prost;
    this.#loaded = this.#load();
    // Whoever needs it hears of it; nobody else should.
    this.#loaded.catch(() => {});
  }

  /** Null when there is none yet. */
  async known(): Promise<Key | null> {
    await this.#loaded;
    return this.#key;
  }

  /** Drawn and kept before it is used. */
  async key(): Promise<Key> {
    await this.#loaded;
    if (this.#key) return this.#key;
    const key = keyOf(this.#prost.random.bytes(SECRET_BYTES));
    this.#key = key;
    try {
      await this.#prost.storage.set(SECRET_AT, key.secret);
    } catch (error) {
      this.#key = null;
      throw error;
    }
    return key;
  }

  async entries(): Promise<OwnEntry[]> {
    await this.#loaded;
    return [...this.#entries.values()];
  }

  async find(category: string, name: string): Promise<OwnEntry | undefined> {
    const key = await this.known();
    return key ? this.#entries.get(slotOfEntry(category, key.publicKey, name)) : undefined;
  }

  async keep(entry: OwnEntry): Promise<void> {
    const { publicKey } = await this.key();
    const slot = slotOfEntry(entry.category, publicKey, entry.name);
    if (!this.#entries.has(slot) && this.#entries.size >= MAX_OWN_ENTRIES) {
      throw new Error(
        `this node keeps up ${MAX_OWN_ENTRIES} entries already: withdraw one that is not needed`,
      );
    }
    this.#entries.set(slot, entry);
    await this.#prost.storage.set(PREFIX + slot, { ...entry });
  }

  async drop(category: string, name: string): Promise<void> {
    const { publicKey } = await this.key();
    const slot = slotOfEntry(category, publicKey, name);
    this.#entries.delete(slot);
    await this.#prost.storage.delete(PREFIX + slot);
  }

  /** For another machine. Whoever has this text is this provider. */
  async exported(): Promise<string> {
    const { secret } = await this.key();
    const entries = [...this.#entries.values()];
    return JSON.stringify({ format: FORMAT, secret: hex(secret), entries });
  }

  /** Takes the place of this node's key. Refuses to forget entries that live, unless told to. */
  async take(text: unknown, mayReplace: boolean): Promise<void> {
    const { key, entries } = readExport(text);
    await this.#loaded;
    const isOther = this.#key !== null && hex(this.#key.publicKey) !== hex(key.publicKey);
    const now = this.#prost.clock.date();
    const living = [...this.#entries.values()].filter(({ expiresMs }) => expiresMs > now);
    if (isOther && living.length > 0 && !mayReplace) {
      throw new Error(
        `this node has ${living.length} entries under another key, which it could not renew or withdraw any more: withdraw them first, export that key, or ask to replace it`,
      );
    }
    await this.#prost.storage.set(SECRET_AT, key.secret);
    if (isOther) {
      for (const slot of this.#entries.keys()) await this.#prost.storage.delete(PREFIX + slot);
      this.#entries.clear();
    }
    this.#key = key;
    for (const entry of entries) {
      const mine = await this.find(entry.category, entry.name);
      if ((mine?.sequence ?? -1) < entry.sequence) await this.keep(entry);
    }
  }

  async #load(): Promise<void> {
    const { storage } = this.#prost;
    const secret = await storage.get(SECRET_AT);
    if (!isBytes(secret, SECRET_BYTES)) return;
    this.#key = keyOf(secret);
    for (const at of await storage.keys(PREFIX)) {
      const entry = readOwn(await storage.get(at));
      if (entry) this.#entries.set(at.slice(PREFIX.length), entry);
    }
  }
}

function keyOf(secret: Uint8Array): Key {
  return { secret, publicKey: publicKeyOf(secret) };
}

/** Null for what is none: it may come from a file that a person was given. */
function readOwn(value: unknown): OwnEntry | null {
  if (typeof value !== "object" || value === null) return null;
  const { category, name, description, contact, ttlMs, autoRenew, sequence, expiresMs } =
    value as Readonly<Record<string, Plain>>;
  const isSound =
    isNormalCategory(category) &&
    category !== "" &&
    textProblem("name", name, 1, MAX_NAME_CHARS) === null &&
    textProblem("description", description, 0, MAX_DESCRIPTION_CHARS, true) === null &&
    textProblem("contact", contact, 0, MAX_CONTACT_CHARS) === null &&
    isCount(ttlMs) &&
    ttlMs >= MIN_TTL_MS &&
    ttlMs <= MAX_TTL_MS &&
    typeof autoRenew === "boolean" &&
    isCount(sequence) &&
    isCount(expiresMs);
  if (!isSound) return null;
  const texts = { name, description, contact } as Pick<
    OwnEntry,
    "name" | "description" | "contact"
  >;
  return { category, ...texts, ttlMs, autoRenew, sequence, expiresMs };
}

function readExport(text: unknown): { readonly key: Key; readonly entries: readonly OwnEntry[] } {
  const bad = new TypeError("this is no exported key: paste all of the text that Export gave");
  if (typeof text !== "string" || text.length > MAX_EXPORT_CHARS) throw bad;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw bad;
  }
  if (typeof read !== "object" || read === null) throw bad;
  const { format, secret, entries } = read as Readonly<Record<string, unknown>>;
  const isSecret = typeof secret === "string" && /^[0-9a-f]{64}$/.test(secret);
  if (format !== FORMAT || !isSecret || !Array.isArray(entries)) throw bad;
  const bytes = Uint8Array.from(secret.match(/../g)!, (pair) => parseInt(pair, 16));
  const sound = (entries as readonly unknown[]).slice(0, MAX_OWN_ENTRIES).map(readOwn);
  return { key: keyOf(bytes), entries: sound.filter((entry) => entry !== null) };
}
