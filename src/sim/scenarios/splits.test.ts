/** The network or the server is away for a while: one ring afterwards. */
import { expect, test } from "vitest";
import { World } from "../world.ts";
import { expectLookupsRight, expectPerfectRing, expectPerfectRingWithin } from "./expect.ts";

/** From the healing until the ring is one, in ms: gates that lost their server come back, and compare once in 10 s. */
const MERGE_MS = 60_000;

test.each([1, 2, 3])("a ring that was cut in halves for 60 s is one again (seed %i)", (seed) => {
  const world = World.ofNodes(40, { seed });
  const half = new Set(world.sample(20));
  world.partition((node) => half.has(node));
  world.run(60_000);
  world.heal();
  expectPerfectRingWithin(world, MERGE_MS);
  expectLookupsRight(world, 200);
});

test.each([1, 2, 3])(
  "two rings born apart, each with a server of its own, become one (seed %i)",
  (seed) => {
    const world = new World({ seed, servers: 2 });
    world.servers[1]!.host.part = 1;
    for (let i = 0; i < 20; i++) {
      world.add(undefined, i % 2);
      world.run(500);
    }
    world.run(20_000);
    expect(world.servers.map((server) => server.gateCount)).toEqual([10, 10]);
    world.heal();
    expectPerfectRingWithin(world, MERGE_MS);
    expectLookupsRight(world, 100);
  },
);

test("without its server a ring lives on: it routes, repairs, and opens links", () => {
  const world = World.ofNodes(30, { seed: 4 });
  world.server.stop();
  world.run(10_000);
  expectLookupsRight(world, 100);
  for (const node of world.sample(6)) world.crash(node);
  for (const node of world.sample(4)) world.leave(node);
  expectPerfectRingWithin(world, 30_000);
  expectLookupsRight(world, 100);
});

test("when its server is back, newcomers join the same ring", () => {
  const world = World.ofNodes(20, { seed: 5 });
  world.server.stop();
  world.run(30_000);
  // These come too early: they wait.
  for (let i = 0; i < 3; i++) world.add();
  world.run(10_000);
  expect(world.members()).toHaveLength(20);
  world.server.start();
  for (let i = 0; i < 3; i++) world.add();
  expectPerfectRingWithin(world, MERGE_MS);
  expectLookupsRight(world, 100);
});

test.each([1, 2, 3, 4, 5])(
  "ten nodes at the same instant on a fresh server are one ring (seed %i)",
  (seed) => {
    const world = new World({ seed });
    for (let i = 0; i < 10; i++) world.add();
    world.run(10_000);
    expectPerfectRing(world);
    expectLookupsRight(world, 50);
  },
);
