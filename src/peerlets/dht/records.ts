/**
 * Records: what the table holds, how they travel, and what makes one right.
 *
 * | kind      | key                                    | others may not            | removed by        |
 * | --------- | -------------------------------------- | ------------------------- | ----------------- |
 * | `value`   | any                                    | remove it                 | revealing a secret |
 * | `removed` | of the value                           | bring the value back      | time              |
 * | `hash`    | first 160 bits of SHA-256(value)       | change it                 | time              |
 * | `signed`  | the same of (public key \| name)       | write it, or an older one | a higher sequence |
 *
 * A record has a *slot*, one for each value under a key, and a *version*: of two
 * records for the same slot the higher version holds, on whichever replica they
 * meet. A version is text of fixed width, and compared as text.
 *
 * Times travel as what is left of them, because the clocks of nodes differ.
 *
 * Source: removal by secret is OpenDHT's (Rhea et al., SIGCOMM 2005).
 */
import { isKey } from "../replicated/arcs.ts";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, isSigned, sha256 } from "../replicated/crypto.ts";
import { readBaseQuery } from "../replicated/protocol.ts";
import {
  type Read as AnyRead,
  type Sound as AnySound,
  type BaseQuery,
  type BaseRecord,
  type PlainRecord,
  type Rules,
  hex,
  isBytes,
  isCount,
  slotOf,
  versionOf,
} from "../replicated/rules.ts";
import { REMOVAL_GRACE_MS } from "../replicated/store.ts";
import { MAX_NAME_CHARS, MAX_SECRET_BYTES, MAX_TTL_MS, MAX_VALUE_BYTES } from "./limits.ts";

type Common = Omit<BaseRecord, "kind">;

export interface ValueRecord extends Common {
  readonly kind: "value";
  readonly value: Uint8Array;
  /** 64 hex digits; "" when nobody can remove it. */
  readonly secretHash: string;
}

export interface RemovedRecord extends Common {
  readonly kind: "removed";
  /** 64 hex digits. */
  readonly valueHash: string;
  /** What hashes to the value's secret hash. */
  readonly secret: Uint8Array;
}

export interface HashRecord extends Common {
  readonly kind: "hash";
  readonly value: Uint8Array;
}

export interface SignedRecord extends Common {
  readonly kind: "signed";
  readonly value: Uint8Array;
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly sequence: number;
  readonly signature: Uint8Array;
}

export type DhtRecord = ValueRecord | RemovedRecord | HashRecord | SignedRecord;

export type Sound = AnySound<DhtRecord>;
export type Read = AnyRead<DhtRecord>;

export interface Query extends BaseQuery {
  /** Null for every kind. */
  readonly recordKind: "value" | "hash" | "signed" | null;
}

const text = new TextEncoder();
const SIGNED_CONTEXT = text.encode("prost-dht-signed");

/** The key of a content-hash record. */
export function keyOfValue(value: Uint8Array): string {
  return hex(sha256(value)).slice(0, 40);
}

/** The key of a signed record. */
export function keyOfSigned(publicKey: Uint8Array, name: string): string {
  return hex(sha256(publicKey, text.encode(name))).slice(0, 40);
}

/** What the owner of a signed record signs: context, SHA-256(public key | name), sequence, SHA-256(value). */
export function signedBytes(
  publicKey: Uint8Array,
  name: string,
  sequence: number,
  value: Uint8Array,
): Uint8Array {
  const owner = sha256(publicKey, text.encode(name));
  const bytes = new Uint8Array(SIGNED_CONTEXT.length + 32 + 8 + 32);
  bytes.set(SIGNED_CONTEXT, 0);
  bytes.set(owner, SIGNED_CONTEXT.length);
  new DataView(bytes.buffer).setBigUint64(SIGNED_CONTEXT.length + 32, BigInt(sequence));
  bytes.set(sha256(value), SIGNED_CONTEXT.length + 40);
  return bytes;
}

/** Form, bounds, and a content hash; a signature is for `isGenuine`, because it costs a thousand times as much. */
export function readRecord(plain: unknown): Read {
  const bad = (why: string): Read => ({ kind: "bad", why });
  if (typeof plain !== "object" || plain === null) return bad("it is no record");
  const fields = plain as Readonly<Record<string, unknown>>;
  const { kind, key, stamp, ttlMs } = fields;
  if (!isKey(key)) return bad("a key is 40 lowercase hex digits");
  if (!isCount(stamp)) return bad("its stamp is no date");
  const { value } = fields;
  // A removal outlives what it removes.
  const isRemoving = kind === "removed" || (value instanceof Uint8Array && value.length === 0);
  const mostMs = MAX_TTL_MS + (isRemoving ? REMOVAL_GRACE_MS : 0);
  if (typeof ttlMs !== "number" || !(ttlMs > 0 && ttlMs <= mostMs)) {
    return bad(`its time to live is over 0 and at most ${mostMs} ms`);
  }
  const common = { key, stamp };
  if (kind === "removed") return readRemoved(fields, common, ttlMs);
  if (!(value instanceof Uint8Array)) return bad("a value is bytes");
  if (value.length > MAX_VALUE_BYTES) return bad(tooLarge(value));
  switch (kind) {
    case "value": {
      const { secretHash } = fields;
      if (secretHash !== "" && !isHash(secretHash)) return bad("its secret hash is no hash");
      return sound({ ...common, kind, value, secretHash }, ttlMs);
    }
    case "hash":
      if (keyOfValue(value) !== key) return bad("the key is not the hash of the value");
      return sound({ ...common, kind, value }, ttlMs);
    case "signed": {
      const { name, publicKey, sequence, signature } = fields;
      if (!isName(name)) return bad(`a name has 1 to ${MAX_NAME_CHARS} characters`);
      if (!isBytes(publicKey, PUBLIC_KEY_BYTES)) return bad("its public key has 32 bytes");
      if (!isBytes(signature, SIGNATURE_BYTES)) return bad("its signature has 64 bytes");
      if (!isCount(sequence)) return bad("its sequence number is a whole number from 0");
      if (keyOfSigned(publicKey, name) !== key)
        return bad("the key is not the hash of public key and name");
      return sound({ ...common, kind, value, name, publicKey, sequence, signature }, ttlMs);
    }
    default:
      return bad("there is no such kind of record");
  }
}

/** False for a signed record that its owner did not sign. The form has been read before. */
export function isGenuine(record: DhtRecord): boolean {
  if (record.kind !== "signed") return true;
  const { publicKey, name, sequence, value, signature } = record;
  return isSigned(publicKey, signedBytes(publicKey, name, sequence, value), signature);
}

export function tooLarge(value: Uint8Array): string {
  return `a value has at most ${MAX_VALUE_BYTES} bytes (64 KiB), not ${value.length}`;
}

export function isSecret(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length >= 1 && value.length <= MAX_SECRET_BYTES;
}

export function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** What is left to say of a removed value. */
export function removalOf(
  { key, value, stamp }: ValueRecord,
  secret: Uint8Array,
): Omit<Sound, "ttlMs"> {
  const valueHash = hex(sha256(value));
  return derive({ kind: "removed", key, valueHash, secret, stamp });
}

export function derive(record: DhtRecord): Omit<Sound, "ttlMs"> {
  return { record, slot: slotOfRecord(record), version: versionOfRecord(record) };
}

export function plainOf(record: DhtRecord, ttlMs: number): PlainRecord {
  return { ...record, ttlMs };
}

/** Bytes that a record costs beside `RECORD_BYTES`. */
export function payloadBytes(record: DhtRecord): number {
  return record.kind === "removed" ? record.secret.length : record.value.length;
}

function readRemoved(
  fields: Readonly<Record<string, unknown>>,
  common: Common,
  ttlMs: number,
): Read {
  const { valueHash, secret } = fields;
  if (!isHash(valueHash)) return { kind: "bad", why: "its value hash is no hash" };
  if (!isSecret(secret)) {
    return { kind: "bad", why: `a secret has 1 to ${MAX_SECRET_BYTES} bytes` };
  }
  return sound({ ...common, kind: "removed", valueHash, secret }, ttlMs);
}

function sound(record: DhtRecord, ttlMs: number): Read {
  return { kind: "sound", ...derive(record), ttlMs };
}

function slotOfRecord(record: DhtRecord): string {
  switch (record.kind) {
    case "value":
      return slotOfValue(record.key, hex(sha256(record.value)), record.secretHash);
    case "removed":
      return slotOfValue(record.key, record.valueHash, hex(sha256(record.secret)));
    case "hash":
    case "signed":
      return slotOf(hex(sha256(text.encode(`${record.kind} ${record.key}`))));
  }
}

/** A removal has the slot of its value: only who knows the secret can name it. */
function slotOfValue(key: string, valueHash: string, secretHash: string): string {
  return slotOf(hex(sha256(text.encode(`value ${key} ${valueHash} ${secretHash}`))));
}

/** Removed or not, sequence, hash of the value (for two of the same sequence), stamp. */
function versionOfRecord(record: DhtRecord): string {
  const { kind, stamp } = record;
  if (kind !== "signed") return versionOf(kind === "removed", 0, "", stamp);
  return versionOf(false, record.sequence, hex(sha256(record.value)), stamp);
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= MAX_NAME_CHARS;
}

function isAsked({ kind }: DhtRecord, { recordKind, withRemoved }: Query): boolean {
  if (kind === "removed") return withRemoved && (recordKind === null || recordKind === "value");
  return recordKind === null || recordKind === kind;
}

function readQuery(asked: unknown): Query | null {
  const base = readBaseQuery(asked);
  if (!base) return null;
  const { recordKind } = asked as { readonly recordKind?: unknown };
  const isKind =
    recordKind === null ||
    recordKind === "value" ||
    recordKind === "hash" ||
    recordKind === "signed";
  return isKind ? { ...base, recordKind } : null;
}

/** What the replication has to know of the hash table's records. */
export const dhtRules: Rules<DhtRecord, Query> = {
  read: readRecord,
  isGenuine,
  plainOf,
  payloadBytes,
  // An owner's empty record: what it had is removed, and its sequence number stays.
  isRemoval: (record) =>
    record.kind === "removed" || (record.kind === "signed" && record.value.length === 0),
  whyOlder: (kept) => {
    if (kept.kind === "removed") {
      return "this value was removed with its secret; put it with another one";
    }
    const sequence = kept.kind === "signed" ? kept.sequence : 0;
    return `a record with sequence number ${sequence} is here: a new one needs a higher number`;
  },
  isShared: ({ kind }) => kind === "value" || kind === "removed",
  refusal: () => null,
  readQuery,
  isAsked,
  gathering: (query) => ({ ...query, withRemoved: true }),
  describe: (record) => ({ sequence: record.kind === "signed" ? record.sequence : null }),
};
