/**
 * The cryptography, and the one file of this peerlet that names a library.
 *
 * A person is one Ed25519 key. Messages are sealed for its X25519 form (RFC 7748,
 * section 4.1: the same curve), so whoever knows a person's public key can write
 * to them, and nobody can pass off another encryption key for it. That one key
 * may do both is shown by Thormarker, "On using the same key pair for Ed25519
 * and an X25519 based KEM", ePrint 2021/509.
 *
 * All randomness comes from the caller.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { joined, utf8 } from "./bytes.ts";

export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const NONCE_BYTES = 24;
/** Poly1305's. */
export const TAG_BYTES = 16;

export interface Keys {
  /** 32 secret bytes: all of the person. */
  readonly seed: Uint8Array;
  /** Ed25519: this is who the person is. */
  readonly publicKey: Uint8Array;
  readonly boxSecret: Uint8Array;
}

export function keysOf(seed: Uint8Array): Keys {
  const publicKey = ed25519.getPublicKey(seed);
  return { seed, publicKey, boxSecret: ed25519.utils.toMontgomerySecret(seed) };
}

/** False for bytes that are no point of the curve, and for those few that need no secret. */
export function isPublicKey(bytes: unknown): bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) return false;
  try {
    return !ed25519.Point.fromBytes(bytes, false).isSmallOrder();
  } catch {
    return false;
  }
}

export function boxKeyOf(publicKey: Uint8Array): Uint8Array {
  return ed25519.utils.toMontgomery(publicKey);
}

/** X25519. Throws for a key that would give a secret everybody knows. */
export function agree(secret: Uint8Array, boxKey: Uint8Array): Uint8Array {
  return x25519.getSharedSecret(secret, boxKey);
}

export function boxKeyOfSecret(secret: Uint8Array): Uint8Array {
  return x25519.getPublicKey(secret);
}

/** HKDF-SHA-256 (RFC 5869); `what` keeps two uses of one secret apart. */
export function derive(
  secret: Uint8Array,
  salt: Uint8Array,
  what: string,
  bytes = KEY_BYTES,
): Uint8Array {
  return hkdf(nobleSha256, secret, salt, utf8(what), bytes);
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return nobleSha256(joined(...parts));
}

/** XChaCha20-Poly1305. */
export function lock(
  key: Uint8Array,
  nonce: Uint8Array,
  plain: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  return xchacha20poly1305(key, nonce, associated).encrypt(plain);
}

/** Null for what was not locked with all of these. */
export function unlock(
  key: Uint8Array,
  nonce: Uint8Array,
  locked: Uint8Array,
  associated: Uint8Array,
): Uint8Array | null {
  try {
    return xchacha20poly1305(key, nonce, associated).decrypt(locked);
  } catch {
    return null;
  }
}

export function sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, seed);
}

/** By RFC 8032, not ZIP 215: a key of small order needs no secret. Never throws. */
export function isSigned(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
