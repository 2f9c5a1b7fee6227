/**
 * The records of one node, in memory: by slot, and by key in ring order.
 *
 * Decides which of two records holds, what still fits, and what has expired.
 * Does not know who is responsible for what, and asks nobody. Whoever calls
 * `take` has checked the record (`records.ts`).
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
import { type DhtRecord, type Sound, contentOf, hex, payloadBytes, removalOf } from "./records.ts";

export interface Kept {
  readonly record: DhtRecord;
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

export interface Query {
  readonly key: string;
  /** Null for every kind. */
  readonly recordKind: "value" | "hash" | "signed" | null;
  /** Only slots after this one; "" from the beginning. */
  readonly after: string;
  readonly limit: number;
  /** Whether removals are answered as well. */
  readonly withRemoved: boolean;
}

export interface Page {
  readonly records: readonly Kept[];
  /** There is more after the last one. */
  readonly more: boolean;
}

/** A record that is about to expire is neither compared nor handed over, in ms. A guess. */
const FADING_MS = 5_000;
/** A removal outlives its value by this, in ms: times grow by what a message takes. A guess. */
const REMOVAL_GRACE_MS = 60_000;

const text = new TextEncoder();

export class RecordStore {
  readonly #fairUse: FairUse;
  readonly #now: () => number;
  readonly #changed: (slot: string, key: string, kept: Kept | null) => void;
  readonly #bySlot = new Map<string, Kept>();
  /** Sorted. */
  readonly #keys: string[] = [];
  /** Each list sorted. */
  readonly #slotsByKey = new Map<string, string[]>();
  #sweepAt = 0;

  /** `now` is a date; `changed` hears of every record that is new, other, or gone (null). */
  constructor(
    fairUse: FairUse,
    now: () => number,
    changed: (slot: string, key: string, kept: Kept | null) => void,
  ) {
    this.#fairUse = fairUse;
    this.#now = now;
    this.#changed = changed;
  }

  get size(): number {
    return this.#bySlot.size;
  }

  /** Undefined for what is not here, or no more. */
  get(slot: string): Kept | undefined {
    const kept = this.#bySlot.get(slot);
    return kept && kept.expiresMs > this.#now() ? kept : undefined;
  }

  /** For who is sent it, in ms: never nothing. */
  ttlLeft(kept: Kept): number {
    return Math.max(1, kept.expiresMs - this.#now());
  }

  /** What is here is as new: nothing would be learnt from this one but its time. */
  has(slot: string, version: string): boolean {
    const kept = this.get(slot);
    return kept !== undefined && contentOf(kept.version) >= contentOf(version);
  }

  take(sound: Sound, { account, share }: Bringer): Taken {
    const { record, slot, version } = sound;
    const kept = this.#bySlot.get(slot);
    const expiresMs = this.#now() + sound.ttlMs;
    if (kept && kept.expiresMs <= this.#now()) this.drop(slot);
    else if (kept) return this.#meet(kept, sound, { account, share });
    if (this.#bySlot.size >= MAX_RECORDS) {
      return { kind: "refused", why: `this node keeps ${MAX_RECORDS} records already` };
    }
    const bytes = RECORD_BYTES + payloadBytes(record);
    const why = this.#refusal(record, bytes, account, share);
    if (why !== null) return { kind: "refused", why };
    this.#keep({ record, slot, version, expiresMs, bytes, account });
    return { kind: "kept" };
  }

  /** What an earlier run of this node left: it was admitted then. */
  restore(kept: Kept): void {
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

  /** The values under `key` that this secret removes become removals. Answers what was removed. */
  remove(key: string, secret: Uint8Array, valueHash: string | null): Kept[] {
    const secretHash = hex(sha256(secret));
    const removed: Kept[] = [];
    for (const slot of [...(this.#slotsByKey.get(key) ?? [])]) {
      const kept = this.get(slot);
      if (kept?.record.kind !== "value" || kept.record.secretHash !== secretHash) continue;
      if (valueHash !== null && hex(sha256(kept.record.value)) !== valueHash) continue;
      const removal = removalOf(kept.record, secret);
      removed.push(this.#replace(kept, removal, kept.expiresMs + REMOVAL_GRACE_MS, kept.account));
    }
    return removed;
  }

  /** The removals under `key` that this secret made. */
  removals(key: string, secret: Uint8Array): Kept[] {
    const secretHash = hex(sha256(secret));
    return (this.#slotsByKey.get(key) ?? []).flatMap((slot) => {
      const kept = this.get(slot);
      return kept?.record.kind === "removed" && hex(sha256(kept.record.secret)) === secretHash
        ? [kept]
        : [];
    });
  }

  /** In the order of slots; ends early when it is full. `upTo` is the last slot that may be in it. */
  page(query: Query, upTo = "g"): Page {
    const records: Kept[] = [];
    let bytes = 0;
    for (const slot of this.#slotsByKey.get(query.key) ?? []) {
      if (slot <= query.after || slot > upTo) continue;
      const kept = this.get(slot);
      if (!kept || !isAsked(kept.record.kind, query)) continue;
      bytes += payloadBytes(kept.record);
      const isFull = records.length >= query.limit || bytes > MAX_PAGE_BYTES;
      if (isFull && records.length > 0) return { records, more: true };
      records.push(kept);
    }
    return { records, more: false };
  }

  /** What lies in a piece of the ring, in order, without what is about to expire. */
  within({ low, high }: Piece): Kept[] {
    const found: Kept[] = [];
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

  summary(piece: Piece): Summary {
    return summaryOf(this.within(piece));
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
  #meet(kept: Kept, sound: Sound, { account, share }: Bringer): Taken {
    const expiresMs = this.#now() + sound.ttlMs;
    const [was, is] = [contentOf(kept.version), contentOf(sound.version)];
    const isRemoved = kept.record.kind === "removed";
    if (was > is) {
      // The value lives on somewhere: its removal must live longer than it.
      if (isRemoved) this.#prolong(kept, kept.version, expiresMs + REMOVAL_GRACE_MS);
      return { kind: "older", why: isRemoved ? REMOVED : olderThan(kept.record) };
    }
    if (was === is) {
      const version = kept.version > sound.version ? kept.version : sound.version;
      this.#prolong(kept, version, expiresMs);
      return { kind: "known" };
    }
    const moreBytes = RECORD_BYTES + payloadBytes(sound.record) - kept.bytes;
    if (moreBytes > 0 && !this.#fairUse.admits(account, share, moreBytes)) {
      return { kind: "refused", why: this.#full(account) };
    }
    // A removal is as long-lived as what it removes, and a little longer.
    const isRemoval = sound.record.kind === "removed";
    const untilMs = isRemoval ? Math.max(expiresMs, kept.expiresMs + REMOVAL_GRACE_MS) : expiresMs;
    this.#replace(kept, sound, untilMs, account);
    return { kind: "kept" };
  }

  #refusal(record: DhtRecord, bytes: number, account: string, share: number): string | null {
    if (!this.#fairUse.admits(account, share, bytes)) return this.#full(account);
    if (record.kind === "hash" || record.kind === "signed") return null;
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
    return null;
  }

  #full(account: string): string {
    const { usedBytes, capacityBytes } = this.#fairUse;
    return `storage: ${usedBytes} of ${capacityBytes} bytes are used, and node ${account.slice(0, 8)} may have no more of the rest`;
  }

  #prolong(kept: Kept, version: string, untilMs: number): void {
    const expiresMs = Math.max(kept.expiresMs, untilMs);
    if (expiresMs === kept.expiresMs && version === kept.version) return;
    const renewed = { ...kept, version, expiresMs, record: stamped(kept.record, version) };
    this.#bySlot.set(kept.slot, renewed);
    this.#changed(kept.slot, kept.record.key, renewed);
  }

  #replace(kept: Kept, by: Omit<Sound, "ttlMs">, expiresMs: number, account: string): Kept {
    const bytes = RECORD_BYTES + payloadBytes(by.record);
    const { record, slot, version } = by;
    const next: Kept = { record, slot, version, expiresMs, bytes, account };
    this.#fairUse.add(kept.account, -kept.bytes);
    this.#fairUse.add(account, bytes);
    this.#bySlot.set(slot, next);
    this.#changed(slot, record.key, next);
    return next;
  }

  #keep(kept: Kept): void {
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
}

const REMOVED = "this value was removed with its secret; put it with another one";

export function summaryOf(kept: readonly Kept[]): Summary {
  const all = kept.map(({ slot, version }) => slot + version).join("");
  return { count: kept.length, digest: hex(sha256(text.encode(all))).slice(0, 32) };
}

function olderThan(record: DhtRecord): string {
  const sequence = record.kind === "signed" ? record.sequence : 0;
  return `a record with sequence number ${sequence} is here, which is not older`;
}

function isAsked(kind: DhtRecord["kind"], { recordKind, withRemoved }: Query): boolean {
  if (kind === "removed") return withRemoved && (recordKind === null || recordKind === "value");
  return recordKind === null || recordKind === kind;
}

function stamped(record: DhtRecord, version: string): DhtRecord {
  return { ...record, stamp: parseInt(version.slice(contentOf(version).length), 16) };
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
