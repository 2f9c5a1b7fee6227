/** Peerlets that use another's service on their own node: it comes with them, under the same policy. */
import { expect, test } from "vitest";
import type { Plain } from "../../base/plain.ts";
import { keyOf } from "../../id/hash.ts";
import { rootOf } from "../oracle.ts";
import { PeerletWorld, makePackage } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

type Method = (...args: Plain[]) => Promise<Plain>;

/** Keeps a number for each of its clients, and tells them when it changed. */
const SHELF = `
export default (prost) => {
  const numbers = new Map();
  return {
    service: {
      add: async (client, by) => {
        numbers.set(client, (numbers.get(client) ?? 0) + by);
        await prost.tell(client, "added", { by, from: prost.self });
        return numbers.get(client);
      },
      wrong: () => { throw new Error("no such thing"); },
      tells: (_client, other) => prost.tell(other, "hello"),
    },
    local: { mine: () => [...numbers] },
  };
};`;

const CLIENT = `
export default (prost) => {
  const shelf = prost.service("shelf");
  const told = [];
  return {
    deliver: async () => void (await shelf.add(1)),
    told: (...what) => void told.push(what),
    local: {
      add: (by) => shelf.add(by),
      wrong: () => shelf.wrong(),
      none: () => shelf.none(),
      other: () => prost.service("other").add(1),
      tells: (appId) => shelf.tells(appId),
      told: () => told,
    },
  };
};`;

const shelf = makePackage({ name: "shelf", salt: "shelf", code: SHELF });
const client = makePackage({ name: "client", salt: "client", code: CLIENT, uses: { shelf } });
const SERVER = "https://code.example";

async function setUp(count = 12) {
  const world = await PeerletWorld.ofPeers(count, { seed: 3, codeServers: [SERVER] });
  for (const { manifest, parts } of [shelf, client]) {
    world.served.set(`${SERVER}/peerlets/${manifest.name}/manifest.json`, parts.manifest);
    world.served.set(`${SERVER}/peerlets/${manifest.name}/peerlet.js`, parts.code);
  }
  const [first, second] = [...world.nodes] as [SimNode, SimNode];
  const callLocal = (node: SimNode, appId: string, method: string, ...args: Plain[]) => {
    const called = world.layer(node).peerlets.local(appId)[method] as Method;
    return world.until(called(...args));
  };
  const local = (node: SimNode, method: string, ...args: Plain[]) =>
    callLocal(node, client.appId, method, ...args);
  const states = (node: SimNode) =>
    [shelf, client].map(({ appId }) => world.layer(node).peerlets.get(appId)?.state);
  return { world, first, second, callLocal, local, states };
}

test("what it uses is installed with it, is called in its name, and tells it", async () => {
  const { world, first, callLocal, local, states } = await setUp();
  await world.until(world.layer(first).peerlets.install(client.file));
  expect(await local(first, "add", 5)).toBe(5);
  expect(await local(first, "add", 2)).toBe(7);
  expect(states(first)).toEqual(["running", "running"]);
  expect(await local(first, "told")).toEqual([
    ["shelf", "added", { by: 5, from: first.id }],
    ["shelf", "added", { by: 2, from: first.id }],
  ]);
  expect(await callLocal(first, shelf.appId, "mine")).toEqual([[client.appId, 7]]);
});

test("it comes along to the nodes that messages reach, also when its code server is gone", async () => {
  const { world, first, states } = await setUp();
  await world.until(world.layer(first).peerlets.install(client.file));
  await world.passUntil(() => states(first).every((state) => state === "running"));
  world.served.clear();
  const key = keyOf("elsewhere");
  const receipt = await world.route(first, key, client.appId);
  expect(receipt.kind).toBe("delivered");
  const root = [...world.nodes].find(({ id }) => id === rootOf(key, world.sortedIds()))!;
  expect(root).not.toBe(first);
  expect(states(root)).toEqual(["running", "running"]);
  const elsewhere = [...world.nodes].filter((node) => node !== first && node !== root);
  expect(elsewhere.map((node) => states(node))).toEqual(
    elsewhere.map(() => [undefined, undefined]),
  );
});

test("the same policy: where it is denied, calls of it are refused with the reason", async () => {
  const { world, first, local, states } = await setUp();
  world.layer(first).manager.policy.deny(shelf.appId);
  await world.until(world.layer(first).peerlets.install(client.file));
  await expect(local(first, "add", 1)).rejects.toThrow(/shelf: denied/);
  expect(states(first)).toEqual(["refused", "running"]);
  world.layer(first).manager.policy.allow(shelf.appId);
  expect(await local(first, "add", 1)).toBe(1);
});

test("a higher version than the one that was packed will do", async () => {
  const { world, first, local } = await setUp();
  const newer = makePackage({ name: "shelf", salt: "shelf", version: "1.1.0", code: SHELF });
  world.served.set(`${SERVER}/peerlets/shelf/manifest.json`, newer.parts.manifest);
  await world.until(world.layer(first).peerlets.install(client.file));
  expect(await local(first, "add", 1)).toBe(1);
  expect(world.layer(first).peerlets.get(shelf.appId)?.version).toBe("1.1.0");
});

test("what is not there, or not named, or throws, rejects with a code and the name", async () => {
  const { world, first, second, local } = await setUp();
  await world.until(world.layer(first).peerlets.install(client.file));
  await expect(local(first, "wrong")).rejects.toThrow("shelf: no such thing");
  await expect(local(first, "none")).rejects.toThrow("shelf has no service method called none");
  await expect(local(first, "other")).rejects.toThrow('does not say that it uses "other"');
  // Only who uses it may be told something.
  const stranger = makePackage({ name: "stranger", salt: "stranger", code: CLIENT });
  await world.until(world.layer(first).peerlets.install(stranger.file));
  await expect(local(first, "tells", stranger.appId)).rejects.toThrow("uses this one");
  expect(world.layer(second).peerlets.list()).toEqual([]);
});

test("after a reload both are there, and an uninstalled one comes back when it is called", async () => {
  const { world, first, local } = await setUp();
  await world.until(world.layer(first).peerlets.install(client.file));
  await local(first, "add", 1);
  const again = world.restart(first);
  await world.passUntil(() => again.node.isMember);
  expect(await local(again, "add", 1)).toBe(1);
  await world.until(world.layer(again).peerlets.uninstall(shelf.appId));
  expect(await local(again, "add", 4)).toBe(4);
});
