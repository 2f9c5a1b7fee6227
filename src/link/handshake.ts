/**
 * Who is at the other end of a channel, proved.
 *
 * Both ends say hello at once; each answers the other's hello with a signature
 * over the network, both hellos (keys, nonces, instances) and both DTLS
 * fingerprints, with its role in front. So a recorded handshake proves nothing
 * later (nonces), whoever relayed the offer cannot sit in the middle
 * (fingerprints), and nobody's own signature can be mirrored back (roles).
 *
 * No I/O in here: bytes in, verdicts out. Signing and checking may take a while
 * (a tab leaves them to WebCrypto), so a verdict comes through a callback, and
 * the caller hands in one message at a time.
 */
import { concat, utf8 } from "../base/bytes.ts";
import { sha256, idOfBytes } from "../id/hash.ts";
import { type Id, hexOf } from "../id/id.ts";
import type { Identity, Verify } from "../id/identity.ts";
import { decode, encode } from "../wire/codec.ts";
import { WIRE_VERSION } from "../wire/limits.ts";
import type { BodyOf } from "../wire/messages.ts";
import type { Channel } from "./channel.ts";

/** Who began the channel: decides whose hello comes first in what is signed. */
export type LinkRole = "initiator" | "responder";

export interface HandshakeSettings {
  readonly identity: Identity;
  readonly verify: Verify;
  readonly network: string;
  /** Drawn once per run of a peer. */
  readonly instance: number;
}

/** A node that has proved its id. */
export interface Proven {
  readonly id: Id;
  readonly publicKey: Uint8Array;
  readonly instance: number;
  /** The same at both ends and never twice: decides which of two links between the same nodes stays. */
  readonly transcript: string;
}

export type HandshakeStep =
  /** Send `reply`, if any, and wait for more. */
  | { readonly kind: "continue"; readonly reply?: Uint8Array }
  | { readonly kind: "proven"; readonly peer: Proven }
  /** `counter` is the name it is counted under; `why` is told to the other end. */
  | { readonly kind: "failed"; readonly counter: string; readonly why: string };

export class Handshake {
  readonly #settings: HandshakeSettings;
  readonly #binding: Channel["binding"];
  readonly #role: LinkRole;
  /** The node that was dialled; null when anybody may come. */
  readonly #expected: Id | null;
  readonly #ownHello: Uint8Array;
  #peer: Proven | null = null;
  #transcript: Uint8Array | null = null;

  constructor(
    settings: HandshakeSettings,
    binding: Channel["binding"],
    role: LinkRole,
    expected: Id | null,
    nonce: Uint8Array,
  ) {
    this.#settings = settings;
    this.#binding = binding;
    this.#role = role;
    this.#expected = expected;
    this.#ownHello = encode("hello", {
      version: WIRE_VERSION,
      network: settings.network,
      publicKey: settings.identity.publicKey,
      nonce,
      instance: settings.instance,
    });
  }

  /** The first message, to be sent as soon as the channel is open. */
  hello(): Uint8Array {
    return this.#ownHello;
  }

  /** Takes the next message. `done` is called once, now or later; not again before that. */
  take(bytes: Uint8Array, done: (step: HandshakeStep) => void): void {
    if (this.#peer === null && isForeignVersion(bytes)) {
      const why = `this node speaks version ${WIRE_VERSION} of PROST, the other does not`;
      return done(failed("version", why));
    }
    const message = decode(bytes);
    if (message?.tag === "goodbye") return done(failed("turned-away", message.body.why));
    if (message?.tag === "hello") {
      // A hello again is a copy that the network made: it changes nothing.
      if (this.#peer !== null) return done({ kind: "continue" });
      return this.#takeHello(message.body, bytes, done);
    }
    if (message?.tag === "proof" && this.#peer !== null) {
      return this.#takeProof(this.#peer, message.body, done);
    }
    done(failed("malformed", "the handshake was not kept to"));
  }

  #takeHello(hello: BodyOf<"hello">, bytes: Uint8Array, done: (step: HandshakeStep) => void): void {
    const { identity, network } = this.#settings;
    if (hello.network !== network) {
      const why = `this node is of the network "${network}", the other of another`;
      return done(failed("network", why));
    }
    const id = idOfBytes(hello.publicKey);
    if (id === identity.id) return done(failed("self", "this is the same node"));
    if (this.#expected !== null && id !== this.#expected) {
      return done(failed("wrong-id", "another node answered than the one dialled"));
    }
    const isInitiator = this.#role === "initiator";
    const { local, remote } = this.#binding;
    this.#transcript = sha256(
      concat(
        utf8("prost-link"),
        isInitiator ? this.#ownHello : bytes,
        isInitiator ? bytes : this.#ownHello,
        utf8(isInitiator ? `${local}|${remote}` : `${remote}|${local}`),
      ),
    );
    this.#peer = {
      id,
      publicKey: hello.publicKey.slice(),
      instance: hello.instance,
      transcript: hexOf(this.#transcript, 0, 32),
    };
    identity.sign(signed(this.#role, this.#transcript), (signature) =>
      done({ kind: "continue", reply: encode("proof", { signature }) }),
    );
  }

  #takeProof(peer: Proven, proof: BodyOf<"proof">, done: (step: HandshakeStep) => void): void {
    const otherRole = this.#role === "initiator" ? "responder" : "initiator";
    const message = signed(otherRole, this.#transcript!);
    this.#settings.verify(peer.publicKey, message, proof.signature, (isGood) =>
      done(isGood ? { kind: "proven", peer } : failed("signature", "the signature is not good")),
    );
  }
}

function signed(role: LinkRole, transcript: Uint8Array): Uint8Array {
  return concat(utf8(role), transcript);
}

/** A hello of another version may have another body, so its first two bytes are read before the rest. */
function isForeignVersion(bytes: Uint8Array): boolean {
  const isHello = bytes[0] === 1 && bytes.length >= 6;
  return isHello && ((bytes[4]! << 8) | bytes[5]!) !== WIRE_VERSION;
}

function failed(counter: string, why: string): HandshakeStep {
  return { kind: "failed", counter: `handshake.${counter}`, why };
}
