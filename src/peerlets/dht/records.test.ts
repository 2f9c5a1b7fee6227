import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { publicKeyOf, sha256, sign } from "../replicated/crypto.ts";
import { MAX_TTL_MS, MAX_VALUE_BYTES } from "./limits.ts";
import { hex } from "../replicated/rules.ts";
import {
  isGenuine,
  keyOfSigned,
  keyOfValue,
  plainOf,
  readRecord,
  removalOf,
  signedBytes,
} from "./records.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const KEY = "ab".repeat(20);
const secretKey = sha256(bytes("a person's key"));

const value = (over: object = {}) => ({
  kind: "value",
  key: KEY,
  value: bytes("v"),
  secretHash: "",
  stamp: 1,
  ttlMs: 1_000,
  ...over,
});

const hash = (over: object = {}) => ({
  kind: "hash",
  key: keyOfValue(bytes("v")),
  value: bytes("v"),
  stamp: 1,
  ttlMs: 1_000,
  ...over,
});

function signed(sequence: number, content = "v", over: object = {}) {
  const publicKey = publicKeyOf(secretKey);
  const signature = sign(secretKey, signedBytes(publicKey, "n", sequence, bytes(content)));
  return {
    kind: "signed",
    key: keyOfSigned(publicKey, "n"),
    value: bytes(content),
    publicKey,
    name: "n",
    sequence,
    signature,
    stamp: 1,
    ttlMs: 1_000,
    ...over,
  };
}

const read = (plain: unknown) => {
  const sound = readRecord(plain);
  if (sound.kind === "bad") throw new Error(sound.why);
  return sound;
};

describe("what a stranger sent", () => {
  test.each([
    { plain: value(), why: null },
    { plain: value({ value: new Uint8Array(0) }), why: null },
    { plain: value({ value: new Uint8Array(MAX_VALUE_BYTES) }), why: null },
    {
      plain: value({ value: new Uint8Array(MAX_VALUE_BYTES + 1) }),
      why: "a value has at most 65536 bytes (64 KiB), not 65537",
    },
    { plain: value({ value: "text" }), why: "a value is bytes" },
    { plain: value({ key: "AB".repeat(20) }), why: "a key is 40 lowercase hex digits" },
    { plain: value({ stamp: -1 }), why: "its stamp is no date" },
    { plain: value({ stamp: 2 ** 53 }), why: "its stamp is no date" },
    { plain: value({ ttlMs: 0 }), why: "its time to live is over 0 and at most 604800000 ms" },
    { plain: value({ ttlMs: NaN }), why: "its time to live is over 0 and at most 604800000 ms" },
    { plain: value({ ttlMs: MAX_TTL_MS }), why: null },
    {
      plain: value({ ttlMs: MAX_TTL_MS + 1 }),
      why: "its time to live is over 0 and at most 604800000 ms",
    },
    { plain: value({ secretHash: "secret" }), why: "its secret hash is no hash" },
    { plain: value({ kind: "other" }), why: "there is no such kind of record" },
    { plain: hash(), why: null },
    { plain: hash({ value: bytes("w") }), why: "the key is not the hash of the value" },
    { plain: signed(1), why: null },
    { plain: signed(1, "v", { key: KEY }), why: "the key is not the hash of public key and name" },
    {
      plain: signed(1, "v", { sequence: 0.5 }),
      why: "its sequence number is a whole number from 0",
    },
    { plain: signed(1, "v", { signature: bytes("") }), why: "its signature has 64 bytes" },
    { plain: signed(1, "v", { name: "" }), why: "a name has 1 to 128 characters" },
    {
      plain: {
        kind: "removed",
        key: KEY,
        valueHash: "ab".repeat(32),
        secret: bytes(""),
        stamp: 1,
        ttlMs: 1,
      },
      why: "a secret has 1 to 64 bytes",
    },
    { plain: null, why: "it is no record" },
    { plain: [], why: "a key is 40 lowercase hex digits" },
  ])("is a record or not: $why", ({ plain, why }) => {
    const sound = readRecord(plain);
    expect(sound.kind === "bad" ? sound.why : null).toBe(why);
  });

  test("anything at all is read without an error", () => {
    fc.assert(
      fc.property(fc.anything(), (plain) => {
        expect(readRecord(plain)).toHaveProperty("kind");
      }),
    );
  });

  test("what was read and is sent again is read the same", () => {
    const any = fc.record({
      value: fc.uint8Array({ maxLength: 100 }),
      stamp: fc.nat(),
      ttlMs: fc.integer({ min: 1, max: MAX_TTL_MS }),
    });
    fc.assert(
      fc.property(any, (over) => {
        const first = read(value(over));
        expect(read(plainOf(first.record, over.ttlMs))).toEqual(first);
      }),
    );
  });
});

describe("signed records", () => {
  test.each([
    { over: {}, isGood: true },
    { over: { value: bytes("w") }, isGood: false },
    { over: { sequence: 2 }, isGood: false },
    { over: { signature: new Uint8Array(64) }, isGood: false },
  ])("only what the owner signed is genuine: $over", ({ over, isGood }) => {
    expect(isGenuine(read(signed(1, "v", over)).record)).toBe(isGood);
  });

  test("a public key of small order signs nothing", () => {
    const publicKey = new Uint8Array(32);
    publicKey[0] = 1;
    const key = keyOfSigned(publicKey, "n");
    const signature = new Uint8Array(64);
    signature[0] = 1;
    expect(isGenuine(read(signed(1, "v", { publicKey, key, signature })).record)).toBe(false);
  });
});

describe("slots and versions", () => {
  const versionOf = (plain: unknown) => read(plain).version;

  test("the higher sequence has the higher version, whatever its stamp", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (a, b, stampA, stampB) => {
        if (a === b) return;
        const [one, other] = [
          versionOf(signed(a, "v", { stamp: stampA })),
          versionOf(signed(b, "v", { stamp: stampB })),
        ];
        expect(one < other).toBe(a < b);
      }),
      { numRuns: 20 },
    );
  });

  test("two values of one sequence have an order, the same on every replica", () => {
    const [one, other] = [versionOf(signed(1, "one")), versionOf(signed(1, "other"))];
    expect(one).not.toBe(other);
  });

  test("a removal is in the slot of its value, and higher; another secret's is elsewhere", () => {
    const secretHash = hex(sha256(bytes("open")));
    const put = read(value({ secretHash, stamp: 10 ** 12 }));
    const { record } = put;
    if (record.kind !== "value") throw new Error("unreachable");
    const removal = removalOf({ ...record, stamp: 0 }, bytes("open"));
    expect(removal.slot).toBe(put.slot);
    expect(removal.version > put.version).toBe(true);
    expect(removalOf(record, bytes("guess")).slot).not.toBe(put.slot);
  });

  test("each value, key and secret has a slot of its own", () => {
    const plain: object[] = [
      value(),
      value({ value: bytes("w") }),
      value({ key: "cd".repeat(20) }),
      value({ secretHash: "ab".repeat(32) }),
      hash(),
      signed(1),
    ];
    expect(new Set(plain.map((each) => read(each).slot)).size).toBe(plain.length);
    // Of a signed record there is one for each key.
    expect(read(signed(2, "w")).slot).toBe(read(signed(1)).slot);
  });

  test("the versions of what is not signed differ by their stamps alone", () => {
    const record = read(value()).record;
    expect(
      read(plainOf({ ...record, stamp: 2 }, 5)).version > read(plainOf(record, 9)).version,
    ).toBe(true);
  });
});
