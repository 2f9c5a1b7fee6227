/** What a running peerlet may ask of its node, asked in every wrong way. */
import { describe, expect, test } from "vitest";
import type { Plain } from "../base/plain.ts";
import { ProstError } from "../base/errors.ts";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import type { KeyBasedRouting, RouteRequest, RouteResult } from "../kbr/routing.ts";
import { memoryStores } from "../sim/memory-storage.ts";
import { makePackage, settled } from "../sim/peerlet-world.ts";
import { MAX_DATA_BYTES } from "../wire/limits.ts";
import { HostCalls } from "./host-calls.ts";
import { PeerletData } from "./peerlet-data.ts";
import type { Peerlet } from "./peerlet.ts";
import type { RemoteCaller } from "./remote-caller.ts";
import type { Services } from "./services.ts";
import { HOST_METHODS, type HostMethod, type Result } from "./sandbox.ts";

const [SELF, KEY, NODE] = ["self", "key", "node"].map(keyOf) as [Id, Id, Id];
const { appId, manifest } = makePackage({ code: "// it", appType: "per-hop" });

function setUp() {
  const routed: RouteRequest[] = [];
  const counts: number[] = [];
  const remote: unknown[][] = [];
  const served: unknown[][] = [];
  const said: unknown[] = [];
  const kbr = {
    id: SELF,
    route: (request: RouteRequest, done: (result: RouteResult) => void) => {
      routed.push(request);
      done({
        receipt: { kind: "delivered", root: NODE, hops: 2 },
        trace: [],
        body: new Uint8Array(9),
      });
    },
    localLookup: (_key: Id, num: number) => (counts.push(num), [NODE]),
    neighborSet: (num: number) => (counts.push(num), [NODE]),
    replicaSet: (_key: Id, num: number) => (counts.push(num), [NODE]),
    range: (node: Id) => (node === SELF ? { from: KEY, to: NODE } : null),
  };
  const data = new PeerletData(memoryStores()("data"), () => 1_000);
  const calls = new HostCalls({
    kbr: () => kbr as unknown as KeyBasedRouting,
    remote: {
      lookup: (...args: unknown[]) => void remote.push(args),
      call: (...args: unknown[]) => void remote.push(args),
    } as unknown as RemoteCaller,
    services: {
      call: (...args: unknown[]) => void served.push(args),
      tell: (...args: unknown[]) => void served.push(args),
    } as unknown as Services,
    dataOf: () => data,
    locatorOf: () => "prost:it",
    emit: (_peerlet, event, detail) => void said.push([event, detail]),
    log: (_peerlet, what, detail) => void said.push([what, detail]),
  });
  const peerlet = { appId, package: { manifest } } as unknown as Peerlet;
  const call = async (method: HostMethod, ...args: Plain[]): Promise<Result> => {
    const results: Result[] = [];
    calls.call(peerlet, method, args, (result) => results.push(result));
    await settled();
    expect(results.length).toBeLessThanOrEqual(1);
    return results[0]!;
  };
  return { call, routed, counts, remote, served, said, calls, peerlet };
}

const value = (what: unknown) => ({ kind: "value", value: what });
const BAD = { kind: "error", code: "bad-parameter" };

test("routing goes out under the peerlet's own app id, type and locator", async () => {
  const { call, routed } = setUp();
  const data = Uint8Array.of(1);
  const receipt = { kind: "delivered", root: NODE, hops: 2 };
  expect(await call("route", KEY, data)).toEqual(value(receipt));
  await call("route", null, data, {
    hint: NODE,
    timeoutMs: 500,
    appId: "x",
    locator: "y",
    type: "end-node",
  });
  const own = { appId, perHop: true, locator: "prost:it", data };
  expect(routed).toEqual([
    { ...own, key: KEY, hint: null, timeoutMs: 10_000 },
    { ...own, key: null, hint: NODE, timeoutMs: 500 },
  ]);
});

test("a service is called, and told, in the peerlet's own name", async () => {
  const { calls, served, peerlet } = setUp();
  const done = () => {};
  calls.call(peerlet, "callService", ["dht", "put", [1, "a"], 500], done);
  calls.call(peerlet, "tell", ["ab".repeat(16), "came", { from: 1 }], done);
  expect(served).toEqual([
    [peerlet, "dht", "put", [1, "a"], 500, done],
    [peerlet, "ab".repeat(16), "came", { from: 1 }, done],
  ]);
});

test("what the ring knows is told as node handles, of a bounded number", async () => {
  const { call, counts } = setUp();
  for (const method of ["localLookup", "replicaSet"] as const) {
    expect(await call(method, KEY, 1e9)).toEqual(value([{ id: NODE }]));
  }
  expect(await call("neighborSet", 3)).toEqual(value([{ id: NODE }]));
  expect(counts).toEqual([1_024, 1_024, 3]);
  expect(await call("range", SELF, 1)).toEqual(value({ from: KEY, to: NODE }));
  expect(await call("range", NODE, 1)).toMatchObject(BAD);
});

const WRONG: readonly [HostMethod, ...Plain[]][] = [
  ["route"],
  ["route", null, new Uint8Array(1)],
  ["route", null, new Uint8Array(1), null],
  ["route", "key", new Uint8Array(1)],
  ["route", KEY.toUpperCase(), new Uint8Array(1)],
  ["route", 7, new Uint8Array(1)],
  ["route", KEY],
  ["route", KEY, "text"],
  ["route", KEY, [1, 2]],
  ["route", KEY, new Uint8Array(MAX_DATA_BYTES + 1)],
  ["route", KEY, new Uint8Array(1), "options"],
  ["route", KEY, new Uint8Array(1), [1]],
  ["route", KEY, new Uint8Array(1), { hint: "near" }],
  ["route", KEY, new Uint8Array(1), { timeoutMs: 0 }],
  ["route", KEY, new Uint8Array(1), { timeoutMs: NaN }],
  ["route", KEY, new Uint8Array(1), { timeoutMs: Infinity }],
  ["route", KEY, new Uint8Array(1), { timeoutMs: "500" }],
  ["localLookup", "key", 1],
  ["localLookup", KEY, -1],
  ["localLookup", KEY, 1.5],
  ["neighborSet", "all"],
  ["replicaSet", KEY],
  ["range", SELF, "1"],
  ["range", SELF, 1, "key"],
  ["lookupPeerlet"],
  ["lookupPeerlet", KEY],
  ["lookupPeerlet", { key: "x" }],
  ["lookupPeerlet", { node: 7 }],
  ["lookupPeerlet", { key: KEY }, 10],
  ["callService", 7, "add", []],
  ["callService", "dht", "x".repeat(257), []],
  ["callService", "dht", "add", "list"],
  ["callService", "dht", "add", [], 1],
  ["tell", "application", "event"],
  ["tell", "ab".repeat(16), 7],
  ["callRemote", "node", "add", []],
  ["callRemote", NODE, 7, []],
  ["callRemote", NODE, "x".repeat(257), []],
  ["callRemote", NODE, "add", "args"],
  ["callRemote", NODE, "add", [], 1e9],
  ["storageGet"],
  ["storageSet", 7, 1],
  ["storageSetMany", "list"],
  ["storageSetMany", [["key"]]],
  ["storageSetMany", [[7, 1]]],
  ["storageSetMany", ["key"]],
  ["storageSetMany", Array.from({ length: 65 }, (_, i) => [`${i}`, 1])],
  ["storageDelete", null],
  ["log", 7],
  ["emit", ["event"]],
];

const wrong = WRONG.map(([method, ...args]) => ({ method, args }));

test.each(wrong)(
  "$method of $args is refused, once, and nothing is done",
  async ({ method, args }) => {
    const { call, routed, remote, said } = setUp();
    expect(await call(method, ...args)).toMatchObject(BAD);
    expect([routed, remote, said]).toEqual([[], [], []]);
  },
);

test("every method of the interface answers something, however it is called", async () => {
  for (const method of HOST_METHODS) {
    for (const args of [
      [],
      [null, null, null],
      [{}, {}, {}],
      [[], [], []],
      [-1, -1, -1],
    ] as Plain[][]) {
      const { call, remote } = setUp();
      const result = await call(method, ...args);
      expect(result === undefined ? remote.length : 1).toBe(1);
    }
  }
});

test("a fault of our own is not taken for one of the peerlet's", () => {
  const { calls, peerlet } = setUp();
  const broken = new HostCalls({
    ...({} as ConstructorParameters<typeof HostCalls>[0]),
    kbr: () => {
      throw new TypeError("ours");
    },
  });
  expect(() => broken.call(peerlet, "neighborSet", [1], () => {})).toThrow("ours");
  const closed = new HostCalls({
    ...({} as ConstructorParameters<typeof HostCalls>[0]),
    kbr: () => {
      throw new ProstError("closed", "this node left");
    },
  });
  const results: Result[] = [];
  closed.call(peerlet, "neighborSet", [1], (result) => results.push(result));
  expect(results).toMatchObject([BAD]);
  expect(calls).toBeDefined();
});

describe("remote references", () => {
  test("are asked for by key or by node, for the peerlet's own application", async () => {
    const { call, remote } = setUp();
    await call("lookupPeerlet", { key: KEY });
    await call("lookupPeerlet", { node: NODE, appId: "x" }, 500);
    await call("callRemote", NODE, "add", [1], 700);
    const application = { appId, perHop: true, locator: "prost:it" };
    expect(remote.map((args) => args.slice(0, -1))).toEqual([
      [application, { key: KEY }, 10_000],
      [application, { node: NODE }, 500],
      [application, NODE, "add", [1], 700],
    ]);
  });
});
