import { expect, test } from "vitest";
import { Calm } from "./calm.ts";

test("a page keeps still at first, and moves once its timers were on time for a while", () => {
  const calm = new Calm(1_000);
  expect(calm.isCalm(1_100)).toBe(true);
  calm.timerFired(3, 4_000);
  expect(calm.isCalm(5_100)).toBe(false);
});

test("a late timer makes it keep still again", () => {
  const calm = new Calm(0);
  calm.timerFired(120, 10_000);
  expect(calm.isCalm(12_000)).toBe(true);
  expect(calm.isCalm(14_001)).toBe(false);
});
