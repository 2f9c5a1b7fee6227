/**
 * Zave's invariant over a thousand seeds of random joins, leaves and crashes.
 * A seed that fails is printed with the last of what happened, and is replayed
 * by `npm run sim -- --scenario invariant --seed N`.
 */
import { expect, test } from "vitest";
import { randomRun } from "./random-ring.ts";

const SEEDS = 1_000;
/** A test each, so that a slow machine's runner hears from it now and then. */
const BATCH = 100;

function expectToHold(seed: number): void {
  const { faults, lines } = randomRun(seed);
  if (faults.length === 0) return;
  const why = [...lines, ...faults].join("\n");
  expect.fail(`seed ${seed}: npm run sim -- --scenario invariant --seed ${seed}\n${why}`);
}

const batches = Array.from({ length: SEEDS / BATCH }, (_, i) => i * BATCH);

test.each(batches)(
  "the invariant holds after every event, and the ring comes right (seeds from %i)",
  (from) => {
    for (let seed = from; seed < from + BATCH; seed++) expectToHold(seed);
  },
);

/** Each breaks the ring when what is named is taken out again. */
test.each([
  { seed: 1, without: "a node being believed only about what lies beyond it" },
  { seed: 145, without: "the last words of a neighbour that died" },
  { seed: 717, without: "the last words of a neighbour that died" },
  { seed: 481, without: "taking successors for predecessors in a small ring" },
  { seed: 511, without: "taking successors for predecessors in a small ring" },
])("... and with seed $seed, which fails without $without", ({ seed }) => {
  expectToHold(seed);
});

test("the same seed gives the same run, another seed another", () => {
  expect(randomRun(7).digest).toBe(randomRun(7).digest);
  expect(randomRun(7).digest).not.toBe(randomRun(8).digest);
});
