import { expect, test } from "vitest";
import type { Channel } from "../link/channel.ts";
import { type ChannelPair, channelContract } from "./contracts/channel.ts";
import { type TransportPair, transportContract } from "./contracts/transport.ts";
import { GOOD_NETWORK, MemoryNetwork, type NetworkConditions } from "./memory-network.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

function networkOf(conditions: Partial<NetworkConditions> = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, new SeededRandom(1), { ...GOOD_NETWORK, ...conditions });
  return { clock, network };
}

/** How a contract lets time pass: here it costs nothing. */
function timeOf(clock: VirtualClock): Pick<ChannelPair, "until" | "settle"> {
  return {
    until: async (what, isSo) => {
      for (let ms = 0; ms < 60_000 && !isSo(); ms += 10) clock.advance(10);
      if (!isSo()) throw new Error(`this never came about: ${what}`);
    },
    settle: async () => clock.advance(10_000),
  };
}

async function channelPair(): Promise<ChannelPair> {
  const { clock, network } = networkOf({ bytesPerSecond: 1_000_000 });
  const [near, far] = network.connect(network.newHost(), network.newHost());
  return { near, far, ...timeOf(clock) };
}

async function transportPair(): Promise<TransportPair> {
  const { clock, network } = networkOf();
  const [near, far] = [network.newHost(), network.newHost()].map((host) => network.transport(host));
  return { near: near!, far: far!, ...timeOf(clock) };
}

const contracts = [
  ...channelContract("a memory channel", channelPair),
  ...transportContract("the memory transport", transportPair),
];

test.each(contracts)("$title", async (contract) => {
  await expect(contract.run()).resolves.toBeUndefined();
});

/** The first bytes of the frames an end gets. */
function heardBy(channel: Channel): number[] {
  const heard: number[] = [];
  channel.attach({
    message: (frame) => heard.push(frame[0]!),
    drained: () => {},
    closed: () => heard.push(-1),
  });
  return heard;
}

function sendMany(channel: Channel, count: number): void {
  for (let i = 0; i < count; i++) channel.send(Uint8Array.of(i));
}

test("a crashed host falls silent: nobody is told, and it hears nothing", () => {
  const { clock, network } = networkOf();
  const [a, b] = [network.newHost(), network.newHost()];
  const [near, far] = network.connect(a, b);
  const [atNear, atFar] = [heardBy(near), heardBy(far)];
  sendMany(near, 1);
  b.isUp = false;
  sendMany(far, 1);
  far.close();
  clock.advance(1_000);
  expect([atNear, atFar]).toEqual([[], []]);
});

test("the parts of a partition do not hear each other until it heals", () => {
  const { clock, network } = networkOf();
  const [a, b] = [network.newHost(), network.newHost()];
  const [near, far] = network.connect(a, b);
  const heard = heardBy(far);
  b.part = 1;
  near.send(Uint8Array.of(1));
  clock.advance(1_000);
  b.part = 0;
  near.send(Uint8Array.of(2));
  clock.advance(1_000);
  expect(heard).toEqual([2]);
});

test.each([
  { conditions: { loss: 1 }, heard: 0 },
  { conditions: { loss: 0 }, heard: 100 },
  { conditions: { duplication: 1 }, heard: 200 },
])("of 100 frames $heard arrive with $conditions", ({ conditions, heard }) => {
  const { clock, network } = networkOf(conditions);
  const [near, far] = network.connect(network.newHost(), network.newHost());
  const got = heardBy(far);
  sendMany(near, 100);
  clock.advance(1_000);
  expect(got).toHaveLength(heard);
});

test("some of the frames are lost where some shall be", () => {
  const { clock, network } = networkOf({ loss: 0.5 });
  const [near, far] = network.connect(network.newHost(), network.newHost());
  const got = heardBy(far);
  sendMany(near, 200);
  clock.advance(1_000);
  expect(got.length).toBeGreaterThan(60);
  expect(got.length).toBeLessThan(140);
});

test("where frames may be overtaken some are, and none is lost", () => {
  const { clock, network } = networkOf({ reordering: 0.5 });
  const [near, far] = network.connect(network.newHost(), network.newHost());
  const got = heardBy(far);
  sendMany(near, 100);
  clock.advance(1_000);
  const inOrder = Array.from({ length: 100 }, (_, i) => i);
  expect(got).not.toEqual(inOrder);
  expect(got.toSorted((a, b) => a - b)).toEqual(inOrder);
});

test("pairs that can never connect are the same from both sides, and fail after a while", () => {
  const { clock, network } = networkOf({ nonTransitive: 0.5 });
  const hosts = Array.from({ length: 20 }, () => network.newHost());
  const pairs = hosts.flatMap((a, i) => hosts.slice(i + 1).map((b) => [a, b] as const));
  const apart = pairs.filter(([a, b]) => !network.canConnect(a, b));
  expect(apart.length).toBeGreaterThan(50);
  expect(apart.length).toBeLessThan(140);
  for (const [a, b] of pairs) expect(network.canConnect(a, b)).toBe(network.canConnect(b, a));

  const [a, b] = apart[0]!;
  const told: string[] = [];
  const dial = network.transport(a).dial({
    offered: (offer) =>
      network.transport(b).answer(offer, {
        answered: (answer) => dial.accept(answer),
        opened: () => told.push("answerer opened"),
        failed: () => told.push("answerer failed"),
      }),
    opened: () => told.push("dialer opened"),
    failed: () => told.push("dialer failed"),
  });
  clock.advance(10_000);
  expect(told).toEqual(["dialer failed", "answerer failed"]);
});

test("traffic counts the frames and bytes that were sent", () => {
  const { network } = networkOf();
  const [near] = network.connect(network.newHost(), network.newHost());
  near.send(new Uint8Array(10));
  near.send(new Uint8Array(5));
  expect(network.traffic).toEqual({ frames: 2, bytes: 15 });
});

test("one seed gives one run", () => {
  const run = () => {
    const { clock, network } = networkOf({ loss: 0.2, duplication: 0.2, reordering: 0.2 });
    const [near, far] = network.connect(network.newHost(), network.newHost());
    const got = heardBy(far);
    sendMany(near, 100);
    clock.advance(1_000);
    return got;
  };
  expect(run()).toEqual(run());
});
