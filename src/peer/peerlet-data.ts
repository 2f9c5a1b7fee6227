/**
 * What one peerlet stores on this node: keys and values within its quota.
 *
 * The sizes of all values are known in memory, so that a quota costs no reading.
 * Writes to one key are kept in the order in which they were asked for.
 */
import { type Plain, rebuildPlain } from "../base/plain.ts";
import type { Storage } from "../env/storage.ts";
import { PLAIN_DEPTH, PLAIN_NODES, type Result } from "./sandbox.ts";

const MAX_KEY_CHARS = 256;
/** Keys of one peerlet: each costs memory here. A guess. */
const MAX_KEYS = 100_000;
/** Entries set at once. A guess. */
const MAX_ENTRIES = 64;
/** Keys answered at once. A guess: what fits a message. */
const MAX_KEYS_TOLD = 5_000;

const DONE: Result = { kind: "value", value: undefined };
const NO_VALUE: Result = { kind: "error", code: "bad-parameter", why: "an entry has a value" };

export class PeerletData {
  readonly #storage: Storage;
  readonly #quotaBytes: () => number;
  /** One object for each write: which of two of the same size is the later one can be told. */
  readonly #sizes = new Map<string, { readonly bytes: number }>();
  #usedBytes = 0;
  #ready: Promise<void> | null = null;
  /** The last write; the next waits for it. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(storage: Storage, quotaBytes: () => number) {
    this.#storage = storage;
    this.#quotaBytes = quotaBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Reads the sizes of what is there. Resolves at once the second time. */
  load(): Promise<void> {
    this.#ready ??= this.#load();
    return this.#ready;
  }

  async get(key: Plain): Promise<Result> {
    if (!isKey(key)) return badKey();
    await this.load();
    await this.#writing;
    const value = this.#sizes.has(key) ? await this.#storage.get(key) : undefined;
    return { kind: "value", value: value as Plain };
  }

  /** The value is plain data already. */
  async set(key: Plain, value: Plain): Promise<Result> {
    if (!isKey(key)) return badKey();
    return value === undefined ? this.delete(key) : this.#setAll(new Map([[key, value]]));
  }

  /** `entries`: a list of [key, value], plain data already. All are kept, or none. */
  async setMany(entries: Plain): Promise<Result> {
    if (!Array.isArray(entries) || entries.length > MAX_ENTRIES) {
      const why = `entries are a list of at most ${MAX_ENTRIES} pairs of key and value`;
      return { kind: "error", code: "bad-parameter", why };
    }
    const values = new Map<string, Plain>();
    for (const entry of entries as readonly Plain[]) {
      const [key, value] = Array.isArray(entry) ? (entry as readonly Plain[]) : [];
      if (!isKey(key)) return badKey();
      if (value === undefined) return NO_VALUE;
      values.set(key, value);
    }
    return this.#setAll(values);
  }

  async delete(key: Plain): Promise<Result> {
    if (!isKey(key)) return badKey();
    await this.load();
    if (!this.#sizes.has(key)) return DONE;
    this.#count(key, 0);
    const isGone = await this.#inTurn(async () => {
      if (await this.#storage.delete(key)) return true;
      if (!this.#sizes.has(key)) await this.#measure(key);
      return false;
    });
    if (isGone) return DONE;
    return { kind: "error", code: "failed", why: "this browser did not delete it" };
  }

  async keys(prefix: Plain): Promise<Result> {
    await this.load();
    const start = typeof prefix === "string" ? prefix : "";
    const keys = [...this.#sizes.keys()].filter((key) => key.startsWith(start)).toSorted();
    return { kind: "value", value: keys.slice(0, MAX_KEYS_TOLD) };
  }

  async usage(): Promise<Result> {
    await this.load();
    return {
      kind: "value",
      value: { bytes: this.#usedBytes, quotaBytes: this.#quotaBytes() },
    };
  }

  async erase(): Promise<void> {
    await this.load();
    this.#sizes.clear();
    this.#usedBytes = 0;
    await this.#inTurn(() => this.#storage.clear());
  }

  async #setAll(values: ReadonlyMap<string, Plain>): Promise<Result> {
    await this.load();
    const [quota, sizes] = [this.#quotaBytes(), new Map<string, number>()];
    let [takenBytes, moreBytes, moreKeys] = [0, 0, 0];
    for (const [key, value] of values) {
      const bytes = 2 * key.length + bytesOf(value);
      const before = this.#sizes.get(key)?.bytes ?? 0;
      sizes.set(key, bytes);
      takenBytes += bytes;
      moreBytes += bytes - before;
      if (before === 0) moreKeys += 1;
    }
    // What makes it smaller is welcome, also when the quota was cut below what is there.
    if (moreBytes > 0 && this.#usedBytes + moreBytes > quota) {
      const why = `storage is full: ${this.#usedBytes} of ${quota} bytes are used, this takes ${takenBytes}`;
      return { kind: "error", code: "refused", why };
    }
    if (moreKeys > 0 && this.#sizes.size + moreKeys > MAX_KEYS) {
      const why = `there are ${this.#sizes.size} keys already, ${MAX_KEYS} are the bound`;
      return { kind: "error", code: "refused", why };
    }
    const own = new Map([...sizes].map(([key, bytes]) => [key, this.#count(key, bytes)]));
    const areKept = await this.#inTurn(async () => {
      if (await this.#storage.setMany([...values])) return true;
      for (const [key, size] of own) if (this.#sizes.get(key) === size) await this.#measure(key);
      return false;
    });
    if (areKept) return DONE;
    return { kind: "error", code: "failed", why: "this browser did not store it" };
  }

  async #load(): Promise<void> {
    for (const [key, value] of (await this.#storage.entries()) ?? []) {
      this.#count(key, 2 * key.length + bytesOf(value));
    }
  }

  #count(key: string, bytes: number): { readonly bytes: number } {
    const size = { bytes };
    this.#usedBytes += bytes - (this.#sizes.get(key)?.bytes ?? 0);
    if (bytes === 0) this.#sizes.delete(key);
    else this.#sizes.set(key, size);
    return size;
  }

  /** What a write that failed has left. In its turn: nothing else is written meanwhile. */
  async #measure(key: string): Promise<void> {
    const value = await this.#storage.get(key);
    this.#count(key, value === undefined ? 0 : 2 * key.length + bytesOf(value));
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(write, write);
    this.#writing = done;
    return done;
  }
}

function bytesOf(value: unknown): number {
  const bounds = {
    maxDepth: PLAIN_DEPTH,
    maxNodes: PLAIN_NODES,
    maxBytes: Number.MAX_SAFE_INTEGER,
  };
  const rebuilt = rebuildPlain(value, bounds);
  return rebuilt.kind === "plain" ? rebuilt.bytes : 0;
}

function isKey(key: Plain): key is string {
  return typeof key === "string" && key.length >= 1 && key.length <= MAX_KEY_CHARS;
}

function badKey(): Result {
  const why = `a key is a text of 1 to ${MAX_KEY_CHARS} characters`;
  return { kind: "error", code: "bad-parameter", why };
}
