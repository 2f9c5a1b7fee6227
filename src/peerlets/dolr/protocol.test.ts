import { describe, expect, test } from "vitest";
import { MAX_HOPS, MAX_ROUTED_BYTES, MAX_SKIPPED } from "./limits.ts";
import { type Search, decode, encode, readIds, readSearch, readTold } from "./protocol.ts";
import { CallRate, Rate } from "./rates.ts";

const ID = "ab".repeat(20);
const search: Search = {
  id: "cd".repeat(16),
  attempt: 1,
  sender: ID,
  want: 16,
  skip: Array.from({ length: MAX_SKIPPED }, () => ID),
  hops: MAX_HOPS,
};

describe("what is routed", () => {
  test.each([{ op: "publish", from: ID } as const, { op: "send", search } as const])(
    "$op is read as it was written, the largest one too",
    (routed) => {
      expect(decode(encode(routed))).toEqual(routed);
    },
  );

  test.each([
    { what: "no JSON", said: "{" },
    { what: "null", said: "null" },
    { what: "a list", said: "[]" },
    { what: "another op", said: JSON.stringify({ op: "put", from: ID }) },
    { what: "a publish from no id", said: JSON.stringify({ op: "publish", from: "x" }) },
    { what: "a send of nothing", said: JSON.stringify({ op: "send" }) },
    {
      what: "too many bytes",
      said: JSON.stringify({ op: "publish", from: ID }).padEnd(MAX_ROUTED_BYTES + 1),
    },
  ])("$what is none", ({ said }) => {
    expect(decode(new TextEncoder().encode(said))).toBeNull();
  });
});

test.each([
  { over: { id: "cd" } },
  { over: { attempt: -1 } },
  { over: { attempt: 1.5 } },
  { over: { sender: "AB".repeat(20) } },
  { over: { want: 0 } },
  { over: { want: 17 } },
  { over: { hops: MAX_HOPS + 1 } },
  { over: { hops: "1" } },
  { over: { skip: null } },
  { over: { skip: [1] } },
  { over: { skip: Array.from({ length: MAX_SKIPPED + 1 }, () => ID) } },
])("a search with $over is none", ({ over }) => {
  expect(readSearch({ ...search, ...over })).toBeNull();
});

test("what else is said with a search is not passed on", () => {
  expect(readSearch({ ...search, more: "x".repeat(1_000) })).toEqual(search);
});

test.each([
  { over: { objectId: "x" } },
  { over: { publisher: null } },
  { over: { hops: -1 } },
  { over: { ttlMs: 0 } },
  { over: { ttlMs: Number.NaN } },
  { over: { ttlMs: "1" } },
])("a pointer with $over is none", ({ over }) => {
  expect(readTold({ objectId: ID, publisher: ID, hops: 1, ttlMs: 1, ...over })).toBeNull();
});

test("a list of ids has its bound", () => {
  expect(readIds([ID, ID], 2)).toEqual([ID, ID]);
  expect(readIds([ID, ID], 1)).toBeNull();
  expect(readIds({ length: 0 }, 1)).toBeNull();
});

describe("rates", () => {
  test("a burst, and then as time passes", () => {
    const clock = { nowMs: 0 };
    const rate = new Rate(() => clock.nowMs, 2, 10);
    expect([rate.admits(), rate.admits(), rate.admits()]).toEqual([true, true, false]);
    clock.nowMs = 100;
    expect([rate.admits(), rate.admits()]).toEqual([true, false]);
    clock.nowMs = 100_000;
    expect([rate.admits(3), rate.admits(2)]).toEqual([false, true]);
  });

  test("one node that calls without end does not use up another's", () => {
    const rate = new CallRate(() => 0);
    for (let i = 0; i < 1_000; i++) rate.admits("loud");
    expect([rate.admits("loud"), rate.admits("quiet")]).toEqual([false, true]);
  });
});
