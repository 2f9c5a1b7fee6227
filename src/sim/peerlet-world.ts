/**
 * A world whose nodes run peerlets: the programmable layer on every node, code
 * servers in memory, and packages made on the spot.
 *
 * Peerlets are asynchronous, so time passes in steps, and promises settle after
 * each of them.
 */
import type { OpenStorage } from "../env/storage.ts";
import { sha256 } from "../id/hash.ts";
import { hexOf } from "../id/id.ts";
import type { Receipt } from "../kbr/kbr.ts";
import { InstalledPeerlets } from "../peer/installed-peerlets.ts";
import { type ManagerPorts, PeerletManager } from "../peer/manager.ts";
import {
  type UnsignedManifest,
  type Use,
  appIdOf,
  manifestBytes,
  signingBytes,
} from "../peer/manifest.ts";
import { writePackageFile } from "../peer/package-file.ts";
import type { PeerEvents } from "../peer/peer.ts";
import { InProcessSandbox, modulesLoaded } from "./in-process-sandbox.ts";
import { memoryStores } from "./memory-storage.ts";
import { type SimNode, World, type WorldOptions, hashSignature } from "./world.ts";

export interface Programmable {
  readonly manager: PeerletManager;
  readonly peerlets: InstalledPeerlets;
  readonly sandbox: InProcessSandbox;
  readonly events: { readonly event: string; readonly detail: unknown }[];
}

export interface PackageOptions {
  readonly name?: string;
  readonly version?: string;
  readonly appType?: "end-node" | "per-hop";
  readonly code: string;
  readonly view?: string;
  /** Two publishers of different names are different. */
  readonly publisher?: string;
  readonly salt?: string;
  readonly wants?: Partial<UnsignedManifest["wants"]>;
  /** Packages whose service it calls, by the names that its code uses. */
  readonly uses?: Readonly<Record<string, MadePackage>>;
}

export interface MadePackage {
  readonly appId: string;
  readonly hash: string;
  readonly manifest: UnsignedManifest;
  readonly parts: {
    readonly manifest: Uint8Array;
    readonly code: Uint8Array;
    readonly view: Uint8Array | null;
  };
  readonly file: Uint8Array;
}

const text = new TextEncoder();

/** Time passes in steps of so many ms: a message's latency is longer. */
const STEP_MS = 5;

export class PeerletWorld extends World {
  /** By host. Weak, for a run of an hour sees more nodes go than there is memory for. */
  readonly #layers: WeakMap<object, Programmable>;
  readonly #stores = new Map<string, OpenStorage>();
  /** What code servers serve, by address. */
  readonly served = new Map<string, Uint8Array>();
  /** Addresses that were asked for. */
  readonly fetched: string[] = [];

  constructor(options: Omit<WorldOptions, "programmable"> & { codeServers?: readonly string[] }) {
    const layers = new WeakMap<object, Programmable>();
    super({
      ...options,
      programmable: (parts) => {
        const { env, counters, identity, verify, host } = parts;
        const sandbox = new InProcessSandbox(env);
        const events: Programmable["events"] = [];
        const fetchCode: ManagerPorts["fetchCode"] = async (url, mostBytes) => {
          this.fetched.push(url);
          const bytes = this.served.get(url.split("?")[0]!) ?? null;
          return bytes !== null && bytes.length > mostBytes ? "too-large" : bytes;
        };
        const openStorage = this.#stores.get(identity.id) ?? memoryStores();
        this.#stores.set(identity.id, openStorage);
        const manager = new PeerletManager({
          env,
          counters,
          identity,
          verify,
          sandbox,
          openStorage,
          fetchCode,
          codeServers: options.codeServers ?? [],
          kbr: () => parts.kbr(),
          emit: (event, detail: PeerEvents[typeof event]) => {
            events.push({ event, detail });
            const { appId, state, why } = detail as PeerEvents["peerlet"];
            if (event === "peerlet" && state !== "running") peerlets.peerletChanged(appId, why);
          },
        });
        const self = identity.id;
        const resolveUrl = () => null;
        const ports = { verify, fetchCode, sandbox, manager, self, resolveUrl };
        const peerlets = new InstalledPeerlets(ports);
        layers.set(host, { manager, peerlets, sandbox, events });
        return manager;
      },
    });
    this.#layers = layers;
  }

  /** A ring of so many nodes, complete and right. */
  static async ofPeers(
    count: number,
    options: ConstructorParameters<typeof PeerletWorld>[0],
  ): Promise<PeerletWorld> {
    const world = new PeerletWorld(options);
    world.growFast(count);
    world.settle(5_000);
    await settled();
    return world;
  }

  layer(node: SimNode): Programmable {
    return this.#layers.get(node.host)!;
  }

  /** A node that went and will not be started again: drops what it had stored. */
  forget({ id }: SimNode): void {
    this.#stores.delete(id);
  }

  /** Lets time pass until `holds`; false when it does not within `mostMs`. */
  async passUntil(holds: () => boolean, mostMs = 20_000): Promise<boolean> {
    for (let ms = 0; ms < mostMs; ms += STEP_MS) {
      if (holds()) return true;
      this.run(STEP_MS);
      await settled();
    }
    return holds();
  }

  async pass(ms: number): Promise<void> {
    await this.passUntil(() => false, ms);
  }

  /** Lets time pass until a promise settles. */
  async until<T>(promise: Promise<T>, mostMs = 30_000): Promise<T> {
    let isSettled = false;
    const note = () => {
      isSettled = true;
    };
    promise.then(note, note);
    if (!(await this.passUntil(() => isSettled, mostMs))) throw new Error("it did not settle");
    return promise;
  }

  /** As `peer.route` would. */
  async route(
    from: SimNode,
    key: string | null,
    appId: string,
    data = "",
    options: { hint?: string; perHop?: boolean; locator?: string } = {},
  ): Promise<Receipt> {
    const { manager } = this.layer(from);
    const installed = manager.installed(appId);
    return this.until(
      new Promise((resolve) => {
        from.node.route(
          {
            key: key as SimNode["id"] | null,
            hint: (options.hint ?? null) as SimNode["id"] | null,
            appId,
            perHop: options.perHop ?? installed?.type === "per-hop",
            locator: options.locator ?? installed?.locator ?? "",
            data: text.encode(data),
            timeoutMs: 20_000,
          },
          ({ receipt }) => resolve(receipt),
        );
      }),
    );
  }

  /** The node with this id, started again with what it had stored. */
  restart(node: SimNode): SimNode {
    this.crash(node);
    return this.add(node.secret);
  }
}

/** Signed as the simulation signs. */
export function makePackage(options: PackageOptions): MadePackage {
  const publicKey = sha256(text.encode(options.publisher ?? "publisher"));
  const salt = sha256(text.encode(options.salt ?? "salt")).slice(0, 16);
  const code = text.encode(options.code);
  const view = options.view === undefined ? null : text.encode(options.view);
  const partOf = (bytes: Uint8Array) => ({
    bytes: bytes.length,
    sha256: hexOf(sha256(bytes), 0, 32),
  });
  const manifest: UnsignedManifest = {
    api: 1,
    appId: appIdOf(publicKey, salt),
    appType: options.appType ?? "end-node",
    code: partOf(code),
    description: "",
    name: options.name ?? "sample",
    previous: null,
    publisher: hexOf(publicKey, 0, 32),
    salt: hexOf(salt, 0, 16),
    ...(options.uses ? { uses: usesOf(options.uses) } : {}),
    version: options.version ?? "1.0.0",
    view: view && partOf(view),
    wants: {
      cpuShare: 0.1,
      storageBytes: 10_000,
      messagesPerSecond: 100,
      callsOpen: 16,
      ...options.wants,
    },
  };
  const signature = hexOf(hashSignature(publicKey, signingBytes(manifest)), 0, 64);
  const bytes = manifestBytes({ ...manifest, signature });
  return {
    appId: manifest.appId,
    hash: hexOf(sha256(bytes), 0, 32),
    manifest,
    parts: { manifest: bytes, code, view },
    file: writePackageFile({ manifest: bytes, code, view }),
  };
}

function usesOf(packages: Readonly<Record<string, MadePackage>>): Record<string, Use> {
  const uses = Object.entries(packages).map(([name, { appId, hash }]) => [name, { appId, hash }]);
  return Object.fromEntries(uses) as Record<string, Use>;
}

/** One turn of the event loop settles any chain of promises, but for a module that is loaded for the first time. */
export async function settled(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (await modulesLoaded());
}
