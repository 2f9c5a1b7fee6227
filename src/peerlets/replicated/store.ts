/**
 * The records of one node, in memory: by slot, and by key in ring order.
 *
 * Decides which of two records holds, what still fits, and what has expired.
 * Does not know who is responsible for what, and asks nobody. Whoever calls
 * `take` has checked the record (`Rules`).
 */
import type { Piece } from "./arcs.ts";
import { sha256 } from "./crypto.ts";
import type { FairUse } from "./fair-use.ts";
import {
  MAX_KEY_BYTES,
  MAX_KEY_RECORDS,
  MAX_PAGE_BYTES,
  MAX_RECORDS,
  RECORD_BYTES,
  WRITER_SHARE,
} from "./limits.ts";
import {
  type BaseQuery,
  type BaseRecord,
  type Rules,
  type Sound,
  contentOf,
  rankOf,
  hex,
  stampOf,
} from "./rules.ts";

export interface Kept<R> {
  readonly record: R;
  readonly slot: string;
  readonly version: string;
  /** By this node's clock. */
  readonly expiresMs: number;
  readonly bytes: number;
  /** The node that brought it. */
  readonly account: string;
}

/** Who brings a record, and how much of what is free may be theirs. */
export interface Bringer {
  readonly account: string;
  readonly share: number;
}

export type Taken =
  /** It is here now, and was not before. */
  | { readonly kind: "kept" }
  /** It was here; at most its time was prolonged. */
  | { readonly kind: "known" }
  /** A higher version is here. */
  | { readonly kind: "older"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string };

export interface Summary {
  readonly count: number;
  /** 32 hex digits: a hash over slots and versions, in order. */
  readonly digest: string;
}

export interface Page<R> {
  readonly records: readonly Kept<R>[];
  /** There is more after the last one. */
  readonly more: boolean;
}

/** A record that is about to expire is neither compared nor handed over, in ms. A guess. */
const FADING_MS = 5_000;
/** Pieces whose summaries are remembered: with each of six neighbours one is compared, and parts of it. A guess. */
const MOST_SUMMARIES = 64;
/** A removal outlives its value by this, in ms: times grow by what a message takes. A guess. */
export const REMOVAL_GRACE_MS = 60_000;

const text = new TextEncoder();

export class RecordStore<R extends BaseRecord, Q extends BaseQuery> {
  readonly #rules: Rules<R, Q>;
  readonly #fairUse: FairUse;
  readonly #now: () => number;
  readonly #tell: (slot: string, key: string, kept: Kept<R> | null) => void;
  readonly #bySlot = new Map<string, Kept<R>>();
  /** Sorted. */
  readonly #keys: string[] = [];
  /** Each list sorted. */
  readonly #slotsByKey = new Map<string, string[]>();
  #sweepAt = 0;
  /** Of pieces that were asked for since something changed; each until its first record fades. */
  readonly #summaries = new Map<string, { readonly summary: Summary; readonly untilMs: number }>();

  /** `now` is a date; `changed` hears of every record that is new, other, or gone (null). */
  constructor(
    rules: Rules<R, Q>,
    fairUse: FairUse,
    now: () => number,
    changed: (slot: string, key: string, kept: Kept<R> | null) => void,
  ) {
    this.#rules = rules;
    this.#fairUse = fairUse;
    this.#now = now;
    this.#tell = changed;
  }

  get size(): number {
    return this.#bySlot.size;
  }

  /** Undefined for what is not here, or no more. */
  get(slot: string): Kept<R> | undefined {
    const kept = this.#bySlot.get(slot);
    return kept && kept.expiresMs > this.#now() ? kept : undefined;
  }

  /** For who is sent it, in ms: never nothing. */
  ttlLeft(kept: Kept<R>): number {
    return Math.max(1, kept.expiresMs - this.#now());
  }

  /** What is here is as new: nothing would be learnt from this one but its time. */
  has(slot: string, version: string): boolean {
    const kept = this.get(slot);
    return kept !== undefined && contentOf(kept.version) >= contentOf(version);
  }

  take(sound: Sound<R>, { account, share }: Bringer): Taken {
    const { record, slot, version } = sound;
    const kept = this.#bySlot.get(slot);
    const expiresMs = this.#now() + sound.ttlMs;
    if (kept && kept.expiresMs <= this.#now()) this.drop(slot);
    else if (kept) return this.#meet(kept, sound, { account, share });
    if (this.#bySlot.size >= MAX_RECORDS) {
      return { kind: "refused", why: `this node keeps ${MAX_RECORDS} records already` };
    }
    const bytes = RECORD_BYTES + this.#rules.payloadBytes(record);
    const why = this.#refusal(record, bytes, account, share);
    if (why !== null) return { kind: "refused", why };
    this.#keep({ record, slot, version, expiresMs, bytes, account });
    return { kind: "kept" };
  }

  /** What an earlier run of this node left: it was admitted then. */
  restore(kept: Kept<R>): void {
    if (kept.expiresMs <= this.#now() || this.#bySlot.has(kept.slot)) return;
    if (this.#bySlot.size >= MAX_RECORDS || !this.#fairUse.admits("", Infinity, kept.bytes)) return;
    this.#keep(kept);
  }

  drop(slot: string): void {
    const kept = this.#bySlot.get(slot);
    if (!kept) return;
    this.#bySlot.delete(slot);
    this.#fairUse.add(kept.account, -kept.bytes);
    const { key } = kept.record;
    const slots = this.#slotsByKey.get(key)!;
    slots.splice(placeIn(slots, slot), 1);
    if (slots.length === 0) {
      this.#slotsByKey.delete(key);
      this.#keys.splice(placeIn(this.#keys, key), 1);
    }
    this.#changed(slot, key, null);
  }

  /** All that is under `key`, in the order of slots. */
  under(key: string): Kept<R>[] {
    return (this.#slotsByKey.get(key) ?? []).flatMap((slot) => {
      const kept = this.get(slot);
      return kept ? [kept] : [];
    });
  }

  /** In the order of slots; ends early when it is full. `upTo` is the last slot that may be in it. */
  page(query: Q, upTo = "g"): Page<R> {
    const records: Kept<R>[] = [];
    let bytes = 0;
    for (const slot of this.#slotsByKey.get(query.key) ?? []) {
      if (slot <= query.after || slot > upTo) continue;
      const kept = this.get(slot);
      if (!kept || !this.#rules.isAsked(kept.record, query)) continue;
      bytes += kept.bytes - RECORD_BYTES;
      const isFull = records.length >= query.limit || bytes > MAX_PAGE_BYTES;
      if (isFull && records.length > 0) return { records, more: true };
      records.push(kept);
    }
    return { records, more: false };
  }

  /** What lies in a piece of the ring, in order, without what is about to expire. */
  within({ low, high }: Piece): Kept<R>[] {
    const found: Kept<R>[] = [];
    const aliveMs = this.#now() + FADING_MS;
    for (let at = placeIn(this.#keys, low); at < this.#keys.length; at++) {
      const key = this.#keys[at]!;
      if (key > high) break;
      for (const slot of this.#slotsByKey.get(key)!) {
        const kept = this.#bySlot.get(slot)!;
        if (kept.expiresMs > aliveMs) found.push(kept);
      }
    }
    return found;
  }

  /** Something is, or was a moment ago, under this key. */
  hasKey(key: string): boolean {
    return this.#slotsByKey.has(key);
  }

  hasWithin({ low, high }: Piece): boolean {
    const key = this.#keys[placeIn(this.#keys, low)];
    return key !== undefined && key <= high;
  }

  /** Neighbours ask for the same pieces again and again, and mostly nothing has changed. */
  summary(piece: Piece): Summary {
    const name = piece.low + piece.high;
    const known = this.#summaries.get(name);
    if (known && this.#now() < known.untilMs) return known.summary;
    const within = this.within(piece);
    const summary = summaryOf(within);
    const untilMs = within.reduce((least, kept) => Math.min(least, kept.expiresMs), Infinity);
    if (this.#summaries.size >= MOST_SUMMARIES) this.#summaries.clear();
    this.#summaries.set(name, { summary, untilMs: untilMs - FADING_MS });
    return summary;
  }

  /** Keys, in order. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** Drops what has expired among the next `most` keys. */
  sweep(most: number): void {
    const now = this.#now();
    for (let i = 0; i < most && this.#keys.length > 0; i++) {
      if (this.#sweepAt >= this.#keys.length) {
        this.#sweepAt = 0;
        return;
      }
      const key = this.#keys[this.#sweepAt]!;
      for (const slot of [...this.#slotsByKey.get(key)!]) {
        if (this.#bySlot.get(slot)!.expiresMs <= now) this.drop(slot);
      }
      if (this.#keys[this.#sweepAt] === key) this.#sweepAt += 1;
    }
  }

  /** Two records for one slot: the higher version holds, and a renewal never shortens. */
  #meet(kept: Kept<R>, sound: Sound<R>, { account, share }: Bringer): Taken {
    const expiresMs = this.#now() + sound.ttlMs;
    const [was, is] = [contentOf(kept.version), contentOf(sound.version)];
    const isRemoved = this.#rules.isRemoval(kept.record);
    if (was > is) {
      // The value lives on somewhere: its removal must live longer than it.
      if (isRemoved) this.#prolong(kept, kept.version, expiresMs + REMOVAL_GRACE_MS);
      return { kind: "older", why: this.#rules.whyOlder(kept.record) };
    }
    if (was === is) {
      const version = kept.version > sound.version ? kept.version : sound.version;
      this.#prolong(kept, version, expiresMs);
      return { kind: "known" };
    }
    // Which of two of one rank holds is for replicas that have both; nobody writes the second.
    if (share <= WRITER_SHARE && rankOf(kept.version) === rankOf(sound.version)) {
      return { kind: "older", why: this.#rules.whyOlder(kept.record) };
    }
    const moreBytes = RECORD_BYTES + this.#rules.payloadBytes(sound.record) - kept.bytes;
    if (moreBytes > 0 && !this.#fairUse.admits(account, share, moreBytes)) {
      return { kind: "refused", why: this.#full(account) };
    }
    // A removal is as long-lived as what it removes, and a little longer.
    const isRemoval = this.#rules.isRemoval(sound.record);
    const untilMs = isRemoval ? Math.max(expiresMs, kept.expiresMs + REMOVAL_GRACE_MS) : expiresMs;
    this.replace(kept, sound, untilMs, account);
    return { kind: "kept" };
  }

  #refusal(record: R, bytes: number, account: string, share: number): string | null {
    if (!this.#fairUse.admits(account, share, bytes)) return this.#full(account);
    if (!this.#rules.isShared(record)) return null;
    const slots = this.#slotsByKey.get(record.key) ?? [];
    if (slots.length >= MAX_KEY_RECORDS) return `this key has ${MAX_KEY_RECORDS} values already`;
    let [held, keyBytes] = [0, 0];
    for (const slot of slots) {
      const kept = this.#bySlot.get(slot)!;
      keyBytes += kept.bytes;
      if (kept.account === account) held += 1;
    }
    if (keyBytes + bytes > MAX_KEY_BYTES) return `this key has ${keyBytes} bytes of values already`;
    // One writer must not fill a key that all may write to.
    if (share <= WRITER_SHARE && held + 1 > share * (MAX_KEY_RECORDS - slots.length)) {
      return `this node put ${held} values under this key already`;
    }
    return share <= WRITER_SHARE ? this.#rules.refusal(record, this.#recordsOf(slots)) : null;
  }

  *#recordsOf(slots: readonly string[]): Iterable<R> {
    for (const slot of slots) yield this.#bySlot.get(slot)!.record;
  }

  #full(account: string): string {
    const { usedBytes, capacityBytes } = this.#fairUse;
    return `storage: ${usedBytes} of ${capacityBytes} bytes are used, and node ${account.slice(0, 8)} may have no more of the rest`;
  }

  #prolong(kept: Kept<R>, version: string, untilMs: number): void {
    const expiresMs = Math.max(kept.expiresMs, untilMs);
    if (expiresMs === kept.expiresMs && version === kept.version) return;
    const renewed = {
      ...kept,
      version,
      expiresMs,
      record: { ...kept.record, stamp: stampOf(version) },
    };
    this.#bySlot.set(kept.slot, renewed);
    this.#changed(kept.slot, kept.record.key, renewed);
  }

  /** Puts another record in the slot of `kept`, on the account of `account`. */
  replace(kept: Kept<R>, by: Omit<Sound<R>, "ttlMs">, expiresMs: number, account: string): Kept<R> {
    const bytes = RECORD_BYTES + this.#rules.payloadBytes(by.record);
    const { record, slot, version } = by;
    const next: Kept<R> = { record, slot, version, expiresMs, bytes, account };
    this.#fairUse.add(kept.account, -kept.bytes);
    this.#fairUse.add(account, bytes);
    this.#bySlot.set(slot, next);
    this.#changed(slot, record.key, next);
    return next;
  }

  #keep(kept: Kept<R>): void {
    const { slot, account, bytes } = kept;
    const { key } = kept.record;
    let slots = this.#slotsByKey.get(key);
    if (!slots) {
      slots = [];
      this.#slotsByKey.set(key, slots);
      this.#keys.splice(placeIn(this.#keys, key), 0, key);
    }
    slots.splice(placeIn(slots, slot), 0, slot);
    this.#bySlot.set(slot, kept);
    this.#fairUse.add(account, bytes);
    this.#changed(slot, key, kept);
  }

  #changed(slot: string, key: string, kept: Kept<R> | null): void {
    this.#summaries.clear();
    this.#tell(slot, key, kept);
  }
}

export function summaryOf<R>(kept: readonly Kept<R>[]): Summary {
  const all = kept.map(({ slot, version }) => slot + version).join("");
  return { count: kept.length, digest: hex(sha256(text.encode(all))).slice(0, 32) };
}

/** Where `item` is in a sorted list, or belongs. */
function placeIn(sorted: readonly string[], item: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < item) low = middle + 1;
    else high = middle;
  }
  return low;
}
