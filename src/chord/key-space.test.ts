import { describe, expect, test } from "vitest";
import type { Id } from "../id/id.ts";
import { fractionOf, inOpenClosed, plus, ringDistance } from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { World, rootOf } from "../sim/world.ts";
import { rangeOf } from "./key-space.ts";
import { RingView } from "./ring-view.ts";

/** A ring of `count` nodes that has come to rest. */
function ringOf(count: number, seed: number): World {
  const world = new World({ seed });
  world.grow(count, 1_500);
  world.run(20_000);
  return world;
}

/** The truth: the root of a key, then who would be root as the earlier ones fail. */
function trueReplicas(world: World, key: Id, count: number): Id[] {
  const ids = world.sortedIds();
  const first = ids.indexOf(rootOf(key, ids));
  const most = Math.min(count, ids.length);
  return Array.from({ length: most }, (_, i) => ids[(first + i) % ids.length]!);
}

/** Where a wrong bracket shows: every id, what is beside it, and a few keys in between. */
function keysOf(world: World): Id[] {
  const ids = world.sortedIds();
  const random = Array.from({ length: 20 }, () => world.randomKey());
  return [...ids, ...ids.map((id) => plus(id, 1n)), ...ids.map((id) => plus(id, -1n)), ...random];
}

function holds({ from, to }: { from: Id; to: Id }, key: Id): boolean {
  return key === from || inOpenClosed(key, from, to);
}

const same = (a: readonly Id[], b: readonly Id[]) => a.join() === b.join();

/** In these every node knows every other one. */
describe.each([1, 2, 3, 4, 5, 9])("in a ring of %d", (count) => {
  const world = ringOf(count, count);
  const nodes = [...world.nodes].map(({ node }) => node);
  const keys = keysOf(world);

  test("the replica set of a key is the truth, at every node and for every rank", () => {
    expect(world.sortedIds()).toHaveLength(count);
    for (const key of keys) {
      for (const rank of [0, 1, 2, count, count + 3]) {
        const truth = trueReplicas(world, key, rank);
        expect(nodes.filter((node) => !same(node.replicaSet(key, rank), truth))).toEqual([]);
      }
    }
  });

  test("a key is in the range of a node exactly when the node is in its replica set", () => {
    for (const node of nodes.slice(0, 4)) {
      for (const id of world.sortedIds()) {
        for (const rank of [1, 2, count, count + 1]) {
          const range = node.range(id, rank, id)!;
          expect(range).not.toBeNull();
          const wrong = keys.filter(
            (key) => holds(range, key) !== node.replicaSet(key, rank).includes(id),
          );
          expect(wrong).toEqual([]);
        }
      }
    }
  });

  test("a lookup names the root, and this node only when it is that itself", () => {
    for (const key of keys) {
      const root = rootOf(key, world.sortedIds());
      for (const node of nodes) {
        const [safe, any] = [true, false].map((isSafe) => node.localLookup(key, 3, isSafe));
        const isRoot = root === node.id;
        expect([safe!.includes(node.id), any!.includes(node.id)]).toEqual([isRoot, isRoot]);
        expect(any).toContain(root);
        for (const hops of [safe!, any!]) {
          expect(new Set(hops).size).toBe(hops.length);
          expect(hops.length).toBeLessThanOrEqual(isRoot ? 1 : 3);
        }
      }
    }
  });

  test("the neighbour set is all the others, when as many are asked for", () => {
    for (const node of nodes) {
      const others = world.sortedIds().filter((id) => id !== node.id);
      expect(node.neighborSet(100).toSorted()).toEqual(others);
      expect(node.neighborSet(2)).toHaveLength(Math.min(2, others.length));
      expect(node.neighborSet(0)).toEqual([]);
    }
  });

  test("a node that nobody knows has no range", () => {
    for (const node of nodes) expect(node.range(world.randomKey(), 1, node.id)).toBeNull();
  });
});

describe("in a ring of 40, where nobody knows everybody", () => {
  const world = ringOf(40, 40);
  const nodes = world.sample(15).map(({ node }) => node);
  const keys = keysOf(world);

  test("a replica set begins like the truth, and names no wrong node", () => {
    for (const key of keys) {
      const truth = trueReplicas(world, key, 5);
      const wrong = nodes.filter((node) => {
        const found = node.replicaSet(key, 5);
        return !same(found, truth.slice(0, found.length));
      });
      expect(wrong).toEqual([]);
    }
  });

  test("a node knows its own range and those of its neighbours, and they are the truth", () => {
    for (const node of nodes) {
      for (const id of [node.id, ...node.neighborSet(2)]) {
        for (const rank of [1, 2, 3]) {
          const range = node.range(id, rank, id)!;
          expect(range).not.toBeNull();
          const wrong = keys.filter(
            (key) => holds(range, key) !== trueReplicas(world, key, rank).includes(id),
          );
          expect(wrong).toEqual([]);
        }
      }
    }
  });

  test("a safe lookup names none but linked nodes, the nearest to the key first", () => {
    for (const node of nodes) {
      for (const key of keys) {
        const hops = node.localLookup(key, 8, true);
        if (hops[0] === node.id) continue;
        expect(hops.every((id) => node.links.get(id)?.isOpen)).toBe(true);
        const distances = hops.map((id) => ringDistance(id, key));
        expect(distances).toEqual(distances.toSorted((a, b) => (a < b ? -1 : 1)));
      }
    }
  });

  test("every lookup names somebody: the root at the root, else a linked node", () => {
    for (const node of nodes) {
      for (const key of keys) {
        const isRoot = rootOf(key, world.sortedIds()) === node.id;
        const hops = node.localLookup(key, 4, false);
        expect(hops.length).toBeGreaterThan(0);
        expect(hops.includes(node.id)).toBe(isRoot);
        expect(hops.every((id) => isRoot || node.links.get(id)?.isOpen)).toBe(true);
      }
    }
  });
});

test("a node that knows its two neighbours alone gives no range of rank 3", () => {
  const env = { clock: new VirtualClock(), random: new SeededRandom(1), log: { debug: () => {} } };
  const idOf = (digit: string) => digit.repeat(40) as Id;
  const view = new RingView(idOf("5"), env, 8);
  const link = (digit: string, predecessors: string[], successors: string[]) => ({
    id: idOf(digit),
    at: fractionOf(idOf(digit)),
    isOpen: true,
    isMember: true,
    state: { links: [], predecessors: predecessors.map(idOf), successors: successors.map(idOf) },
  });
  view.told(link("4", [], ["5"]) as unknown as Link);
  view.told(link("6", ["5"], []) as unknown as Link);
  // Between 6 and 4, clockwise, there may be any number of nodes.
  expect(rangeOf(view, idOf("5"), 1)).toEqual({ from: plus(idOf("4"), 1n), to: idOf("5") });
  expect(rangeOf(view, idOf("5"), 3)).toBeNull();
});
