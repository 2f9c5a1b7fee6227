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

/** Each broke the ring once. The names say what was wrong then. */
test.each([
  { seed: 1, because: "a receipt went to and fro between two nodes for ever" },
  { seed: 29, because: "in a ring smaller than the lists, nodes reminded each other of the dead" },
  { seed: 145, because: "what a neighbour had told was forgotten when it died" },
  { seed: 263, because: "a goodbye's lists were not read" },
  { seed: 316, because: "in a small ring the successors it knew were not taken for predecessors" },
  { seed: 958, because: "a node whose only links were newcomers did not look for the ring" },
  { seed: 1139, because: "the last words of one brought back another that died with it" },
])("... and with seed $seed, where once $because", ({ seed }) => {
  expectToHold(seed);
});

test("the same seed gives the same run, another seed another", () => {
  expect(randomRun(7).digest).toBe(randomRun(7).digest);
  expect(randomRun(7).digest).not.toBe(randomRun(8).digest);
});
