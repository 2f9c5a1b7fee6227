import { expect, test } from "vitest";
import { isSigned, publicKeyOf, sign } from "./crypto.ts";

const secret = new Uint8Array(32).fill(7);
const publicKey = publicKeyOf(secret);
const stranger = publicKeyOf(new Uint8Array(32).fill(8));
const message = new TextEncoder().encode("a message");

test("a signature is good for its key and its message alone, however often it is asked about", () => {
  const signature = sign(secret, message);
  expect([1, 2].map(() => isSigned(publicKey, message, signature))).toEqual([true, true]);
  const other = new TextEncoder().encode("another one");
  const changed = signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  expect(isSigned(publicKey, other, signature)).toBe(false);
  expect(isSigned(stranger, message, signature)).toBe(false);
  expect(isSigned(publicKey, message, changed)).toBe(false);
});

test("bytes of another length are no signature, though together they are the same", () => {
  const signature = sign(secret, message);
  expect(isSigned(publicKey, message, signature)).toBe(true);
  const longer = Uint8Array.of(...signature, message[0]!);
  expect(isSigned(publicKey, message.slice(1), longer)).toBe(false);
});
