/**
 * Ed25519 by the browser: an identity that signs, and `Verify`.
 *
 * WebCrypto is about ten times as quick as the same in JavaScript and works on
 * another thread, which 20 handshakes at the opening of a tab notice. Where it
 * does not know Ed25519 (Chromium before 137, Firefox before 129, Safari before
 * 17), `id/identity.ts` does the work.
 */
import { idOfBytes } from "../id/hash.ts";
import { writeHex } from "../id/id.ts";
import { type Identity, type Verify, identityFromSecret, verifyEd25519 } from "../id/identity.ts";

/** PKCS#8 of an Ed25519 private key, in front of its 32 bytes (RFC 8410, section 7). */
const PKCS8_HEAD = new Uint8Array(16);
writeHex("302e020100300506032b657004220420", PKCS8_HEAD, 0);

export interface Signatures {
  readonly identity: Identity;
  readonly verify: Verify;
}

/** Keys of other nodes that are kept ready. A guess: links, and nodes that call now and then. */
const MOST_KEYS = 256;

/** `secret`: 32 bytes. */
export async function signaturesOf(secret: Uint8Array): Promise<Signatures> {
  try {
    return await nativeSignatures(secret);
  } catch {
    return { identity: identityFromSecret(secret), verify: verifyEd25519 };
  }
}

async function nativeSignatures(secret: Uint8Array): Promise<Signatures> {
  const { subtle } = crypto;
  const pkcs8 = new Uint8Array(PKCS8_HEAD.length + secret.length);
  pkcs8.set(PKCS8_HEAD);
  pkcs8.set(secret, PKCS8_HEAD.length);
  const key = await subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await subtle.exportKey("jwk", key);
  const publicKey = bytesOfBase64Url(x!);
  const identity: Identity = {
    id: idOfBytes(publicKey),
    publicKey,
    sign: (message, done) => {
      subtle.sign("Ed25519", key, message as BufferSource).then(
        (signature) => done(new Uint8Array(signature)),
        // Cannot happen with a key that was imported; an empty signature is refused by the other end.
        () => done(new Uint8Array(64)),
      );
    },
  };
  /** Keys of other nodes, by their bytes: to import one takes as long as to use it. */
  const known = new Map<string, Promise<CryptoKey>>();
  const importKey = (otherKey: Uint8Array) => {
    const name = otherKey.join();
    const imported =
      known.get(name) ??
      subtle.importKey("raw", otherKey as BufferSource, "Ed25519", false, ["verify"]);
    // The most recently used one last.
    known.delete(name);
    known.set(name, imported);
    if (known.size > MOST_KEYS) known.delete(known.keys().next().value!);
    return imported;
  };
  const verify: Verify = (otherKey, message, signature, done) => {
    const checked = async () => {
      const [proof, text] = [signature as BufferSource, message as BufferSource];
      return subtle.verify("Ed25519", await importKey(otherKey), proof, text);
    };
    checked().then(done, () => done(false));
  };
  return { identity, verify };
}

function bytesOfBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}
