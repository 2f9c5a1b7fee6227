/**
 * The directory on a simulated ring: where it comes to be, what is found, and
 * what nobody can forge, whoever comes, goes, crashes or lies meanwhile.
 *
 * The run with churn takes its size from `PROST_DIRECTORY`, e.g.
 * "nodes=1000,entries=2000,minutes=10".
 */
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { beforeAll, describe, expect, test } from "vitest";
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
  const entry = fileURLToPath(new URL("../../peerlets/directory/peerlet.ts", import.meta.url));
  const sdk = fileURLToPath(new URL("../../sdk/index.ts", import.meta.url));
  const built = await build({
    configFile: false,
    publicDir: false,
    logLevel: "silent",
    resolve: { alias: { "prost/sdk": sdk } },
    build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: "directory" } },
  });
  const [bundle] = Array.isArray(built) ? built : [built];
  if (!bundle || !("output" in bundle)) throw new Error("the build watches");
  made = makePackage({
    name: "directory",
    code: bundle.output[0].code,
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
