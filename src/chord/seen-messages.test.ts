import { expect, test } from "vitest";
import { keyOf } from "../id/hash.ts";
import { type Passage, SeenMessages } from "./seen-messages.ts";

const passage = (attempt = 0): Passage => ({
  from: keyOf("from"),
  attempt,
  receipt: null,
  receiptPassed: false,
  delivered: false,
});

test("what was set is found, and what was set later in its place", () => {
  const seen = new SeenMessages(10, 1_000);
  const [first, second] = [passage(), passage(1)];
  seen.set(7, first, 0);
  expect(seen.get(7)).toBe(first);
  seen.set(7, second, 10);
  expect(seen.get(7)).toBe(second);
  expect(seen.get(8)).toBeUndefined();
});

test("it remembers at least the last of each generation, and never more than two of them", () => {
  const seen = new SeenMessages(100, 1_000);
  for (let id = 0; id < 10_000; id++) {
    seen.set(id, passage(), 0);
    for (const recent of [id, Math.max(0, id - 99)]) expect(seen.get(recent)).toBeDefined();
    expect(seen.get(id - 200)).toBeUndefined();
  }
});

test("it remembers for at least the age of a generation, and forgets after two", () => {
  const seen = new SeenMessages(1_000, 1_000);
  seen.set(1, passage(), 500);
  seen.set(2, passage(), 1_001);
  expect(seen.get(1)).toBeDefined();
  seen.set(3, passage(), 2_001);
  expect([1, 2, 3].map((id) => seen.get(id) !== undefined)).toEqual([true, true, true]);
  seen.set(4, passage(), 2_002);
  seen.set(5, passage(), 3_100);
  expect(seen.get(1)).toBeUndefined();
});

test("a message that comes again becomes young again", () => {
  const seen = new SeenMessages(2, 1_000_000);
  seen.set(1, passage(), 0);
  seen.set(2, passage(), 0);
  seen.set(3, passage(), 0);
  seen.set(1, passage(1), 0);
  seen.set(4, passage(), 0);
  expect(seen.get(1)?.attempt).toBe(1);
});
