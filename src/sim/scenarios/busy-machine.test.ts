/** All nodes on one slow machine, as twenty tabs of one browser: a burst of messages must not become a flood of second tries. */
import { expect, test } from "vitest";
import { faultsOf } from "../oracle.ts";
import { type Lookup, World } from "../world.ts";

const NODES = 20;
const EACH = 200;

test.each([
  // A frame, and each KiB of it, in ms: about what 20 tabs on two cores were seen to take, and when others use these as well.
  { frameMs: 0.5, mostForwards: 1.1, because: "no hop is slower than its time-out" },
  { frameMs: 1, mostForwards: 1.8, because: "hops that are only busy do not count as lost" },
])(
  "4,000 lookups at the same moment, $frameMs ms a frame: all right, few sent twice, for $because",
  ({ frameMs, mostForwards }) => {
    const world = World.ofNodes(NODES, { seed: 31, conditions: { latencyMs: 1, jitterMs: 1 } });
    world.network.conditions = { ...world.network.conditions, frameMs };
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
    expect(sum("routed.forwarded") - before).toBeLessThan(mostForwards * needed);
    expect(sum("routed.resent")).toBe(0);
    // A hop is three frames at the most (message, acknowledgement, receipt), of which many share one.
    expect(tookMs).toBeLessThan(3 * needed * frameMs);
  },
);
