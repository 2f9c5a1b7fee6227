/**
 * The hash table on a simulated ring: what is written is read, whoever comes,
 * goes, crashes or lies meanwhile.
 *
 * `churn` takes its size from `PROST_DHT`, e.g. "nodes=1000,values=10000,minutes=60".
 */
import { beforeAll, describe, expect, test } from "vitest";
import { churn } from "./dht-churn.ts";
import {
  type Dht,
  type Page,
  dhtOf as dhtIn,
  dhtPackage,
  installOn as installIn,
  isRunning,
  ringWithDht,
  textOf,
} from "./dht-world.ts";
import { sizesFrom } from "./sizes.ts";
import { idOfBytes, keyOf, sha256 } from "../../id/hash.ts";
import { rootOf } from "../oracle.ts";
import type { MadePackage, PeerletWorld } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

const SEED = 11;
let made: MadePackage;

beforeAll(async () => {
  made = await dhtPackage();
});

const texts = ({ values }: Page) => values.map(({ value }) => textOf(value)).toSorted();

const dhtOf = (world: PeerletWorld, node: SimNode) => dhtIn(world, node, made);
const installOn = (world: PeerletWorld, node: SimNode) => installIn(world, node, made);

async function ofPeers(count: number) {
  const { world, first } = await ringWithDht(count, SEED, made);
  const on = (node: SimNode) => dhtOf(world, node);
  return { world, first, on };
}

function nodeOf(world: PeerletWorld, id: string): SimNode {
  return [...world.nodes].find((node) => node.id === id)!;
}

/** The truth: the replica set of a key, the root first. */
function replicasOf(world: PeerletWorld, key: string, count = 4): SimNode[] {
  const ids = world.sortedIds();
  const at = ids.findIndex((id) => id >= key);
  const from = at < 0 ? 0 : at;
  return Array.from({ length: Math.min(count, ids.length) }, (_, i) =>
    nodeOf(world, ids[(from + i) % ids.length]!),
  );
}

describe("put and get", () => {
  test("what one node puts, others get; it is on the four replicas of its key", async () => {
    const { world, first, on } = await ofPeers(20);
    const key = keyOf("greeting");
    const put = await world.until(on(first).put(key, "hello", { write: 4 }));
    const replicas = replicasOf(world, key).map(({ id }) => id);
    expect(put.nodes.toSorted()).toEqual(replicas.toSorted());
    const other = await installOn(world, world.sample(1)[0]!);
    expect(texts(await world.until(other.get(key)))).toEqual(["hello"]);
    const where = await world.until(on(first).where(key));
    expect(where.map(({ node }) => node)).toEqual(replicas);
    expect(where.map(({ records }) => records.length)).toEqual([1, 1, 1, 1]);
  });

  test.each([1, 2, 3])("a ring of %i keeps what fewer than four can keep", async (count) => {
    const { world, first, on } = await ofPeers(count);
    const { nodes } = await world.until(on(first).put(keyOf("k"), "v", { write: 4 }));
    expect(nodes).toHaveLength(count);
    expect(texts(await world.until(on(first).get(keyOf("k"))))).toEqual(["v"]);
  });

  test("a key has several values; pages bring all of them once, and large ones fit", async () => {
    const { world, first, on } = await ofPeers(20);
    const key = keyOf("list");
    const values = Array.from({ length: 25 }, (_, i) => `value ${i}`);
    const puts = [...values, ...values].map((value) => on(first).put(key, value));
    await world.until(Promise.all(puts));
    const read: string[] = [];
    let pages = 0;
    let cursor: string | null = null;
    do {
      const page: Page = await world.until(on(first).get(key, { limit: 10, cursor, read: 2 }));
      read.push(...texts(page));
      ({ cursor } = page);
      pages += 1;
    } while (cursor !== null);
    expect(pages).toBe(3);
    expect(read.toSorted()).toEqual(values.toSorted());

    const large = keyOf("large");
    for (let i = 0; i < 3; i++) {
      await world.until(on(first).put(large, new Uint8Array(65_536).fill(i)));
    }
    const page = await world.until(on(first).get(large));
    expect(page.values).toHaveLength(2);
    const rest = await world.until(on(first).get(large, { cursor: page.cursor }));
    expect(rest.values.map(({ value }) => value.length)).toEqual([65_536]);
    expect(rest.cursor).toBeNull();
  });

  test("a value over 64 KiB is refused, and the limit named", async () => {
    const { world, first, on } = await ofPeers(3);
    const put = on(first).put(keyOf("k"), new Uint8Array(65_537));
    await expect(world.until(put)).rejects.toThrow(/at most 65536 bytes \(64 KiB\), not 65537/);
  });

  test("a value is there for its time to live and no longer; the same put again renews it", async () => {
    const { world, first, on } = await ofPeers(20);
    const [short, long] = [keyOf("short"), keyOf("long")];
    await world.until(on(first).put(short, "v", { ttlMs: 60_000 }));
    await world.until(on(first).put(long, "v", { ttlMs: 60_000 }));
    await world.pass(50_000);
    await world.until(on(first).put(long, "v", { ttlMs: 60_000 }));
    expect(texts(await world.until(on(first).get(short)))).toEqual(["v"]);
    await world.pass(11_000);
    expect(texts(await world.until(on(first).get(short, { read: 4 })))).toEqual([]);
    expect(texts(await world.until(on(first).get(long, { read: 4 })))).toEqual(["v"]);
  });

  test("who knows the secret removes the value, on every replica and for good", async () => {
    const { world, first, on } = await ofPeers(20);
    const key = keyOf("k");
    await world.until(on(first).put(key, "mine", { secret: "open sesame", write: 4 }));
    await world.until(on(first).put(key, "other"));
    expect(await world.until(on(first).remove(key, "guess"))).toMatchObject({ removed: 0 });
    expect(texts(await world.until(on(first).get(key)))).toEqual(["mine", "other"]);
    // One replica is away meanwhile, and comes back with what it had.
    const [, , away] = replicasOf(world, key);
    world.crash(away!);
    await world.pass(5_000);
    expect(await world.until(on(first).remove(key, "open sesame"))).toMatchObject({ removed: 1 });
    world.add(away!.secret);
    await world.pass(20_000);
    expect(texts(await world.until(on(first).get(key, { read: 4 })))).toEqual(["other"]);
    await expect(
      world.until(on(first).put(key, "mine", { secret: "open sesame" })),
    ).rejects.toThrow(/was removed with its secret/);
  });
});

describe("what nobody can forge", () => {
  const secret = sha256(new TextEncoder().encode("a person's key"));

  test("what is to be kept for as long as can be is removed at once, on every replica", async () => {
    const { world, first, on } = await ofPeers(20);
    const [key, ttlMs] = [keyOf("k"), 604_800_000];
    await world.until(on(first).put(key, "v", { ttlMs, secret: "s", write: 4 }));
    await world.until(on(first).remove(key, "s", { write: 4 }));
    expect((await world.until(on(first).get(key, { read: 4 }))).values).toEqual([]);
    const owner = sha256(new TextEncoder().encode("owner"));
    for (const [sequence, value] of ["v", ""].entries()) {
      const signed = await world.until(on(first).sign(owner, "n", sequence, value));
      await world.until(on(first).putSigned(signed, { ttlMs, write: 4 }));
    }
  });

  test("a signed record: the higher sequence holds, an older one and another's are refused", async () => {
    const { world, first, on } = await ofPeers(20);
    const put = async (sequence: number, value: string) => {
      const signed = await world.until(on(first).sign(secret, "profile", sequence, value));
      return world.until(on(first).putSigned(signed, { write: 4 }));
    };
    const { key } = await put(1, "one");
    await put(3, "three");
    await expect(put(2, "two")).rejects.toThrow(/sequence number 3 is here/);
    await expect(put(3, "drei")).rejects.toThrow(/needs a higher number/);
    const { values } = await world.until(on(first).get(key, { kind: "signed", read: 4 }));
    expect(values.map(({ value, sequence }) => [textOf(value), sequence])).toEqual([["three", 3]]);

    const signed = await world.until(on(first).sign(secret, "profile", 4, "four"));
    const forged = { ...signed, value: new TextEncoder().encode("forged") };
    await expect(world.until(on(first).putSigned(forged))).rejects.toThrow(/not its owner's/);
    // The same past this node's own check: every replica refuses it.
    for (const replica of replicasOf(world, key).filter((node) => node !== first)) {
      const remote = await world.until(world.layer(first).peerlets.lookup(made.appId, replica.id));
      const store = remote["store"] as unknown as (records: unknown[]) => Promise<unknown>;
      const record = { kind: "signed", key, stamp: 1, ttlMs: 60_000, ...forged };
      expect(await world.until(store([record]))).toEqual(["its owner did not sign this"]);
    }
    expect(texts(await world.until(on(first).get(key, { read: 4 })))).toEqual(["three"]);

    // An empty one removes what was there, and an older one does not come back.
    await put(5, "");
    expect(texts(await world.until(on(first).get(key, { read: 4 })))).toEqual([]);
    await expect(put(4, "four")).rejects.toThrow(/sequence number 5 is here/);
    await put(6, "six");
    expect(texts(await world.until(on(first).get(key, { read: 4 })))).toEqual(["six"]);
  });

  test.each<{ what: string; call: (dht: Dht) => Promise<unknown>; why: RegExp }>([
    { what: "no options", call: (dht) => dht.put("ab".repeat(20), "v", 5 as never), why: /object/ },
    {
      what: "a misspelt option",
      call: (dht) => dht.get("ab".repeat(20), { limt: 5 }),
      why: /no option "limt"/,
    },
    { what: "no key", call: (dht) => dht.put("name", "v"), why: /40 lowercase hex/ },
    {
      what: "too large a value",
      call: (dht) => dht.put("ab".repeat(20), new Uint8Array(1_000_000)),
      why: /at most 65536 bytes/,
    },
    {
      what: "a short secret to sign with",
      call: (dht) => dht.sign(new Uint8Array(3), "n", 1, "v"),
      why: /32 bytes/,
    },
    {
      what: "a sequence below zero",
      call: (dht) => dht.sign(secret, "n", -1, "v"),
      why: /whole number from 0/,
    },
  ])("$what is refused with what to do", async ({ call, why }) => {
    const { world, first, on } = await ofPeers(1);
    await expect(world.until(call(on(first)))).rejects.toThrow(why);
  });

  test("a replica that lies is not believed, and the reader gets the truth", async () => {
    const { world, first, on } = await ofPeers(20);
    const { key } = await world.until(on(first).putHash("the truth", { write: 4 }));
    const signed = await world.until(on(first).sign(secret, "n", 7, "signed truth"));
    const own = await world.until(on(first).putSigned(signed, { write: 4 }));
    const [reader] = [...world.nodes].filter(
      (node) => ![...replicasOf(world, key), ...replicasOf(world, own.key)].includes(node),
    );
    const dht = await installOn(world, reader!);
    for (const root of [replicasOf(world, key)[0]!, replicasOf(world, own.key)[0]!])
      lie(world, root);
    const [hash, mutable] = await world.until(
      Promise.all([dht.get(key, { kind: "hash" }), dht.get(own.key, { kind: "signed" })]),
    );
    expect([texts(hash), texts(mutable)]).toEqual([["the truth"], ["signed truth"]]);
    expect(await world.until(dht.stats())).toMatchObject({ lies: 2 });
  });

  test("a replica that hides a value hides it from nobody who asks two", async () => {
    const { world, first, on } = await ofPeers(20);
    const key = keyOf("k");
    await world.until(on(first).put(key, "here", { write: 4 }));
    const [root] = replicasOf(world, key);
    answer(world, root!, (method, was) =>
      method === "get" ? { kind: "page", records: [], more: false } : was,
    );
    const other = [...world.nodes].find((node) => !replicasOf(world, key).includes(node))!;
    const dht = await installOn(world, other);
    expect(texts(await world.until(dht.get(key)))).toEqual(["here"]);
  });

  test.each([
    { what: "nonsense", method: "store", args: [null] },
    { what: "too many records", method: "store", args: [Array.from({ length: 65 }, () => ({}))] },
    { what: "no query", method: "get", args: ["everything"] },
    { what: "a piece that is none", method: "compare", args: ["f", "0", 1, ""] },
    { what: "slots without end", method: "fetch", args: [Array.from({ length: 65 }, () => "")] },
    { what: "no key", method: "holds", args: [{ key: 1 }] },
  ])("$what from a stranger changes nothing ($method)", async ({ method, args }) => {
    const { world, first } = await ofPeers(3);
    const other = world.members().find((node) => node !== first)!;
    const remote = await world.until(
      world
        .layer(other)
        .peerlets.lookup(made.appId, first.id)
        .catch(async () => {
          await installOn(world, other);
          return world.layer(other).peerlets.lookup(made.appId, first.id);
        }),
    );
    const call = remote[method] as (...args: unknown[]) => Promise<unknown>;
    await expect(world.until(call(...args))).rejects.toMatchObject({ code: "failed" });
    expect(await world.until(dhtOf(world, first).stats())).toMatchObject({ records: 0 });
  });

  test("a node that calls without end is refused", async () => {
    const { world, first } = await ofPeers(3);
    const other = world.members().find((node) => node !== first)!;
    await installOn(world, other);
    const remote = await world.until(world.layer(other).peerlets.lookup(made.appId, first.id));
    const holds = remote["holds"] as (key: string) => Promise<unknown>;
    let refused = 0;
    const calls = Array.from({ length: 500 }, () =>
      holds(keyOf("k")).catch((error: Error) => {
        if (error.message.includes("calls too often")) refused += 1;
      }),
    );
    await world.until(Promise.all(calls));
    expect(refused).toBeGreaterThan(0);
  });
});

describe("nodes come and go", () => {
  /** As many as one node may ask for at once. */
  const VALUES = 50;

  async function filled(count: number) {
    const { world, first, on } = await ofPeers(count);
    const names = Array.from({ length: VALUES }, (_, i) => `name ${i}`);
    await world.until(Promise.all(names.map((name) => on(first).put(keyOf(name), name))));
    return { world, first, on, names };
  }

  async function expectAll(world: PeerletWorld, dht: Dht, names: readonly string[]) {
    const pages = await world.until(Promise.all(names.map((name) => dht.get(keyOf(name)))));
    const held = await world.until(Promise.all(names.map((name) => dht.where(keyOf(name)))));
    const read = pages.flatMap(texts);
    const copies = held.map((where) => where.filter(({ records }) => records.length === 1).length);
    expect(read).toEqual(names);
    expect(copies).toEqual(names.map(() => 4));
  }

  test("replicas crash one after another and others join: nothing is lost", async () => {
    const { world, first, on, names } = await filled(24);
    for (let i = 0; i < 8; i++) {
      const [victim] = replicasOf(world, keyOf(names[i]!)).filter((node) => node !== first);
      world.crash(victim!);
      world.add();
      // In the middle of the repair, too.
      expect(texts(await world.until(on(first).get(keyOf(names[i]!))))).toEqual([names[i]!]);
      await world.pass(8_000);
    }
    await expectAll(world, on(first), names);
  });

  test("three replicas of a key crash at once: nothing is lost", async () => {
    const { world, first, on, names } = await filled(24);
    await world.pass(5_000);
    const name = names.find((each) => !replicasOf(world, keyOf(each)).includes(first))!;
    for (const node of replicasOf(world, keyOf(name)).slice(0, 3)) world.crash(node);
    expect(texts(await world.until(on(first).get(keyOf(name))))).toEqual([name]);
    await world.pass(15_000);
    await expectAll(world, on(first), names);
  });

  test("half of the ring leaves politely and as many join: all is handed over, and given away", async () => {
    const { world, first, on, names } = await filled(24);
    for (const node of world.sample(12)) {
      if (node === first) continue;
      world.leave(node);
      world.add();
      await world.pass(3_000);
    }
    await world.pass(10_000);
    await expectAll(world, on(first), names);
    // Nobody keeps for ever what it need not: a little over four copies, once the ring is quiet.
    await world.pass(150_000);
    const copies = await countCopies(world);
    expect(copies).toBeGreaterThanOrEqual(4 * VALUES);
    expect(copies).toBeLessThan(5 * VALUES);
  });

  test("a newcomer that became root answers what is there, from its first moment on", async () => {
    const { world, first, on } = await ofPeers(20);
    const secret = world.random.bytes(32);
    const id = idOfBytes(sha256(secret));
    const ids = [...world.sortedIds(), id].toSorted();
    const names = Array.from({ length: 2_000 }, (_, i) => `name ${i}`);
    const mine = names.filter((name) => rootOf(keyOf(name), ids) === id).slice(0, 5);
    await world.until(Promise.all(mine.map((name) => on(first).put(keyOf(name), name))));

    const newcomer = world.add(secret);
    await world.passUntil(() => newcomer.node.isMember);
    const remote = await world.until(world.layer(first).peerlets.lookup(made.appId, id));
    const get = remote["get"] as unknown as (query: object) => Promise<{ records: unknown[] }>;
    const asked = mine.map((name) =>
      get({ key: keyOf(name), recordKind: null, after: "", limit: 9, withRemoved: false }),
    );
    const pages = await world.until(Promise.all(asked));
    expect(mine).not.toEqual([]);
    expect(pages.map(({ records }) => records.length)).toEqual(mine.map(() => 1));
  });

  test("a node that is reloaded has what it had", async () => {
    const { world, first, on } = await ofPeers(1);
    await world.until(on(first).put(keyOf("k"), "v"));
    await world.pass(100);
    const again = world.restart(first);
    await world.passUntil(() => world.layer(again).peerlets.get(made.appId)?.state === "running");
    expect(texts(await world.until(dhtOf(world, again).get(keyOf("k"))))).toEqual(["v"]);
  });
});

/** Another size than the usual one may take a day. */
const timeout = process.env["PROST_DHT"] === undefined ? 300_000 : 86_400_000;

test(
  "with sessions of 5 minutes nothing is lost, and what is read is right",
  { timeout },
  async () => {
    const options = sizesFrom("PROST_DHT", {
      nodes: 100,
      values: 500,
      minutes: 1,
      medianS: 300,
      getsPerSecond: 10,
      seed: 3,
    });
    const startMs = performance.now();
    const say = (news: string) => {
      if (process.env["PROST_DHT"] !== undefined) console.log(news);
    };
    const outcome = await churn(options, say);
    console.log(options, outcome, `${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
    expect(outcome).toMatchObject({ lost: 0, stale: 0, missing: 0 });
    expect(outcome.right).toBeGreaterThanOrEqual(0.99 * outcome.gets);
  },
);

async function countCopies(world: PeerletWorld): Promise<number> {
  let copies = 0;
  for (const node of world.nodes) {
    if (!isRunning(world, node, made)) continue;
    copies += (await world.until(dhtOf(world, node).stats()))["records"]!;
  }
  return copies;
}

type Plain = Record<string, unknown>;

/** From now on the remote methods of this node's peerlet answer what `change` makes of their answers. */
function answer(
  world: PeerletWorld,
  node: SimNode,
  change: (method: string, was: unknown) => unknown,
): void {
  const peerlet = world.layer(node).sandbox.running.get(made.appId)!;
  const call = peerlet.call.bind(peerlet);
  peerlet.call = (upcall, args, timeoutMs, done) =>
    call(upcall, args, timeoutMs, (result) => {
      if (upcall !== "remote" || result.kind !== "value") return done(result);
      done({ kind: "value", value: change(args[1] as string, result.value) as never });
    });
}

/** Every value that it tells is another one. */
function lie(world: PeerletWorld, node: SimNode): void {
  answer(world, node, (_method, was) => {
    if (typeof was !== "object" || was === null || !("records" in was)) return was;
    const records = (was.records as Plain[]).map((record) => ({
      ...record,
      value: new TextEncoder().encode("a lie"),
    }));
    return { ...was, records };
  });
}
