import { expect, test } from "vitest";
import { BrowserClock, BrowserRandom } from "./browser-env.ts";

class FakeTime {
  steady = 1_000;
  wall = 1_700_000_000_000;
  steadyMs(): number {
    return this.steady;
  }
  wallMs(): number {
    return this.wall;
  }
  pass(steadyMs: number, wallMs = steadyMs): void {
    this.steady += steadyMs;
    this.wall += wallMs;
  }
}

test("the clock runs with the steady clock", () => {
  const time = new FakeTime();
  const clock = new BrowserClock(time);
  const start = clock.now();
  time.pass(250);
  expect(clock.now() - start).toBe(250);
});

test("a night's sleep shows, though the steady clock stood still", () => {
  const time = new FakeTime();
  const clock = new BrowserClock(time);
  const start = clock.now();
  time.pass(10, 8 * 3_600_000);
  expect(clock.now() - start).toBe(8 * 3_600_000);
  time.pass(5);
  expect(clock.now() - start).toBe(8 * 3_600_000 + 5);
});

test.each([
  { what: "set back", wallMs: -3_600_000 },
  { what: "set right by a little", wallMs: 2_000 },
])("a wall clock that is $what changes nothing", ({ wallMs }) => {
  const time = new FakeTime();
  const clock = new BrowserClock(time);
  const start = clock.now();
  time.pass(100, wallMs);
  expect(clock.now() - start).toBe(100);
});

test("the clock does not run backwards when the browser's does", () => {
  const time = new FakeTime();
  const clock = new BrowserClock(time);
  const start = clock.now();
  time.pass(-50);
  expect(clock.now()).toBe(start);
});

test("draws are in [0, 1), spread evenly, and no two streams are the same", () => {
  const random = new BrowserRandom();
  const draws = Array.from({ length: 10_000 }, () => random.next());
  expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  // The mean of 10,000 has a standard deviation of 0.003.
  expect(Math.abs(draws.reduce((sum, draw) => sum + draw, 0) / draws.length - 0.5)).toBeLessThan(
    0.03,
  );
  expect(random.fork("a").next()).not.toBe(random.fork("a").next());
});

test("more bytes are drawn than the browser gives in one call", () => {
  const bytes = new BrowserRandom().bytes(200_000);
  expect(bytes).toHaveLength(200_000);
  expect(bytes.subarray(199_900).some((byte) => byte !== 0)).toBe(true);
});
