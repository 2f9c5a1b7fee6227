/**
 * A group of all nodes while nodes come and go, and while the network is split:
 * what is sent while one is a member comes to it, once and in order.
 *
 * Its size may be another: `PROST_CAST_CHURN="nodes=1000,medianS=300"`.
 */
import { expect, test } from "vitest";
import { DAY_MS, LATE_MS, castOf, joinAll, made, ofPeers, spread, textsOf } from "./cast-world.ts";
import { comeAndGo } from "./sessions.ts";
import { sizesFrom } from "./sizes.ts";
import { splitForAMinute } from "./split-network.ts";
import type { SimNode } from "../world.ts";

/** Another size than the usual one may take an hour. */
const timeout = process.env["PROST_CAST_CHURN"] === undefined ? 120_000 : 7_200_000;

test(
  "while nodes come and go a member gets all that is sent from its join on, once and in order",
  { timeout },
  async () => {
    // A node tells the last 200 messages: no more are sent.
    const { nodes, minutes, medianS, everyMs, seed } = sizesFrom("PROST_CAST_CHURN", {
      ...{ nodes: 60, minutes: 2, medianS: 100, everyMs: 1_000, seed: 12 },
    });
    const startMs = performance.now();
    const world = await ofPeers(nodes, seed);
    const first = [...world.nodes];
    await joinAll(world, first, "all", 25);
    await world.pass(5_000);

    const sentMs: number[] = [];
    /** The first message that must come to a node; the nodes of the beginning get all. */
    const since = new Map<SimNode, number>(first.map((node) => [node, 0]));
    const came = (node: SimNode) => {
      world
        .layer(node)
        .peerlets.install(made.file)
        .then(() => castOf(world, node).join("all"))
        .then(() => since.set(node, sentMs.length))
        // Who went before it was in does not care.
        .catch(() => {});
    };
    const senders = first.slice(0, 4);
    const end = comeAndGo(world, { medianS, seed, stays: new Set(senders), came });
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < (minutes * 60_000) / everyMs; i++) {
      sentMs.push(world.clock.now());
      sends.push(castOf(world, senders[i % senders.length]!).multicast("all", String(i)));
      await world.pass(everyMs);
    }
    const went = end();
    await world.until(Promise.all(sends), 60_000);
    await world.pass(20_000);

    const counts = { members: 0, newcomers: 0, messages: 0, lost: 0, twice: 0, unordered: 0 };
    const tookMs: number[] = [];
    for (const [node, from] of since) {
      if (!world.nodes.has(node)) continue;
      const received = await world.until(castOf(world, node).received("all"));
      for (const { data, atMs } of received) tookMs.push(atMs - DAY_MS - sentMs[Number(data)]!);
      const texts = textsOf(received).map(Number);
      const own = new Set(texts);
      counts.members += 1;
      if (!first.includes(node)) counts.newcomers += 1;
      counts.messages += sentMs.length - from;
      for (let i = from; i < sentMs.length; i++) if (!own.has(i)) counts.lost += 1;
      counts.twice += texts.length - own.size;
      for (const s of senders.keys()) {
        const mine = texts.filter((i) => i % senders.length === s);
        if (mine.some((i, at) => at > 0 && i < mine[at - 1]!)) counts.unordered += 1;
      }
    }
    const tookS = ((performance.now() - startMs) / 1_000).toFixed(0);
    const late = tookMs.filter((ms) => ms > LATE_MS).length;
    console.log(`${nodes} nodes, ${went} went`, counts, { late, ...spread(tookMs) }, `${tookS} s`);
    expect(counts).toMatchObject({ lost: 0, twice: 0, unordered: 0 });
    expect(counts.newcomers).toBeGreaterThan(went / 2);
  },
);

test.each([
  { seed: 1, apart: 20 },
  { seed: 2, apart: 20 },
  { seed: 1, apart: 1 },
  { seed: 2, apart: 1 },
  { seed: 3, apart: 1 },
])(
  "$apart of 40 nodes that were apart for a minute are in one tree with the others again (seed $seed)",
  async ({ seed, apart }) => {
    const world = await ofPeers(40, seed);
    const nodes = [...world.nodes];
    await joinAll(world, nodes, "all");
    const half = new Set(world.sample(apart));
    const [one, other] = [[...half][0]!, nodes.find((node) => !half.has(node))!];
    const send = async (from: SimNode, text: string) =>
      world.until(castOf(world, from).multicast("all", text), 60_000);
    await splitForAMinute(world, half, async () => {
      await send(one, "in one half");
      await send(other, "in the other half");
    });
    await world.pass(10_000);
    await send(one, "from one");
    await send(other, "from the other");
    await world.pass(10_000);
    for (const node of nodes) {
      const texts = textsOf(await world.until(castOf(world, node).received("all")));
      expect(texts).toEqual(
        expect.arrayContaining(["in one half", "in the other half", "from one", "from the other"]),
      );
      expect(new Set(texts).size).toBe(texts.length);
    }
  },
);
