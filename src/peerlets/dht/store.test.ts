import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "../replicated/crypto.ts";
import { FairUse } from "../replicated/fair-use.ts";
import { MAX_KEY_RECORDS, REPLICA_SHARE, WRITER_SHARE } from "../replicated/limits.ts";
import { hex } from "../replicated/rules.ts";
import { summaryOf } from "../replicated/store.ts";
import { type Sound, readRecord } from "./records.ts";
import { RecordStore } from "./store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const KEY = "ab".repeat(20);
const SECRET = bytes("open sesame");
const ALL = { low: "0".repeat(40), high: "f".repeat(40) };
const writer = (account: string) => ({ account, share: WRITER_SHARE });
const partner = { account: "partner", share: REPLICA_SHARE };

function valueOf(content: string, over: object = {}): Sound {
  const secretHash = hex(sha256(SECRET));
  const plain = {
    kind: "value",
    key: KEY,
    value: bytes(content),
    secretHash,
    stamp: 1,
    ttlMs: 60_000,
  };
  const read = readRecord({ ...plain, ...over });
  if (read.kind === "bad") throw new Error(read.why);
  return read;
}

/** As a replica takes it: the signature is checked elsewhere. */
function signedOf(sequence: number, content: string): Sound {
  const publicKey = new Uint8Array(32).fill(1);
  const key = hex(sha256(publicKey, bytes("n"))).slice(0, 40);
  const plain = { kind: "signed", key, value: bytes(content), publicKey, name: "n", sequence };
  const read = readRecord({ ...plain, signature: new Uint8Array(64), stamp: 1, ttlMs: 60_000 });
  if (read.kind === "bad") throw new Error(read.why);
  return read;
}

function storeOf(capacityBytes = 1_000_000) {
  const clock = { nowMs: 0 };
  const shelf = new Map<string, unknown>();
  const fairUse = new FairUse(capacityBytes);
  const store = new RecordStore(
    fairUse,
    () => clock.nowMs,
    (slot, _key, kept) => (kept ? shelf.set(slot, kept) : shelf.delete(slot)),
  );
  return { store, clock, shelf, fairUse };
}

const query = { key: KEY, recordKind: null, after: "", limit: 100, withRemoved: false } as const;
const live = (store: RecordStore) =>
  store
    .page(query)
    .records.map(({ record }) => new TextDecoder().decode((record as { value: Uint8Array }).value));

describe("of two records for one slot", () => {
  test("the same again prolongs and never shortens", () => {
    const { store, clock } = storeOf();
    const sound = valueOf("v");
    expect(store.take(sound, partner)).toEqual({ kind: "kept" });
    clock.nowMs = 30_000;
    expect(store.take(valueOf("v", { stamp: 2, ttlMs: 1_000 }), partner)).toEqual({
      kind: "known",
    });
    clock.nowMs = 59_999;
    expect(live(store)).toEqual(["v"]);
    store.take(valueOf("v", { ttlMs: 60_000 }), partner);
    clock.nowMs = 119_998;
    expect(live(store)).toEqual(["v"]);
    clock.nowMs = 120_000;
    expect(live(store)).toEqual([]);
  });

  test("a removal holds against its value, in either order, and outlives it", () => {
    const { store, clock } = storeOf();
    store.take(valueOf("v"), partner);
    expect(store.remove(KEY, bytes("guess"), null)).toEqual([]);
    expect(store.remove(KEY, SECRET, hex(sha256(bytes("other"))))).toEqual([]);
    expect(store.remove(KEY, SECRET, null)).toHaveLength(1);
    expect(live(store)).toEqual([]);
    clock.nowMs = 59_000;
    expect(store.take(valueOf("v", { stamp: 9, ttlMs: 100_000 }), partner)).toMatchObject({
      kind: "older",
    });
    clock.nowMs = 159_000;
    expect(store.take(valueOf("v", { ttlMs: 1_000 }), partner)).toMatchObject({ kind: "older" });
  });

  test("the higher sequence holds", () => {
    const { store } = storeOf();
    store.take(signedOf(2, "two"), partner);
    expect(store.take(signedOf(1, "one"), partner)).toMatchObject({
      kind: "older",
      why: "a record with sequence number 2 is here: a new one needs a higher number",
    });
    expect(store.take(signedOf(3, "three"), partner)).toEqual({ kind: "kept" });
    expect(store.size).toBe(1);
  });

  test("nobody writes a second one with the same sequence; replicas that met both agree on one", () => {
    const { store } = storeOf();
    store.take(signedOf(2, "two"), writer("w"));
    expect(store.take(signedOf(2, "two"), writer("w"))).toEqual({ kind: "known" });
    for (const value of ["zwei", "deux", "dos", "due"]) {
      expect(store.take(signedOf(2, value), writer("w"))).toMatchObject({ kind: "older" });
    }
    const { slot, version } = signedOf(2, "two");
    expect(store.get(slot)?.version).toBe(version);
  });

  test("replicas that took the same records in any order agree", () => {
    const records = [
      valueOf("a"),
      valueOf("a", { stamp: 7 }),
      valueOf("b", { key: "cd".repeat(20) }),
      valueOf("c"),
      signedOf(1, "one"),
      signedOf(2, "two"),
      signedOf(2, "deux"),
    ];
    const removal = storeOf();
    removal.store.take(valueOf("c"), partner);
    const [removed] = removal.store.remove(KEY, SECRET, null);
    const all = [...records, { ...removed!, ttlMs: 60_000 }];
    const order = fc.shuffledSubarray(all, { minLength: all.length });
    fc.assert(
      fc.property(order, order, (one, other) => {
        const [a, b] = [storeOf().store, storeOf().store];
        for (const sound of one) a.take(sound, partner);
        for (const sound of other) b.take(sound, partner);
        expect(a.summary(ALL)).toEqual(b.summary(ALL));
      }),
    );
  });
});

describe("what fits", () => {
  test("one writer gets a third, the next one a quarter, and there is room for one more", () => {
    const { store, fairUse } = storeOf(300_000);
    const fill = (account: string) => {
      let count = 0;
      const put = () => {
        const key = hex(sha256(bytes(`${account} ${count}`))).slice(0, 40);
        return store.take(valueOf("v", { key }), writer(account));
      };
      while (put().kind === "kept") count += 1;
      return (count * 801) / 300_000;
    };
    expect(fill("first")).toBeCloseTo(1 / 3, 1);
    expect(fill("second")).toBeGreaterThan(0.2);
    expect(fill("third")).toBeGreaterThan(0.1);
    expect(fairUse.usedBytes).toBeLessThan(300_000);
  });

  test("one writer may not fill a key that others write to", () => {
    const { store } = storeOf(1e9);
    let count = 0;
    while (store.take(valueOf(`v ${count}`), writer("one")).kind === "kept") count += 1;
    expect(count).toBeGreaterThan(300);
    expect(count).toBeLessThan(MAX_KEY_RECORDS / 2);
    expect(store.take(valueOf("another's"), writer("two"))).toEqual({ kind: "kept" });
  });

  test("what was dropped, replaced or expired is counted no more", () => {
    const { store, clock, fairUse, shelf } = storeOf();
    for (let i = 0; i < 10; i++) store.take(valueOf("v".repeat(100 * i + 1), {}), partner);
    store.remove(KEY, SECRET, null);
    clock.nowMs = 10 ** 7;
    store.sweep(100);
    expect([store.size, fairUse.usedBytes, store.keys.length, shelf.size]).toEqual([0, 0, 0, 0]);
  });
});

describe("pages and pieces", () => {
  test("pages bring every value once, in order, whatever their size", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ maxLength: 20 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        (contents, limit) => {
          const { store } = storeOf();
          for (const content of contents) store.take(valueOf(content), partner);
          const slots: string[] = [];
          for (let after = "", more = true; more; after = slots.at(-1) ?? "") {
            const page = store.page({ ...query, after, limit });
            slots.push(...page.records.map(({ slot }) => slot));
            ({ more } = page);
          }
          const distinct = new Set(contents.map((content) => hex(bytes(content))));
          expect(slots).toHaveLength(distinct.size);
          expect(slots).toEqual([...new Set(slots)].toSorted());
        },
      ),
    );
  });

  test("the digest of a piece is of what lies in it, both ends included", () => {
    const { store } = storeOf();
    const keys = ["11", "55", "aa"].map((digit) => digit.repeat(20));
    for (const key of keys) store.take(valueOf("v", { key }), partner);
    const within = (low: string, high: string) => store.within({ low, high });
    expect(within(keys[0]!, keys[1]!).map(({ record }) => record.key)).toEqual(keys.slice(0, 2));
    expect(store.summary({ low: keys[1]!, high: ALL.high })).toEqual(
      summaryOf(within(keys[1]!, keys[2]!)),
    );
    expect(store.summary({ low: ALL.low, high: "1".padEnd(40, "0") }).count).toBe(0);
  });

  test("a digest that was asked for before is that of what is there now", () => {
    const { store, clock } = storeOf();
    const isTrue = () => {
      expect(store.summary(ALL)).toEqual(summaryOf(store.within(ALL)));
      return store.summary(ALL).count;
    };
    store.take(valueOf("short", { ttlMs: 20_000 }), partner);
    store.take(valueOf("long"), partner);
    expect(isTrue()).toBe(2);
    store.take(valueOf("more"), partner);
    expect(isTrue()).toBe(3);
    // Renewed: another version.
    store.take(valueOf("more", { stamp: 2 }), partner);
    expect(isTrue()).toBe(3);
    store.drop(valueOf("long").slot);
    expect(isTrue()).toBe(2);
    // What is about to expire is left out, though nothing else happened.
    clock.nowMs = 14_999;
    expect(isTrue()).toBe(2);
    clock.nowMs = 15_000;
    expect(isTrue()).toBe(1);
  });
});
