import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { idOfBytes } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import { identityFromSecret, verifyEd25519 } from "../id/identity.ts";
import {
  type Host,
  GOOD_NETWORK,
  MemoryNetwork,
  type NetworkConditions,
} from "../sim/memory-network.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { encode, writeHead } from "../wire/codec.ts";
import { ROUTED_TAG } from "../wire/messages.ts";
import type { Channel } from "./channel.ts";
import { Handshake, type HandshakeSettings } from "./handshake.ts";
import type { Link } from "./link.ts";
import { type AdmitOptions, type Admission, Links } from "./links.ts";

interface Node {
  readonly id: Id;
  readonly host: Host;
  readonly links: Links;
  readonly counters: Counters;
  /** All that the layer above was told, in words. */
  readonly told: string[];
  readonly messages: string[];
  readonly routed: Uint8Array[];
  /** How useful a link to a node is; 1 unless told. */
  readonly worth: Map<Id, number>;
}

interface NodeOptions {
  readonly instance?: number;
  readonly settings?: Partial<HandshakeSettings>;
}

/** What a newcomer at a gate is worth to it, whatever its id. */
const GUEST_WORTH = 50;
const MOST_LINKS = 4;

/** Signatures are tried in `handshake.test.ts`; here they cost nothing. */
function settingsOf(name: string, options: NodeOptions): HandshakeSettings {
  const publicKey = new Uint8Array(32);
  publicKey.set(new TextEncoder().encode(name));
  return {
    identity: {
      id: idOfBytes(publicKey),
      publicKey,
      sign: (_message, done) => done(new Uint8Array(64)),
    },
    verify: (_publicKey, _message, _signature, done) => done(true),
    network: "prost",
    instance: options.instance ?? 1,
    ...options.settings,
  };
}

class Net {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;

  constructor(seed = 1, conditions: Partial<NetworkConditions> = {}) {
    this.random = new SeededRandom(seed);
    this.network = new MemoryNetwork(this.clock, this.random, { ...GOOD_NETWORK, ...conditions });
  }

  node(name: string, options: NodeOptions = {}): Node {
    const settings = settingsOf(name, options);
    const counters = new Counters();
    const told: string[] = [];
    const messages: string[] = [];
    const routed: Uint8Array[] = [];
    const worth = new Map<Id, number>();
    const env = { clock: this.clock, random: this.random, log: { debug: () => {} } };
    const links = new Links(
      env,
      counters,
      settings,
      { mostLinks: MOST_LINKS, handshakeMs: 5_000 },
      {
        opened: (link) => told.push(`opened ${link.id.slice(0, 4)}`),
        closed: (link, why) => told.push(`closed ${link.id.slice(0, 4)}: ${why}`),
        message: (_link, { tag }) => messages.push(tag),
        routed: (_link, bytes) => routed.push(bytes),
        worthOf: (id, isGuest) => (isGuest ? GUEST_WORTH : (worth.get(id) ?? 1)),
      },
    );
    const host = this.network.newHost();
    return { id: settings.identity.id, host, links, counters, told, messages, routed, worth };
  }

  /** Opens a channel and lets both shake hands; what each end was told about it, when it was. */
  meet(
    dialer: Node,
    other: Node,
    options: Partial<AdmitOptions> = {},
  ): { atDialer: Admission[]; atOther: Admission[] } {
    const [near, far] = this.network.connect(dialer.host, other.host);
    const [atDialer, atOther]: Admission[][] = [[], []];
    dialer.links.admit(near, {
      role: "initiator",
      expected: other.id,
      done: (admission) => atDialer!.push(admission),
      ...options,
    });
    other.links.admit(far, {
      ...options,
      role: "responder",
      expected: null,
      done: (admission) => atOther!.push(admission),
    });
    return { atDialer: atDialer!, atOther: atOther! };
  }

  /** Two nodes linked, their first words said. */
  linked(a: Node, b: Node): void {
    this.meet(a, b);
    this.clock.advance(1_000);
    if (a.links.get(b.id)?.isOpen !== true) throw new Error("they are not linked");
  }

  /** A node and the far end of a channel that it is shaking hands on, which says what we like. */
  raw(node: Node, expected: Id | null = null) {
    const [near, far] = this.network.connect(node.host, this.network.newHost());
    const admitted: Admission[] = [];
    node.links.admit(near, {
      role: "responder",
      expected,
      done: (admission) => admitted.push(admission),
    });
    const heard: Uint8Array[] = [];
    const ended: string[] = [];
    far.attach({
      message: (frame) => heard.push(frame),
      drained: () => {},
      closed: (why) => ended.push(why),
    });
    return { far, admitted, heard, ended };
  }
}

/** Sends hello and proof of `name` on a raw channel, as soon as the node's hello is there. */
function introduce(net: Net, raw: { far: Channel; heard: Uint8Array[] }, name: string): void {
  const handshake = new Handshake(
    settingsOf(name, {}),
    raw.far.binding,
    "initiator",
    null,
    new Uint8Array(32),
  );
  raw.far.send(handshake.hello());
  net.clock.advance(100);
  handshake.take(raw.heard[0]!, (step) => {
    if (step.kind === "continue") raw.far.send(step.reply!);
  });
}

const kinds = (admissions: readonly Admission[]) => admissions.map(({ kind }) => kind);
const short = (node: Node) => node.id.slice(0, 4);

test("two nodes that shake hands have one open link each, and both are told once", () => {
  const net = new Net();
  const [a, b] = [net.node("a"), net.node("b")];
  const { atDialer, atOther } = net.meet(a, b);
  expect(atDialer).toEqual([]);
  net.clock.advance(1_000);
  expect([kinds(atDialer), kinds(atOther)]).toEqual([["opened"], ["opened"]]);
  expect(a.told).toEqual([`opened ${short(b)}`]);
  expect(b.told).toEqual([`opened ${short(a)}`]);
  expect([a.links.count, b.links.count]).toEqual([1, 1]);
  expect([...a.links.all()]).toEqual([a.links.get(b.id)]);
  expect(a.links.get(b.id)!.transcript).toBe(b.links.get(a.id)!.transcript);
});

test("the same with real keys and signatures", () => {
  const net = new Net();
  const [a, b] = [1, 2].map((byte) => {
    const identity = identityFromSecret(new Uint8Array(32).fill(byte));
    return net.node(`${byte}`, { settings: { identity, verify: verifyEd25519 } });
  });
  net.meet(a!, b!);
  net.clock.advance(1_000);
  expect([a!.links.count, b!.links.count]).toEqual([1, 1]);
});

test.each([
  { what: "another node answers than the one dialled", name: "c", counter: "handshake.wrong-id" },
  {
    what: "the other is of another network",
    name: "b",
    network: "other",
    counter: "handshake.network",
  },
  { what: "the other is this node itself", name: "a", counter: "handshake.self" },
])("no link comes about when $what, and both ends know", ({ name, network, counter }) => {
  const net = new Net();
  const a = net.node("a");
  const them = net.node(name, network === undefined ? {} : { settings: { network } });
  const { atDialer, atOther } = net.meet(a, them, { expected: net.node("b").id });
  net.clock.advance(10_000);
  expect(atDialer).toMatchObject([{ kind: "failed", why: expect.stringMatching(/\w/) }]);
  expect(a.counters.get(counter)).toBe(1);
  // The one that was dialled by mistake may have proved everything before it heard.
  expect(atOther).toHaveLength(1);
  expect([a.links.count, them.links.count]).toEqual([0, 0]);
});

test("a bad signature makes no link, and its sender is told", () => {
  const net = new Net();
  const a = net.node("a", { settings: { verify: (_k, _m, _s, done) => done(false) } });
  const b = net.node("b");
  net.meet(a, b);
  net.clock.advance(1_000);
  expect(a.links.count).toBe(0);
  expect(a.counters.get("handshake.signature")).toBe(1);
  // Its own end was proved before; the goodbye ended it again.
  expect(b.links.count).toBe(0);
  expect(b.told.at(-1)).toBe(`closed ${short(a)}: the signature is not good`);
});

/** A node with all the links it may have. */
function full(net: Net): { node: Node; others: Node[] } {
  const node = net.node("full");
  const others = Array.from({ length: MOST_LINKS }, (_, i) => net.node(`other ${i}`));
  for (const other of others) net.linked(other, node);
  node.told.length = 0;
  return { node, others };
}

test("there are never more links than the budget: a link of no more use is turned away", () => {
  const net = new Net();
  const { node, others } = full(net);
  const late = net.node("late");
  expect(node.links.hasRoomFor(late.id)).toBe(false);
  const { atDialer, atOther } = net.meet(late, node);
  net.clock.advance(1_000);
  expect(atOther).toEqual([{ kind: "failed", why: "full" }]);
  expect(node.links.count).toBe(MOST_LINKS);
  expect(others.every((other) => other.links.count === 1)).toBe(true);
  expect(late.links.count).toBe(0);
  expect(kinds(atDialer)).toHaveLength(1);
  expect(late.told.slice(1)).toEqual([`closed ${short(node)}: full: all links are in better use`]);
  expect(node.counters.get("links.refused-full")).toBe(1);
});

test("the least useful link makes room for a more useful one, and is told why", () => {
  const net = new Net();
  const { node, others } = full(net);
  const late = net.node("late");
  node.worth.set(late.id, 3);
  others.forEach((other, i) => node.worth.set(other.id, i === 2 ? 2 : 5));
  expect(node.links.hasRoomFor(late.id)).toBe(true);
  expect(node.links.leastUseful()?.id).toBe(others[2]!.id);
  net.meet(late, node);
  net.clock.advance(1_000);
  expect(node.links.count).toBe(MOST_LINKS);
  expect(node.links.get(late.id)?.isOpen).toBe(true);
  expect(node.links.get(others[2]!.id)).toBeUndefined();
  const why = "budget: another link is more useful";
  expect(node.told).toEqual([`closed ${short(others[2]!)}: ${why}`, `opened ${short(late)}`]);
  expect(others[2]!.told.at(-1)).toBe(`closed ${short(node)}: ${why}`);
  expect(others[2]!.links.count).toBe(0);
});

test.each([
  { what: "something less useful", others: GUEST_WORTH - 1, isTaken: true },
  { what: "nothing less useful", others: GUEST_WORTH, isTaken: false },
])("a gate with $what than newcomers takes one more: $isTaken", ({ others, isTaken }) => {
  const net = new Net();
  const { node, others: linked } = full(net);
  for (const { id } of linked) node.worth.set(id, others);
  const guest = net.node("guest");
  net.meet(guest, node, { isGuest: true });
  net.clock.advance(1_000);
  expect(node.links.count).toBe(MOST_LINKS);
  expect(node.links.get(guest.id)?.isOpen === true).toBe(isTaken);
});

test("a full node still takes the newer link to a node that it is linked to", () => {
  const net = new Net();
  const { node, others } = full(net);
  const reloaded = net.node("other 0", { instance: 2 });
  expect(reloaded.id).toBe(others[0]!.id);
  net.meet(reloaded, node);
  net.clock.advance(1_000);
  expect(node.links.count).toBe(MOST_LINKS);
  expect(node.links.get(reloaded.id)?.instance).toBe(2);
});

const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

test.each(seeds)("of two nodes that dial each other at once one link is left (seed %d)", (seed) => {
  const net = new Net(seed);
  const [a, b] = [net.node("a"), net.node("b")];
  const first = net.meet(a, b);
  const second = net.meet(b, a);
  net.clock.advance(2_000);
  expect([a.links.count, b.links.count]).toEqual([1, 1]);
  const [atA, atB] = [a.links.get(b.id)!, b.links.get(a.id)!];
  expect([atA.isOpen, atB.isOpen]).toEqual([true, true]);
  expect(atA.transcript).toBe(atB.transcript);
  expect(atA.role).not.toBe(atB.role);
  for (const told of [first.atDialer, first.atOther, second.atDialer, second.atOther]) {
    expect(told).toHaveLength(1);
  }
  // The link that is left carries messages both ways.
  atA.send("ask-state", {});
  atB.send("ask-state", {});
  net.clock.advance(1_000);
  expect([a.messages, b.messages]).toEqual([["ask-state"], ["ask-state"]]);
});

test.each(seeds)("of five channels at odd moments one link is left (seed %d)", (seed) => {
  const net = new Net(seed);
  const [a, b] = [net.node("a"), net.node("b")];
  for (let i = 0; i < 5; i++) {
    if (net.random.next() < 0.5) net.meet(a, b);
    else net.meet(b, a);
    net.clock.advance(net.random.next() * 80);
  }
  net.clock.advance(3_000);
  expect([a.links.count, b.links.count]).toEqual([1, 1]);
  const [atA, atB] = [a.links.get(b.id)!, b.links.get(a.id)!];
  expect([atA.isOpen, atB.isOpen]).toEqual([true, true]);
  expect(atA.transcript).toBe(atB.transcript);
});

test.each([
  { first: "direct", second: "relayed" },
  { first: "relayed", second: "direct" },
] as const)("a direct link beats a relayed one ($first first)", ({ first, second }) => {
  for (const seed of seeds) {
    const net = new Net(seed);
    const [a, b] = [net.node("a"), net.node("b")];
    net.meet(a, b, { path: first });
    net.clock.advance(1_000);
    net.meet(b, a, { path: second });
    net.clock.advance(1_000);
    expect([a.links.get(b.id)?.path, b.links.get(a.id)?.path]).toEqual(["direct", "direct"]);
    expect([a.links.count, b.links.count]).toEqual([1, 1]);
  }
});

test("a node that was reloaded takes the place of its former self at once", () => {
  const net = new Net();
  const [a, b] = [net.node("a"), net.node("b")];
  net.linked(b, a);
  b.host.isUp = false;
  const again = net.node("b", { instance: 2 });
  const { atOther } = net.meet(again, a);
  net.clock.advance(1_000);
  expect(kinds(atOther)).toEqual(["opened"]);
  expect(a.links.count).toBe(1);
  expect(a.links.get(b.id)).toMatchObject({ instance: 2, isOpen: true });
  // The layer above knows the new link when it hears that the old one went.
  expect(a.told).toEqual([
    `opened ${short(b)}`,
    `closed ${short(b)}: replaced`,
    `opened ${short(b)}`,
  ]);
  net.clock.advance(60_000);
  expect(a.links.get(b.id)?.isOpen).toBe(true);
});

test("a handshake with a silent other end fails in time, and the channel is closed", () => {
  const net = new Net();
  const a = net.node("a");
  const { admitted, ended } = net.raw(a);
  net.clock.advance(4_999);
  expect(admitted).toEqual([]);
  net.clock.advance(1);
  expect(kinds(admitted)).toEqual(["failed"]);
  expect(a.counters.get("handshake.timed-out")).toBe(1);
  net.clock.advance(1_000);
  expect(ended).toHaveLength(1);
});

test("a hello without a proof fails in time", () => {
  const net = new Net();
  const a = net.node("a");
  const raw = net.raw(a);
  const settings = settingsOf("b", {});
  const nonce = new Uint8Array(32);
  raw.far.send(new Handshake(settings, raw.far.binding, "initiator", null, nonce).hello());
  net.clock.advance(5_000);
  expect(kinds(raw.admitted)).toEqual(["failed"]);
  expect(a.links.count).toBe(0);
});

test("a channel that closes during the handshake fails it, once", () => {
  const net = new Net();
  const a = net.node("a");
  const { far, admitted } = net.raw(a);
  far.close();
  net.clock.advance(60_000);
  expect(kinds(admitted)).toEqual(["failed"]);
  expect(a.counters.get("handshake.broken")).toBe(1);
  expect(a.counters.get("handshake.timed-out")).toBe(0);
});

test.each([
  {
    what: "a frame that does not add up",
    frame: Uint8Array.of(1, 0, 0),
    counter: "frames.malformed",
  },
  { what: "an unknown message", frame: Uint8Array.of(77, 0, 0, 0), counter: "handshake.malformed" },
  {
    what: "a message before the hello",
    frame: encode("ask-state", {}),
    counter: "handshake.malformed",
  },
  {
    what: "a hello of version 3",
    frame: Uint8Array.of(1, 0, 0, 2, 0, 3),
    counter: "handshake.version",
  },
])("$what instead of a hello ends the channel, is counted and answered", ({ frame, counter }) => {
  const net = new Net();
  const a = net.node("a");
  const { far, admitted, heard, ended } = net.raw(a);
  far.send(frame);
  far.send(encode("ask-state", {}));
  net.clock.advance(2_000);
  expect(kinds(admitted)).toEqual(["failed"]);
  expect(a.counters.get(counter)).toBe(1);
  // Its hello, and a goodbye.
  expect(heard.map((bytes) => bytes[0])).toEqual([1, 3]);
  expect(ended).toHaveLength(1);
  expect(a.messages).toEqual([]);
});

test("what comes behind the proof in the same frame belongs to the link", () => {
  const net = new Net();
  const a = net.node("a");
  const raw = net.raw(a);
  const nonce = new Uint8Array(32);
  const handshake = new Handshake(settingsOf("b", {}), raw.far.binding, "initiator", null, nonce);
  raw.far.send(handshake.hello());
  net.clock.advance(100);
  handshake.take(raw.heard[0]!, (step) => {
    const proof = step.kind === "continue" ? step.reply! : new Uint8Array(0);
    raw.far.send(Uint8Array.of(...proof, ...encode("ask-state", {})));
  });
  net.clock.advance(100);
  expect(kinds(raw.admitted)).toEqual(["opened"]);
  expect(a.messages).toEqual(["ask-state"]);
});

/** A node whose signatures are checked elsewhere, which takes 100 ms. */
function slowNode(net: Net): Node {
  const verify: HandshakeSettings["verify"] = (_k, _m, _s, done) =>
    void net.clock.after(100, () => done(true));
  return net.node("slow", { settings: { verify } });
}

test("what comes while a signature is checked waits, and is handed over in order", () => {
  const net = new Net(1, { jitterMs: 0 });
  const a = slowNode(net);
  const raw = net.raw(a);
  introduce(net, raw, "b");
  const routed = new Uint8Array(84);
  writeHead(routed, ROUTED_TAG);
  raw.far.send(encode("ask-state", {}));
  raw.far.send(routed);
  raw.far.send(encode("ack", { hopSerials: [] }));
  net.clock.advance(60);
  expect(a.links.count).toBe(0);
  net.clock.advance(100);
  expect(a.messages).toEqual(["ask-state", "ack"]);
  expect(a.routed).toEqual([routed]);
});

test("who floods before it is believed is turned away", () => {
  const net = new Net(1, { jitterMs: 0 });
  const a = slowNode(net);
  const raw = net.raw(a);
  introduce(net, raw, "b");
  const frame = encode("relay", {
    from: "0".repeat(40) as Id,
    to: "1".repeat(40) as Id,
    kind: "frame",
    channel: 1,
    frame: new Uint8Array(16_000),
  });
  for (let i = 0; i < 70; i++) raw.far.send(frame);
  net.clock.advance(1_000);
  expect(kinds(raw.admitted)).toEqual(["failed"]);
  expect(a.counters.get("handshake.flooded")).toBe(1);
  expect(a.links.count).toBe(0);
});

test("a channel that closes while a signature is checked makes no link", () => {
  const net = new Net(1, { jitterMs: 0 });
  const a = slowNode(net);
  const raw = net.raw(a);
  introduce(net, raw, "b");
  raw.far.close();
  net.clock.advance(1_000);
  expect(kinds(raw.admitted)).toEqual(["failed"]);
  expect([a.links.count, a.told]).toEqual([0, []]);
});

test("a network that doubles every frame changes nothing", () => {
  const net = new Net(1, { duplication: 1 });
  const [a, b] = [net.node("a"), net.node("b")];
  const { atDialer, atOther } = net.meet(a, b);
  net.clock.advance(1_000);
  expect([kinds(atDialer), kinds(atOther)]).toEqual([["opened"], ["opened"]]);
  a.links.get(b.id)!.send("ask-state", {});
  net.clock.advance(1_000);
  expect(b.links.get(a.id)?.isOpen).toBe(true);
});

test("a hostile frame costs its sender that link, and nobody else anything", () => {
  const net = new Net();
  const [a, b, c] = [net.node("a"), net.node("b"), net.node("c")];
  net.linked(b, a);
  net.linked(c, a);
  const toA: Link = b.links.get(a.id)!;
  toA.sendEncoded(Uint8Array.of(99, 0, 0, 0));
  net.clock.advance(1_000);
  expect(a.links.get(b.id)).toBeUndefined();
  expect(b.links.count).toBe(0);
  expect(a.links.get(c.id)?.isOpen).toBe(true);
  expect(a.told.slice(2)).toHaveLength(1);
});

test("closing one link tells the layer above, once, and the other end why", () => {
  const net = new Net();
  const [a, b] = [net.node("a"), net.node("b")];
  net.linked(a, b);
  const link = a.links.get(b.id)!;
  a.links.close(link, "of no use");
  a.links.close(link, "again");
  net.clock.advance(1_000);
  expect(a.told.slice(1)).toEqual([`closed ${short(b)}: of no use`]);
  expect(b.told.slice(1)).toEqual([`closed ${short(a)}: of no use`]);
  expect([a.links.count, b.links.count]).toEqual([0, 0]);
  expect(a.counters.get("links.closed")).toBe(1);
});

test("a link that is declared dead goes at once, in silence", () => {
  const net = new Net();
  const [a, b] = [net.node("a"), net.node("b")];
  net.linked(a, b);
  b.host.isUp = false;
  a.links.declareDead(a.links.get(b.id)!);
  expect(a.links.count).toBe(0);
  expect(a.told.slice(1)).toEqual([`closed ${short(b)}: silent`]);
  expect(a.counters.get("links.dead")).toBe(1);
});

test("closing all says the goodbye on every link and gives up every handshake; twice is harmless", () => {
  const net = new Net();
  const [a, b, c] = [net.node("a"), net.node("b"), net.node("c")];
  net.linked(a, b);
  net.linked(a, c);
  const late = net.node("late");
  const { atDialer, atOther } = net.meet(a, late);
  const goodbye = { why: "left", leaving: true, predecessors: [], successors: [] };
  a.links.closeAll(goodbye);
  a.links.closeAll(goodbye);
  net.clock.advance(10_000);
  expect(a.links.count).toBe(0);
  expect([b.told.at(-1), c.told.at(-1)]).toEqual([
    `closed ${short(a)}: left`,
    `closed ${short(a)}: left`,
  ]);
  expect(kinds(atDialer)).toEqual(["failed"]);
  expect(kinds(atOther)).toEqual(["failed"]);
  expect([b, c, late].map((node) => node.links.count)).toEqual([0, 0, 0]);
});

test("two nodes may link again after a link has ended", () => {
  const net = new Net();
  const [a, b] = [net.node("a"), net.node("b")];
  for (let i = 0; i < 3; i++) {
    net.linked(a, b);
    a.links.close(a.links.get(b.id)!, "for now");
    net.clock.advance(1_000);
  }
  expect(a.counters.get("links.opened")).toBe(3);
  expect(b.links.count).toBe(0);
});

test("a frame of many small messages behind the proof is no flood: a node may have much to say at once", () => {
  const net = new Net(1, { jitterMs: 0 });
  const a = slowNode(net);
  const raw = net.raw(a);
  introduce(net, raw, "b");
  const ack = encode("ack", { hopSerials: [1] });
  raw.far.send(new Uint8Array(Buffer.concat(Array.from({ length: 100 }, () => ack))));
  net.clock.advance(1_000);
  expect(kinds(raw.admitted)).toEqual(["opened"]);
  expect(a.messages).toHaveLength(100);
});

test("links opened less links closed are those that are open, also after a reload", () => {
  const net = new Net();
  const a = net.node("a");
  net.linked(net.node("b"), a);
  net.meet(net.node("b", { instance: 2 }), a);
  net.clock.advance(1_000);
  expect(a.counters.get("links.opened") - a.counters.get("links.closed")).toBe(a.links.count);
});

test("of those who come and stay silent no more are taken in than twice the links", () => {
  const net = new Net();
  const a = net.node("a");
  const raws = Array.from({ length: 3 * MOST_LINKS }, () => net.raw(a));
  net.clock.advance(1_000);
  const turnedAway = raws.filter(({ admitted }) => admitted.length > 0);
  expect(turnedAway).toHaveLength(MOST_LINKS);
});
