import { expect, test } from "vitest";
import { Rate } from "./rate.ts";

function allowed(rate: Rate, tries: number, nowMs: number): number {
  return Array.from({ length: tries }, () => rate.allows(nowMs)).filter(Boolean).length;
}

test("a burst is allowed at once, and not one more", () => {
  expect(allowed(new Rate(5, 2, 1_000), 10, 1_000)).toBe(5);
});

test.each([
  { afterMs: 499, more: 0, because: "half a second is one token" },
  { afterMs: 500, more: 1, because: "half a second is one token" },
  { afterMs: 1_000, more: 2, because: "a second is two" },
  { afterMs: 3_600_000, more: 5, because: "it never saves more than the burst" },
])("$afterMs ms after the burst $more more are allowed, because $because", ({ afterMs, more }) => {
  const rate = new Rate(5, 2, 0);
  expect(allowed(rate, 5, 0)).toBe(5);
  expect(allowed(rate, 10, afterMs)).toBe(more);
});

test("asking often in vain costs nothing", () => {
  const rate = new Rate(1, 1, 0);
  expect(rate.allows(0)).toBe(true);
  for (let ms = 0; ms < 1_000; ms += 125) expect(rate.allows(ms)).toBe(false);
  expect(rate.allows(1_000)).toBe(true);
});
