/** A simulated ring whose nodes run the hash table: for its scenarios, and for the run with churn. */
import { codeOf } from "./bundle.ts";
import { type MadePackage, PeerletWorld, makePackage } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

export interface Found {
  readonly id: string;
  readonly kind: string;
  readonly value: Uint8Array;
  readonly sequence?: number;
}

export interface Page {
  readonly values: readonly Found[];
  readonly cursor: string | null;
  readonly nodes: readonly string[];
}

export interface Put {
  readonly key: string;
  readonly id: string;
  readonly nodes: readonly string[];
}

export interface Held {
  readonly node: string;
  readonly records: readonly { readonly kind: string; readonly ttlMs: number }[];
}

export interface Signed {
  readonly publicKey: Uint8Array;
  readonly name: string;
  readonly sequence: number;
  readonly value: Uint8Array;
  readonly signature: Uint8Array;
}

type Options = Readonly<Record<string, unknown>>;

/** The peerlet's `local` methods, as a page sees them. */
export interface Dht {
  put(key: string, value: Uint8Array | string, options?: Options): Promise<Put>;
  putHash(value: Uint8Array | string, options?: Options): Promise<Put>;
  putSigned(signed: Signed, options?: Options): Promise<Put>;
  sign(secret: Uint8Array, name: string, sequence: number, value: string): Promise<Signed>;
  get(key: string, options?: Options): Promise<Page>;
  remove(key: string, secret: string, options?: Options): Promise<{ readonly removed: number }>;
  where(key: string): Promise<readonly Held[]>;
  stats(): Promise<Readonly<Record<string, number>>>;
}

export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

export async function dhtPackage(): Promise<MadePackage> {
  return makePackage({
    name: "dht",
    code: await codeOf("dht"),
    wants: { storageBytes: 16_777_216, messagesPerSecond: 500, callsOpen: 64 },
  });
}

export function dhtOf(world: PeerletWorld, node: SimNode, { appId }: MadePackage): Dht {
  return world.layer(node).peerlets.local(appId) as unknown as Dht;
}

export function isRunning(world: PeerletWorld, node: SimNode, { appId }: MadePackage): boolean {
  return world.layer(node).manager.get(appId)?.peerlet.isRunning === true;
}

/** Installs it, as a person would, so that reads may start here. */
export async function installOn(
  world: PeerletWorld,
  node: SimNode,
  made: MadePackage,
): Promise<Dht> {
  await world.until(world.layer(node).peerlets.install(made.file));
  return dhtOf(world, node, made);
}

/** A ring with the peerlet on its first node; the others get it when they are to keep something. */
export async function ringWithDht(count: number, seed: number, made: MadePackage) {
  const world = await PeerletWorld.ofPeers(count, { seed });
  const first = [...world.nodes][0]!;
  await installOn(world, first, made);
  return { world, first };
}
