import { expect, test } from "vitest";
import { keyOf } from "../id/hash.ts";
import type { RouteResult } from "../kbr/routing.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import type { BodyOf } from "../wire/messages.ts";
import { Routed } from "../wire/routed.ts";
import { Receipts, afterDetour, sendingOf } from "./receipts.ts";

const [SOURCE, ROOT] = [keyOf("source"), keyOf("root")];

function message(messageId: number): Routed {
  return Routed.make({
    key: keyOf("key"),
    source: SOURCE,
    messageId,
    appId: "ab".repeat(16),
    perHop: false,
    wantsReceipt: true,
    traced: false,
    exact: false,
    locator: "",
    data: Uint8Array.of(1),
  });
}

function receipt(messageId: number, changes: Partial<BodyOf<"receipt">> = {}): BodyOf<"receipt"> {
  return {
    messageId,
    source: SOURCE,
    outcome: "delivered",
    by: ROOT,
    hops: 3,
    why: "",
    trace: [SOURCE, ROOT],
    body: Uint8Array.of(5),
    ...changes,
  };
}

/** Sends again after 4 s, at most `mostResends` times. What is sent leaves at once, while `way.isOpen`. */
function setUp(mostResends = 1) {
  const way = { isOpen: true, hopTimeoutMs: 1_000 };
  const rules = { resendMs: 4_000, mostResends, hopTimeoutMs: () => way.hopTimeoutMs };
  const clock = new VirtualClock();
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const resent: Routed[] = [];
  const leave = (messageId: number) => {
    if (way.isOpen) receipts.sent(messageId);
  };
  const receipts = new Receipts(env, rules, (again) => {
    resent.push(again);
    leave(again.messageId);
  });
  const results: RouteResult[] = [];
  const expectOne = (messageId: number, timeoutMs: number) => {
    receipts.expect(message(messageId), timeoutMs, (result) => results.push(result));
    leave(messageId);
  };
  return { clock, way, receipts, resent, results, expectOne };
}

test.each([
  {
    outcome: "delivered" as const,
    why: "",
    result: { kind: "delivered", root: ROOT, hops: 3 },
  },
  {
    outcome: "refused" as const,
    why: "not here",
    result: { kind: "refused", by: ROOT, why: "not here" },
  },
  {
    outcome: "unreachable" as const,
    why: "hop limit spent",
    result: { kind: "unreachable", why: "hop limit spent" },
  },
])("a receipt that says $outcome settles it, once", ({ outcome, why, result }) => {
  const { clock, receipts, results, resent, expectOne } = setUp();
  expectOne(1, 10_000);
  expect(receipts.settle(receipt(1, { outcome, why }))).toBe(true);
  expect(receipts.settle(receipt(1))).toBe(false);
  clock.advance(60_000);
  expect(results).toEqual([{ receipt: result, trace: [SOURCE, ROOT], body: Uint8Array.of(5) }]);
  expect(resent).toEqual([]);
  expect(receipts.count).toBe(0);
});

test("a receipt that nobody waits for settles nothing", () => {
  const { receipts, results, expectOne } = setUp();
  expectOne(1, 10_000);
  expect(receipts.settle(receipt(2))).toBe(false);
  expect(results).toEqual([]);
  expect([receipts.has(1), receipts.has(2)]).toEqual([true, false]);
});

test.each([
  { timeoutMs: 10_000, mostResends: 1, resentAtMs: [4_000] },
  { timeoutMs: 10_000, mostResends: 0, resentAtMs: [] },
  { timeoutMs: 30_000, mostResends: 2, resentAtMs: [4_000, 12_000] },
  { timeoutMs: 30_000, mostResends: 9, resentAtMs: [4_000, 12_000, 28_000] },
  { timeoutMs: 4_000, mostResends: 9, resentAtMs: [] },
  { timeoutMs: 4_001, mostResends: 9, resentAtMs: [4_000] },
  { timeoutMs: 100, mostResends: 9, resentAtMs: [] },
])("silence ends after $timeoutMs ms; it is sent again at $resentAtMs", (row) => {
  const { clock, results, resent, expectOne } = setUp(row.mostResends);
  expectOne(1, row.timeoutMs);
  const atMs: number[] = [];
  for (let ms = 1; ms < row.timeoutMs; ms++) {
    const before = resent.length;
    clock.advance(1);
    if (resent.length > before) atMs.push(clock.now());
  }
  expect(results).toEqual([]);
  clock.advance(1);
  expect(results).toMatchObject([{ receipt: { kind: "timed-out", afterMs: row.timeoutMs } }]);
  expect(atMs).toEqual(row.resentAtMs);
  clock.advance(60_000);
  expect(results).toHaveLength(1);
});

test("what is sent again is the same message as a later attempt, and nobody else's bytes", () => {
  const { clock, resent, expectOne } = setUp(2);
  expectOne(1, 20_000);
  clock.advance(4_000);
  // A hop that works on it must not change what is kept.
  resent[0]!.countHop();
  resent[0]!.attempt = 99;
  clock.advance(8_000);
  expect(resent.map(({ messageId }) => messageId)).toEqual([1, 1]);
  expect(resent[1]!.hopsMade).toBe(0);
  expect(resent[1]!.attempt).toBe(32);
  expect(resent[1]!.data).toEqual(Uint8Array.of(1));
});

test("what waits for its turn here is not sent again; its silence counts from when it leaves", () => {
  const { clock, way, receipts, resent, results, expectOne } = setUp();
  way.isOpen = false;
  expectOne(1, 20_000);
  clock.advance(9_000);
  expect(resent).toEqual([]);
  receipts.sent(1);
  clock.advance(3_999);
  expect(resent).toEqual([]);
  clock.advance(1);
  expect(resent).toHaveLength(1);
  clock.advance(7_000);
  expect(results).toMatchObject([{ receipt: { kind: "timed-out", afterMs: 20_000 } }]);
});

test("where each hop takes long the way may too: four hop time-outs", () => {
  const { clock, way, resent, expectOne } = setUp();
  expectOne(1, 20_000);
  clock.advance(3_000);
  way.hopTimeoutMs = 2_500;
  clock.advance(6_999);
  expect(resent).toEqual([]);
  clock.advance(1);
  expect(resent).toHaveLength(1);
});

test("a receipt for the second attempt settles it as well", () => {
  const { clock, receipts, results, expectOne } = setUp();
  expectOne(1, 10_000);
  clock.advance(5_000);
  expect(receipts.settle(receipt(1))).toBe(true);
  clock.advance(60_000);
  expect(results).toMatchObject([{ receipt: { kind: "delivered" } }]);
});

test("when the node leaves, everything that waits ends at once", () => {
  const { clock, receipts, results, resent, expectOne } = setUp();
  for (let id = 0; id < 5; id++) expectOne(id, 10_000);
  receipts.close("this node left");
  receipts.close("this node left");
  expect(results).toHaveLength(5);
  expect(results[4]).toEqual({
    receipt: { kind: "unreachable", why: "this node left" },
    trace: [],
    body: new Uint8Array(0),
  });
  clock.advance(60_000);
  expect([results.length, resent.length, receipts.count]).toEqual([5, 0, 0]);
});

test.each([
  { attempt: 0, after: 1 },
  { attempt: 14, after: 15 },
  { attempt: 15, after: 15 },
  { attempt: 16, after: 17 },
  { attempt: 31, after: 31 },
  { attempt: 255, after: 255 },
])("after attempt $attempt a detour counts as $after, which belongs to the same sending", (row) => {
  expect(afterDetour(row.attempt)).toBe(row.after);
  expect(sendingOf(row.after)).toBe(sendingOf(row.attempt));
});
