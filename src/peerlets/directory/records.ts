/**
 * What the directory keeps, how it travels, and what makes it right.
 *
 * | kind       | its key           | one for each                     | others may not              |
 * | ---------- | ----------------- | -------------------------------- | --------------------------- |
 * | `entry`    | of its category   | category, provider (a public key), name | write, renew, withdraw it |
 * | `category` | of its parent     | category                         | end it before its time      |
 *
 * Of two entries in one slot the higher sequence number holds. A withdrawal is
 * an entry without texts. When an entry ends is signed, as a date: what is left of its
 * time travels as in every record, and may not go beyond that date.
 *
 * A `category` says that there is one: anybody may, as anybody may make one by
 * registering in it. It is renewed by those who register.
 */
import { isKey } from "../replicated/arcs.ts";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, isSigned, sha256 } from "../replicated/crypto.ts";
import {
  type Read as AnyRead,
  type BaseRecord,
  type PlainRecord,
  hex,
  isBytes,
  isCount,
  slotOf,
  versionOf,
} from "../replicated/rules.ts";
import {
  CLOCK_SKEW_MS,
  MAX_CONTACT_CHARS,
  MAX_DESCRIPTION_CHARS,
  MAX_LIFE_MS,
  MAX_NAME_CHARS,
  MAX_TTL_MS,
} from "./limits.ts";
import { childOf, isNormalCategory, keyOfCategory, textProblem } from "./names.ts";

export interface EntryRecord extends BaseRecord {
  readonly kind: "entry";
  readonly category: string;
  readonly name: string;
  /** This, and the contact, are "" when it is withdrawn. */
  readonly description: string;
  readonly contact: string;
  readonly isWithdrawn: boolean;
  /** By the provider's clock, in ms since 1970. */
  readonly expiresMs: number;
  readonly sequence: number;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

export interface CategoryRecord extends BaseRecord {
  readonly kind: "category";
  readonly parent: string;
  /** Without its parent's. */
  readonly name: string;
}

export type DirectoryRecord = EntryRecord | CategoryRecord;
export type Read = AnyRead<DirectoryRecord>;

/** What is signed of an entry. */
export type Signable = Omit<EntryRecord, "kind" | "key" | "stamp" | "signature">;

const utf8 = new TextEncoder();
const CONTEXT = utf8.encode("prost-directory-entry");

/**
 * What a provider signs: context, then public key, sequence, date of the end,
 * withdrawn or not, and each text with its length, as SHA-256.
 */
export function signedBytes(entry: Signable): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(17));
  numbers.setBigUint64(0, BigInt(entry.sequence));
  numbers.setBigUint64(8, BigInt(entry.expiresMs));
  numbers.setUint8(16, entry.isWithdrawn ? 1 : 0);
  const texts = [entry.category, entry.name, entry.description, entry.contact].flatMap((text) => {
    const bytes = utf8.encode(text);
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, bytes.length);
    return [new Uint8Array(length.buffer), bytes];
  });
  const digest = sha256(entry.publicKey, new Uint8Array(numbers.buffer), ...texts);
  const signed = new Uint8Array(CONTEXT.length + digest.length);
  signed.set(CONTEXT);
  signed.set(digest, CONTEXT.length);
  return signed;
}

/** Form, bounds and time. `now` is a date. */
export function readRecord(plain: unknown, now: number): Read {
  const bad = (why: string): Read => ({ kind: "bad", why });
  if (typeof plain !== "object" || plain === null) return bad("it is no record");
  const fields = plain as Readonly<Record<string, unknown>>;
  const { kind, key, stamp, ttlMs } = fields;
  if (!isKey(key)) return bad("a key is 40 lowercase hex digits");
  if (typeof ttlMs !== "number" || !(ttlMs > 0 && ttlMs <= MAX_LIFE_MS)) {
    return bad(`its time to live is over 0 and at most ${MAX_TTL_MS} ms`);
  }
  if (kind === "entry") return readEntry(fields, key, ttlMs, now);
  if (kind !== "category") return bad("there is no such kind of record");
  const { parent, name } = fields;
  if (!isCount(stamp) || stamp > now + MAX_LIFE_MS) return bad("its stamp is no date of today");
  if (ttlMs > MAX_TTL_MS) return bad(`its time to live is over 0 and at most ${MAX_TTL_MS} ms`);
  const isName = typeof name === "string" && name !== "" && !name.includes("/");
  if (!isNormalCategory(parent) || !isName || !isNormalCategory(childOf(parent, name))) {
    return bad("it names no category");
  }
  if (keyOfCategory(parent) !== key) return bad("the key is not that of its parent");
  const record: CategoryRecord = { kind, key, stamp, parent, name };
  const slot = slotOf(hex(sha256(utf8.encode(`category ${key} ${name}`))));
  return { kind: "sound", record, slot, version: versionOf(false, 0, "", stamp), ttlMs };
}

function readEntry(
  fields: Readonly<Record<string, unknown>>,
  key: string,
  ttlMs: number,
  now: number,
): Read {
  const bad = (why: string): Read => ({ kind: "bad", why });
  const { category, name, description, contact, isWithdrawn } = fields;
  const { expiresMs, sequence, publicKey, signature } = fields;
  if (!isNormalCategory(category) || category === "") return bad("it names no category");
  if (keyOfCategory(category) !== key) return bad("the key is not that of its category");
  const problem =
    textProblem("name", name, 1, MAX_NAME_CHARS) ??
    textProblem("description", description, 0, MAX_DESCRIPTION_CHARS, true) ??
    textProblem("contact", contact, 0, MAX_CONTACT_CHARS);
  if (problem !== null) return bad(problem);
  if (typeof isWithdrawn !== "boolean") return bad("it is withdrawn or it is not");
  if (isWithdrawn && (description !== "" || contact !== ""))
    return bad("a withdrawal says nothing");
  if (!isBytes(publicKey, PUBLIC_KEY_BYTES)) return bad("its public key has 32 bytes");
  if (!isBytes(signature, SIGNATURE_BYTES)) return bad("its signature has 64 bytes");
  if (!isCount(sequence)) return bad("its sequence number is a whole number from 0");
  if (!isCount(expiresMs)) return bad("its end is no date");
  const mostMs = expiresMs + CLOCK_SKEW_MS - now;
  if (mostMs <= 0) return bad("its time is over, or a clock is wrong");
  if (mostMs > MAX_LIFE_MS + 2 * CLOCK_SKEW_MS) {
    return bad("its end is too far away, or a clock is wrong");
  }
  const record: EntryRecord = {
    kind: "entry",
    key,
    stamp: 0,
    category,
    name: name as string,
    description: description as string,
    contact: contact as string,
    isWithdrawn,
    expiresMs,
    sequence,
    publicKey,
    signature,
  };
  return {
    kind: "sound",
    record,
    slot: slotOfEntry(category, publicKey, record.name),
    version: versionOf(false, sequence, hex(sha256(signedBytes(record))), 0),
    ttlMs: Math.min(ttlMs, mostMs),
  };
}

/** There is one for each category, provider and name: it names the entry, on every replica. */
export function slotOfEntry(category: string, publicKey: Uint8Array, name: string): string {
  const about = `entry ${keyOfCategory(category)} ${hex(publicKey)} ${name}`;
  return slotOf(hex(sha256(utf8.encode(about))));
}

export function isGenuine(record: DirectoryRecord): boolean {
  if (record.kind === "category") return true;
  return isSigned(record.publicKey, signedBytes(record), record.signature);
}

export function plainOf(record: DirectoryRecord, ttlMs: number): PlainRecord {
  return { ...record, ttlMs };
}
