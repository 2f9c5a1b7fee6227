import { expect, test } from "vitest";
import type { Grant } from "../peer/grant.ts";
import { Budget, BURST_SECONDS } from "./budget.ts";

const GRANT: Grant = {
  cpuShare: 0.5,
  storageBytes: 1_000,
  messagesPerSecond: 10,
  callsOpen: 4,
  bytesPerSecond: 10_000,
  messageBytes: 2_000,
  timers: 4,
  memoryBytes: 1_000_000,
};

/** How many empty messages pass at this instant. */
function passing(budget: Budget, nowMs: number): number {
  let count = 0;
  while (budget.spend(0, nowMs) === null) count += 1;
  return count;
}

test("some seconds' worth of messages may come at once, and then the mean holds", () => {
  const budget = new Budget(GRANT, 0);
  expect(passing(budget, 0)).toBe(10 * BURST_SECONDS);
  expect(passing(budget, 1_000)).toBe(10);
  expect(passing(budget, 60_000)).toBe(10 * BURST_SECONDS);
});

test("it says which of the two was overdrawn", () => {
  const budget = new Budget(GRANT, 0);
  expect(budget.spend(49_000, 0)).toBe(null);
  expect(budget.spend(2_000, 0)).toBe("bytes");
  expect(budget.spend(500, 0)).toBe(null);
  passing(budget, 0);
  expect(budget.spend(0, 0)).not.toBe(null);
});

test("answers are no messages, but their bytes count", () => {
  const budget = new Budget({ ...GRANT, bytesPerSecond: 1e6 }, 0);
  passing(budget, 0);
  expect(budget.spend(0, 0)).toBe("messages");
  expect(budget.spend(0, 0, true)).toBe(null);
  expect(budget.spend(1e7, 0, true)).toBe("bytes");
});

test("one message of the size granted passes, however few bytes a second are", () => {
  const budget = new Budget({ ...GRANT, bytesPerSecond: 1 }, 0);
  expect(budget.spend(2_000, 0)).toBe(null);
  expect(budget.spend(2_000, 0)).toBe("bytes");
});

test("what was spent is told once", () => {
  const budget = new Budget(GRANT, 0);
  budget.spend(100, 0);
  budget.spend(100, 0, true);
  const { messages, bytes } = budget.takeSpent();
  expect(messages).toBe(1);
  expect(bytes).toBeGreaterThanOrEqual(200);
  expect(budget.takeSpent()).toEqual({ messages: 0, bytes: 0 });
});
