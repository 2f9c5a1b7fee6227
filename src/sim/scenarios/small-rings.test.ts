/** Rings of 1 to 5 tabs are daily life: joins, leaves and crashes one at a time. */
import { describe, expect, test } from "vitest";
import { violations } from "../invariants.ts";
import { World } from "../world.ts";
import { expectLookupsRight, expectPerfectRing, expectPerfectRingWithin } from "./expect.ts";

const SIZES = [1, 2, 3, 4, 5];

/** Once the last one has joined, its neighbours still have to hear of it, in ms. */
const JOIN_MS = 5_000;
/** Silence, pings without answer, and what neighbours tell each other, in ms. */
const REPAIR_MS = 15_000;

describe.each(SIZES)("a ring of %i", (size) => {
  test("is right, and so is every key", () => {
    const world = new World({ seed: size });
    for (let i = 0; i < size; i++) {
      world.add();
      world.run(2_000);
      expect(violations(world)).toEqual([]);
    }
    expectPerfectRingWithin(world, JOIN_MS);
    expectLookupsRight(world, 50);
  });

  test("is right after each of its nodes has left, one after the other", () => {
    const world = grown(size, 10 + size);
    for (const node of [...world.nodes].slice(1)) {
      world.leave(node);
      expectPerfectRingWithin(world, 1_000);
      expectLookupsRight(world, 20);
    }
  });

  test("is right after each of its nodes has crashed, one after the other", () => {
    const world = grown(size, 20 + size);
    for (const node of [...world.nodes].slice(1)) {
      world.crash(node);
      expectPerfectRingWithin(world, REPAIR_MS);
      expectLookupsRight(world, 20);
    }
  });

  test("takes in another node after any of these", () => {
    const world = grown(size, 30 + size);
    const [first] = world.sample(1);
    if (size > 1) world.crash(first!);
    world.add();
    world.run(30_000);
    expectPerfectRing(world);
    expectLookupsRight(world, 20);
  });
});

test("the first node may go: the others are a ring without it, and its server has gates", () => {
  const world = grown(4, 40);
  const [first] = world.nodes;
  world.crash(first!);
  expectPerfectRingWithin(world, REPAIR_MS);
  world.run(30_000);
  expect(world.server.gateCount).toBe(3);
});

function grown(size: number, seed: number): World {
  const world = new World({ seed });
  world.grow(size, 1_500);
  world.settle(5_000);
  return world;
}
