import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import { type ChannelPair, channelContract } from "../sim/contracts/channel.ts";
import { type Host, GOOD_NETWORK, MemoryNetwork } from "../sim/memory-network.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import type { Channel } from "./channel.ts";
import { Link } from "./link.ts";
import { Relay } from "./relay.ts";

interface Node {
  readonly id: Id;
  readonly host: Host;
  readonly counters: Counters;
  readonly links: Map<Id, Link>;
  readonly relay: Relay;
  readonly knocked: { from: Id; channel: Channel }[];
}

/** `near` and `far` are linked to `middle`, and not to each other; `stranger` to nobody's far. */
function setUp(bytesPerSecond = 1_000_000) {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const env = { clock, random, log: { debug: () => {} } };
  const network = new MemoryNetwork(clock, random, { ...GOOD_NETWORK, bytesPerSecond });
  const node = (name: string): Node => {
    const links = new Map<Id, Link>();
    const counters = new Counters();
    const knocked: Node["knocked"] = [];
    const relay = new Relay(clock, counters, keyOf(name), {
      linkTo: (id) => links.get(id),
      knocked: (from, channel) => knocked.push({ from, channel }),
    });
    return { id: keyOf(name), host: network.newHost(), counters, links, relay, knocked };
  };
  const attach = (to: Node, other: Node, channel: Channel) => {
    const peer = { id: other.id, publicKey: new Uint8Array(32), instance: 1, transcript: "" };
    const link = new Link(env, to.counters, channel, peer, "initiator", "direct", {
      message: (from, message) => {
        if (message.tag === "relay") to.relay.take(from, message.body);
      },
      routed: () => {},
      closed: (from) => {
        to.links.delete(from.id);
        to.relay.linkClosed(from);
      },
    });
    to.links.set(other.id, link);
    channel.attach(link.channelEvents);
  };
  const join = (a: Node, b: Node) => {
    const [atA, atB] = network.connect(a.host, b.host);
    attach(a, b, atA);
    attach(b, a, atB);
  };
  const [near, middle, far, stranger] = ["near", "middle", "far", "stranger"].map(node);
  join(near!, middle!);
  join(far!, middle!);
  join(stranger!, middle!);
  /** A channel from `near` to `far`, and its other end. */
  const opened = (): [Channel, Channel] => {
    const before = far!.knocked.length;
    const channel = near!.relay.open(far!.id, near!.links.get(middle!.id)!)!;
    clock.advance(1_000);
    return [channel, far!.knocked[before]!.channel];
  };
  return { clock, near: near!, middle: middle!, far: far!, stranger: stranger!, opened };
}

function heardBy(channel: Channel): string[] {
  const heard: string[] = [];
  channel.attach({
    message: (frame) => heard.push(frame.join()),
    drained: () => {},
    closed: (why) => heard.push(`closed: ${why}`),
  });
  return heard;
}

async function relayedPair(): Promise<ChannelPair> {
  const { clock, opened } = setUp();
  const [near, far] = opened();
  return {
    near,
    far,
    until: async (what, isSo) => {
      for (let ms = 0; ms < 60_000 && !isSo(); ms += 10) clock.advance(10);
      if (!isSo()) throw new Error(`this never came about: ${what}`);
    },
    settle: async () => clock.advance(10_000),
  };
}

test.each(channelContract("a relayed channel", relayedPair))("$title", async (contract) => {
  await expect(contract.run()).resolves.toBeUndefined();
});

test("who is knocked at learns from whom the channel comes", () => {
  const { near, far, opened } = setUp();
  opened();
  expect(far.knocked).toMatchObject([{ from: near.id }]);
});

test("no two channels between the same nodes can be taken for each other", () => {
  const { opened } = setUp();
  const bindings = [opened(), opened()].flat().map(({ binding }) => binding);
  expect(new Set(bindings.map(({ local }) => local)).size).toBe(4);
});

test("the node in between passes nothing on for a node that is not at the link's other end", () => {
  const { clock, near, middle, far, stranger, opened } = setUp();
  const [, atFar] = opened();
  const heard = heardBy(atFar);
  const forged = { from: near.id, to: far.id, kind: "frame", channel: 1 } as const;
  stranger.links.get(middle.id)!.send("relay", { ...forged, frame: Uint8Array.of(6) });
  stranger.links
    .get(middle.id)!
    .send("relay", { ...forged, kind: "close", frame: new Uint8Array(0) });
  clock.advance(1_000);
  expect(heard).toEqual([]);
  expect(middle.counters.get("relay.refused")).toBe(2);
  expect(stranger.links.get(middle.id)?.isOpen).toBe(true);
});

test("a channel to a node that the one in between does not know ends", () => {
  const { clock, near, middle } = setUp();
  const channel = near.relay.open(keyOf("nobody"), near.links.get(middle.id)!)!;
  const heard = heardBy(channel);
  clock.advance(1_000);
  expect(heard).toEqual([expect.stringMatching(/^closed: /)]);
});

test("when a link of the node in between ends, so do the channels through it, at both ends", () => {
  const { clock, near, middle, opened } = setUp();
  const [atNear, atFar] = opened();
  const [nearHeard, farHeard] = [heardBy(atNear), heardBy(atFar)];
  middle.links.get(near.id)!.close({ why: "x", leaving: false, predecessors: [], successors: [] });
  middle.links.delete(near.id);
  clock.advance(1_000);
  expect(nearHeard).toEqual([expect.stringMatching(/^closed: /)]);
  // Its own link lives: it learns when it sends.
  atFar.send(Uint8Array.of(1));
  clock.advance(1_000);
  expect(farHeard).toEqual([expect.stringMatching(/^closed: /)]);
});

test("frames of a channel that is not there are refused, and harm nothing", () => {
  const { clock, near, middle, far } = setUp();
  const body = { from: near.id, to: far.id, kind: "frame", channel: 99, frame: Uint8Array.of(1) };
  near.links.get(middle.id)!.send("relay", { ...body, kind: "frame" });
  clock.advance(1_000);
  expect(far.knocked).toEqual([]);
  expect(far.links.get(middle.id)?.isOpen).toBe(true);
});

test("no more than 4 channels go through one node, whoever opens them", () => {
  const { clock, near, middle, far } = setUp();
  const through = near.links.get(middle.id)!;
  const own = Array.from({ length: 20 }, () => near.relay.open(far.id, through));
  clock.advance(1_000);
  expect(own.filter((channel) => channel !== null)).toHaveLength(4);
  expect(far.knocked).toHaveLength(4);
  for (let channel = 100; channel < 120; channel++) {
    const body = { from: near.id, to: far.id, kind: "open" as const, channel };
    through.send("relay", { ...body, frame: new Uint8Array(0) });
  }
  clock.advance(1_000);
  expect(far.knocked).toHaveLength(4);
  // A channel that is closed makes room at both ends.
  own[0]!.close();
  clock.advance(1_000);
  expect(near.relay.open(far.id, through)).not.toBeNull();
  clock.advance(1_000);
  expect(far.knocked).toHaveLength(5);
});
