import { expect, test } from "vitest";
import { type Identity, identityFromSecret, verifyEd25519 } from "../id/identity.ts";
import { encode } from "../wire/codec.ts";
import { WIRE_VERSION } from "../wire/limits.ts";
import type { BodyOf } from "../wire/messages.ts";
import { Handshake, type HandshakeStep, type LinkRole } from "./handshake.ts";

const alice = identityFromSecret(new Uint8Array(32).fill(1));
const bob = identityFromSecret(new Uint8Array(32).fill(2));
const carol = identityFromSecret(new Uint8Array(32).fill(3));

const ends = { local: "sha-256 AA:11", remote: "sha-256 BB:22" };
const otherEnds = { local: ends.remote, remote: ends.local };

interface Options {
  readonly role?: LinkRole;
  readonly binding?: { readonly local: string; readonly remote: string };
  readonly network?: string;
  readonly expected?: Identity;
  readonly instance?: number;
  /** Every session draws its own nonce; a byte stands for all 32. */
  readonly nonce?: number;
}

function session(identity: Identity, options: Options = {}): Handshake {
  const settings = {
    identity,
    verify: verifyEd25519,
    network: options.network ?? "prost",
    instance: options.instance ?? 1,
  };
  return new Handshake(
    settings,
    options.binding ?? (options.role === "responder" ? otherEnds : ends),
    options.role ?? "initiator",
    options.expected?.id ?? null,
    new Uint8Array(32).fill(options.nonce ?? 7),
  );
}

/** What a session makes of a message; it must answer exactly once. */
function taken(by: Handshake, bytes: Uint8Array): HandshakeStep {
  const steps: HandshakeStep[] = [];
  by.take(bytes, (step) => steps.push(step));
  expect(steps).toHaveLength(1);
  return steps[0]!;
}

function replyOf(step: HandshakeStep): Uint8Array {
  if (step.kind !== "continue" || !step.reply) throw new Error(`no reply but ${step.kind}`);
  return step.reply;
}

/** Both hellos and both proofs, carried across; what each end makes of the other's proof. */
function shaken(a: Handshake, b: Handshake): [HandshakeStep, HandshakeStep] {
  const proofOfA = replyOf(taken(a, b.hello()));
  const proofOfB = replyOf(taken(b, a.hello()));
  return [taken(a, proofOfB), taken(b, proofOfA)];
}

const failure = (counter: string) => ({ kind: "failed", counter: `handshake.${counter}` });

function helloOf(changes: Partial<BodyOf<"hello">>): Uint8Array {
  return encode("hello", {
    version: WIRE_VERSION,
    network: "prost",
    publicKey: bob.publicKey,
    nonce: new Uint8Array(32).fill(9),
    instance: 2,
    ...changes,
  });
}

test("two honest nodes prove their ids to each other, with one transcript", () => {
  const a = session(alice, { nonce: 1, instance: 11, expected: bob });
  const b = session(bob, { role: "responder", nonce: 2, instance: 22 });
  const [atAlice, atBob] = shaken(a, b);
  expect(atAlice).toMatchObject({ kind: "proven", peer: { id: bob.id, instance: 22 } });
  expect(atBob).toMatchObject({ kind: "proven", peer: { id: alice.id, instance: 11 } });
  if (atAlice.kind !== "proven" || atBob.kind !== "proven") throw new Error("not proven");
  expect(atAlice.peer.publicKey).toEqual(bob.publicKey);
  expect(atAlice.peer.transcript).toBe(atBob.peer.transcript);
  expect(atAlice.peer.transcript).toMatch(/^[0-9a-f]{64}$/);
});

test("no two sessions have the same transcript", () => {
  const transcripts = [1, 2, 3].map((nonce) => {
    const [step] = shaken(
      session(alice, { nonce }),
      session(bob, { role: "responder", nonce: 100 }),
    );
    return step.kind === "proven" && step.peer.transcript;
  });
  expect(new Set(transcripts).size).toBe(3);
});

test.each([
  { what: "another version", hello: helloOf({ version: WIRE_VERSION + 1 }), counter: "version" },
  {
    what: "another version with another body",
    hello: Uint8Array.of(1, 0, 0, 3, 0, 99, 42),
    counter: "version",
  },
  { what: "another network", hello: helloOf({ network: "other" }), counter: "network" },
  { what: "our own key", hello: helloOf({ publicKey: alice.publicKey }), counter: "self" },
  {
    what: "another key than dialled",
    hello: helloOf({ publicKey: carol.publicKey }),
    counter: "wrong-id",
  },
  { what: "too few bytes", hello: helloOf({}).slice(0, -1), counter: "malformed" },
  { what: "too many bytes", hello: Uint8Array.of(...helloOf({}), 0), counter: "malformed" },
  { what: "no bytes", hello: new Uint8Array(0), counter: "malformed" },
  {
    what: "another message",
    hello: encode("ping", { serial: 1, stateVersion: 1 }),
    counter: "malformed",
  },
])("a hello with $what fails and is counted as $counter", ({ hello, counter }) => {
  const step = taken(session(alice, { expected: bob }), hello);
  expect(step).toMatchObject(failure(counter));
  expect(step.kind === "failed" && step.why).toMatch(/\w/);
});

test("a proof before the hello fails", () => {
  const proof = encode("proof", { signature: new Uint8Array(64) });
  expect(taken(session(alice), proof)).toMatchObject(failure("malformed"));
});

test.each([
  { what: "of zeros", of: () => new Uint8Array(64) },
  { what: "of the right text by another key", of: () => signedBy(carol) },
  {
    what: "with one bit flipped",
    of: () => signedBy(bob).map((byte, i) => (i === 9 ? byte ^ 4 : byte)),
  },
])("a signature $what is not good", ({ of }) => {
  const a = session(alice, { nonce: 1 });
  taken(a, session(bob, { role: "responder", nonce: 2 }).hello());
  expect(taken(a, encode("proof", { signature: of() }))).toMatchObject(failure("signature"));
});

/** What `signer` would sign where Bob should, in the session of the test above. */
function signedBy(signer: Identity): Uint8Array {
  const forger: Identity = {
    id: bob.id,
    publicKey: bob.publicKey,
    sign: (text, done) => signer.sign(text, done),
  };
  const b = session(forger, { role: "responder", nonce: 2 });
  return replyOf(taken(b, session(alice, { nonce: 1 }).hello())).slice(-64);
}

test("the right signature of that session is good", () => {
  const a = session(alice, { nonce: 1 });
  taken(a, session(bob, { role: "responder", nonce: 2 }).hello());
  const proof = encode("proof", { signature: signedBy(bob) });
  expect(taken(a, proof).kind).toBe("proven");
});

test("a recorded handshake proves nothing in a new session", () => {
  const b = session(bob, { role: "responder", nonce: 2 });
  const recorded = [b.hello(), replyOf(taken(b, session(alice, { nonce: 1 }).hello()))];
  const later = session(alice, { nonce: 3 });
  expect(taken(later, recorded[0]!).kind).toBe("continue");
  expect(taken(later, recorded[1]!)).toMatchObject(failure("signature"));
});

test("who relays the offer cannot sit in the middle: both ends see other fingerprints", () => {
  const middle = "sha-256 CC:33";
  const a = session(alice, { nonce: 1, binding: { local: ends.local, remote: middle } });
  const b = session(bob, {
    role: "responder",
    nonce: 2,
    binding: { local: ends.remote, remote: middle },
  });
  const [atAlice, atBob] = shaken(a, b);
  expect(atAlice).toMatchObject(failure("signature"));
  expect(atBob).toMatchObject(failure("signature"));
});

test("nobody's own messages can be mirrored back", () => {
  const a = session(alice);
  expect(taken(a, a.hello())).toMatchObject(failure("self"));
});

test("a proof made for one role is not taken for the other", () => {
  // Bob is led to dial as well; his proof as an initiator is played to Alice, who dialled.
  const a = session(alice, { nonce: 1 });
  const b = session(bob, { nonce: 2, binding: otherEnds });
  const [atAlice, atBob] = shaken(a, b);
  expect(atAlice).toMatchObject(failure("signature"));
  expect(atBob).toMatchObject(failure("signature"));
});

test("a hello that somebody changed on its way makes the proof bad", () => {
  const b = session(bob, { role: "responder", nonce: 2, instance: 22 });
  const a = session(alice, { nonce: 1 });
  const changed = b.hello().slice();
  changed[changed.length - 1]! ^= 1;
  expect(taken(a, changed).kind).toBe("continue");
  expect(taken(a, replyOf(taken(b, a.hello())))).toMatchObject(failure("signature"));
});

test("a second hello changes nothing, not even one of another node", () => {
  const a = session(alice, { nonce: 1 });
  const b = session(bob, { role: "responder", nonce: 2 });
  taken(a, b.hello());
  expect(taken(a, b.hello())).toEqual({ kind: "continue" });
  expect(taken(a, helloOf({ publicKey: carol.publicKey }))).toEqual({ kind: "continue" });
  const step = taken(a, replyOf(taken(b, a.hello())));
  expect(step).toMatchObject({ kind: "proven", peer: { id: bob.id } });
});

test("a proof that comes twice proves the same twice", () => {
  const a = session(alice, { nonce: 1 });
  const b = session(bob, { role: "responder", nonce: 2 });
  taken(a, b.hello());
  const proof = replyOf(taken(b, a.hello()));
  expect(taken(a, proof)).toEqual(taken(a, proof));
});

test.each(["before the hello", "after the hello"])("a goodbye %s says why it failed", (when) => {
  const a = session(alice);
  if (when === "after the hello") taken(a, helloOf({}));
  const why = "full: all links are in better use";
  const goodbye = encode("goodbye", { why, leaving: false, predecessors: [], successors: [] });
  expect(taken(a, goodbye)).toEqual({ kind: "failed", counter: "handshake.turned-away", why });
});

test("the verdict waits for a signature that is checked elsewhere", () => {
  const answers: ((isGood: boolean) => void)[] = [];
  const settings = {
    identity: alice,
    verify: (
      _key: Uint8Array,
      _text: Uint8Array,
      _proof: Uint8Array,
      done: (is: boolean) => void,
    ) => void answers.push(done),
    network: "prost",
    instance: 1,
  };
  const a = new Handshake(settings, ends, "initiator", null, new Uint8Array(32));
  const b = session(bob, { role: "responder" });
  taken(a, b.hello());
  const steps: HandshakeStep[] = [];
  a.take(replyOf(taken(b, a.hello())), (step) => steps.push(step));
  expect(steps).toEqual([]);
  answers[0]!(true);
  expect(steps).toMatchObject([{ kind: "proven" }]);
});
