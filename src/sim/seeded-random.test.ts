import { expect, test } from "vitest";
import type { Random } from "../env/env.ts";
import { SeededRandom } from "./seeded-random.ts";

const draws = (random: Random, count = 20) => Array.from({ length: count }, () => random.next());

test.each([0, 1, 7, 2 ** 32 - 1, 2 ** 40 + 3])("seed %d gives the same run every time", (seed) => {
  expect(draws(new SeededRandom(seed))).toEqual(draws(new SeededRandom(seed)));
  expect(new SeededRandom(seed).bytes(16)).toEqual(new SeededRandom(seed).bytes(16));
});

test("another seed, also one of more than 32 bits, or another stream gives another run", () => {
  const runs = [
    new SeededRandom(1),
    new SeededRandom(2),
    new SeededRandom(1 + 2 ** 32),
    new SeededRandom(1, 1),
    new SeededRandom(1, 2),
  ].map((random) => draws(random, 4).join());
  expect(new Set(runs).size).toBe(runs.length);
});

test("draws lie in [0, 1) and spread over all of it", () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (const draw of draws(new SeededRandom(5), 10_000)) {
    expect(draw).toBeGreaterThanOrEqual(0);
    expect(draw).toBeLessThan(1);
    tenths[Math.floor(draw * 10)]! += 1;
  }
  // The standard deviation is 30.
  expect(Math.min(...tenths)).toBeGreaterThan(850);
  expect(Math.max(...tenths)).toBeLessThan(1_150);
});

test("every byte comes up, as many as were asked for", () => {
  const bytes = new SeededRandom(3).bytes(10_000);
  expect(bytes).toHaveLength(10_000);
  expect(new Set(bytes).size).toBe(256);
});

test("what a fork draws never shifts the draws of its parent, nor of another fork", () => {
  const withDraws = new SeededRandom(9);
  const [one, two] = [withDraws.fork("one"), withDraws.fork("two")];
  draws(one);
  const without = new SeededRandom(9);
  without.fork("one");
  const other = without.fork("two");
  expect(draws(two)).toEqual(draws(other));
  expect(draws(withDraws)).toEqual(draws(without));
});

test("forks by different labels differ", () => {
  expect(draws(new SeededRandom(9).fork("a"))).not.toEqual(draws(new SeededRandom(9).fork("b")));
});

test("pick takes any of the items", () => {
  const random = new SeededRandom(4);
  const picked = new Set(Array.from({ length: 100 }, () => random.pick(["a", "b", "c"])));
  expect(picked).toEqual(new Set(["a", "b", "c"]));
});
