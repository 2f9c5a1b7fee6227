import * as fc from "fast-check";
import { expect, test } from "vitest";
import { idOfBytes } from "./hash.ts";
import {
  type Identity,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  identityFromSecret,
  verifyEd25519,
} from "./identity.ts";

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

function signed(identity: Identity, message: Uint8Array): Uint8Array {
  let signature = new Uint8Array(0);
  identity.sign(message, (made) => {
    signature = new Uint8Array(made);
  });
  return signature;
}

/** Throws when `verifyEd25519` did not answer at once, and exactly once. */
function isGood(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const answers: boolean[] = [];
  verifyEd25519(publicKey, message, signature, (answer) => answers.push(answer));
  expect(answers).toHaveLength(1);
  return answers[0]!;
}

/** RFC 8032, section 7.1. */
test.each([
  {
    name: "TEST 1",
    secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    name: "TEST 2",
    secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
])("$name of RFC 8032 comes out", ({ secret, publicKey, message, signature }) => {
  const identity = identityFromSecret(bytesOf(secret));
  expect(Buffer.from(identity.publicKey).toString("hex")).toBe(publicKey);
  expect(identity.id).toBe(idOfBytes(bytesOf(publicKey)));
  expect(Buffer.from(signed(identity, bytesOf(message))).toString("hex")).toBe(signature);
  expect(isGood(bytesOf(publicKey), bytesOf(message), bytesOf(signature))).toBe(true);
});

const alice = identityFromSecret(new Uint8Array(32).fill(1));
const bob = identityFromSecret(new Uint8Array(32).fill(2));
const text = Uint8Array.of(1, 2, 3);
const good = signed(alice, text);
const flipped = good.map((byte, i) => (i === 40 ? byte ^ 1 : byte));

test.each([
  { what: "the right one", key: alice.publicKey, message: text, signature: good, is: true },
  { what: "another's key", key: bob.publicKey, message: text, signature: good, is: false },
  {
    what: "another text",
    key: alice.publicKey,
    message: Uint8Array.of(1, 2),
    signature: good,
    is: false,
  },
  { what: "one bit flipped", key: alice.publicKey, message: text, signature: flipped, is: false },
  {
    what: "all zeros",
    key: alice.publicKey,
    message: text,
    signature: new Uint8Array(64),
    is: false,
  },
  {
    what: "a byte short",
    key: alice.publicKey,
    message: text,
    signature: good.slice(1),
    is: false,
  },
  { what: "empty", key: alice.publicKey, message: text, signature: new Uint8Array(0), is: false },
  { what: "a short key", key: alice.publicKey.slice(1), message: text, signature: good, is: false },
  { what: "no key", key: new Uint8Array(0), message: text, signature: good, is: false },
])("a signature is good: $is ($what)", ({ key, message, signature, is }) => {
  expect(isGood(key, message, signature)).toBe(is);
});

test("no bytes make verification throw", () => {
  const junk = (length: number) =>
    fc.oneof(
      fc.uint8Array({ minLength: length, maxLength: length }),
      fc.uint8Array({ maxLength: 80 }),
    );
  fc.assert(
    fc.property(
      junk(PUBLIC_KEY_BYTES),
      fc.uint8Array({ maxLength: 10 }),
      junk(SIGNATURE_BYTES),
      (publicKey, message, signature) => {
        expect(isGood(publicKey, message, signature)).toBeTypeOf("boolean");
      },
    ),
    { numRuns: 60 },
  );
});

test("a key of small order proves nothing: its signatures need no secret", () => {
  const [key, signature] = [new Uint8Array(32), new Uint8Array(64)];
  key[0] = 1;
  signature[0] = 1;
  expect(isGood(key, text, signature)).toBe(false);
});
