/** A simulated ring whose nodes have groups: for the scenarios of cast. */
import { codeOf } from "./bundle.ts";
import type { NetworkConditions } from "../memory-network.ts";
import { PeerletWorld, makePackage } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

export type Data = string | Uint8Array;

export interface Place {
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
  readonly atMs: number;
}

type Options = Readonly<Record<string, unknown>>;

/** The peerlet's `local` methods, as a page sees them. */
export interface CastLocal {
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

/** The simulation begins on this day: what a peerlet's `clock.date()` counts from. */
export const DAY_MS = Date.UTC(2026, 0, 1);

/** What took longer was late: a whole tree passes a message on in less. */
export const LATE_MS = 1_500;

export const made = makePackage({
  name: "cast",
  appType: "per-hop",
  code: await codeOf("cast"),
  wants: { storageBytes: 65_536, messagesPerSecond: 1_000, callsOpen: 64 },
});

export function castOf(world: PeerletWorld, node: SimNode): CastLocal {
  return world.layer(node).peerlets.local(made.appId) as unknown as CastLocal;
}

/** A ring, with the peerlet on every node. */
export async function ofPeers(
  count: number,
  seed = 21,
  conditions: Partial<NetworkConditions> = {},
) {
  const world = await PeerletWorld.ofPeers(count, { seed, conditions });
  await world.until(
    Promise.all([...world.nodes].map((node) => world.layer(node).peerlets.install(made.file))),
  );
  return world;
}

export async function joinAll(
  world: PeerletWorld,
  nodes: readonly SimNode[],
  group: string,
  perBatch = 50,
  options: Options = {},
) {
  for (let i = 0; i < nodes.length; i += perBatch) {
    const batch = nodes.slice(i, i + perBatch);
    await world.until(
      Promise.all(batch.map((node) => castOf(world, node).join(group, options))),
      60_000,
    );
  }
}

export const textsOf = (received: readonly Received[]) => received.map(({ data }) => data);

export async function placesOf(world: PeerletWorld, nodes: readonly SimNode[], key: string) {
  const all = await world.until(
    Promise.all(
      nodes.map((node) =>
        castOf(world, node)
          .groups()
          .catch(() => []),
      ),
    ),
  );
  return all.map((places) => places.find((place) => place.key === key));
}

/** Mean and maximum, for a line of figures. */
export function spread(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return { mean: Number(mean.toFixed(2)), max: Math.max(0, ...values) };
}
