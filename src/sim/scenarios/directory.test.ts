/**
 * The directory on a simulated ring: where it comes to be, what is found, and
 * what nobody can forge, whoever comes, goes, crashes or lies meanwhile.
 *
 * The run with churn takes its size from `PROST_DIRECTORY`, e.g.
 * "nodes=1000,entries=2000,minutes=10".
 */
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf } from "./bundle.ts";
import { sizesFrom } from "./sizes.ts";
import { keyOf } from "../../id/hash.ts";
import { type MadePackage, PeerletWorld, makePackage } from "../peerlet-world.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { SimNode } from "../world.ts";

interface Entry {
  readonly id: string;
  readonly category: string;
  readonly name: string;
  readonly description: string;
  readonly contact: string;
  readonly provider: string;
  readonly ttlMs: number;
  readonly isOwn: boolean;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly cursor: string | null;
}

interface Mine {
  readonly category: string;
  readonly name: string;
  readonly leftMs: number;
  readonly why: string;
}

interface Held {
  readonly node: string;
  readonly records: readonly { readonly name: string; readonly isWithdrawn: boolean }[];
}

type Options = Readonly<Record<string, unknown>>;

/** The peerlet's `local` methods, as a page sees them. */
interface Directory {
  register(category: string, options: Options): Promise<{ readonly nodes: readonly string[] }>;
  renew(category: string, name: string): Promise<Mine>;
  withdraw(category: string, name: string): Promise<{ readonly nodes: readonly string[] }>;
  browse(category: string, options?: Options): Promise<Page>;
  search(category: string, text: string, options?: Options): Promise<Page>;
  categories(
    parent?: string,
    options?: Options,
  ): Promise<{ readonly categories: readonly { readonly category: string }[] }>;
  mine(): Promise<readonly Mine[]>;
  whoAmI(): Promise<{ readonly provider: string }>;
  exportKey(): Promise<string>;
  importKey(text: string, options?: Options): Promise<{ readonly provider: string }>;
  where(category: string): Promise<readonly Held[]>;
  stats(): Promise<Readonly<Record<string, number>>>;
}

const SEED = 7;
let made: MadePackage;

beforeAll(async () => {
  made = makePackage({
    name: "directory",
    code: await codeOf("directory"),
    wants: { storageBytes: 16_777_216, messagesPerSecond: 500, callsOpen: 64 },
  });
});

const names = ({ entries }: Page) => entries.map(({ name }) => name).toSorted();

function directoryOf(world: PeerletWorld, node: SimNode): Directory {
  return world.layer(node).peerlets.local(made.appId) as unknown as Directory;
}

/** A ring with the peerlet on its first node; the others get it when they are to keep something. */
async function ofPeers(count: number, seed = SEED) {
  const world = await PeerletWorld.ofPeers(count, { seed });
  const [first] = world.nodes;
  const on = await installOn(world, first!);
  return { world, first: first!, on };
}

/** Installs it, as a person would. */
async function installOn(world: PeerletWorld, node: SimNode): Promise<Directory> {
  await world.until(world.layer(node).peerlets.install(made.file));
  return directoryOf(world, node);
}

/** The truth: the replica set of a category, the root first. */
function replicasOf(world: PeerletWorld, category: string): SimNode[] {
  const key = keyOf(`directory/${category}`);
  const ids = world.sortedIds();
  const at = ids.findIndex((id) => id >= key);
  const from = at < 0 ? 0 : at;
  return Array.from({ length: Math.min(4, ids.length) }, (_, i) =>
    [...world.nodes].find(({ id }) => id === ids[(from + i) % ids.length])!,
  );
}

/** Nodes that have the application. */
function deployed(world: PeerletWorld): string[] {
  const has = (node: SimNode) => world.layer(node).peerlets.get(made.appId) !== undefined;
  return [...world.nodes]
    .filter(has)
    .map(({ id }) => id)
    .toSorted();
}

function idsOf(...nodes: readonly (readonly SimNode[])[]): string[] {
  return [...new Set(nodes.flat().map(({ id }) => id))].toSorted();
}

describe("deployment", () => {
  test("a new category brings the peerlet to the nodes responsible for it, and to no other", async () => {
    const { world, first, on } = await ofPeers(100);
    expect(deployed(world)).toEqual([first.id]);
    await world.until(on.register("plumbers", { name: "Ada", description: "pipes" }));
    const top = replicasOf(world, "");
    const plumbers = replicasOf(world, "plumbers");
    await world.pass(90_000);
    expect(deployed(world)).toEqual(idsOf([first], top, plumbers));

    await world.until(on.register("Food / Bakers", { name: "Ada", description: "bread" }));
    await world.pass(90_000);
    const [food, bakers] = [replicasOf(world, "food"), replicasOf(world, "food/bakers")];
    expect(deployed(world)).toEqual(idsOf([first], top, plumbers, food, bakers));
    const other = await installOn(world, world.sample(1)[0]!);
    expect(names(await world.until(other.browse(" FOOD/bakers")))).toEqual(["Ada"]);
    const { categories } = await world.until(other.categories());
    expect(categories.map(({ category }) => category).toSorted()).toEqual(["food", "plumbers"]);
    expect((await world.until(other.categories("food"))).categories).toEqual([
      { category: "food/bakers", name: "bakers" },
    ]);
    const where = await world.until(other.where("plumbers"));
    expect(where.map(({ node }) => node)).toEqual(plumbers.map(({ id }) => id));
    expect(where.map(({ records }) => records.length)).toEqual([1, 1, 1, 1]);
  });
});

type Plain = Record<string, unknown>;
type Call = (...args: unknown[]) => Promise<unknown>;

/** What one node may call on another's peerlet. */
async function remoteOf(world: PeerletWorld, from: SimNode, to: SimNode) {
  const remote = await world.until(world.layer(from).peerlets.lookup(made.appId, to.id));
  return remote as unknown as Readonly<Record<string, Call>>;
}

/** All records of one kind that a node has of a category, as they travel. */
async function recordsAt(world: PeerletWorld, from: SimNode, to: SimNode, category: string) {
  const { page } = await remoteOf(world, from, to);
  const key = keyOf(`directory/${category}`);
  const query = { key, recordKind: "entry", words: [], after: "", limit: 100, withRemoved: true };
  return ((await world.until(page!(query))) as { records: Plain[] }).records;
}

describe("entries", () => {
  test("the same name again replaces an entry; it ends with its time, everywhere; renewed, it does not", async () => {
    const { world, first, on } = await ofPeers(30);
    const options = { description: "pipes", contact: "tel 1", ttlMs: 60_000 };
    await world.until(on.register("plumbers", { name: "Ada", ...options }));
    await world.until(on.register("plumbers", { name: "Ada", ...options, description: "taps" }));
    await world.until(on.register("plumbers", { name: "Bob", ...options }));
    const { entries } = await world.until(on.browse("plumbers"));
    const { provider } = await world.until(on.whoAmI());
    expect(entries.find(({ name }) => name === "Ada")).toMatchObject({
      description: "taps",
      contact: "tel 1",
      provider,
      isOwn: true,
    });
    expect(entries).toHaveLength(2);
    await world.pass(50_000);
    await world.until(on.renew("plumbers", "Ada"));
    await world.pass(15_000);
    expect(names(await world.until(on.browse("plumbers")))).toEqual(["Ada"]);
    for (const replica of replicasOf(world, "plumbers").filter((node) => node !== first)) {
      const records = await recordsAt(world, first, replica, "plumbers");
      expect(records.map(({ name }) => name)).toEqual(["Ada"]);
    }
    expect((await world.until(on.mine())).map(({ name, leftMs }) => [name, leftMs > 0])).toEqual([
      ["Ada", true],
      ["Bob", false],
    ]);
    await expect(world.until(on.renew("plumbers", "Eve"))).rejects.toThrow(/has no entry "Eve"/);
  });

  test("what is to be kept alive is renewed while the node runs, and after it was reloaded", async () => {
    const { world, first, on } = await ofPeers(20);
    await world.until(on.register("bakers", { name: "Ada", ttlMs: 60_000, autoRenew: true }));
    await world.until(on.register("bakers", { name: "Bob", ttlMs: 60_000 }));
    await world.pass(200_000);
    expect(names(await world.until(on.browse("bakers")))).toEqual(["Ada"]);
    const again = world.restart(first);
    await world.passUntil(() => world.layer(again).peerlets.get(made.appId)?.state === "running");
    await world.pass(100_000);
    const after = directoryOf(world, again);
    expect(names(await world.until(after.browse("bakers")))).toEqual(["Ada"]);
    expect((await world.until(after.browse("bakers"))).entries[0]!.isOwn).toBe(true);
  });

  test("what is withdrawn stays away, though a replica that was gone brings it back", async () => {
    const { world, first, on } = await ofPeers(30);
    await world.until(on.register("plumbers", { name: "Ada" }));
    await world.until(on.register("plumbers", { name: "Bob" }));
    await world.pass(5_000);
    const away = replicasOf(world, "plumbers").find((node) => node !== first)!;
    world.crash(away);
    await world.pass(5_000);
    await world.until(on.withdraw("plumbers", "Ada"));
    expect(names(await world.until(on.browse("plumbers")))).toEqual(["Bob"]);
    world.add(away.secret);
    await world.pass(30_000);
    for (const replica of replicasOf(world, "plumbers").filter((node) => node !== first)) {
      const records = await recordsAt(world, first, replica, "plumbers");
      const living = records.filter(({ isWithdrawn }) => isWithdrawn === false);
      expect(living.map(({ name }) => name)).toEqual(["Bob"]);
    }
    expect((await world.until(on.mine())).map(({ name }) => name)).toEqual(["Bob"]);
    // And it may come back, if its provider wants.
    await world.until(on.register("plumbers", { name: "Ada" }));
    expect(names(await world.until(on.browse("plumbers")))).toEqual(["Ada", "Bob"]);
  });

  test("a provider takes its key and its entries to another machine", async () => {
    const { world, first, on } = await ofPeers(20);
    await world.until(on.register("plumbers", { name: "Ada", description: "pipes" }));
    const text = await world.until(on.exportKey());
    const other = await installOn(
      world,
      [...world.nodes].find((node) => node !== first)!,
    );
    await world.until(other.register("plumbers", { name: "Own" }));
    await expect(world.until(other.importKey(text))).rejects.toThrow(/1 entries under another key/);
    await world.until(other.importKey(text, { replace: true }));
    expect(await world.until(other.whoAmI())).toMatchObject(
      await world.until(on.whoAmI()).then(({ provider }) => ({ provider })),
    );
    await world.until(other.renew("plumbers", "Ada"));
    await world.until(other.withdraw("plumbers", "Ada"));
    expect(names(await world.until(on.browse("plumbers")))).toEqual(["Own"]);
    await expect(world.until(other.importKey("{}"))).rejects.toThrow(/no exported key/);
  });
});

describe("what nobody can forge", () => {
  test("others' entries, renewals and withdrawals are refused at every replica", async () => {
    const { world, first, on } = await ofPeers(30);
    await world.until(
      on.register("plumbers", { name: "Ada", description: "pipes", ttlMs: 60_000 }),
    );
    await world.pass(2_000);
    const replicas = replicasOf(world, "plumbers");
    const liar = [...world.nodes].find((node) => node !== first && !replicas.includes(node))!;
    await installOn(world, liar);
    const [entry] = await recordsAt(world, liar, replicas[0]!, "plumbers");
    const one = { sequence: (entry!["sequence"] as number) + 1 };
    const forged = {
      "another description": { ...one, description: "frauds" },
      "another contact": { ...one, contact: "tel of a fraud" },
      "another name": { name: "Eve" },
      renewal: { ...one },
      "a later end": { ...one, expiresMs: (entry!["expiresMs"] as number) + 3_600_000 },
      withdrawal: { ...one, isWithdrawn: true, description: "", contact: "" },
    };
    for (const replica of replicas.filter((node) => node !== first)) {
      const { store, put } = await remoteOf(world, liar, replica);
      for (const change of Object.values(forged)) {
        const record = { ...entry, ...change, ttlMs: 3_600_000 };
        const why = "its owner did not sign this";
        expect(await world.until(store!([record]))).toEqual([why]);
        const written = await world.until(put!(record, 1));
        expect((written as { kind: string }).kind).not.toBe("written");
      }
      // One that would lose against what is there is not even looked at, and changes nothing.
      const older = { ...entry, sequence: 1, expiresMs: (entry!["expiresMs"] as number) + 1 };
      await world.until(store!([{ ...older, ttlMs: 600_000_000 }]));
      const other = { ...entry, category: "bakers", key: keyOf("directory/bakers") };
      expect(await world.until(store!([other]))).not.toEqual(["ok"]);
      // The same entry again, as if it had more time: as much as clocks may differ, and no more.
      await world.until(store!([{ ...entry, ttlMs: 600_000_000 }]));
    }
    for (const replica of replicas.filter((node) => node !== first)) {
      const [kept, ...more] = await recordsAt(world, liar, replica, "plumbers");
      expect({ ...kept, ttlMs: 0 }).toEqual({ ...entry, ttlMs: 0 });
      expect(more).toEqual([]);
    }
    const { entries } = await world.until(on.browse("plumbers"));
    expect(entries.map(({ name, description }) => [name, description])).toEqual([["Ada", "pipes"]]);
    expect(entries[0]!.ttlMs).toBeLessThanOrEqual(660_000);
    await world.pass(661_000);
    expect(names(await world.until(on.browse("plumbers")))).toEqual([]);
    // Once it is over nobody can bring it back.
    for (const replica of replicas.filter((node) => node !== first)) {
      const { store } = await remoteOf(world, liar, replica);
      expect(await world.until(store!([entry]))).toEqual(["its time is over, or a clock is wrong"]);
    }
  });

  test("an entry that was withdrawn cannot be put back by who kept it", async () => {
    const { world, first, on } = await ofPeers(30);
    await world.until(on.register("plumbers", { name: "Ada", ttlMs: 60_000 }));
    const replicas = replicasOf(world, "plumbers");
    const liar = [...world.nodes].find((node) => node !== first && !replicas.includes(node))!;
    await installOn(world, liar);
    const [entry] = await recordsAt(world, liar, replicas[0]!, "plumbers");
    await world.until(on.withdraw("plumbers", "Ada"));
    for (let minute = 0; minute < 12; minute++) {
      for (const replica of replicas.filter((node) => node !== first)) {
        const { store } = await remoteOf(world, liar, replica);
        await world.until(store!([{ ...entry, ttlMs: 600_000 }]));
      }
      expect(names(await world.until(on.browse("plumbers")))).toEqual([]);
      await world.pass(60_000);
    }
  });

  test("a replica that lies is not believed", async () => {
    const { world, first, on } = await ofPeers(30);
    await world.until(on.register("plumbers", { name: "Ada", description: "pipes" }));
    await world.pass(2_000);
    const replicas = replicasOf(world, "plumbers");
    const reader = [...world.nodes].find((node) => node !== first && !replicas.includes(node))!;
    const directory = await installOn(world, reader);
    const root = world.layer(replicas[0]!).sandbox.running.get(made.appId)!;
    const call = root.call.bind(root);
    root.call = (upcall, args, timeoutMs, done) =>
      call(upcall, args, timeoutMs, (result) => {
        const value = result.kind === "value" ? (result.value as { records?: Plain[] }) : null;
        if (upcall !== "remote" || !value?.records) return done(result);
        const records = value.records.map((record) => ({ ...record, description: "frauds" }));
        done({ kind: "value", value: { ...value, records } as never });
      });
    const { entries } = await world.until(directory.browse("plumbers"));
    expect(entries.map(({ description }) => description)).toEqual(["pipes"]);
    expect(await world.until(directory.stats())).toMatchObject({ lies: 1 });
  });
});

describe("many entries", () => {
  test("pages bring 528 entries once each, and a search finds all that match and nothing else", async () => {
    const { world } = await ofPeers(33);
    const directories: Directory[] = [];
    for (const node of world.nodes) directories.push(await installOn(world, node));
    const each = Array.from({ length: 16 }, (_, i) => i);
    for (const i of each) {
      const registered = directories.map((directory, j) =>
        directory.register("plumbers", {
          name: `Plumber ${j} ${i}`,
          description: `${i % 2 === 0 ? "Straße" : "Allee"} ${j}, ${i % 3 === 0 ? "open at NIGHT" : "day"}`,
        }),
      );
      await world.until(Promise.all(registered));
    }
    const reader = directories[3]!;
    const all = async (page: (cursor: string | null) => Promise<Page>) => {
      const found: string[] = [];
      let [cursor, pages]: [string | null, number] = [null, 0];
      do {
        const read: Page = await world.until(page(cursor));
        found.push(...read.entries.map(({ name }) => name));
        ({ cursor } = read);
        pages += 1;
      } while (cursor !== null);
      return { found: found.toSorted(), pages };
    };
    const browsed = await all((cursor) => reader.browse("plumbers", { limit: 60, cursor }));
    const expected = directories.flatMap((_, j) => each.map((i) => `Plumber ${j} ${i}`));
    expect(browsed.found).toEqual(expected.toSorted());
    expect(browsed.pages).toBe(9);
    const searched = await all((cursor) =>
      reader.search("Plumbers", "night STRASSE", { limit: 20, cursor }),
    );
    const matching = directories.flatMap((_, j) =>
      each.filter((i) => i % 6 === 0).map((i) => `Plumber ${j} ${i}`),
    );
    expect(searched.found).toEqual(matching.toSorted());
    const none = await world.until(reader.search("plumbers", "night nowhere"));
    expect(none).toMatchObject({ entries: [], cursor: null });

    // A newcomer that has nothing yet finds the same.
    const newcomer = world.add();
    await world.passUntil(() => newcomer.node.isMember);
    const there = await installOn(world, newcomer);
    const again = await all((cursor) => there.search("plumbers", "night strasse", { cursor }));
    expect(again.found).toEqual(matching.toSorted());
  });

  test("one provider has 16 entries in a category, and the next is told why not", async () => {
    const { world, first, on } = await ofPeers(20);
    for (let i = 0; i < 16; i++) {
      await world.until(on.register("plumbers", { name: `Ada ${i}` }));
    }
    const next = on.register("plumbers", { name: "one more" });
    await expect(world.until(next)).rejects.toThrow(/at most 16 entries in one category/);
    expect((await world.until(on.mine())).length).toBe(16);
    const other = await installOn(
      world,
      [...world.nodes].find((node) => node !== first)!,
    );
    await world.until(other.register("plumbers", { name: "Bob" }));
    expect((await world.until(other.browse("plumbers"))).entries).toHaveLength(17);
  });
});

describe("hostile input", () => {
  test.each([
    {
      what: "no category",
      call: (on: Directory) => on.register("  / ", { name: "n" }),
      why: /1 to 64/,
    },
    { what: "a long category", call: (on: Directory) => on.browse("x".repeat(65)), why: /1 to 64/ },
    { what: "a deep one", call: (on: Directory) => on.browse("a/b/c/d/e/f/g"), why: /6 deep/ },
    { what: "no name", call: (on: Directory) => on.register("c", { name: " " }), why: /1 to 80/ },
    {
      what: "a long description",
      call: (on: Directory) => on.register("c", { name: "n", description: "x".repeat(601) }),
      why: /0 to 600/,
    },
    {
      what: "a line end in a name",
      call: (on: Directory) => on.register("c", { name: "a\nb" }),
      why: /control characters/,
    },
    {
      what: "a time too short",
      call: (on: Directory) => on.register("c", { name: "n", ttlMs: 1_000 }),
      why: /60000 \(a minute\) to 604800000/,
    },
    {
      what: "a search for nothing that could be read",
      call: (on: Directory) => on.search("c", undefined as unknown as string),
      why: /a text of at most 200/,
    },
    {
      what: "a search of many words",
      call: (on: Directory) => on.search("c", "a b c d e f g h i"),
      why: /at most 8 words/,
    },
    {
      what: "a page too large",
      call: (on: Directory) => on.browse("c", { limit: 101 }),
      why: /1 to 100/,
    },
    { what: "a cursor", call: (on: Directory) => on.browse("c", { cursor: "x" }), why: /a cursor/ },
  ])("of this node's caller: $what is an error that says so", async ({ call, why }) => {
    const { world, on } = await ofPeers(1);
    await expect(world.until<unknown>(call(on))).rejects.toThrow(why);
  });

  test.each([
    { method: "store", args: [null] },
    { method: "store", args: [Array.from({ length: 65 }, () => ({}))] },
    { method: "get", args: ["everything"] },
    { method: "get", args: [{ key: "0".repeat(40), recordKind: "entry", after: "", limit: 9 }] },
    {
      method: "page",
      args: [{ key: "0".repeat(40), recordKind: "entry", after: "", limit: 9, words: ["A"] }],
    },
    {
      method: "page",
      args: [
        {
          key: "0".repeat(40),
          recordKind: "entry",
          after: "",
          limit: 9,
          words: Array.from({ length: 9 }, () => "a"),
        },
      ],
    },
    { method: "compare", args: ["f", "0", 1, ""] },
    { method: "fetch", args: [Array.from({ length: 65 }, () => "")] },
  ])("of another node: $method refuses, and nothing changes ($args)", async ({ method, args }) => {
    const { world, first, on } = await ofPeers(3);
    const other = [...world.nodes].find((node) => node !== first)!;
    await installOn(world, other);
    const remote = await remoteOf(world, other, first);
    await expect(world.until(remote[method]!(...args))).rejects.toMatchObject({ code: "failed" });
    expect(await world.until(on.stats())).toMatchObject({ records: 0 });
  });

  test("a node that calls without end is refused", async () => {
    const { world, first } = await ofPeers(3);
    const other = [...world.nodes].find((node) => node !== first)!;
    await installOn(world, other);
    const { holds } = await remoteOf(world, other, first);
    let refused = 0;
    const calls = Array.from({ length: 500 }, () =>
      holds!(keyOf("k")).catch((error: Error) => {
        if (error.message.includes("calls too often")) refused += 1;
      }),
    );
    await world.until(Promise.all(calls));
    expect(refused).toBeGreaterThan(0);
  });
});

/** Of one run with churn. */
interface ChurnOptions {
  readonly nodes: number;
  readonly entries: number;
  /** Simulated, after the entries were registered. */
  readonly minutes: number;
  /** Of a session, in s. */
  readonly medianS: number;
  readonly opsPerSecond: number;
  readonly seed: number;
}

/** What is known of one entry, from who registered it. */
interface Known {
  readonly by: SimNode;
  readonly category: string;
  readonly name: string;
  /** The highest version that was acknowledged, and that was asked for. */
  acknowledged: number;
  asked: number;
  isBusy: boolean;
  /** Null while it is listed, else whether the withdrawal was acknowledged. */
  withdrawn: boolean | null;
}

const PER_CATEGORY = 10;
const PER_PROVIDER = 50;

/**
 * As many nodes come as go; half of them go without a word. Those who registered something stay, for only they
 * can change it: they rewrite and withdraw, and everybody browses.
 */
async function churn(options: ChurnOptions) {
  const { nodes, entries, minutes, seed } = options;
  const world = await PeerletWorld.ofPeers(nodes, { seed });
  const random = new SeededRandom(seed, 9);
  const providers = [...world.nodes].slice(0, Math.ceil(entries / PER_PROVIDER));
  const directories = new Map<SimNode, Directory>();
  for (const node of providers) directories.set(node, await installOn(world, node));
  const known: Known[] = Array.from({ length: entries }, (_, i) => ({
    by: providers[i % providers.length]!,
    category: `group ${Math.floor(i / PER_CATEGORY) % 10}/category ${Math.floor(i / PER_CATEGORY)}`,
    name: `name ${i}`,
    acknowledged: 0,
    asked: 0,
    isBusy: false,
    withdrawn: null,
  }));
  const counts = {
    reads: 0,
    right: 0,
    stale: 0,
    missing: 0,
    failed: 0,
    writes: 0,
    writesFailed: 0,
  };
  const write = async (entry: Known) => {
    entry.isBusy = true;
    entry.asked += 1;
    const version = entry.asked;
    counts.writes += 1;
    try {
      const { category, name, by } = entry;
      const description = `version ${version}`;
      await directories.get(by)!.register(category, { name, description, ttlMs: 604_800_000 });
      entry.acknowledged = version;
    } catch {
      counts.writesFailed += 1;
    }
    entry.isBusy = false;
  };
  for (let i = 0; i < entries; i += 20) {
    await world.until(Promise.all(known.slice(i, i + 20).map(write)), 60_000);
  }

  let [came, isOver] = [0, false];
  const live = (node: SimNode) => {
    const forMs = -((options.medianS * 1_000) / Math.LN2) * Math.log(1 - random.next());
    world.clock.after(forMs, () => {
      if (isOver) return;
      if (random.next() < 0.5) world.leave(node);
      else world.crash(node);
      came += 1;
      live(world.add());
    });
  };
  for (const node of world.nodes) if (!providers.includes(node)) live(node);

  const isRunning = (node: SimNode) =>
    node.node.isMember && world.layer(node).peerlets.get(made.appId)?.state === "running";
  const versionOf = (entry: Known, page: Page) => {
    const found = page.entries.find(({ name }) => name === entry.name);
    return found ? Number(found.description.split(" ")[1]) : null;
  };
  const open = new Map<Promise<void>, SimNode>();
  const track = (from: SimNode, work: Promise<void>) => {
    open.set(work, from);
    void work.finally(() => open.delete(work));
  };
  const read = async (from: SimNode, entry: Known) => {
    const { category } = entry;
    const expected = known
      .filter((each) => each.category === category)
      .map((each) => ({ each, least: each.acknowledged, was: each.withdrawn }));
    let verdict: "right" | "stale" | "missing" | "failed" = "failed";
    try {
      const page = await directoryOf(world, from).browse(category, { limit: 100 });
      verdict = "right";
      for (const { each, least, was } of expected) {
        const version = versionOf(each, page);
        if (was === true && version !== null) verdict = "stale";
        if (was !== null || each.withdrawn !== null || least === 0) continue;
        if (version === null) verdict = "missing";
        else if (version < least) verdict = "stale";
      }
    } catch {
      // Failed, unless the reader itself is gone.
    }
    if (!world.nodes.has(from)) return;
    counts.reads += 1;
    counts[verdict] += 1;
  };
  const withdraw = async (entry: Known) => {
    entry.isBusy = true;
    entry.withdrawn = false;
    counts.writes += 1;
    try {
      await directories.get(entry.by)!.withdraw(entry.category, entry.name);
      entry.withdrawn = true;
    } catch {
      counts.writesFailed += 1;
    }
    entry.isBusy = false;
  };
  const stepMs = 1_000 / options.opsPerSecond;
  for (let ms = 0; ms < minutes * 60_000; ms += stepMs) {
    const entry = random.pick(known);
    const dice = random.next();
    if (dice < 0.1 && !entry.isBusy && entry.withdrawn === null) track(entry.by, write(entry));
    else if (dice < 0.12 && !entry.isBusy && entry.withdrawn === null) {
      track(entry.by, withdraw(entry));
    } else {
      const from = random.pick([...world.nodes].filter(isRunning));
      track(from, read(from, entry));
    }
    await world.pass(stepMs);
  }
  isOver = true;
  await world.passUntil(() => ![...open.values()].some((from) => world.nodes.has(from)), 40_000);
  await world.pass(20_000);

  let [lost, back, copies, sampled] = [0, 0, 0, 0];
  const reader = directories.get(providers[0]!)!;
  const categories = [...new Set(known.map(({ category }) => category))];
  for (const category of categories) {
    const page = await world.until(reader.browse(category, { limit: 100 }));
    for (const entry of known.filter((each) => each.category === category)) {
      const version = versionOf(entry, page);
      if (entry.withdrawn === true && version !== null) back += 1;
      const isLost = version === null || version < entry.acknowledged;
      if (entry.withdrawn === null && entry.acknowledged > 0 && isLost) lost += 1;
    }
    if (sampled >= 50) continue;
    sampled += 1;
    const where = await world.until(reader.where(category));
    copies += where.filter(({ records }) => records.length > 0).length;
  }
  const groups = new Set<string>();
  for (let at = 0; at < 10; at++) {
    const page = await world.until(reader.categories(`group ${at}`, { limit: 100 }));
    for (const { category } of page.categories) groups.add(category);
  }
  const unlisted = categories.filter((category) => !groups.has(category)).length;
  const deployedOn = deployed(world).length;
  return { came, ...counts, lost, back, unlisted, copies: copies / sampled, deployedOn };
}

/** Another size than the usual one may take a day. */
const timeout = process.env["PROST_DIRECTORY"] === undefined ? 300_000 : 86_400_000;

test(
  "with sessions of 5 minutes no entry is lost, and what was withdrawn stays away",
  { timeout },
  async () => {
    const options = sizesFrom("PROST_DIRECTORY", {
      nodes: 60,
      entries: 100,
      minutes: 1,
      medianS: 300,
      opsPerSecond: 5,
      seed: 3,
    });
    const startMs = performance.now();
    const outcome = await churn(options);
    console.log(options, outcome, `${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
    expect(outcome).toMatchObject({ lost: 0, back: 0, stale: 0, missing: 0, unlisted: 0 });
    expect(outcome.right).toBeGreaterThanOrEqual(0.99 * outcome.reads);
  },
);
