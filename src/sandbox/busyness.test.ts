import { expect, test } from "vitest";
import { Busyness, WINDOW_MS } from "./busyness.ts";

/** Looks every 100 ms for `seconds`; `tookMs` and `idleMs` of the n-th look. */
function after(seconds: number, tookMs: (n: number) => number, idleMs: () => number): Busyness {
  const busyness = new Busyness();
  for (let n = 1; n <= seconds * 10; n++) {
    busyness.add(n * 100, 100, tookMs(n), idleMs());
  }
  return busyness;
}

test("who always answers at once is idle", () => {
  expect(
    after(
      20,
      () => 0.5,
      () => 0.5,
    ).share(),
  ).toBe(0);
});

test("who is found busy every other time takes half of a core", () => {
  expect(
    after(
      20,
      (n) => (n % 2 === 0 ? 20 : 0.3),
      () => 0.3,
    ).share(),
  ).toBeCloseTo(0.5, 1);
});

test("a machine that is slow for all makes nobody busy", () => {
  expect(
    after(
      20,
      () => 40,
      () => 35,
    ).share(),
  ).toBe(0);
});

test("a machine that keeps now the worker waiting and now the idle thread makes nobody busy", () => {
  const tookMs = (n: number) => (n % 5 === 0 ? 20 : 0.3);
  let looks = 0;
  const idleMs = () => (++looks % 5 === 1 ? 20 : 0.3);
  expect(after(20, tookMs, idleMs).share()).toBe(0);
});

test("a machine that is slow for all in fits, of which questions to the idle thread meet one in four, makes nobody busy", () => {
  const tookMs = (n: number) => (n % 4 === 0 ? 30 : 0.3);
  let looks = 0;
  const idleMs = () => (++looks % 4 === 2 ? 30 : 0.3);
  expect(after(20, tookMs, idleMs).share()).toBe(0);
});

test("who makes the idle thread late gains a quarter of a core, and no more", () => {
  const tookMs = (n: number) => (n % 2 === 0 ? 20 : 0.3);
  let looks = 0;
  const idleMs = () => (++looks % 2 === 0 ? 0.3 : 20);
  expect(after(20, tookMs, idleMs).share()).toBeCloseTo(0.25);
});

test("a late look does not stand for all the time that we were late", () => {
  const busyness = after(
    9,
    () => 0.5,
    () => 0.5,
  );
  busyness.add(11_000, 2_000, 20, 0.5);
  expect(busyness.share()).toBeCloseTo(0.05);
});

test("one long wait counts for as long as it was", () => {
  const busyness = after(
    9,
    () => 0.5,
    () => 0.5,
  );
  busyness.add(11_000, 2_000, 2_000, 0.5);
  expect(busyness.share()).toBeCloseTo(0.2);
});

test("what is older than the window is forgotten", () => {
  const busyness = new Busyness();
  busyness.add(1_000, 1_000, 900, 0.5);
  expect(busyness.share()).toBeGreaterThan(0);
  busyness.add(1_000 + 2 * WINDOW_MS, 100, 0.5, 0.5);
  expect(busyness.share()).toBe(0);
});

test("a share is exceeded only beyond what so few looks may err, and a whole core never", () => {
  const half = after(
    20,
    (n) => (n % 2 === 0 ? 20 : 0.3),
    () => 0.3,
  );
  expect(half.exceeds(0.5)).toBe(false);
  expect(half.exceeds(0.2)).toBe(true);
  const always = after(
    20,
    () => 90,
    () => 0.3,
  );
  expect(always.exceeds(0.5)).toBe(true);
  expect(always.exceeds(1)).toBe(false);
});
