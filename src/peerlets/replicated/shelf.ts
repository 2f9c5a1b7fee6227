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

/** Storage calls at once: they take from the calls that are granted. A guess. */
const AT_ONCE = 4;
const PREFIX = "r/";
const HEX = "0123456789abcdef";
/** As many keys as the storage tells at once. */
const KEYS_TOLD = 5_000;

export class Shelf<R extends BaseRecord, Q extends BaseQuery> {
  readonly #prost: Prost;
  readonly #rules: Rules<R, Q>;
  /** By storage key; null for what is gone. The latest state is what is written. */
  readonly #waiting = new Map<string, Kept<R> | null>();
  #writing = 0;
  failedWrites = 0;

  constructor(prost: Prost, rules: Rules<R, Q>) {
    this.#prost = prost;
    this.#rules = rules;
  }

  put(slot: string, key: string, kept: Kept<R> | null): void {
    this.#waiting.set(`${PREFIX}${key}/${slot}`, kept);
    while (this.#writing < AT_ONCE && this.#waiting.size > this.#writing) {
      this.#writing += 1;
      void this.#write();
    }
  }

  /** Gives what is stored to `store`; what cannot be read is deleted. */
  async load(store: RecordStore<R, Q>): Promise<void> {
    const names = await this.#namesOf(PREFIX);
    for (let at = 0; at < names.length; at += AT_ONCE) {
      await Promise.all(names.slice(at, at + AT_ONCE).map((name) => this.#restore(name, store)));
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

  async #write(): Promise<void> {
    for (;;) {
      const [next] = this.#waiting;
      if (!next) break;
      const [name, kept] = next;
      this.#waiting.delete(name);
      try {
        if (kept) await this.#prost.storage.set(name, this.#stored(kept));
        else await this.#prost.storage.delete(name);
      } catch {
        // Full, or the browser would not: the replicas have it.
        this.failedWrites += 1;
      }
    }
    this.#writing -= 1;
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
