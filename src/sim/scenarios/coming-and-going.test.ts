/** Leaves, crashes and reloads in a ring of some size, and what lookups see of them. */
import { expect, test } from "vitest";
import { faultsOf, linkFaults } from "../oracle.ts";
import { type Lookup, type SimNode, World } from "../world.ts";
import { expectEnded, expectLookupsRight, expectPerfectRingWithin, expectRight } from "./expect.ts";

test("who was reloaded takes its place again", () => {
  const world = World.ofNodes(20, { seed: 1 });
  const [node] = world.sample(1);
  world.crash(node!);
  world.run(500);
  const again = world.add(node!.secret);
  expect(again.id).toBe(node!.id);
  expectPerfectRingWithin(world, 20_000);
  expect(world.sortedIds()).toContain(node!.id);
  expectLookupsRight(world, 100);
});

test.each([1, 2, 3])("a newcomer's very first questions are answered rightly (seed %i)", (seed) => {
  const world = World.ofNodes(60, { seed });
  for (let i = 0; i < 20; i++) {
    const lookups: Lookup[] = [];
    const newcomer = world.add();
    newcomer.node.events.on("member", () => {
      for (let j = 0; j < 10; j++) {
        world.lookup(newcomer, world.randomKey(), (lookup) => lookups.push(lookup));
      }
    });
    expectEnded(world, lookups, 10);
    expectRight(world, lookups);
    world.run(2_000);
  }
});

test("a leave is repaired within a second, and costs no lookup", () => {
  const world = World.ofNodes(30, { seed: 2 });
  for (const node of world.sample(5)) {
    const lookups: Lookup[] = [];
    const askSome = () => {
      for (const from of world.sample(10)) {
        world.lookup(from, world.randomKey(), (lookup) => lookups.push(lookup));
      }
    };
    const others = [...world.nodes].filter((other) => other !== node);
    for (const from of others.slice(0, 10)) {
      // What the leaver is the root of is in most danger.
      world.lookup(from, node.id, (lookup) => lookups.push(lookup));
    }
    world.leave(node);
    askSome();
    expect(world.runUntil(() => neighboursKnow(world, node), 1_000)).not.toBeNull();
    // The far ends of the lists take longer: until the last words of an earlier leaver are forgotten.
    expectPerfectRingWithin(world, 20_000);
    expectEnded(world, lookups, 20);
    const failed = lookups.filter(({ result }) => result.receipt.kind !== "delivered");
    expect(failed).toEqual([]);
  }
});

test.each([1, 2, 3])("a third crashes: every lookup during the repair ends (seed %i)", (seed) => {
  const world = World.ofNodes(60, { seed });
  const lookups: Lookup[] = [];
  for (const node of world.sample(20)) world.crash(node);
  for (let i = 0; i < 200; i++) {
    const [from] = world.sample(1);
    world.lookup(from!, world.randomKey(), (lookup) => lookups.push(lookup));
    world.run(100);
  }
  expectEnded(world, lookups, 200);
  // Nearly all are merely late.
  expect(faultsOf(lookups, world.sortedIds()).length).toBeLessThan(20);
  expectPerfectRingWithin(world, 30_000);
  expectLookupsRight(world, 200);
});

test.each([
  ...[3, 7, 27, 35, 37, 39].map((seed) => ({ seed, timersLateMs: 0, mostMs: 7_500 })),
  // On a busy machine every timer is late, and that must not keep a node from ever judging.
  ...[3, 7, 27].map((seed) => ({ seed, timersLateMs: 300, mostMs: 9_000 })),
])(
  "when five in a row crash, all are next to whom they should be, and linked, within $mostMs ms (timers late by $timersLateMs ms, seed $seed)",
  ({ seed, timersLateMs, mostMs }) => {
    const world = World.ofNodes(20, { seed, conditions: { latencyMs: 1, jitterMs: 1 } });
    world.run(5_000 + seed * 137);
    const gone = new Set(world.sortedIds().slice(seed % 15, (seed % 15) + 5));
    for (const node of [...world.nodes]) {
      node.host.timersLateMs = timersLateMs;
      if (gone.has(node.id)) world.crash(node);
    }
    const isWhole = () => linkFaults(world).length === 0 && areNextToEachOther(world);
    expect(world.runUntil(isWhole, mostMs)).not.toBeNull();
    expectLookupsRight(world, 100);
  },
);

test("under churn (median session 5 minutes, 100 nodes) lookups go on", () => {
  const world = World.ofNodes(100, { seed: 6 });
  const lookups: Lookup[] = [];
  for (let second = 0; second < 120; second++) {
    // 100 nodes with a mean session of 433 s: one goes every 4.3 s.
    if (second % 4 === 0) {
      const [goes] = world.sample(1);
      if (second % 8 === 0) world.crash(goes!);
      else world.leave(goes!);
      world.add();
    }
    for (const from of world.members().slice(0, 5)) {
      world.lookup(from, world.randomKey(), (lookup) => lookups.push(lookup));
    }
    world.run(1_000);
  }
  world.run(15_000);
  // What a node asked that then went has nobody to tell.
  const failed = lookups.filter(({ result }) => result.receipt.kind !== "delivered");
  expect(failed.length).toBeLessThan(lookups.length * 0.02);
  expectPerfectRingWithin(world, 60_000);
  expectRight(world, world.lookups(200, 50));
});

/** Nobody's successor or predecessor is the one that left. */
function neighboursKnow(world: World, left: SimNode): boolean {
  return ![...world.nodes].some(
    ({ node }) => node.view.successors[0] === left.id || node.view.predecessors[0] === left.id,
  );
}

/** Each has the right successor and predecessor, whatever it knows of those further away. */
function areNextToEachOther(world: World): boolean {
  const ids = world.sortedIds();
  return world.members().every(({ id, node: { view } }) => {
    const at = ids.indexOf(id);
    const isRight = view.successors[0] === ids[(at + 1) % ids.length];
    return isRight && view.predecessors[0] === ids.at(at - 1);
  });
}
