/** Rings of few nodes whose tabs are all loaded again in the same moment, as when a browser starts anew. */
import { beforeAll, expect, test } from "vitest";
import { keyOf } from "../../id/hash.ts";
import { type MadePackage, PeerletWorld, makePackage } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";
import { codeOf } from "./bundle.ts";

interface Dht {
  put(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<{ readonly values: readonly { readonly value: Uint8Array }[] }>;
}

let dht: MadePackage;

beforeAll(async () => {
  const wants = { messagesPerSecond: 500, callsOpen: 64, storageBytes: 16_777_216 };
  dht = makePackage({ name: "dht", salt: "dht", code: await codeOf("dht"), wants });
});

test.each([1, 2, 3])(
  "a ring of %i has what it acknowledged when all of it is loaded again at once",
  async (count) => {
    const world = await PeerletWorld.ofPeers(count, { seed: 11 });
    const nodes = [...world.nodes];
    const on = (node: SimNode) => world.layer(node).peerlets.local(dht.appId) as unknown as Dht;
    for (const node of nodes) await world.until(world.layer(node).peerlets.install(dht.file));
    await world.pass(2_000);
    // More than there are timers for, and read before all is read from the disk.
    const keys = Array.from({ length: 200 }, (_, i) => keyOf(`value ${i}`));
    await world.until(Promise.all(keys.map((key) => on(nodes[0]!).put(key, `it is ${key}`))));
    for (const node of nodes) world.crash(node);
    const again = nodes.map((node) => world.add(node.secret));
    await world.passUntil(() => again.every(({ node }) => node.isMember));
    const read = await world.until(Promise.all(keys.map((key) => on(again.at(-1)!).get(key))));
    const texts = read.map(({ values: [first] }) => first && new TextDecoder().decode(first.value));
    expect(texts).toEqual(keys.map((key) => `it is ${key}`));
  },
);
