/**
 * Credentials of closed groups.
 *
 * A group's credential is an Ed25519 secret. Whoever has it may join; what a
 * node shows of it is a signature over the group and its own id, which nobody
 * else can use, since callers of remote methods are proved.
 */
import { isSigned, publicKeyOf as publicKeyBytes, sign } from "../replicated/crypto.ts";

const encoder = new TextEncoder();

/** `credential`: 64 hex digits. */
export function publicKeyOf(credential: string): string {
  return hexOf(publicKeyBytes(fromHex(credential)));
}

/** What shows a group's other nodes that this one may be in it. */
export function proofOf(credential: string, group: string, node: string): string {
  return hexOf(sign(fromHex(credential), signedBytes(group, node)));
}

/** Never throws, whatever the texts are. */
export function isProof(publicKey: string, group: string, node: string, proof: string): boolean {
  return isSigned(fromHex(publicKey), signedBytes(group, node), fromHex(proof));
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
