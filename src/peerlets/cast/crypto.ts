/**
 * Credentials of closed groups: the one file of this peerlet that names a library.
 *
 * A group's credential is an Ed25519 secret. Whoever has it may join; what a
 * node shows of it is a signature over the group and its own id, which nobody
 * else can use, since callers of remote methods are proved.
 */
import { getPublicKey, hashes, sign, verify } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";

hashes.sha512 = sha512;

const encoder = new TextEncoder();

/** `credential`: 64 hex digits. */
export function publicKeyOf(credential: string): string {
  return hexOf(getPublicKey(fromHex(credential)));
}

/** What shows a group's other nodes that this one may be in it. */
export function proofOf(credential: string, group: string, node: string): string {
  return hexOf(sign(signedBytes(group, node), fromHex(credential)));
}

/** Never throws, whatever the texts are. */
export function isProof(publicKey: string, group: string, node: string, proof: string): boolean {
  try {
    // By RFC 8032, not ZIP 215: a key of small order needs no secret.
    return verify(fromHex(proof), signedBytes(group, node), fromHex(publicKey), { zip215: false });
  } catch {
    return false;
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function signedBytes(group: string, node: string): Uint8Array {
  return encoder.encode(`prost-cast-member ${group} ${node}`);
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
