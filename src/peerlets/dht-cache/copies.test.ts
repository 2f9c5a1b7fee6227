import { expect, test } from "vitest";
import { Asked } from "./asked.ts";
import { Copies } from "./copies.ts";
import { ASKED_MS, COPY_BYTES, MAX_ASKED } from "./limits.ts";

const bytes = (count: number) => new Uint8Array(count);

function setUp(maxBytes = 10_000) {
  const time = { ms: 0 };
  return { time, copies: new Copies(() => time.ms, maxBytes), asked: new Asked(() => time.ms) };
}

test("a copy is there until its time is over, and its bytes with it", () => {
  const { time, copies } = setUp();
  copies.put("k", bytes(10), 1_000);
  time.ms = 400;
  expect(copies.get("k")).toEqual({ value: bytes(10), ttlMs: 600 });
  time.ms = 1_000;
  expect(copies.has("k")).toBe(false);
  expect(copies.get("k")).toBeNull();
  expect([copies.size, copies.bytes]).toEqual([0, 0]);
});

test("the same again makes it last longer, never shorter, and counts once", () => {
  const { time, copies } = setUp();
  copies.put("k", bytes(10), 1_000);
  copies.put("k", bytes(10), 100);
  expect(copies.bytes).toBe(10 + COPY_BYTES);
  copies.put("k", bytes(10), 2_000);
  time.ms = 1_500;
  expect(copies.get("k")?.ttlMs).toBe(500);
});

test("what was used longest ago goes first, and the bound holds", () => {
  const { copies } = setUp(3 * (100 + COPY_BYTES));
  for (const key of ["a", "b", "c"]) copies.put(key, bytes(100), 1_000);
  copies.get("a");
  copies.put("d", bytes(100), 1_000);
  expect(["a", "b", "c", "d"].filter((key) => copies.has(key))).toEqual(["a", "c", "d"]);
  expect(copies.bytes).toBe(3 * (100 + COPY_BYTES));
});

test.each([
  { what: "more than all of the room", size: 10_000, ttlMs: 1_000 },
  { what: "no time left", size: 1, ttlMs: 0 },
  { what: "less than none", size: 1, ttlMs: -5 },
  { what: "a time that is no number", size: 1, ttlMs: Number.NaN },
])("$what is not kept, and puts nothing out", ({ size, ttlMs }) => {
  const { copies } = setUp();
  copies.put("old", bytes(1), 1_000);
  copies.put("k", bytes(size), ttlMs);
  expect([copies.has("k"), copies.has("old")]).toEqual([false, true]);
});

test("what was asked for is forgotten in time, when told, and when too many came after it", () => {
  const { time, asked } = setUp();
  asked.note("k");
  time.ms = ASKED_MS;
  expect(asked.has("k")).toBe(true);
  time.ms += 1;
  expect(asked.has("k")).toBe(false);
  asked.note("k");
  asked.forget("k");
  expect(asked.has("k")).toBe(false);
  asked.note("k");
  for (let i = 0; i < MAX_ASKED; i++) asked.note(`other ${i}`);
  expect(asked.has("k")).toBe(false);
});
