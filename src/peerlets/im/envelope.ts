/**
 * Letters: what one person seals for another.
 *
 *     version (1) | ephemeral X25519 key (32) | XChaCha20-Poly1305 of the inside (rest)
 *     inside: the writer's public key (32) | signature (64) | body, JSON, filled up with spaces
 *
 * Key, nonce and the secret that removes the letter from a mailbox come from
 * HKDF of ephemeral key and reader's key. The writer signs the reader's key and
 * the ephemeral key too, so a letter cannot be sealed anew for somebody else, nor
 * put into another envelope.
 */
import { type Fields, fieldsOf, joined, utf8 } from "./bytes.ts";
import {
  KEY_BYTES,
  type Keys,
  NONCE_BYTES,
  SIGNATURE_BYTES,
  TAG_BYTES,
  agree,
  boxKeyOf,
  boxKeyOfSecret,
  derive,
  isPublicKey,
  isSigned,
  lock,
  sign,
  unlock,
} from "./crypto.ts";
import { MAX_SEALED_BYTES, PADDING_BYTES } from "./limits.ts";

const VERSION = 1;
const HEADER_BYTES = 1 + KEY_BYTES;
const INSIDE_BYTES = KEY_BYTES + SIGNATURE_BYTES;
const SPACE = 0x20;

export interface Sealed {
  readonly bytes: Uint8Array;
  /** Who knows it can remove the letter from the dht: writer and reader. */
  readonly removal: Uint8Array;
}

export interface Opened {
  /** Proved: the writer's public key. */
  readonly writer: Uint8Array;
  readonly body: Fields;
  readonly removal: Uint8Array;
}

/** `dice`: 32 random bytes, used for this letter only. */
export function seal(from: Keys, to: Uint8Array, body: Fields, dice: Uint8Array): Sealed {
  const header = joined(Uint8Array.of(VERSION), boxKeyOfSecret(dice));
  const text = padded(utf8(JSON.stringify(body)));
  const { key, nonce, removal, associated } = secretsOf(agree(dice, boxKeyOf(to)), header, to);
  const signature = sign(from.seed, signedBytes(associated, text));
  const inside = joined(from.publicKey, signature, text);
  return { bytes: joined(header, lock(key, nonce, inside, associated)), removal };
}

/** Null for whatever is not a letter to this person, whole and signed. */
export function open(reader: Keys, bytes: unknown): Opened | null {
  if (!isLetter(bytes)) return null;
  const header = bytes.subarray(0, HEADER_BYTES);
  let shared: Uint8Array;
  try {
    shared = agree(reader.boxSecret, header.subarray(1));
  } catch {
    return null;
  }
  const { key, nonce, removal, associated } = secretsOf(shared, header, reader.publicKey);
  const inside = unlock(key, nonce, bytes.subarray(HEADER_BYTES), associated);
  if (!inside || inside.length < INSIDE_BYTES) return null;
  const writer = inside.slice(0, KEY_BYTES);
  const signature = inside.subarray(KEY_BYTES, INSIDE_BYTES);
  const text = inside.subarray(INSIDE_BYTES);
  if (!isPublicKey(writer) || !isSigned(writer, signedBytes(associated, text), signature)) {
    return null;
  }
  const body = fieldsOf(text);
  return body && { writer, body, removal };
}

export function isLetter(bytes: unknown): bytes is Uint8Array {
  return (
    bytes instanceof Uint8Array &&
    bytes.length >= HEADER_BYTES + INSIDE_BYTES + TAG_BYTES &&
    bytes.length <= MAX_SEALED_BYTES &&
    bytes[0] === VERSION
  );
}

function secretsOf(shared: Uint8Array, header: Uint8Array, to: Uint8Array) {
  const associated = joined(utf8("prost-im letter"), header, to);
  const all = derive(shared, associated, "prost-im letter", KEY_BYTES + NONCE_BYTES + KEY_BYTES);
  return {
    associated,
    key: all.subarray(0, KEY_BYTES),
    nonce: all.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
    removal: all.slice(KEY_BYTES + NONCE_BYTES),
  };
}

function signedBytes(associated: Uint8Array, text: Uint8Array): Uint8Array {
  return joined(utf8("prost-im signed"), associated, text);
}

/** JSON does not mind spaces at its end. */
function padded(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(text.length / PADDING_BYTES) * PADDING_BYTES);
  bytes.fill(SPACE);
  bytes.set(text);
  return bytes;
}
