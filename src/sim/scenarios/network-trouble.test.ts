/** Frames that are lost, doubled, or overtaken; and pairs that can never connect. */
import { expect, test } from "vitest";
import { faultsOf } from "../oracle.ts";
import { World } from "../world.ts";
import { expectEnded, expectLookupsRight, expectPerfectRingWithin } from "./expect.ts";

const NODES = 30;

test.each([
  { trouble: "a tenth of the frames comes twice", conditions: { duplication: 0.1 } },
  { trouble: "a third of the frames may be overtaken", conditions: { reordering: 0.3 } },
  { trouble: "1 % of the frames is lost", conditions: { loss: 0.01 } },
  { trouble: "2 % of the frames is lost", conditions: { loss: 0.02 } },
  {
    trouble: "frames are lost, doubled and overtaken",
    conditions: { loss: 0.01, duplication: 0.05, reordering: 0.2 },
  },
])("while $trouble, no lookup stays without an answer; then all is right", ({ conditions }) => {
  const world = new World({ seed: 11, conditions });
  world.growFast(NODES);
  world.run(20_000);
  const lookups = world.lookups(200, 20);
  expectEnded(world, lookups, 200);
  const failed = lookups.filter(({ result }) => result.receipt.kind !== "delivered");
  // The source sends again once after 4 s, so a lost frame rarely ends a lookup.
  expect(failed.length).toBeLessThan(10);

  world.network.conditions = {
    ...world.network.conditions,
    loss: 0,
    duplication: 0,
    reordering: 0,
  };
  expectPerfectRingWithin(world, 60_000);
  expectLookupsRight(world, 100);
});

test("where 5 % of the pairs can never connect, every lookup ends and nearly all are right", () => {
  const world = new World({ seed: 12, conditions: { nonTransitive: 0.05 } });
  world.growFast(NODES);
  world.run(60_000);
  const lookups = world.lookups(300, 20);
  expectEnded(world, lookups, 300);
  expect(faultsOf(lookups, world.sortedIds()).length).toBeLessThanOrEqual(3);
});
