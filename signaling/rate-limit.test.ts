import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

const params = { burst: 3, perSecond: 2, maxAddresses: 2 };

function takeAll(limit: RateLimit, address: string): number {
  let taken = 0;
  while (limit.take(address)) taken += 1;
  return taken;
}

test("a burst passes, and then as many as the rate says", () => {
  let nowMs = 0;
  const limit = new RateLimit(params, () => nowMs);
  expect(takeAll(limit, "a")).toBe(3);
  nowMs += 1000;
  expect(takeAll(limit, "a")).toBe(2);
  nowMs += 60_000;
  expect(takeAll(limit, "a")).toBe(3);
});

test("one address does not use up another's", () => {
  const limit = new RateLimit(params, () => 0);
  expect(takeAll(limit, "a")).toBe(3);
  expect(takeAll(limit, "b")).toBe(3);
});

test("a full table lets strangers share a bucket, and forgets the idle", () => {
  let nowMs = 0;
  const limit = new RateLimit(params, () => nowMs);
  takeAll(limit, "a");
  takeAll(limit, "b");
  expect(takeAll(limit, "c")).toBe(3);
  expect(takeAll(limit, "d")).toBe(0);
  nowMs += 60_000;
  expect(takeAll(limit, "e")).toBe(3);
  expect(takeAll(limit, "f")).toBe(3);
});
