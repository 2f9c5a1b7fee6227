/**
 * Path caching of the hash table on a simulated ring: what is asked for often is
 * answered on the way, and nobody is believed who brings something else.
 *
 * The load takes its size from `PROST_CACHE`, e.g.
 * "nodes=200,values=500,gets=5000,copies=16". `copies`: nodes on the way that are
 * told to keep a copy by one answer.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf } from "./bundle.ts";
import { comeAndGo } from "./sessions.ts";
import { sizesFrom } from "./sizes.ts";
import type { Plain } from "../../base/plain.ts";
import { keyOf, sha256 } from "../../id/hash.ts";
import type { Id } from "../../id/id.ts";
import { hexOf } from "../../id/id.ts";
import { rootOf } from "../oracle.ts";
import { type MadePackage, PeerletWorld, makePackage } from "../peerlet-world.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { Lookup, SimNode } from "../world.ts";

interface Got {
  readonly value: Uint8Array;
  readonly ttlMs: number;
  readonly by: "own" | "way" | "dht";
  readonly node: string | null;
  readonly hops: number;
}

type Stats = Readonly<Record<string, number>>;

/** The peerlets' `local` methods, as a page sees them. */
interface Cache {
  get(key: string): Promise<Got | null>;
  stats(): Promise<Stats>;
}

interface Dht {
  putHash(
    value: Uint8Array | string,
    options?: { readonly ttlMs?: number; readonly write?: number },
  ): Promise<{ readonly key: string }>;
  get(
    key: string,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly values: readonly { readonly value: Uint8Array }[] }>;
}

const SEED = 5;
const SERVER = "https://code.example";
let dht: MadePackage;
let dhtCache: MadePackage;

/** With some of its bounds changed: the bundler writes them where they are used. */
const wants = { messagesPerSecond: 500, callsOpen: 64 };

function makeCache(code: string): MadePackage {
  const uses = { dht };
  const common = { name: "dht-cache", salt: "cache", appType: "per-hop", uses } as const;
  return makePackage({ ...common, code, wants: { ...wants, storageBytes: 0 } });
}

beforeAll(async () => {
  const code = await codeOf("dht");
  const common = { name: "dht", salt: "dht", code };
  dht = makePackage({ ...common, wants: { ...wants, storageBytes: 16_777_216 } });
  dhtCache = makeCache(await codeOf("dht-cache"));
});

async function ofPeers(count: number, made = dhtCache, seed = SEED) {
  const world = await PeerletWorld.ofPeers(count, { seed, codeServers: [SERVER] });
  for (const { manifest, parts } of [dht, made]) {
    world.served.set(`${SERVER}/peerlets/${manifest.name}/manifest.json`, parts.manifest);
    world.served.set(`${SERVER}/peerlets/${manifest.name}/peerlet.js`, parts.code);
  }
  const [first] = world.nodes;
  await world.until(world.layer(first!).peerlets.install(made.file));
  await world.passUntil(() => isRunning(world, first!, made));
  return { world, first: first! };
}

async function installOnAll(world: PeerletWorld, made = dhtCache): Promise<void> {
  const all = [...world.nodes];
  const installs = all.map((node) => world.layer(node).peerlets.install(made.file));
  await world.until(Promise.all(installs));
  await world.passUntil(() => all.every((node) => isRunning(world, node, made)));
}

function isRunning(world: PeerletWorld, node: SimNode, made = dhtCache): boolean {
  const { peerlets } = world.layer(node);
  return [dht, made].every(({ appId }) => peerlets.get(appId)?.state === "running");
}

function cacheOf(world: PeerletWorld, node: SimNode): Cache {
  return world.layer(node).peerlets.local(dhtCache.appId) as unknown as Cache;
}

function dhtOf(world: PeerletWorld, node: SimNode): Dht {
  return world.layer(node).peerlets.local(dht.appId) as unknown as Dht;
}

function nodeOf(world: PeerletWorld, id: string): SimNode {
  return [...world.nodes].find((node) => node.id === id)!;
}

const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
const keyOfValue = (value: Uint8Array | string) =>
  hexOf(sha256(typeof value === "string" ? new TextEncoder().encode(value) : value), 0, 20) as Id;

/** The way of a question now: source first, root last. */
async function wayOf(world: PeerletWorld, from: SimNode, key: Id): Promise<readonly Id[]> {
  const { result } = await world.until(
    new Promise<Lookup>((resolve) => world.lookup(from, key, resolve)),
  );
  return result.trace;
}

/** A value, and the node whose questions for it have the longest way to the root. All nodes have the peerlets. */
async function withWay(ttlMs = 3_600_000, value = new Uint8Array(12)) {
  const { world, first } = await ofPeers(40);
  await installOnAll(world);
  const { key } = await world.until(dhtOf(world, first).putHash(value, { ttlMs, write: 4 }));
  const root = nodeOf(world, rootOf(key as Id, world.sortedIds()));
  const ways = new Map<SimNode, number>();
  for (const node of world.nodes) ways.set(node, (await wayOf(world, node, key as Id)).length);
  const [one] = [...ways].toSorted((a, b) => b[1] - a[1])[0]!;
  // Which nodes are on it changes as nodes learn: so it may be any of these.
  const others = [...world.nodes].filter((node) => node !== one && node !== root);
  return { world, key: key as Id, value, one, root, others };
}

async function remoteAt(world: PeerletWorld, from: SimNode, at: SimNode) {
  const remote = await world.until(world.layer(from).peerlets.lookup(dhtCache.appId, at.id));
  return remote as unknown as Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
}

const statsOf = (world: PeerletWorld, node: SimNode) => world.until(cacheOf(world, node).stats());

test.each([{ valueBytes: 12 }, { valueBytes: 65_536 }])(
  "of $valueBytes bytes: first the root answers, then nodes on the way that have a copy, and each node itself",
  async ({ valueBytes }) => {
    const set = await withWay(3_600_000, new Uint8Array(valueBytes));
    const { world, key, one, root, others } = set;
    const got = await world.until(cacheOf(world, one).get(key));
    expect(got).toMatchObject({ by: "way", node: root.id });
    expect(got && keyOfValue(got.value)).toBe(key);
    expect(await statsOf(world, root)).toMatchObject({ rooted: 1, copied: 1 });
    expect(await world.until(cacheOf(world, one).get(key))).toMatchObject({ by: "own", hops: 0 });
    const gots: (Got | null)[] = [];
    for (const node of others) gots.push(await world.until(cacheOf(world, node).get(key)));
    expect(gots.map((next) => next && keyOfValue(next.value))).toEqual(others.map(() => key));
    const byHops = gots.filter((next) => next?.by === "way" && next.node !== root.id).length;
    const all = await Promise.all([one, ...others].map((node) => statsOf(world, node)));
    expect(all.reduce((sum, { hits }) => sum + hits!, 0)).toBe(byHops);
    expect(byHops).toBeGreaterThan(0);
  },
);

test("other applications get it as a service, and what is not there is nothing", async () => {
  const { world, first } = await ofPeers(12);
  const code = `export default (prost) => ({
    local: { get: (key) => prost.service("dht-cache").get(key) },
  });`;
  const uses = { "dht-cache": dhtCache };
  const reader = makePackage({ name: "reader", salt: "reader", code, uses });
  await world.until(world.layer(first).peerlets.install(reader.file));
  const { key } = await world.until(dhtOf(world, first).putHash("hello"));
  const local = world.layer(first).peerlets.local(reader.appId) as unknown as Cache;
  expect(textOf((await world.until(local.get(key)))?.value)).toBe("hello");
  expect(await world.until(local.get(keyOfValue("never put")))).toBeNull();
  await expect(world.until(local.get("a name"))).rejects.toThrow(/40 lowercase hex digits/);
});

test("a value that anybody may add to a key is not what is got, and not kept", async () => {
  const { world, first } = await ofPeers(12);
  const key = keyOf("a name");
  await world.until((dhtOf(world, first) as unknown as Putting).put(key, "anything"));
  expect(await world.until(cacheOf(world, first).get(key))).toBeNull();
  expect(await statsOf(world, first)).toMatchObject({ copies: 0 });
});

describe("who lies", () => {
  /** Every node on the way ends the question, and tells the source what `told` makes of the truth. */
  async function withLiars(told: (value: Uint8Array) => { value: Plain; ttlMs: Plain } | null) {
    const { world, key, value, one, others } = await withWay();
    for (const liar of others) {
      const there = await remoteAt(world, liar, one);
      const lie = told(value);
      onForward(world, liar, (id) => {
        if (lie) void there["found"]!(key, id, lie.value, lie.ttlMs, 1);
      });
    }
    const startMs = world.clock.now();
    const got = await world.until(cacheOf(world, one).get(key));
    return { value, got, ms: world.clock.now() - startMs, stats: await statsOf(world, one) };
  }

  test.each([
    { what: "another value", change: { value: new TextEncoder().encode("a lie") } },
    { what: "no bytes", change: { value: "text" } },
    { what: "a time that is none", change: { ttlMs: "for ever" } },
    { what: "more than seven days", change: { ttlMs: 604_800_001 } },
  ])("a hop that answers $what is not believed", async ({ change }) => {
    const { value, got, stats } = await withLiars((truth) => ({
      value: truth,
      ttlMs: 60_000,
      ...change,
    }));
    expect(got).toMatchObject({ by: "dht", value });
    expect(stats).toMatchObject({ lies: 1, copies: 1 });
  });

  test("a hop that says that nothing is there is not believed", async () => {
    const { value, got } = await withLiars(() => ({ value: null, ttlMs: 0 }));
    expect(got).toMatchObject({ by: "dht", value });
  });

  test("a hop that ends the question and says nothing costs a second", async () => {
    const { value, got, ms } = await withLiars(() => null);
    expect(got).toMatchObject({ by: "dht", value });
    expect(ms).toBeLessThan(2_500);
  });

  test("a forged copy is not kept, nor one that nobody asked for", async () => {
    const { world, key, value, one, others } = await withWay();
    const missing = new TextEncoder().encode("never put");
    const missingKey = keyOfValue(missing);
    // It passes somebody, who will wait for a copy.
    let hop: SimNode | null = null;
    for (const node of others) {
      expect(await world.until(cacheOf(world, node).get(missingKey))).toBeNull();
      for (const each of others) {
        if ((await statsOf(world, each))["passed"] !== 0 && (await waits(each))) hop ??= each;
      }
      if (hop) break;
    }
    async function waits(node: SimNode) {
      return world.until((await remoteAt(world, one, node))["wants"]!(missingKey, ""));
    }
    const there = await remoteAt(world, one, hop!);
    const keep = (...args: unknown[]) => world.until(there["keep"]!(...args));
    await keep(key, value, 60_000);
    expect(await statsOf(world, hop!)).toMatchObject({ forged: 0, kept: 0, copies: 0 });
    await keep(missingKey, new TextEncoder().encode("a lie"), 60_000);
    expect(await statsOf(world, hop!)).toMatchObject({ forged: 1, kept: 0, copies: 0 });
    // And the question is used up.
    await keep(missingKey, missing, 60_000);
    expect(await statsOf(world, hop!)).toMatchObject({ forged: 1, kept: 0, copies: 0 });
  });

  test("a large answer is sent to no node that another named as source", async () => {
    const { world, key, one, others } = await withWay(3_600_000, new Uint8Array(65_536));
    await world.until(cacheOf(world, one).get(key));
    await world.pass(1_000);
    const [hop, asker] = await holders(world, others);
    let brought = 0;
    watchCalls(world, one, dhtCache.appId, (upcall, args) => {
      if (upcall === "remote" && args[1] === "found") brought += 1;
    });
    claimSource(world, hop!, one.id);
    const question = JSON.stringify({ id: "0".repeat(32), hops: [] });
    const receipt = await world.route(asker!, key, dhtCache.appId, question, { hint: hop!.id });
    await world.pass(2_000);
    // A hit, which its source is told as an end.
    expect(receipt).toMatchObject({ kind: "refused", by: hop!.id });
    expect(await statsOf(world, hop!)).toMatchObject({ hits: 1 });
    expect(brought).toBe(0);
  });

  test("a node that calls without end is refused", async () => {
    const { world, key, one, root } = await withWay();
    const there = await remoteAt(world, one, root);
    let refused = 0;
    const calls = Array.from({ length: 500 }, () =>
      there["wants"]!(key, "").catch((error: Error) => {
        if (error.message.includes("calls too often")) refused += 1;
      }),
    );
    await world.until(Promise.all(calls));
    expect(refused).toBeGreaterThan(0);
  });
});

test("no copy is answered, nor kept, when the record's time is over", async () => {
  const { world, key, value, others } = await withWay(120_000);
  for (const node of others.slice(0, 20)) {
    const got = await world.until(cacheOf(world, node).get(key));
    expect(got?.value).toEqual(value);
    // What the record has left, and not a new time.
    expect(got!.ttlMs).toBeLessThan(120_000);
  }
  const [holder] = await holders(world, others);
  expect((await statsOf(world, holder!))["copies"]).toBe(1);
  await world.pass(120_000);
  for (const node of others) {
    expect(await world.until(cacheOf(world, node).get(key))).toBeNull();
    expect(await statsOf(world, node)).toMatchObject({ copies: 0, bytes: 0 });
  }
});

test("the root crashes: a get falls back to the hash table, which has other replicas", async () => {
  const { world, key, value, one, root } = await withWay();
  world.crash(root);
  const startMs = world.clock.now();
  expect(await world.until(cacheOf(world, one).get(key))).toMatchObject({ value });
  console.log(
    `with a root that crashed a moment ago: ${Math.round(world.clock.now() - startMs)} ms`,
  );
});

test("a cache keeps to its bytes, whatever is asked for", async () => {
  const bound = 65_536;
  const made = makeCache(await codeOf("dht-cache", { MAX_COPIES_BYTES: bound }));
  const { world, first } = await ofPeers(12, made);
  for (let i = 0; i < 20; i++) {
    const value = new Uint8Array(8_192).fill(i);
    const { key } = await world.until(dhtOf(world, first).putHash(value));
    expect((await world.until(cacheOf(world, first).get(key)))?.value).toEqual(value);
  }
  for (const node of world.nodes) {
    if (!isRunning(world, node, made)) continue;
    expect((await statsOf(world, node))["bytes"]).toBeLessThanOrEqual(bound);
  }
  // Seven of 8,192 and 200 bytes.
  expect(await statsOf(world, first)).toMatchObject({ copies: 7 });
});

interface Putting {
  put(key: string, value: string): Promise<unknown>;
}

/** Those that have copies first. */
async function holders(world: PeerletWorld, nodes: readonly SimNode[]): Promise<SimNode[]> {
  const copies = await Promise.all(
    nodes.map(async (node) => ({ node, copies: (await statsOf(world, node))["copies"]! })),
  );
  return copies.toSorted((a, b) => b.copies - a.copies).map(({ node }) => node);
}

/** From now on this node ends all questions that come by; `heard` gets their ids. */
function onForward(world: PeerletWorld, node: SimNode, heard: (id: string) => void): void {
  const peerlet = world.layer(node).sandbox.running.get(dhtCache.appId)!;
  const call = peerlet.call.bind(peerlet);
  peerlet.call = (upcall, args, timeoutMs, done) => {
    const data = (args[0] as { readonly data?: Uint8Array } | undefined)?.data;
    // Lookups pass as well, and have no data.
    if (upcall !== "forward" || !data?.length) return call(upcall, args, timeoutMs, done);
    const { id } = JSON.parse(new TextDecoder().decode(data)) as { readonly id: string };
    heard(id);
    done({ kind: "value", value: null });
  };
}

/** What passes this node claims to come from `source`. */
function claimSource(world: PeerletWorld, node: SimNode, source: string): void {
  const peerlet = world.layer(node).sandbox.running.get(dhtCache.appId)!;
  const call = peerlet.call.bind(peerlet);
  peerlet.call = (upcall, args, timeoutMs, done) => {
    const [message, ...rest] = args;
    const isForward = upcall === "forward";
    const shown = isForward ? { ...(message as Readonly<Record<string, Plain>>), source } : message;
    call(upcall, [shown, ...rest], timeoutMs, done);
  };
}

interface LoadOptions {
  readonly nodes: number;
  readonly values: number;
  readonly valueBytes: number;
  readonly gets: number;
  readonly getsPerSecond: number;
  /** Of Zipf's law: the i-th value is asked for in proportion to i^-exponent. 0.8 is what Breslau et al. (1999) saw at web proxies. */
  readonly exponent: number;
  readonly copies: number;
  /** Of the memory of one node. */
  readonly cacheBytes: number;
  readonly seed: number;
}

interface LoadOutcome {
  readonly right: number;
  /** Answered by this node's own copy, by a hop's, by the root, by the hash table itself. */
  readonly own: number;
  readonly hop: number;
  readonly root: number;
  readonly dht: number;
  /** Nodes that a question passed until it was answered, those from the own copy counted as 0. */
  readonly meanHops: number;
  readonly medianMs: number;
  /** Values that one node sent in answer: the one that sent most, and the root of the most wanted value. */
  readonly busiest: number;
  readonly hottestRoot: number;
  /** Upcalls of both peerlets and copies that were sent, for each get. */
  readonly upcallsPerGet: number;
  readonly copiesPerGet: number;
}

/** As many as one node may ask for at once. */
const PUTS_AT_ONCE = 25;

/** The same gets by the same nodes, from the hash table alone or over the caches. */
async function load(options: LoadOptions, isCached: boolean): Promise<LoadOutcome> {
  const { nodes, values, gets, seed } = options;
  const limits = { COPIES_PER_ANSWER: options.copies, MAX_COPIES_BYTES: options.cacheBytes };
  const made = makeCache(await codeOf("dht-cache", limits));
  const { world, first } = await ofPeers(nodes, made, seed);
  await installOnAll(world, made);
  const random = new SeededRandom(seed, 9);

  const keys: Id[] = [];
  for (let i = 0; i < values; i += PUTS_AT_ONCE) {
    const puts = Array.from({ length: Math.min(PUTS_AT_ONCE, values - i) }, (_, j) => {
      const value = new Uint8Array(options.valueBytes).fill(i + j);
      value.set(new TextEncoder().encode(`value ${i + j}`));
      return dhtOf(world, first).putHash(value, { ttlMs: 86_400_000, write: 4 });
    });
    for (const { key } of await world.until(Promise.all(puts))) keys.push(key as Id);
  }
  const ids = world.sortedIds();
  const sent = new Map<string, number>();
  let upcalls = 0;
  for (const node of world.nodes) {
    for (const { appId } of [dht, made]) {
      watchCalls(world, node, appId, (upcall, args) => {
        if (upcall !== "local" && upcall !== "service" && upcall !== "update") upcalls += 1;
        const isRead = appId === dht.appId && upcall === "remote" && args[1] === "get";
        if (isRead && args[0] !== node.id) sent.set(node.id, (sent.get(node.id) ?? 0) + 1);
      });
    }
  }

  const picker = zipf(values, options.exponent);
  const counts = { right: 0, own: 0, hop: 0, root: 0, dht: 0 };
  const tookMs: number[] = [];
  const hops: number[] = [];
  const get = async (from: SimNode, i: number) => {
    const startMs = world.clock.now();
    const root = rootOf(keys[i]!, ids);
    const isRight = (value: Uint8Array | undefined) =>
      value?.length === options.valueBytes && keyOfValue(value) === keys[i];
    if (!isCached) {
      const { values: found } = await dhtOf(world, from).get(keys[i]!, { kind: "hash" });
      if (isRight(found[0]?.value)) counts.right += 1;
      counts.dht += 1;
    } else {
      const got = await cacheOf(world, from).get(keys[i]!);
      if (isRight(got?.value)) counts.right += 1;
      if (got?.by === "way") counts[got.node === root ? "root" : "hop"] += 1;
      else if (got) counts[got.by === "own" ? "own" : "dht"] += 1;
      hops.push(got?.hops ?? 0);
      if (got?.by === "way" && got.node !== from.id) {
        sent.set(got.node!, (sent.get(got.node!) ?? 0) + 1);
      }
    }
    tookMs.push(world.clock.now() - startMs);
  };
  const open: Promise<void>[] = [];
  const all = [...world.nodes];
  for (let i = 0; i < gets; i++) {
    const from = random.pick(all);
    const wanted = picker(random.next());
    open.push(get(from, wanted));
    if (!isCached) {
      world.lookup(from, keys[wanted]!, ({ result: { receipt } }) => {
        if (receipt.kind === "delivered") hops.push(receipt.hops);
      });
    }
    await world.pass(1_000 / options.getsPerSecond);
  }
  await world.until(Promise.all(open), 40_000);
  let copied = 0;
  for (const node of isCached ? all : []) {
    copied += (await world.until(cacheOf(world, node).stats()))["copied"]!;
  }
  const mean = (numbers: readonly number[]) =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return {
    ...counts,
    meanHops: mean(hops),
    medianMs: tookMs.toSorted((a, b) => a - b)[Math.floor(gets / 2)]!,
    busiest: Math.max(...sent.values()),
    hottestRoot: sent.get(rootOf(keys[0]!, ids)) ?? 0,
    upcallsPerGet: upcalls / gets,
    copiesPerGet: copied / gets,
  };
}

/** The index of a value, from a number in [0, 1). */
function zipf(count: number, exponent: number): (at: number) => number {
  const weights = Array.from({ length: count }, (_, i) => (i + 1) ** -exponent);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return (at) => {
    let left = at * sum;
    const found = weights.findIndex((weight) => (left -= weight) < 0);
    return found < 0 ? count - 1 : found;
  };
}

/** Hears every upcall of a peerlet from now on. */
function watchCalls(
  world: PeerletWorld,
  node: SimNode,
  appId: string,
  heard: (upcall: string, args: readonly unknown[]) => void,
): void {
  const peerlet = world.layer(node).sandbox.running.get(appId)!;
  const call = peerlet.call.bind(peerlet);
  peerlet.call = (upcall, args, timeoutMs, done) => {
    heard(upcall, args);
    call(upcall, args, timeoutMs, done);
  };
}

/** Another size than the usual one may take an hour. */
const timeout = process.env["PROST_CACHE"] === undefined ? 120_000 : 3_600_000;

test(
  "caches answer much of a Zipf load, and the busiest node is relieved",
  { timeout },
  async () => {
    const options = sizesFrom("PROST_CACHE", {
      nodes: 100,
      values: 50,
      valueBytes: 512,
      gets: 300,
      getsPerSecond: 100,
      exponent: 0.8,
      copies: 1,
      cacheBytes: 4_194_304,
      seed: SEED,
    });
    const startMs = performance.now();
    const without = await load(options, false);
    const within = await load(options, true);
    console.log(
      options,
      without,
      within,
      `${((performance.now() - startMs) / 1_000).toFixed(0)} s`,
    );
    expect([without.right, within.right]).toEqual([options.gets, options.gets]);
    expect(within.dht).toBeLessThanOrEqual(0.01 * options.gets);
    expect(within.hop + within.own).toBeGreaterThan(0.2 * options.gets);
    expect(within.meanHops).toBeLessThan(without.meanHops);
    expect(within.busiest).toBeLessThan(without.busiest);
  },
);

test(
  "while nodes come and go every get is right, and caches answer still",
  { timeout },
  async () => {
    const { nodes, values, minutes, medianS, getsPerSecond, seed } = sizesFrom("PROST_CACHE", {
      ...{ nodes: 40, values: 20, minutes: 1, medianS: 100, getsPerSecond: 5, seed: SEED },
    });
    const startMs = performance.now();
    const { world, first } = await ofPeers(nodes, dhtCache, seed);
    await installOnAll(world);
    const keys: string[] = [];
    for (let i = 0; i < values; i++) {
      const put = dhtOf(world, first).putHash(`value ${i}`, { ttlMs: 86_400_000, write: 4 });
      keys.push((await world.until(put)).key);
    }
    const install = (node: SimNode) => {
      world
        .layer(node)
        .peerlets.install(dhtCache.file)
        .catch(() => {});
    };
    const end = comeAndGo(world, { medianS, seed, stays: new Set(), came: install });

    const random = new SeededRandom(seed, 21);
    const picker = zipf(values, 0.8);
    const counts = { gets: 0, right: 0, own: 0, way: 0, dht: 0 };
    const wrong: string[] = [];
    const get = async (from: SimNode, i: number) => {
      const got = await cacheOf(world, from)
        .get(keys[i]!)
        .catch((error: unknown) => String(error));
      // Who left does not care.
      if (!world.nodes.has(from)) return;
      counts.gets += 1;
      if (got !== null && typeof got === "object") counts[got.by] += 1;
      const read = got !== null && typeof got === "object" ? textOf(got.value) : got;
      if (read === `value ${i}`) counts.right += 1;
      else wrong.push(`${keys[i]!.slice(0, 8)}: ${read}`);
    };
    const open = new Map<Promise<void>, SimNode>();
    for (let i = 0; i < minutes * 60 * getsPerSecond; i++) {
      const from = random.pick([...world.nodes].filter((node) => isRunning(world, node)));
      const work = get(from, picker(random.next()));
      open.set(work, from);
      void work.finally(() => open.delete(work));
      await world.pass(1_000 / getsPerSecond);
    }
    const went = end();
    await world.passUntil(() => ![...open.values()].some((from) => world.nodes.has(from)), 60_000);
    const tookS = ((performance.now() - startMs) / 1_000).toFixed(0);
    console.log(`${nodes} nodes, ${went} went`, counts, wrong, `${tookS} s`);
    expect(wrong).toEqual([]);
    expect(counts.own + counts.way).toBeGreaterThan(0.9 * counts.gets);
  },
);
