import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { publicKeyOf, sha256, sign } from "../replicated/crypto.ts";
import { FairUse } from "../replicated/fair-use.ts";
import { REPLICA_SHARE, WRITER_SHARE } from "../replicated/limits.ts";
import type { Sound } from "../replicated/rules.ts";
import { RecordStore } from "../replicated/store.ts";
import { CLOCK_SKEW_MS, MAX_LIFE_MS, MAX_PROVIDER_ENTRIES, MAX_TTL_MS } from "./limits.ts";
import { keyOfCategory } from "./names.ts";
import { type DirectoryRecord, isGenuine, plainOf, readRecord, signedBytes } from "./records.ts";
import { directoryRules, wordsOf } from "./rules.ts";

const utf8 = new TextEncoder();
const secretOf = (person: string) => sha256(utf8.encode(person));
const NOW = 1_000_000_000_000;
const TTL_MS = 3_600_000;

interface Over {
  readonly person?: string;
  readonly category?: string;
  readonly name?: string;
  readonly description?: string;
  readonly contact?: string;
  readonly isWithdrawn?: boolean;
  readonly sequence?: number;
  readonly expiresMs?: number;
}

/** As it travels, signed by its provider. */
function entry(over: Over = {}) {
  const { person = "Ada", ...texts } = over;
  const secret = secretOf(person);
  const signable = {
    category: "plumbers",
    name: "Ada",
    description: "pipes",
    contact: "tel 1",
    isWithdrawn: false,
    sequence: 1,
    expiresMs: NOW + TTL_MS,
    ...texts,
    publicKey: publicKeyOf(secret),
  };
  const signature = sign(secret, signedBytes(signable));
  const key = keyOfCategory(signable.category);
  return { kind: "entry", key, stamp: 0, ttlMs: TTL_MS, ...signable, signature };
}

const withdrawal = (over: Over = {}) =>
  entry({ isWithdrawn: true, description: "", contact: "", sequence: 2, ...over });

const category = (over: object = {}) => ({
  kind: "category",
  key: keyOfCategory("food"),
  stamp: NOW,
  ttlMs: TTL_MS,
  parent: "food",
  name: "bakers",
  ...over,
});

function read(plain: unknown, now = NOW): Sound<DirectoryRecord> {
  const sound = readRecord(plain, now);
  if (sound.kind === "bad") throw new Error(sound.why);
  return sound;
}

describe("what a stranger sent", () => {
  test.each([
    { plain: entry(), why: null },
    { plain: withdrawal(), why: null },
    { plain: category(), why: null },
    { plain: category({ key: keyOfCategory(""), parent: "", name: "food" }), why: null },
    { plain: null, why: "it is no record" },
    { plain: { ...entry(), kind: "value" }, why: "there is no such kind of record" },
    { plain: { ...entry(), key: "x" }, why: "a key is 40 lowercase hex digits" },
    {
      plain: { ...entry(), key: keyOfCategory("bakers") },
      why: "the key is not that of its category",
    },
    { plain: { ...entry(), category: "Plumbers" }, why: "it names no category" },
    { plain: entry({ category: "" }), why: "it names no category" },
    { plain: entry({ name: "" }), why: "a name has 1 to 80 characters" },
    {
      plain: entry({ description: "x".repeat(601) }),
      why: "a description has 0 to 600 characters",
    },
    { plain: entry({ contact: "a\nb" }), why: "a contact has no control characters" },
    { plain: entry({ description: "a\nb" }), why: null },
    { plain: withdrawal({ description: "gone" }), why: "a withdrawal says nothing" },
    { plain: { ...entry(), signature: new Uint8Array(63) }, why: "its signature has 64 bytes" },
    { plain: { ...entry(), publicKey: "me" }, why: "its public key has 32 bytes" },
    { plain: { ...entry(), sequence: -1 }, why: "its sequence number is a whole number from 0" },
    { plain: { ...entry(), expiresMs: 0.5 }, why: "its end is no date" },
    {
      plain: entry({ expiresMs: NOW - CLOCK_SKEW_MS }),
      why: "its time is over, or a clock is wrong",
    },
    {
      plain: entry({ expiresMs: NOW + 2 * MAX_LIFE_MS }),
      why: "its end is too far away, or a clock is wrong",
    },
    { plain: { ...entry(), ttlMs: 0 }, why: "its time to live is over 0 and at most 604800000 ms" },
    {
      plain: { ...entry(), ttlMs: NaN },
      why: "its time to live is over 0 and at most 604800000 ms",
    },
    { plain: category({ name: "a/b" }), why: "it names no category" },
    { plain: category({ name: "" }), why: "it names no category" },
    { plain: category({ parent: "Food" }), why: "it names no category" },
    { plain: category({ parent: "" }), why: "the key is not that of its parent" },
    { plain: category({ stamp: 2 ** 52 }), why: "its stamp is no date of today" },
    {
      plain: category({ ttlMs: MAX_TTL_MS + 1 }),
      why: "its time to live is over 0 and at most 604800000 ms",
    },
  ])("is a record or not: $why", ({ plain, why }) => {
    const sound = readRecord(plain, NOW);
    expect(sound.kind === "bad" ? sound.why : null).toBe(why);
  });

  test("anything at all is read without an error", () => {
    fc.assert(
      fc.property(fc.anything(), (plain) => {
        expect(readRecord(plain, NOW)).toHaveProperty("kind");
      }),
    );
  });

  test("what was read and is sent again is read the same", () => {
    for (const plain of [entry(), withdrawal(), category()]) {
      const first = read(plain);
      expect(read(plainOf(first.record, first.ttlMs))).toEqual(first);
    }
  });

  test("nobody keeps an entry past the end that its provider signed, but for what clocks differ", () => {
    const sound = read({ ...entry(), ttlMs: MAX_TTL_MS });
    expect(sound.ttlMs).toBe(TTL_MS + CLOCK_SKEW_MS);
    expect(readRecord(entry(), NOW + TTL_MS + CLOCK_SKEW_MS).kind).toBe("bad");
  });
});

test.each([
  { over: {}, isGood: true },
  { over: { name: "Eve" }, isGood: false },
  { over: { description: "frauds" }, isGood: false },
  { over: { contact: "tel 2" }, isGood: false },
  { over: { category: "bakers", key: keyOfCategory("bakers") }, isGood: false },
  { over: { sequence: 2 }, isGood: false },
  { over: { expiresMs: NOW + TTL_MS + 1 }, isGood: false },
  { over: { isWithdrawn: true, description: "", contact: "" }, isGood: false },
  { over: { publicKey: publicKeyOf(secretOf("Eve")) }, isGood: false },
  // Where one text ends and the next begins is signed, too.
  { over: { description: "pipest", contact: "el 1" }, isGood: false },
])("only what the provider signed is genuine: $over", ({ over, isGood }) => {
  expect(isGenuine(read({ ...entry(), ...over }).record)).toBe(isGood);
});

describe("on a replica", () => {
  const writer = { account: "writer", share: WRITER_SHARE };
  const partner = { account: "partner", share: REPLICA_SHARE };

  function storeOf() {
    const clock = { nowMs: NOW };
    const rules = directoryRules(() => clock.nowMs);
    const store = new RecordStore(
      rules,
      new FairUse(100_000_000),
      () => clock.nowMs,
      () => {},
    );
    const take = (plain: unknown, bringer = writer) =>
      store.take(read(plain, clock.nowMs), bringer);
    const ask = (words: readonly string[], recordKind: "entry" | "category" = "entry") => {
      const key = keyOfCategory("plumbers");
      const query = { key, recordKind, words, after: "", limit: 100, withRemoved: false };
      return store
        .page(query)
        .records.map(({ record }) => record.name)
        .toSorted();
    };
    return { store, clock, take, ask };
  }

  test("the higher sequence number holds, withdrawals among them", () => {
    const { take, ask } = storeOf();
    expect(take(entry({ sequence: 5 })).kind).toBe("kept");
    expect(take(entry({ sequence: 4, description: "old" })).kind).toBe("older");
    expect(take(withdrawal({ sequence: 6 })).kind).toBe("kept");
    expect(ask([])).toEqual([]);
    expect(take(entry({ sequence: 5 }))).toMatchObject({ kind: "older" });
    expect(take(entry({ sequence: 7 })).kind).toBe("kept");
    expect(ask([])).toEqual(["Ada"]);
  });

  test("a withdrawal outlives every copy of what it withdrew", () => {
    const { take, ask, clock } = storeOf();
    take(withdrawal({ expiresMs: NOW + TTL_MS + 2 * CLOCK_SKEW_MS }));
    // By a clock that is as wrong as it may be, until no replica takes the entry any more.
    for (; clock.nowMs < NOW + TTL_MS + CLOCK_SKEW_MS; clock.nowMs += 60_000) {
      expect(take({ ...entry(), ttlMs: MAX_TTL_MS }, partner).kind).toBe("older");
      expect(ask([])).toEqual([]);
    }
    expect(readRecord({ ...entry(), ttlMs: MAX_TTL_MS }, clock.nowMs).kind).toBe("bad");
  });

  test("a provider has so many entries in a category, and others have room beside it", () => {
    const { take } = storeOf();
    for (let i = 0; i < MAX_PROVIDER_ENTRIES; i++) {
      expect(take(entry({ name: `Ada ${i}` })).kind).toBe("kept");
    }
    expect(take(entry({ name: "one more" }))).toMatchObject({
      kind: "refused",
      why: expect.stringContaining("at most 16 entries") as string,
    });
    expect(take(entry({ name: "Ada 3", sequence: 2 })).kind).toBe("kept");
    expect(take(entry({ person: "Bob", name: "Bob" })).kind).toBe("kept");
    // What another replica took before is not turned away here.
    expect(take(entry({ name: "one more" }), partner).kind).toBe("kept");
  });

  test.each([
    { search: "", found: ["Ada", "Bob"] },
    { search: "PIPES", found: ["Ada", "Bob"] },
    { search: "pipes strasse", found: ["Bob"] },
    { search: "ada", found: ["Ada"] },
    { search: "ada strasse", found: [] },
    { search: "tel", found: [] },
  ])("a search for $search finds $found", ({ search, found }) => {
    const { take, ask } = storeOf();
    take(entry());
    take(entry({ person: "Bob", name: "Bob", description: "Pipes, Hohe Straße 3" }));
    take(withdrawal({ person: "Eve", name: "pipes" }));
    expect(ask(wordsOf(search))).toEqual(found);
  });
});

test.each([
  { search: "a b c d e f g h i", why: /at most 8 words, not 9/ },
  { search: "x".repeat(201), why: /at most 200 characters/ },
  { search: "\ud800", why: /at most 200 characters/ },
  { search: null, why: /at most 200 characters/ },
])("a search is refused: $why", ({ search, why }) => {
  expect(() => wordsOf(search)).toThrow(why);
});

test.each([
  { query: {}, isGood: true },
  { query: { words: ["pipes"] }, isGood: true },
  { query: { words: ["Pipes"] }, isGood: false },
  { query: { words: Array.from({ length: 9 }, () => "a") }, isGood: false },
  { query: { words: "pipes" }, isGood: false },
  { query: { recordKind: "value" }, isGood: false },
  { query: { limit: 0 }, isGood: false },
  { query: { after: "x" }, isGood: false },
])("a query of another node is read or not: $query", ({ query, isGood }) => {
  const rules = directoryRules(() => NOW);
  const plain = { key: keyOfCategory("plumbers"), recordKind: "entry", words: [], after: "" };
  expect(rules.readQuery({ ...plain, limit: 10, ...query }) !== null).toBe(isGood);
});
