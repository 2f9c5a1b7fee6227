import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { idOfBytes } from "../id/hash.ts";
import { type Host, GOOD_NETWORK, MemoryNetwork } from "../sim/memory-network.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { encode, writeHead } from "../wire/codec.ts";
import { type BodyOf, type Message, ROUTED_TAG } from "../wire/messages.ts";
import type { Channel } from "./channel.ts";
import type { LinkRole } from "./handshake.ts";
import { Link } from "./link.ts";
import { QUEUE_BYTES } from "./send-queue.ts";

/** One end of a link, and all that its owner was told. */
interface End {
  readonly link: Link;
  readonly channel: Channel;
  readonly host: Host;
  readonly counters: Counters;
  readonly messages: Message[];
  readonly routed: Uint8Array[];
  readonly closed: { why: string; goodbye: BodyOf<"goodbye"> | null }[];
}

/** A network where one way takes 30 ms. */
function setUp(bytesPerSecond = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const network = new MemoryNetwork(clock, random, {
    ...GOOD_NETWORK,
    jitterMs: 0,
    bytesPerSecond,
  });
  const endOf = (channel: Channel, host: Host, peerName: string, role: LinkRole): End => {
    const counters = new Counters();
    const told: Pick<End, "messages" | "routed" | "closed"> = {
      messages: [],
      routed: [],
      closed: [],
    };
    const publicKey = new TextEncoder().encode(peerName);
    const peer = { id: idOfBytes(publicKey), publicKey, instance: 1, transcript: "00" };
    const env = { clock, random, log: { debug: () => {} } };
    const link = new Link(env, counters, channel, peer, role, "direct", {
      message: (_link, message) => told.messages.push(message),
      routed: (_link, bytes) => told.routed.push(bytes),
      closed: (_link, why, goodbye) => told.closed.push({ why, goodbye }),
    });
    channel.attach(link.channelEvents);
    return { link, channel, host, counters, ...told };
  };
  const linked = (aName = "a", bName = "b"): [End, End] => {
    const [aHost, bHost] = [network.newHost(), network.newHost()];
    const [near, far] = network.connect(aHost, bHost);
    return [endOf(near, aHost, bName, "initiator"), endOf(far, bHost, aName, "responder")];
  };
  return { clock, network, linked };
}

function routed(bytes: number, byte = 0): Uint8Array {
  const message = new Uint8Array(bytes).fill(byte);
  writeHead(message, ROUTED_TAG);
  return message;
}

const bye = (why: string) => ({ why, leaving: false, predecessors: [], successors: [] });
const state: BodyOf<"state"> = {
  version: 1,
  wants: "long",
  member: true,
  predecessors: [],
  successors: [],
  links: [],
};

test("a ping is answered at once, and the round trip measured", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.link.stateVersionSent = 5;
  expect(a.link.rtt.smoothedMs).toBeNull();
  a.link.doubt();
  expect(a.link.isDoubted).toBe(true);
  clock.advance(100);
  expect(a.link.isDoubted).toBe(false);
  expect(a.link.rtt.smoothedMs).toBe(60);
  expect(b.messages).toEqual([{ tag: "ping", body: { serial: 1, stateVersion: 0 } }]);
  expect(a.messages).toEqual([{ tag: "pong", body: { serial: 1, stateVersion: 5 } }]);
});

test("a pong that answers no ping of ours measures nothing", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.link.send("pong", { serial: 9, stateVersion: 0 });
  clock.advance(100);
  expect(a.link.rtt.smoothedMs).toBeNull();
});

test("doubt upon doubt sends one ping, and another only after a while", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.host.isUp = false;
  for (let i = 0; i < 10; i++) a.link.doubt();
  clock.advance(10);
  expect(a.counters.get("frames.sent")).toBe(1);
  clock.advance(1_000);
  a.link.doubt();
  clock.advance(10);
  expect(a.counters.get("frames.sent")).toBe(2);
});

/** Watches once a second, as a round of maintenance does; when it was given up, in ms from now. */
function watched(end: End, clock: VirtualClock, mostMs: number): number | null {
  const startMs = clock.now();
  while (clock.now() - startMs < mostMs) {
    clock.advance(1_000);
    if (end.link.watch(2_000, 3_000) === null) return clock.now() - startMs;
  }
  return null;
}

test("a quiet link is pinged and lives", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  expect(watched(a, clock, 60_000)).toBeNull();
  expect(a.counters.get("frames.sent")).toBeGreaterThanOrEqual(20);
  expect(b.counters.get("frames.sent")).toBe(a.counters.get("frames.sent"));
});

test("a silent other end is dead after 2 s of quiet and 3 s of doubt", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.host.isUp = false;
  expect(watched(a, clock, 60_000)).toBe(5_000);
});

test("where round trips are long, silence means less", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.rtt.measured(400);
  b.host.isUp = false;
  const givenUpMs = watched(a, clock, 60_000)!;
  expect(givenUpMs).toBeGreaterThan(5_000);
  expect(givenUpMs).toBeLessThanOrEqual(10_000);
});

test("what was sent and not answered was owed since then, unless something came meanwhile", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.host.part = 1;
  clock.advance(1_000);
  const sentAtMs = clock.now() - 400;
  a.link.doubt(sentAtMs);
  expect(a.link.doubtedMs).toBe(400);
  a.link.forgive();
  expect(a.link.doubtedMs).toBe(0);
});

test("a link says when it is to be looked at again: when it may be quiet, at each ping, at its end", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.host.part = 1;
  const heardAtMs = a.link.heardAtMs;
  expect(a.link.watch(2_000, 3_000)).toBe(heardAtMs + 2_000 - clock.now());
  clock.advance(2_000);
  expect(a.link.watch(2_000, 3_000)).toBe(700);
  clock.advance(2_600);
  expect(a.link.watch(2_000, 3_000)).toBe(400);
  clock.advance(400);
  expect(a.link.watch(2_000, 3_000)).toBeNull();
});

test("any frame is a sign of life", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.doubt();
  b.link.sendBulk(routed(100));
  clock.advance(31);
  expect(a.link.isDoubted).toBe(false);
});

test("our own stall is forgiven: the other end has all its time again", () => {
  const { clock, network, linked } = setUp();
  const [a, b] = linked();
  // Frames that wait while this tab is frozen reach it only afterwards.
  b.host.part = 1;
  clock.advance(2_000);
  expect(a.link.watch(2_000, 3_000)).not.toBeNull();
  clock.advance(60_000);
  b.host.part = 0;
  a.link.forgive();
  expect(a.link.isDoubted).toBe(true);
  expect(a.link.watch(2_000, 3_000)).not.toBeNull();
  clock.advance(1_000);
  expect(a.link.isDoubted).toBe(false);
  expect(network.canHear(a.host, b.host)).toBe(true);
});

test("who is still silent after our own stall was forgiven is dead in the end", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  b.host.isUp = false;
  clock.advance(60_000);
  a.link.forgive();
  expect(watched(a, clock, 60_000)).toBe(3_000);
});

test("the messages of one turn share a frame", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.sendBulk(routed(100));
  a.link.send("state", state);
  a.link.ack(7);
  a.link.ack(8);
  a.link.send("ask-state", {});
  clock.advance(100);
  expect(a.counters.get("frames.sent")).toBe(1);
  expect(b.messages).toEqual([
    { tag: "state", body: state },
    { tag: "ask-state", body: {} },
    { tag: "ack", body: { hopSerials: [7, 8] } },
  ]);
  expect(b.routed).toEqual([routed(100)]);
});

test("more acks than one message holds go in several", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const serials = Array.from({ length: 600 }, (_, i) => i);
  for (const serial of serials) a.link.ack(serial);
  clock.advance(100);
  const got = b.messages.flatMap(({ tag, body }) => (tag === "ack" ? body.hopSerials : []));
  expect(b.messages).toHaveLength(3);
  expect(got).toEqual(serials);
});

test("a routed message over one frame comes whole", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const message = routed(200_000, 3);
  expect(a.link.sendBulk(message.slice())).toBe(true);
  clock.advance(100);
  expect(b.routed).toHaveLength(1);
  expect(Buffer.from(b.routed[0]!).equals(message)).toBe(true);
  expect(a.link.sentBytes).toBe(200_000);
  expect(b.link.receivedBytes).toBe(200_000 + 13 * 14);
});

test("a slow channel gets the rest as it drains", () => {
  const { clock, linked } = setUp(1_000_000);
  const [a, b] = linked();
  for (let i = 0; i < 100; i++) expect(a.link.sendBulk(routed(10_000, i))).toBe(true);
  clock.advance(500);
  expect(b.routed.length).toBeLessThan(60);
  clock.advance(700);
  expect(b.routed.map((message) => message[9])).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test("a link whose bulk is full says so and lives; maintenance still passes", () => {
  const { clock, linked } = setUp(100_000);
  const [a, b] = linked();
  let taken = 0;
  while (a.link.sendBulk(routed(16_000, 1)) && taken < 1_000) taken += 1;
  expect(taken).toBe(Math.floor(QUEUE_BYTES.bulk / 16_000));
  expect(a.link.isOpen).toBe(true);
  a.link.send("ask-state", {});
  clock.advance(4_000);
  expect(b.messages).toEqual([{ tag: "ask-state", body: {} }]);
  expect(b.routed.length).toBeLessThan(taken);
  clock.advance(60_000);
  expect(b.routed).toHaveLength(taken);
});

test("a link that does not even take its maintenance ends, and the owner is told once", () => {
  const { linked } = setUp(1_000);
  const [a] = linked();
  const receipt = encode("chunk", {
    transfer: 1,
    index: 0,
    count: 1,
    piece: new Uint8Array(10_000),
  });
  for (let i = 0; i < 60; i++) a.link.sendEncoded(receipt);
  expect(a.closed).toEqual([{ why: "its queue is full of maintenance", goodbye: null }]);
  expect(a.link.isOpen).toBe(false);
});

test.each([
  { what: "a frame that ends too early", frame: Uint8Array.of(4, 0, 0, 8, 1) },
  { what: "a length over the bound", frame: Uint8Array.of(16, 255, 255, 255) },
  { what: "an unknown message", frame: Uint8Array.of(99, 0, 0, 0) },
  { what: "a truncated body", frame: Uint8Array.of(4, 0, 0, 2, 0, 0) },
  { what: "a body that is too long", frame: Uint8Array.of(8, 0, 0, 1, 0) },
  {
    what: "a large message that is not routed",
    frame: encode("chunk", { transfer: 1, index: 0, count: 1, piece: encode("ask-state", {}) }),
  },
])("$what closes that link, is counted, and the sender is told why", ({ frame }) => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const [c, d] = linked("a", "d");
  a.channel.send(frame);
  // What comes behind it is not looked at.
  a.channel.send(encode("ask-state", {}));
  clock.advance(1_000);
  expect(b.closed).toHaveLength(1);
  expect(b.closed[0]!.goodbye).toBeNull();
  expect(b.counters.get("frames.malformed")).toBe(1);
  expect(b.messages).toEqual([]);
  expect(a.closed).toEqual([{ why: b.closed[0]!.why, goodbye: bye(b.closed[0]!.why) }]);
  expect([c.link.isOpen, d.link.isOpen]).toEqual([true, true]);
});

test("what is in front of the broken message in a frame was good and counts", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.channel.send(Uint8Array.of(...encode("ask-state", {}), 99, 0, 0, 0));
  clock.advance(100);
  expect(b.messages).toEqual([{ tag: "ask-state", body: {} }]);
  expect(b.closed).toHaveLength(1);
});

test("a broken transfer is counted and closes nothing: the network may have lost a piece", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const piece = new Uint8Array(3);
  a.channel.send(encode("chunk", { transfer: 1, index: 1, count: 2, piece }));
  clock.advance(100);
  expect(b.counters.get("frames.broken-transfer")).toBe(1);
  expect(b.link.isOpen).toBe(true);
});

test("a copy of the handshake changes nothing", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.send("proof", { signature: new Uint8Array(64) });
  const [publicKey, nonce] = [new Uint8Array(32), new Uint8Array(32)];
  a.link.send("hello", { version: 1, network: "prost", publicKey, nonce, instance: 1 });
  clock.advance(100);
  expect(b.messages).toEqual([]);
  expect(b.link.isOpen).toBe(true);
});

test("who floods loses that link, and no other", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const [c, d] = linked("c", "d");
  for (let i = 0; i < 450; i++) a.link.send("ask-state", {});
  for (let i = 0; i < 350; i++) c.link.send("ask-state", {});
  clock.advance(1_000);
  expect(b.messages).toHaveLength(400);
  expect(b.counters.get("links.flooded")).toBe(1);
  expect(b.closed).toEqual([{ why: "too many messages a second", goodbye: null }]);
  expect(a.closed).toMatchObject([{ why: "too many messages a second" }]);
  expect(d.messages).toHaveLength(350);
  expect(d.link.isOpen).toBe(true);
});

test("as much as a node honestly says is no flood, and what is routed is never one", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  for (let second = 0; second < 20; second++) {
    for (let i = 0; i < 90; i++) a.link.send("ask-state", {});
    for (let i = 0; i < 500; i++) a.link.sendBulk(routed(84));
    for (let i = 0; i < 500; i++) a.link.ack(i);
    clock.advance(1_000);
  }
  expect(b.link.isOpen).toBe(true);
  expect(b.routed).toHaveLength(10_000);
});

test("a goodbye reaches the other end before the channel closes, and only that one is told", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const id = idOfBytes(new Uint8Array(1));
  const goodbye = { why: "closing", leaving: true, predecessors: [id], successors: [] };
  a.link.send("ask-state", {});
  a.link.close(goodbye);
  a.link.close(bye("again"));
  expect(a.link.isOpen).toBe(false);
  clock.advance(1_000);
  expect(b.messages).toEqual([{ tag: "ask-state", body: {} }]);
  expect(b.closed).toEqual([{ why: "closing", goodbye }]);
  expect(b.link.isOpen).toBe(false);
  expect(a.closed).toEqual([]);
});

test("dropping a link says nothing to its owner; the other end sees the channel go", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.drop();
  clock.advance(1_000);
  expect(a.closed).toEqual([]);
  expect(b.closed).toEqual([{ why: "the other side closed it", goodbye: null }]);
});

test("a closed link sends nothing, takes nothing, and says so", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.close(bye("done"));
  b.channel.send(encode("ask-state", {}));
  const sent = a.counters.get("frames.sent");
  a.link.send("ask-state", {});
  a.link.ack(1);
  a.link.doubt();
  expect(a.link.sendBulk(routed(100))).toBe(false);
  clock.advance(1_000);
  expect(a.counters.get("frames.sent")).toBe(sent);
  expect(a.messages).toEqual([]);
});

test("both ends count the same frames and bytes", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  a.link.send("state", state);
  a.link.sendBulk(routed(1_000));
  clock.advance(100);
  expect(a.link.sentBytes).toBe(b.link.receivedBytes);
  expect(a.counters.get("frames.sent")).toBe(b.counters.get("frames.received"));
  expect(a.counters.get("bytes.sent")).toBe(b.counters.get("bytes.received"));
});

test("a large message whose own length is wrong is not passed on: it would cost this node its next link", () => {
  const { clock, linked } = setUp();
  const [a, b] = linked();
  const piece = routed(84);
  piece[3] = 200;
  a.channel.send(encode("chunk", { transfer: 1, index: 0, count: 1, piece }));
  clock.advance(100);
  expect(b.routed).toEqual([]);
  expect(b.counters.get("frames.malformed")).toBe(1);
});
