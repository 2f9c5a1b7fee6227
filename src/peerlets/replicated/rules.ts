/**
 * What an application tells the replication of its records: which are right, and
 * which of two holds. All else here is the same for every application.
 *
 * A record has a *slot*, one for each thing under a key that can change, and a
 * *version*: of two records for the same slot the higher version holds, on
 * whichever replica they meet. A version is text of fixed width, compared as
 * text: a digit, a sequence number, a hash, and a stamp. Two versions that differ
 * in their stamps alone have the same content.
 *
 * Times travel as what is left of them, because the clocks of nodes differ.
 */
import type { Plain } from "prost/sdk";

export interface BaseRecord {
  readonly kind: string;
  readonly key: string;
  /** When it was put, by its writer's clock, in ms. Orders renewals; proves nothing. */
  readonly stamp: number;
}

/** A record with what follows from it. */
export interface Sound<R> {
  readonly record: R;
  readonly slot: string;
  readonly version: string;
  /** What is left of its time. */
  readonly ttlMs: number;
}

export type Read<R> =
  | ({ readonly kind: "sound" } & Sound<R>)
  | { readonly kind: "bad"; readonly why: string };

/** As it travels: the record and `ttlMs`. */
export type PlainRecord = { readonly [name: string]: Plain };

export interface BaseQuery {
  readonly key: string;
  /** Only slots after this one; "" from the beginning. */
  readonly after: string;
  readonly limit: number;
  /** Whether removals are answered as well. */
  readonly withRemoved: boolean;
}

export interface Rules<R extends BaseRecord, Q extends BaseQuery> {
  /** Form and bounds. A signature is for `isGenuine`, because it costs a thousand times as much. */
  read(plain: unknown): Read<R>;
  /** False for a record that its owner did not sign. The form has been read before. */
  isGenuine(record: R): boolean;
  plainOf(record: R, ttlMs: number): PlainRecord;
  /** Bytes that a record costs beside `RECORD_BYTES`. */
  payloadBytes(record: R): number;
  /** It stands for what was here and must not come back: it outlives that. */
  isRemoval(record: R): boolean;
  /** Why a record is not taken, when `kept`, a higher one, is here. */
  whyOlder(kept: R): string;
  /** Others may write under its key, too: then their number is bounded. */
  isShared(record: R): boolean;
  /** Why a writer may not add `record` to what is under its key; null when it may. */
  refusal(record: R, others: Iterable<R>): string | null;
  /** Null for what is no query. */
  readQuery(asked: unknown): Q | null;
  isAsked(record: R, query: Q): boolean;
  /** What a replica that is too new to know asks the others, to answer `query`. */
  gathering(query: Q): Q;
  /** What it is told with when someone asks what is kept where. */
  describe(record: R): { readonly [name: string]: Plain };
}

const SLOT_DIGITS = 32;
const NUMBER_DIGITS = 14;
const HASH_DIGITS = 16;

export function isSlot(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

export function isVersion(value: unknown): value is string {
  return typeof value === "string" && /^[01][0-9a-f]{44}$/.test(value);
}

/** From a hash as hex digits. */
export function slotOf(hash: string): string {
  return hash.slice(0, SLOT_DIGITS);
}

/** What is removed for good is higher than all else; `hash` decides between two of one sequence. */
export function versionOf(
  isRemoved: boolean,
  sequence: number,
  hash: string,
  stamp: number,
): string {
  const decider = hash.slice(0, HASH_DIGITS).padEnd(HASH_DIGITS, "0");
  return `${isRemoved ? "1" : "0"}${digits(sequence)}${decider}${digits(stamp)}`;
}

/** The version without its stamp: two with the same one have the same content. */
export function contentOf(version: string): string {
  return version.slice(0, -NUMBER_DIGITS);
}

/** Removed or not, and the sequence number. */
export function rankOf(version: string): string {
  return version.slice(0, 1 + NUMBER_DIGITS);
}

export function stampOf(version: string): number {
  return parseInt(version.slice(-NUMBER_DIGITS), 16);
}

/** A whole number from 0. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes: Uint8Array): string {
  let text16 = "";
  for (const byte of bytes) text16 += HEX[byte]!;
  return text16;
}

function digits(count: number): string {
  return count.toString(16).padStart(NUMBER_DIGITS, "0");
}
