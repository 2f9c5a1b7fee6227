import { expect, test } from "vitest";
import { Rates } from "./rates.ts";

test("there is no rate before the second sample", () => {
  const rates = new Rates();
  expect(rates.perSecond(["a"])).toBe(0);
  rates.add(0, { a: 7 });
  expect(rates.perSecond(["a"])).toBe(0);
});

test("a rate is growth over time, over the last five seconds, and sums its names", () => {
  const rates = new Rates();
  rates.add(0, { a: 0, b: 0 });
  rates.add(10_000, { a: 1000, b: 0 });
  rates.add(12_000, { a: 1010, b: 4 });
  expect(rates.perSecond(["a"])).toBe(5);
  expect(rates.perSecond(["a", "b"])).toBe(7);
});

test("a counter that starts anew is no negative rate, and an unknown one is zero", () => {
  const rates = new Rates();
  rates.add(0, { a: 500 });
  rates.add(1000, { a: 3 });
  expect(rates.perSecond(["a"])).toBe(0);
  expect(rates.perSecond(["nobody"])).toBe(0);
});

test("history covers a minute, the latest last, and forgets what is older", () => {
  const rates = new Rates();
  for (let second = 0; second <= 200; second++) {
    rates.add(second * 1000, { a: second <= 180 ? 0 : (second - 180) * 2 });
  }
  expect(rates.history(["a"], 6)).toEqual([0, 0, 0, 0, 2, 2]);
});
