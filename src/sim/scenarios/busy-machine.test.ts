/** All nodes on one slow machine, as twenty tabs of one browser: a burst of messages must not become a flood of second tries. */
import { expect, test } from "vitest";
import { faultsOf } from "../oracle.ts";
import { type Lookup, World } from "../world.ts";

const NODES = 20;
const EACH = 200;
/** A frame and each KiB of it, in ms: about what 20 tabs on two cores were seen to take. */
const FRAME_MS = 0.5;

test("4,000 lookups at the same moment: all right, few sent twice", () => {
  const world = World.ofNodes(NODES, { seed: 31, conditions: { latencyMs: 1, jitterMs: 1 } });
  world.network.conditions = { ...world.network.conditions, frameMs: FRAME_MS };
  const sum = (name: string) =>
    [...world.nodes].reduce((all, { counters }) => all + counters.get(name), 0);
  const before = sum("routed.forwarded");
  const lookups: Lookup[] = [];
  for (const node of world.nodes) {
    for (let i = 0; i < EACH; i++)
      world.lookup(node, world.randomKey(), (one) => lookups.push(one));
  }
  const tookMs = world.runUntil(() => lookups.length === NODES * EACH, 60_000, 10);
  expect(faultsOf(lookups, world.sortedIds())).toEqual([]);
  const hops = lookups.map(({ result: { receipt } }) =>
    receipt.kind === "delivered" ? receipt.hops : 0,
  );
  const needed = hops.reduce((all, of) => all + of, 0);
  expect(sum("routed.forwarded") - before).toBeLessThan(1.1 * needed);
  // A hop is three frames at the most (message, acknowledgement, receipt), of which many share one.
  expect(tookMs).toBeLessThan(3 * needed * FRAME_MS);
});
