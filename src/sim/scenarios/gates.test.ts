/** About 16 members hold a connection to the server, whatever the size of the ring. */
import { expect, test } from "vitest";
import { World } from "../world.ts";
import { expectPerfectRingWithin } from "./expect.ts";

test.each([
  { nodes: 5, least: 5, most: 5 },
  { nodes: 30, least: 14, most: 24 },
  { nodes: 150, least: 14, most: 24 },
])("$nodes nodes have $least to $most gates", ({ nodes, least, most }) => {
  const world = World.ofNodes(nodes, { seed: 3 });
  world.run(60_000);
  expect(world.server.gateCount).toBeGreaterThanOrEqual(least);
  expect(world.server.gateCount).toBeLessThanOrEqual(most);
  expect(world.server.clientCount).toBe(world.server.gateCount);
});

test("a whole room that opens the page at once does not stay at the gates", () => {
  const world = new World({ seed: 4, gates: { termMs: 30_000 } });
  for (let i = 0; i < 60; i++) world.add();
  world.settle();
  world.run(300_000);
  expect(world.server.gateCount).toBeGreaterThanOrEqual(14);
  expect(world.server.gateCount).toBeLessThanOrEqual(24);
});

test("when all gates crash, others step in, and a newcomer finds the same ring", () => {
  const world = World.ofNodes(50, { seed: 5 });
  for (const gate of gatesOf(world)) world.crash(gate);
  expect(world.server.gateCount).toBe(0);
  const newGates = world.runUntil(() => world.server.gateCount >= 8, 180_000);
  expect(newGates).not.toBeNull();
  world.add();
  expectPerfectRingWithin(world, 30_000);
});

test("gates take turns", () => {
  const world = World.ofNodes(50, { seed: 6, gates: { termMs: 20_000 } });
  const stood = new Set<string>();
  for (let i = 0; i < 30; i++) {
    world.run(10_000);
    for (const { id } of gatesOf(world)) stood.add(id);
    expect(world.server.gateCount).toBeGreaterThanOrEqual(10);
    expect(world.server.gateCount).toBeLessThanOrEqual(24);
  }
  expect(stood.size).toBeGreaterThan(40);
});

function gatesOf(world: World) {
  return [...world.nodes].filter(({ membership }) =>
    membership.signaling.some(({ state }) => state === "gate"),
  );
}
