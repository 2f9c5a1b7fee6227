/**
 * Hashing, synchronous on purpose: WebCrypto answers from another thread, and
 * the simulation would never run the same way twice.
 */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../base/bytes.ts";
import { type Id, readId } from "./id.ts";

export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

/** The first 160 bits of SHA-256, as node ids and keys are made. */
export function idOfBytes(bytes: Uint8Array): Id {
  return readId(sha256(bytes), 0);
}

/** The key of a name: the first 160 bits of SHA-256 of its UTF-8. */
export function keyOf(name: string): Id {
  return idOfBytes(utf8(name));
}
