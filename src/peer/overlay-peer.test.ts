import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { ProstError } from "../base/errors.ts";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import { Dispatcher, refuseUnknown } from "../kbr/dispatcher.ts";
import type { Receipt } from "../kbr/kbr.ts";
import type { KeyBasedRouting, Range, RouteRequest, RouteResult } from "../kbr/routing.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { MAX_DATA_BYTES } from "../wire/limits.ts";
import { OverlayPeer } from "./overlay-peer.ts";
import type { RingSnapshot, Peerlets, Policy } from "./peer.ts";

const SELF = keyOf("self");
const [KEY, OTHER] = [keyOf("key"), keyOf("other")];
const APP_ID = "ab".repeat(16);
const DATA = Uint8Array.of(1, 2, 3);

/** Keeps what it is asked; answers when it is told to. */
class FakeRouting implements KeyBasedRouting {
  readonly id = SELF;
  readonly requests: RouteRequest[] = [];
  readonly traces: { key: Id; timeoutMs: number }[] = [];
  readonly asked: unknown[] = [];
  readonly dones: ((result: RouteResult) => void)[] = [];
  knownRange: Range | null = { from: KEY, to: OTHER };

  route(request: RouteRequest, done: (result: RouteResult) => void): void {
    this.requests.push(request);
    this.dones.push(done);
  }
  trace(key: Id, timeoutMs: number, done: (result: RouteResult) => void): void {
    this.traces.push({ key, timeoutMs });
    this.dones.push(done);
  }
  localLookup(key: Id, num: number, safe: boolean): Id[] {
    this.asked.push(["localLookup", key, num, safe]);
    return [OTHER];
  }
  neighborSet(num: number): Id[] {
    this.asked.push(["neighborSet", num]);
    return [OTHER, KEY];
  }
  replicaSet(key: Id, maxRank: number): Id[] {
    this.asked.push(["replicaSet", key, maxRank]);
    return [KEY];
  }
  watch(): () => void {
    return () => {};
  }
  range(node: Id, rank: number, lkey: Id): Range | null {
    this.asked.push(["range", node, rank, lkey]);
    return this.knownRange;
  }
  answer(receipt: Receipt, trace: readonly Id[] = []): void {
    this.dones.shift()!({ receipt, trace, body: new Uint8Array(0) });
  }
}

function setUp() {
  const clock = new VirtualClock();
  const counters = new Counters();
  const kbr = new FakeRouting();
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const dispatcher = new Dispatcher(env, counters, refuseUnknown, () => {});
  const ring: RingSnapshot = { predecessor: null, successors: [], links: [], estimatedSize: 1 };
  let left = 0;
  const peer = new OverlayPeer({
    clock,
    counters,
    network: "prost",
    kbr,
    dispatcher,
    // Not of interest here.
    peerlets: {} as Peerlets,
    policy: {} as Policy,
    installed: () => null,
    ring: () => ring,
    signaling: () => [],
    leave: () => {
      left += 1;
    },
  });
  return { clock, counters, kbr, dispatcher, peer, ring, timesLeft: () => left };
}

/** As `setUp`, for a node that is in a ring. */
function joined() {
  const parts = setUp();
  parts.peer.become("joined");
  return parts;
}

/** Lets promises settle. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const delivered: Receipt = { kind: "delivered", root: OTHER, hops: 2 };

/** What a call of plain JavaScript could pass. */
type Untyped = (...values: unknown[]) => unknown;

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}

/** Calls with wrong values; `says` is what the message must help with. */
const WRONG: { method: keyof OverlayPeer; values: unknown[]; says: RegExp }[] = [
  { method: "keyOf", values: [7], says: /name is a text/ },
  { method: "keyOf", values: [], says: /name is a text/ },
  { method: "register", values: ["home", {}], says: /app id is 32 lowercase hex/ },
  { method: "register", values: ["0".repeat(32), {}], says: /overlay's own/ },
  { method: "register", values: [APP_ID, null], says: /object with forward, deliver/ },
  { method: "register", values: [APP_ID, "code"], says: /object with forward, deliver/ },
  { method: "route", values: ["home", APP_ID, DATA], says: /key is 40 lowercase hex.*keyOf/ },
  { method: "route", values: [KEY.toUpperCase(), APP_ID, DATA], says: /key is 40 lowercase hex/ },
  { method: "route", values: [undefined, APP_ID, DATA, { hint: OTHER }], says: /key is 40/ },
  { method: "route", values: [null, APP_ID, DATA], says: /not both/ },
  { method: "route", values: [null, APP_ID, DATA, {}], says: /not both/ },
  { method: "route", values: [KEY, APP_ID, DATA, { hint: "next" }], says: /hint is 40/ },
  { method: "route", values: [KEY, APP_ID, DATA, { hint: null }], says: /hint is 40/ },
  { method: "route", values: [KEY, "app", DATA], says: /app id is 32/ },
  { method: "route", values: [KEY, "0".repeat(32), DATA], says: /overlay's own/ },
  { method: "route", values: [KEY, APP_ID, "text"], says: /data is a Uint8Array/ },
  { method: "route", values: [KEY, APP_ID], says: /data is a Uint8Array/ },
  { method: "route", values: [KEY, APP_ID, [1, 2]], says: /data is a Uint8Array/ },
  {
    method: "route",
    values: [KEY, APP_ID, new Uint8Array(MAX_DATA_BYTES + 1)],
    says: /at most 262144 bytes, not 262145/,
  },
  { method: "route", values: [KEY, APP_ID, DATA, { locator: 7 }], says: /locator is at most 255/ },
  {
    method: "route",
    values: [KEY, APP_ID, DATA, { locator: "ü".repeat(128) }],
    says: /locator is at most 255 bytes of UTF-8/,
  },
  {
    method: "route",
    values: [KEY, APP_ID, DATA, { type: "hop" }],
    says: /"end-node" or "per-hop"/,
  },
  { method: "route", values: [KEY, APP_ID, DATA, { timeoutMs: 99 }], says: /from 100 to 60000/ },
  { method: "route", values: [KEY, APP_ID, DATA, { timeoutMs: 60_001 }], says: /from 100 to/ },
  { method: "route", values: [KEY, APP_ID, DATA, { timeoutMs: Number.NaN }], says: /from 100 to/ },
  { method: "route", values: [KEY, APP_ID, DATA, { timeoutMs: "100" }], says: /from 100 to/ },
  { method: "trace", values: ["home"], says: /key is 40 lowercase hex/ },
  { method: "trace", values: [], says: /key is 40 lowercase hex/ },
  { method: "localLookup", values: ["home", 1, true], says: /key is 40/ },
  { method: "localLookup", values: [KEY, -1, true], says: /num is a whole number/ },
  { method: "localLookup", values: [KEY, 1.5, true], says: /num is a whole number/ },
  { method: "neighborSet", values: ["all"], says: /num is a whole number/ },
  { method: "neighborSet", values: [Number.POSITIVE_INFINITY], says: /num is a whole number/ },
  { method: "replicaSet", values: ["home", 1], says: /key is 40/ },
  { method: "replicaSet", values: [KEY, Number.NaN], says: /maxRank is a whole number/ },
  { method: "range", values: ["home", 1], says: /node id is 40/ },
  { method: "range", values: [OTHER, -1], says: /rank is a whole number/ },
  { method: "range", values: [OTHER, 1, "home"], says: /key is 40/ },
  { method: "on", values: ["state", null], says: /listener is a function/ },
];

test.each(WRONG)("$method($values) says what is wrong and does nothing", async (row) => {
  const { peer, kbr, dispatcher } = joined();
  const error = await errorOf(() => (peer[row.method] as Untyped).call(peer, ...row.values));
  expect(error).toBeInstanceOf(ProstError);
  expect(error).toMatchObject({ code: "bad-parameter", message: expect.stringMatching(row.says) });
  expect([kbr.requests, kbr.traces, kbr.asked]).toEqual([[], [], []]);
  expect(dispatcher.register(APP_ID, {})).toBe(true);
});

test("a second application under one app id is refused until the first stops", () => {
  const { peer } = joined();
  const stop = peer.register(APP_ID, {});
  expect(() => peer.register(APP_ID, {})).toThrow(/registered under/);
  stop();
  stop();
  const stopSecond = peer.register(APP_ID, {});
  stop();
  expect(() => peer.register(APP_ID, {})).toThrow(/registered under/);
  stopSecond();
});

test("a route goes down with all its options and comes back as its receipt", async () => {
  const { peer, kbr } = joined();
  const data = DATA.slice();
  const options = { hint: OTHER, type: "per-hop", locator: "prost:x", timeoutMs: 500 } as const;
  const receipt = peer.route(KEY, APP_ID, data, options);
  data.fill(0);
  expect(kbr.requests).toEqual([
    {
      key: KEY,
      hint: OTHER,
      appId: APP_ID,
      perHop: true,
      locator: "prost:x",
      data: DATA,
      timeoutMs: 500,
    },
  ]);
  kbr.answer(delivered);
  await expect(receipt).resolves.toEqual(delivered);
});

test("a route with a hint and no key goes straight to that node; what is left out has its default", () => {
  const { peer, kbr } = joined();
  void peer.route(null, APP_ID, DATA, { hint: OTHER });
  void peer.route(KEY, APP_ID, DATA);
  expect(kbr.requests).toMatchObject([
    { key: null, hint: OTHER, perHop: false, locator: "", timeoutMs: 30_000 },
    { key: KEY, hint: null, perHop: false, locator: "", timeoutMs: 30_000 },
  ]);
});

test.each<Receipt>([
  delivered,
  { kind: "refused", by: OTHER, why: "no" },
  { kind: "unreachable", why: "hop limit spent" },
  { kind: "timed-out", afterMs: 10_000 },
])("a receipt that says $kind is a value, not an exception", async (receipt) => {
  const { peer, kbr } = joined();
  const routed = peer.route(KEY, APP_ID, DATA);
  kbr.answer(receipt);
  await expect(routed).resolves.toEqual(receipt);
});

test("while joining a route waits, and then goes with the time that is left", async () => {
  const { clock, peer, kbr } = setUp();
  const receipt = peer.route(KEY, APP_ID, DATA, { timeoutMs: 5_000 });
  clock.advance(2_000);
  expect(kbr.requests).toEqual([]);
  peer.become("joined");
  expect(kbr.requests).toMatchObject([{ key: KEY, data: DATA, timeoutMs: 3_000 }]);
  kbr.answer(delivered);
  await expect(receipt).resolves.toEqual(delivered);
  clock.advance(60_000);
  expect(kbr.requests).toHaveLength(1);
});

test("what waits goes in the order it was asked, traces too", () => {
  const { peer, kbr } = setUp();
  void peer.route(KEY, APP_ID, Uint8Array.of(1));
  void peer.trace(OTHER);
  void peer.route(KEY, APP_ID, Uint8Array.of(2));
  peer.become("joined");
  expect(kbr.requests.map(({ data }) => data[0])).toEqual([1, 2]);
  expect(kbr.traces).toMatchObject([{ key: OTHER }]);
});

test("a route that waits for a ring in vain ends with a receipt, and never goes", async () => {
  const { clock, peer, kbr } = setUp();
  const receipt = peer.route(KEY, APP_ID, DATA, { timeoutMs: 5_000 });
  clock.advance(5_000);
  await expect(receipt).resolves.toEqual({ kind: "timed-out", afterMs: 5_000 });
  peer.become("joined");
  expect(kbr.requests).toEqual([]);
});

test("a ring that comes in the last moment still gives a route a little time", () => {
  const { clock, peer, kbr } = setUp();
  void peer.route(KEY, APP_ID, DATA, { timeoutMs: 5_000 });
  clock.advance(4_999);
  peer.become("joined");
  expect(kbr.requests).toMatchObject([{ timeoutMs: 100 }]);
});

test("while rejoining routes go at once: keys are served alone meanwhile", () => {
  const { peer, kbr } = joined();
  peer.become("rejoining");
  void peer.route(KEY, APP_ID, DATA);
  expect(kbr.requests).toHaveLength(1);
});

test("calls without end while joining are refused, not kept", async () => {
  const { peer } = setUp();
  for (let i = 0; i < 10_000; i++) void peer.route(KEY, APP_ID, new Uint8Array(0));
  const error = await errorOf(() => peer.route(KEY, APP_ID, DATA));
  expect(error).toMatchObject({ code: "bad-parameter" });
});

test("a trace tells the way and how long it took", async () => {
  const { clock, peer, kbr } = joined();
  const trace = peer.trace(KEY);
  expect(kbr.traces).toEqual([{ key: KEY, timeoutMs: 30_000 }]);
  clock.advance(120);
  kbr.answer(delivered, [SELF, OTHER]);
  await expect(trace).resolves.toEqual({ root: OTHER, hops: [SELF, OTHER], ms: 120 });
});

test.each<{ receipt: Receipt; says: string }>([
  { receipt: { kind: "timed-out", afterMs: 10_000 }, says: "no answer within 10 s" },
  { receipt: { kind: "unreachable", why: "hop limit spent" }, says: "hop limit spent" },
  { receipt: { kind: "refused", by: OTHER, why: "not me" }, says: "not me" },
])("a trace that comes to nothing says $says", async ({ receipt, says }) => {
  const { peer, kbr } = joined();
  const trace = errorOf(() => peer.trace(KEY));
  kbr.answer(receipt);
  await settled();
  expect(await trace).toBeInstanceOf(ProstError);
  expect(await trace).toMatchObject({ code: "no-answer", message: expect.stringContaining(says) });
});

test("the calls that manage the id space pass on what they are asked, within bounds", () => {
  const { peer, kbr } = joined();
  expect(peer.localLookup(KEY, 3, true)).toEqual([{ id: OTHER }]);
  expect(peer.localLookup(KEY, 1e6, false)).toEqual([{ id: OTHER }]);
  expect(peer.neighborSet(0)).toEqual([{ id: OTHER }, { id: KEY }]);
  expect(peer.replicaSet(KEY, 2)).toEqual([{ id: KEY }]);
  expect(peer.range(OTHER, 2, KEY)).toEqual({ from: KEY, to: OTHER });
  expect(peer.range(OTHER, 0)).toEqual({ from: KEY, to: OTHER });
  expect(kbr.asked).toEqual([
    ["localLookup", KEY, 3, true],
    ["localLookup", KEY, 1_024, false],
    ["neighborSet", 0],
    ["replicaSet", KEY, 2],
    ["range", OTHER, 2, KEY],
    // The root alone is rank 0 in the paper's range() and rank 1 in its replicaSet().
    ["range", OTHER, 1, OTHER],
  ]);
});

test("a range of a node that too little is known of is an error, as in the paper", () => {
  const { peer, kbr } = joined();
  kbr.knownRange = null;
  expect(() => peer.range(OTHER, 1)).toThrow(/not in the neighbour set/);
});

test("the state tells its changes once each", () => {
  const { peer } = setUp();
  const states: string[] = [peer.state];
  const stop = peer.on("state", (state) => states.push(state));
  peer.become("joined");
  peer.become("joined");
  peer.become("rejoining");
  stop();
  peer.become("joined");
  expect(states).toEqual(["joining", "joined", "rejoining"]);
});

test("snapshots are those of the layers below", () => {
  const { peer, ring, counters } = joined();
  counters.add("frames.sent", 3);
  expect(peer.ring).toBe(ring);
  expect(peer.metrics).toEqual({ "frames.sent": 3 });
  expect(peer.signaling).toEqual([]);
  expect([peer.id, peer.network]).toEqual([SELF, "prost"]);
  expect(peer.keyOf("key")).toBe(KEY);
});

test("after leaving, nothing can be started", async () => {
  const { peer } = joined();
  void peer.leave();
  const calls = [
    () => peer.route(KEY, APP_ID, DATA),
    () => peer.trace(KEY),
    () => peer.register(APP_ID, {}),
  ];
  for (const call of calls) {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(ProstError);
    expect(error).toMatchObject({ code: "closed" });
  }
});

test("leaving happens once, waits for the goodbyes, and is told", async () => {
  const { clock, peer, timesLeft } = joined();
  const states: string[] = [];
  peer.on("state", (state) => states.push(state));
  let isOver = false;
  const leaving = peer.leave().then(() => {
    isOver = true;
  });
  expect(peer.state).toBe("left");
  await settled();
  expect(isOver).toBe(false);
  clock.advance(250);
  await leaving;
  await peer.leave();
  expect(timesLeft()).toBe(1);
  peer.become("joined");
  expect(peer.state).toBe("left");
  expect(states).toEqual(["left"]);
});

test("what still waits for the ring when the peer leaves ends with a receipt", async () => {
  const { peer, kbr } = setUp();
  const receipt = peer.route(KEY, APP_ID, DATA);
  const trace = errorOf(() => peer.trace(KEY));
  void peer.leave();
  await expect(receipt).resolves.toEqual({ kind: "unreachable", why: "this node left" });
  expect(await trace).toMatchObject({ code: "no-answer" });
  expect([kbr.requests, kbr.traces]).toEqual([[], []]);
});

test("options that are null are a bad parameter", async () => {
  const { peer } = joined();
  const error = await errorOf(() => (peer.route as Untyped).call(peer, KEY, APP_ID, DATA, null));
  expect(error).toBeInstanceOf(ProstError);
  expect(error).toMatchObject({ code: "bad-parameter" });
});

test("after leaving, nothing is answered of a ring that is there no more", async () => {
  const { peer } = joined();
  void peer.leave();
  const calls = [
    () => peer.localLookup(KEY, 1, true),
    () => peer.neighborSet(1),
    () => peer.replicaSet(KEY, 1),
    () => peer.range(OTHER, 1),
  ];
  for (const call of calls) expect(await errorOf(call)).toMatchObject({ code: "closed" });
});
