/**
 * Path caching of the hash table on a simulated ring: what is asked for often is
 * answered on the way, and nobody is believed who brings something else.
 *
 * The load takes its size from `PROST_CACHE`, e.g.
 * "nodes=200,values=500,gets=5000,copies=16". `copies`: nodes on the way that are
 * told to keep a copy by one answer.
 */
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";
import { keyOf, sha256 } from "../../id/hash.ts";
import type { Id } from "../../id/id.ts";
import { hexOf } from "../../id/id.ts";
import { rootOf } from "../oracle.ts";
import { type MadePackage, PeerletWorld, makePackage } from "../peerlet-world.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { SimNode } from "../world.ts";

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
let cacheCode: string;

async function codeOf(name: string): Promise<string> {
  const entry = fileURLToPath(new URL(`../../peerlets/${name}/peerlet.ts`, import.meta.url));
  const sdk = fileURLToPath(new URL("../../sdk/index.ts", import.meta.url));
  const built = await build({
    configFile: false,
    publicDir: false,
    logLevel: "silent",
    resolve: { alias: { "prost/sdk": sdk } },
    build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: name } },
  });
  const [bundle] = Array.isArray(built) ? built : [built];
  if (!bundle || !("output" in bundle)) throw new Error("the build watches");
  return bundle.output[0].code;
}

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
  cacheCode = await codeOf("dht-cache");
  dhtCache = makeCache(cacheCode);
});

async function ofPeers(count: number, made = dhtCache, seed = SEED) {
  const world = await PeerletWorld.ofPeers(count, { seed, codeServers: [SERVER] });
  for (const { manifest, parts } of [dht, made]) {
    world.served.set(`${SERVER}/peerlets/${manifest.name}/manifest.json`, parts.manifest);
    world.served.set(`${SERVER}/peerlets/${manifest.name}/peerlet.js`, parts.code);
  }
  const [first] = world.nodes;
  await install(world, first!, made);
  return { world, first: first! };
}

async function install(world: PeerletWorld, node: SimNode, made = dhtCache): Promise<void> {
  await world.until(world.layer(node).peerlets.install(made.file));
  await world.passUntil(() =>
    [dht, made].every(({ appId }) => world.layer(node).peerlets.get(appId)?.state === "running"),
  );
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

test("a value is got over the root, and the next time from this node", async () => {
  const { world, first } = await ofPeers(20);
  const { key } = await world.until(dhtOf(world, first).putHash("hello", { write: 4 }));
  const got = await world.until(cacheOf(world, first).get(key));
  console.log(got);
  expect(textOf(got?.value)).toBe("hello");
  const again = await world.until(cacheOf(world, first).get(key));
  expect(again).toMatchObject({ by: "own", hops: 0 });
});
