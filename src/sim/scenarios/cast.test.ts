/**
 * Groups on a simulated ring: what is sent comes once and in order, whoever
 * comes, goes, crashes or lies meanwhile.
 *
 * The large ones take their size from `PROST_CAST`, e.g. "nodes=1000".
 */
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { beforeAll, describe, expect, test } from "vitest";
import type { NetworkConditions } from "../memory-network.ts";
import { type MadePackage, PeerletWorld, makePackage } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

type Data = string | Uint8Array;

interface Place {
  readonly key: string;
  readonly role: "root" | "member" | "forwarder";
  readonly isMember: boolean;
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly depth: number | null;
}

interface Received {
  readonly number: number;
  readonly kind: "message" | "anycast";
  readonly sender: string;
  readonly serial: number;
  readonly data: Data;
}

type Options = Readonly<Record<string, unknown>>;

/** The peerlet's `local` methods, as a page sees them. */
interface CastLocal {
  create(group: string, options?: Options): Promise<{ key: string; credential: string }>;
  join(group: string, options?: Options): Promise<{ key: string }>;
  leave(group: string): Promise<void>;
  multicast(group: string, data: Data): Promise<{ serial: number }>;
  anycast(group: string, data: Data): Promise<{ node: string; asked: number }>;
  broadcast(data: Data): Promise<{ serial: number; parts: number }>;
  broadcasts(): Promise<readonly { sender: string; serial: number; data: Data }[]>;
  groups(): Promise<readonly Place[]>;
  received(group: string, options?: Options): Promise<readonly Received[]>;
  stats(): Promise<Readonly<Record<string, number>>>;
}

const SEED = 21;
let made: MadePackage;

beforeAll(async () => {
  const entry = fileURLToPath(new URL("../../peerlets/cast/peerlet.ts", import.meta.url));
  const sdk = fileURLToPath(new URL("../../sdk/index.ts", import.meta.url));
  const built = await build({
    configFile: false,
    publicDir: false,
    logLevel: "silent",
    resolve: { alias: { "prost/sdk": sdk } },
    build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: "cast" } },
  });
  const [bundle] = Array.isArray(built) ? built : [built];
  if (!bundle || !("output" in bundle)) throw new Error("the build watches");
  made = makePackage({
    name: "cast",
    appType: "per-hop",
    code: bundle.output[0].code,
    wants: { storageBytes: 65_536, messagesPerSecond: 1_000, callsOpen: 64 },
  });
});

function castOf(world: PeerletWorld, node: SimNode): CastLocal {
  return world.layer(node).peerlets.local(made.appId) as unknown as CastLocal;
}

/** A ring, with the peerlet on every node. */
async function ofPeers(count: number, seed = SEED, conditions: Partial<NetworkConditions> = {}) {
  const world = await PeerletWorld.ofPeers(count, { seed, conditions });
  await world.until(
    Promise.all([...world.nodes].map((node) => world.layer(node).peerlets.install(made.file))),
  );
  return world;
}

async function joinAll(
  world: PeerletWorld,
  nodes: readonly SimNode[],
  group: string,
  perBatch = 50,
) {
  for (let i = 0; i < nodes.length; i += perBatch) {
    const batch = nodes.slice(i, i + perBatch);
    await world.until(Promise.all(batch.map((node) => castOf(world, node).join(group))), 60_000);
  }
}

const textsOf = (received: readonly Received[]) => received.map(({ data }) => data);

describe("a group", () => {
  test("what one sends, all members get, once and in order", async () => {
    const world = await ofPeers(50);
    const nodes = [...world.nodes];
    const members = nodes.slice(0, 20);
    await joinAll(world, members, "g");
    const sent: string[] = [];
    for (let i = 0; i < 10; i++) {
      sent.push(`m${i}`);
      await world.until(castOf(world, members[0]!).multicast("g", `m${i}`));
    }
    await world.pass(3_000);
    for (const member of members) {
      const received = await world.until(castOf(world, member).received("g"));
      expect(textsOf(received)).toEqual(sent);
    }
  });
});
