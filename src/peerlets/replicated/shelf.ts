/**
 * What survives a reload: each record is written to the node's storage a moment
 * after it changed, a few at a time, and read again at the start.
 *
 * Nobody waits for it and nothing rests on it: what is lost here is fetched
 * from the other replicas.
 */
import type { Plain, Prost } from "prost/sdk";
import { isKey } from "./arcs.ts";
import { RECORD_BYTES } from "./limits.ts";
import type { BaseQuery, BaseRecord, Rules } from "./rules.ts";
import type { Kept, RecordStore } from "./store.ts";

/** What changes within this time is written together, in ms: nobody's call waits behind a disk. A guess. */
const WAIT_MS = 500;
/** Records written at once, and bytes of their values: a message to the page takes more. Guesses. */
const MOST_WRITTEN = 32;
const MOST_WRITTEN_BYTES = 131_072;
/** Records read at once: each takes from the calls that are granted. A guess. */
const READ_AT_ONCE = 4;
const PREFIX = "r/";
const HEX = "0123456789abcdef";
/** As many keys as the storage tells at once. */
const KEYS_TOLD = 5_000;

export class Shelf<R extends BaseRecord, Q extends BaseQuery> {
  readonly #prost: Prost;
  readonly #rules: Rules<R, Q>;
  /** By storage key; null for what is gone. The latest state is what is written. */
  readonly #waiting = new Map<string, Kept<R> | null>();
  #cancelDue: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  failedWrites = 0;

  constructor(prost: Prost, rules: Rules<R, Q>) {
    this.#prost = prost;
    this.#rules = rules;
  }

  put(slot: string, key: string, kept: Kept<R> | null): void {
    this.#waiting.set(`${PREFIX}${key}/${slot}`, kept);
    this.#cancelDue ??= this.#prost.clock.after(WAIT_MS, () => void this.flush());
  }

  /** Resolves when all that waits was written, or could not be. */
  flush(): Promise<void> {
    // Timers are granted: one that is not needed any more must not wait.
    this.#cancelDue?.();
    this.#cancelDue = null;
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  /** Gives what is stored to `store`; what cannot be read is deleted. */
  async load(store: RecordStore<R, Q>): Promise<void> {
    const names = await this.#namesOf(PREFIX);
    for (let at = 0; at < names.length; at += READ_AT_ONCE) {
      await Promise.all(
        names.slice(at, at + READ_AT_ONCE).map((name) => this.#restore(name, store)),
      );
    }
  }

  async #restore(name: string, store: RecordStore<R, Q>): Promise<void> {
    const kept = this.#read(await this.#prost.storage.get(name));
    if (kept && kept.expiresMs > this.#prost.clock.date()) store.restore(kept);
    else await this.#prost.storage.delete(name);
  }

  async #namesOf(prefix: string): Promise<string[]> {
    const names = await this.#prost.storage.keys(prefix);
    if (names.length < KEYS_TOLD) return names;
    const parts: string[][] = [];
    for (const digit of HEX) parts.push(await this.#namesOf(prefix + digit));
    return parts.flat();
  }

  async #writeAll(): Promise<void> {
    const { storage } = this.#prost;
    while (this.#waiting.size > 0) {
      const batch: [string, Kept<R>][] = [];
      let bytes = 0;
      for (const [name, kept] of this.#waiting) {
        bytes += kept?.bytes ?? 0;
        if (batch.length === MOST_WRITTEN || (batch.length > 0 && bytes > MOST_WRITTEN_BYTES))
          break;
        this.#waiting.delete(name);
        if (kept) batch.push([name, kept]);
        else await this.#count(storage.delete(name));
      }
      const entries = batch.map(([name, kept]) => [name, this.#stored(kept)] as const);
      if (entries.length === 0 || (await isDone(storage.setMany(entries)))) continue;
      // Too much together: what still fits is kept.
      for (const [name, value] of entries) await this.#count(storage.set(name, value));
    }
  }

  /** Storage may be full, or the browser would not: the replicas have it. */
  async #count(write: Promise<void>): Promise<void> {
    if (!(await isDone(write))) this.failedWrites += 1;
  }

  #stored({ record, expiresMs, account }: Kept<R>): Plain {
    return { record: this.#rules.plainOf(record, 1), expiresMs, account };
  }

  #read(value: Plain): Kept<R> | null {
    if (typeof value !== "object" || value === null) return null;
    const { record, expiresMs, account } = value as { readonly [name: string]: Plain };
    const read = this.#rules.read(record);
    if (read.kind === "bad" || typeof expiresMs !== "number" || !isKey(account)) return null;
    const bytes = RECORD_BYTES + this.#rules.payloadBytes(read.record);
    const { slot, version } = read;
    return { record: read.record, slot, version, expiresMs, bytes, account };
  }
}

function isDone(write: Promise<void>): Promise<boolean> {
  return write.then(
    () => true,
    () => false,
  );
}
