/**
 * A node's identity: an Ed25519 key pair, and the id that follows from it.
 *
 * `nodeId = first 160 bits of SHA-256(public key)`: nobody chooses their place
 * on the ring, and a signature proves an id (crypto-based ids, as the PROST
 * paper proposes in its section 6).
 */
import { getPublicKey, hashes, sign, verify } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { idOfBytes } from "./hash.ts";
import type { Id } from "./id.ts";

hashes.sha512 = sha512;

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/**
 * Signing and checking answer through a callback, at once or later: here at
 * once, in a tab from WebCrypto, which is ten times as quick and leaves the page
 * alone (`platform/web-crypto.ts`).
 */
export interface Identity {
  readonly id: Id;
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array, done: (signature: Uint8Array) => void): void;
}

/** Says whether a signature is good; never throws, whatever the bytes are. */
export type Verify = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  done: (isGood: boolean) => void,
) => void;

/** From the 32 secret bytes that a profile keeps. */
export function identityFromSecret(secret: Uint8Array): Identity {
  const publicKey = getPublicKey(secret);
  return {
    id: idOfBytes(publicKey),
    publicKey,
    sign: (message, done) => done(sign(message, secret)),
  };
}

export const verifyEd25519: Verify = (publicKey, message, signature, done) => {
  let isGood: boolean;
  try {
    // By RFC 8032, not ZIP 215: a key of small order would be an id that needs no secret.
    isGood = verify(signature, message, publicKey, { zip215: false });
  } catch {
    isGood = false;
  }
  done(isGood);
};
