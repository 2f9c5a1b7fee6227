/** Letters and what they say, keys, names: what is taken, and what is not. */
import { expect, test } from "vitest";
import { readBody } from "./bodies.ts";
import { hexOf, joined } from "./bytes.ts";
import { agree, boxKeyOf, derive, isPublicKey, lock, unlock } from "./crypto.ts";
import { open, seal } from "./envelope.ts";
import { ann, annKey, bob, bobKey, bytes, eve, text } from "./fakes.ts";
import { MAX_SEALED_BYTES, MAX_TEXT_CHARS } from "./limits.ts";
import { exported, fingerprintOf, imported } from "./person.ts";
import { keyOfRoom } from "./room-keys.ts";
import { checkName, checkText, isName, sameName } from "./texts.ts";

test("a letter is read by its reader, who knows who wrote it, and by nobody else", () => {
  const { bytes: letter, removal } = seal(ann, bob.publicKey, text(1), bytes(32, 9));
  const opened = open(bob, letter);
  expect(opened).toMatchObject({ body: text(1), removal });
  expect(hexOf(opened!.writer)).toBe(annKey);
  expect(open(ann, letter)).toBeNull();
  expect(open(eve, letter)).toBeNull();
});

test("a letter with any byte changed, cut or added is none", () => {
  const { bytes: letter } = seal(ann, bob.publicKey, text(1), bytes(32, 9));
  for (let at = 0; at < letter.length; at += 7) {
    const changed = letter.slice();
    changed[at]! ^= 0x40;
    expect(open(bob, changed)).toBeNull();
  }
  expect(open(bob, letter.subarray(1))).toBeNull();
  expect(open(bob, joined(letter, bytes(1, 0)))).toBeNull();
  for (const junk of [null, "text", new Uint8Array(), bytes(MAX_SEALED_BYTES + 1, 1)]) {
    expect(open(bob, junk)).toBeNull();
  }
});

test("a reader cannot put what was written to them into an envelope for somebody else", () => {
  const dice = bytes(32, 9);
  const { bytes: letter } = seal(ann, bob.publicKey, text(1), dice);
  const header = letter.slice(0, 33);
  const secretsOf = (shared: Uint8Array, to: Uint8Array) => {
    const associated = joined(new TextEncoder().encode("prost-im letter"), header, to);
    const all = derive(shared, associated, "prost-im letter", 88);
    return { associated, key: all.subarray(0, 32), nonce: all.subarray(32, 56) };
  };
  const forBob = secretsOf(agree(bob.boxSecret, header.subarray(1)), bob.publicKey);
  const inside = unlock(forBob.key, forBob.nonce, letter.subarray(33), forBob.associated)!;
  const relocked = (secrets: typeof forBob) =>
    joined(header, lock(secrets.key, secrets.nonce, inside, secrets.associated));
  expect(open(bob, relocked(forBob))).not.toBeNull();
  const forEve = secretsOf(agree(dice, boxKeyOf(eve.publicKey)), eve.publicKey);
  const forged = relocked(forEve);
  expect(open(eve, forged)).toBeNull();
});

test("the longest text fits into a letter, and letters of short texts have one length", () => {
  const longest = { ...text(1), text: "字".repeat(MAX_TEXT_CHARS), name: "字".repeat(32) };
  const { bytes: letter } = seal(ann, bob.publicKey, longest, bytes(32, 9));
  expect(letter.length).toBeLessThanOrEqual(MAX_SEALED_BYTES);
  expect(open(bob, letter)!.body).toEqual(longest);
  const lengthOf = (short: string) =>
    seal(ann, bob.publicKey, { ...text(1), text: short }, bytes(32, 9)).bytes.length;
  expect(lengthOf("a")).toBe(lengthOf("a somewhat longer text, of some words"));
});

test.each([
  { what: "an unknown kind", fields: text(1, { kind: "poll" }) },
  { what: "no date of sealing", fields: text(1, { sealed: "now" }) },
  { what: "an id that is none", fields: text(1, { id: "1" }) },
  { what: "a text that is too long", fields: text(1, { text: "a".repeat(MAX_TEXT_CHARS + 1) }) },
  { what: "a text that turns its surroundings", fields: text(1, { text: "a\u202eb" }) },
  { what: "an empty text", fields: text(1, { text: " \n " }) },
  { what: "an invisible name", fields: text(1, { name: "A\u200bnn" }) },
  {
    what: "too many ids",
    fields: { kind: "ack", sealed: 1, delivered: Array(101).fill(text(1).id), read: [] },
  },
  { what: "ids that are none", fields: { kind: "ack", sealed: 1, delivered: [7], read: [] } },
  { what: "a copy for nobody", fields: text(1, { kind: "copy", to: "x" }) },
])("a body with $what is none", ({ fields }) => {
  expect(readBody(fields)).toBeNull();
});

test("keys that need no secret, or are none, are no person's", () => {
  expect(isPublicKey(ann.publicKey)).toBe(true);
  const identity = bytes(32, 0);
  identity[0] = 1;
  for (const key of [identity, bytes(32, 0), bytes(32, 0xff), bytes(31, 1), "ann"]) {
    expect(isPublicKey(key)).toBe(false);
  }
  expect(() => agree(ann.boxSecret, bytes(32, 0))).toThrow();
});

test("a person can be taken along as a text, and a slip of the pen is noticed", () => {
  const written = exported(ann);
  expect(hexOf(imported(` ${written}\n`).publicKey)).toBe(annKey);
  const slip = written.replace(" 01", " 11");
  expect(() => imported(slip)).toThrow("a character is wrong");
  expect(() => imported("hello")).toThrow("the whole text");
  expect(fingerprintOf(annKey)).toMatch(/^(\d{5} ){4}\d{5}$/);
  expect(fingerprintOf(annKey)).not.toBe(fingerprintOf(bobKey));
});

test("names are tidied, bounded and compared as a hasty reader would", () => {
  expect(checkName("  Ann   Lee ", "a name")).toBe("Ann Lee");
  expect(() => checkName("a".repeat(33), "a name")).toThrow("1 to 32 characters");
  expect(() => checkName(" ", "a name")).toThrow("a name has");
  expect(isName("Ann\u202e")).toBe(false);
  expect(sameName("ANN")).toBe(sameName("ann"));
  expect(sameName("\uff21nn")).toBe("ann");
  expect(keyOfRoom("The  Kitchen")).toBe(keyOfRoom("the kitchen"));
  expect(checkText(" a\r\nb ")).toBe("a\nb");
  expect(() => checkText("a".repeat(MAX_TEXT_CHARS + 1))).toThrow("send it in parts");
});
