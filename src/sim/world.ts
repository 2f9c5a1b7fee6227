/**
 * The second composition root: a world of nodes on a virtual clock, one seed,
 * one network in memory, its signaling servers, and an oracle that knows the
 * truth. The same code as in a tab runs in it, handshakes included; only the
 * signatures are replaced, because a real one takes longer than all the rest.
 */
import { Counters } from "../base/counters.ts";
import { equalBytes } from "../base/bytes.ts";
import { type GatesParams, DEFAULT_GATES_PARAMS } from "../chord/gates.ts";
import { Membership } from "../chord/membership.ts";
import { ChordNode } from "../chord/node.ts";
import { type ChordParams, DEFAULT_PARAMS } from "../chord/params.ts";
import type { Env } from "../env/env.ts";
import { idOfBytes, sha256 } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import type { Identity, Verify } from "../id/identity.ts";
import { Dispatcher, type UnknownApplications, refuseUnknown } from "../kbr/dispatcher.ts";
import type { RouteResult } from "../kbr/routing.ts";
import {
  GOOD_NETWORK,
  type Host,
  MemoryNetwork,
  type NetworkConditions,
} from "./memory-network.ts";
import { MemorySignalingServer } from "./memory-signaling.ts";
import { ringFaults } from "./oracle.ts";
export { rootOf } from "./oracle.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly conditions?: Partial<NetworkConditions>;
  readonly params?: Partial<ChordParams>;
  readonly gates?: Partial<GatesParams>;
  /** Signaling servers, all of which every node has on its list; 1 unless said. */
  readonly servers?: number;
  /** Puts a programmable layer on every node; without one, messages for unknown applications are refused. */
  readonly programmable?: (node: NodeParts) => ProgrammableLayer;
}

/** What a programmable layer stands on. */
export interface NodeParts {
  readonly env: Env;
  readonly counters: Counters;
  readonly identity: Identity;
  readonly verify: Verify;
  readonly host: Host;
  kbr(): ChordNode;
}

export interface ProgrammableLayer extends UnknownApplications {
  update(node: Id, joined: boolean): void;
}

export interface SimNode {
  readonly id: Id;
  readonly node: ChordNode;
  readonly membership: Membership;
  readonly dispatcher: Dispatcher;
  readonly counters: Counters;
  readonly host: Host;
  readonly secret: Uint8Array;
}

/** What a node told its log. */
export interface LogLine {
  readonly atMs: number;
  readonly host: Host;
  readonly what: string;
  readonly detail: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** What a lookup found, against what the oracle says now. */
export interface Lookup {
  readonly key: Id;
  readonly from: SimNode;
  readonly result: RouteResult;
  readonly tookMs: number;
}

export class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly servers: readonly MemorySignalingServer[];
  /** Those that are up, in the order they came. */
  readonly nodes = new Set<SimNode>();
  /** Hears what the nodes log. */
  heard: ((line: LogLine) => void) | null = null;
  readonly params: ChordParams;
  /** How long each node took from its start until it was a member. */
  readonly joinTimesMs: number[] = [];
  readonly #gates: GatesParams;
  readonly #programmable: WorldOptions["programmable"];
  #serial = 0;

  constructor(options: WorldOptions) {
    this.random = new SeededRandom(options.seed);
    this.params = { ...DEFAULT_PARAMS, ...options.params };
    this.#gates = { ...DEFAULT_GATES_PARAMS, ...options.gates };
    this.#programmable = options.programmable;
    this.network = new MemoryNetwork(this.clock, new SeededRandom(options.seed, 1), {
      ...GOOD_NETWORK,
      ...options.conditions,
    });
    this.network.sharesFrames = true;
    this.servers = Array.from(
      { length: options.servers ?? 1 },
      () => new MemorySignalingServer(this.network),
    );
  }

  /** A ring of so many nodes, complete and right, whose long links have had time to open. */
  static ofNodes(count: number, options: WorldOptions): World {
    const world = new World(options);
    world.growFast(count);
    world.settle();
    return world;
  }

  /** The first signaling server; most worlds have no other. */
  get server(): MemorySignalingServer {
    return this.servers[0]!;
  }

  /** Starts a node; with a secret, the node that had it before. `part`: see `partition`. */
  add(secret: Uint8Array = this.random.bytes(32), part = 0): SimNode {
    const serial = this.#serial++;
    const identity = identityOf(secret);
    const host = this.network.newHost();
    host.part = part;
    const env: Env = {
      clock: clockOf(this.clock, host),
      random: new SeededRandom(this.random.next() * 2 ** 32, serial),
      log: {
        debug: (what, detail) => this.heard?.({ atMs: this.clock.now(), host, what, detail }),
      },
    };
    const counters = new Counters();
    const verify = verifyHash;
    const parts = { env, counters, identity, verify, host, kbr: () => node };
    const layer = this.#programmable?.(parts);
    const dispatcher = new Dispatcher(env, counters, layer ?? refuseUnknown, (id, joined) =>
      layer?.update(id, joined),
    );
    const node: ChordNode = new ChordNode({
      env,
      identity,
      verify,
      network: "sim",
      transport: this.network.transport(host),
      counters,
      params: this.params,
      upcalls: dispatcher,
    });
    const signaling = this.servers.map((server) => server.clientOf(identity.id, host));
    const membership = new Membership(env, counters, node, signaling, this.#gates);
    const simNode = { id: node.id, node, membership, dispatcher, counters, host, secret };
    this.nodes.add(simNode);
    const startMs = this.clock.now();
    node.events.on("member", (isMember) => {
      if (isMember) this.joinTimesMs.push(this.clock.now() - startMs);
    });
    membership.start();
    return simNode;
  }

  /** Falls silent at once: nobody is told. */
  crash(node: SimNode): void {
    node.host.isUp = false;
    this.nodes.delete(node);
  }

  /** Says goodbye. */
  leave(node: SimNode): void {
    node.membership.leave();
    this.nodes.delete(node);
    // The goodbyes have a second to leave; then the tab is gone.
    this.clock.after(1_000, () => {
      node.host.isUp = false;
    });
  }

  /** Splits the hosts that are up into two parts that do not hear each other; servers stay in the first unless moved. */
  partition(belongsToSecond: (node: SimNode) => boolean): void {
    for (const node of this.nodes) node.host.part = belongsToSecond(node) ? 1 : 0;
    for (const server of this.servers) server.dropUnheard();
  }

  heal(): void {
    for (const { host } of [...this.nodes, ...this.servers]) host.part = 0;
  }

  run(ms: number, afterEach?: () => void): void {
    this.clock.advance(ms, afterEach);
  }

  /** Runs until `holds`, looking every `stepMs`; how long that took, or null after `mostMs`. */
  runUntil(holds: () => boolean, mostMs: number, stepMs = 100): number | null {
    const startMs = this.clock.now();
    while (!holds()) {
      if (this.clock.now() - startMs >= mostMs) return null;
      this.run(stepMs);
    }
    return this.clock.now() - startMs;
  }

  /** Adds nodes one after the other, `everyMs` apart, and runs until all are members. */
  grow(count: number, everyMs: number): void {
    for (let i = 0; i < count; i++) {
      this.add();
      this.run(everyMs);
    }
  }

  /**
   * Adds nodes many at a time: an eighth of the ring each second, as long as a
   * ring can take in, at most `mostPerSecond`. `afterEach` is called each second.
   */
  growFast(count: number, mostPerSecond = 100, afterEach?: () => void): void {
    const target = this.nodes.size + count;
    while (this.nodes.size < target) {
      const batch = Math.min(Math.ceil((this.nodes.size + 1) / 8), mostPerSecond);
      const now = Math.min(batch, target - this.nodes.size);
      for (let i = 0; i < now; i++) this.add();
      this.run(1_000);
      afterEach?.();
    }
  }

  /** Runs until the ring is right, then for `moreMs`, in which long links open. Throws when it does not come right. */
  settle(moreMs = 30_000, mostMs = 300_000): void {
    const tookMs = this.runUntil(() => ringFaults(this).length === 0, mostMs, 1_000);
    if (tookMs === null) {
      throw new Error(`The ring did not come right: ${ringFaults(this).slice(0, 5).join("; ")}`);
    }
    this.run(moreMs);
  }

  members(): SimNode[] {
    return [...this.nodes].filter(({ node }) => node.isMember);
  }

  sample(count: number): SimNode[] {
    const left = [...this.nodes];
    return Array.from({ length: Math.min(count, left.length) }, () => {
      const at = Math.floor(this.random.next() * left.length);
      return left.splice(at, 1)[0]!;
    });
  }

  randomKey(): Id {
    return idOfBytes(this.random.bytes(20));
  }

  /** The truth: member ids in order. */
  sortedIds(): Id[] {
    return this.members()
      .map(({ id }) => id)
      .toSorted();
  }

  /** A lookup of `key`; `done` gets what came of it. */
  lookup(from: SimNode, key: Id, done: (lookup: Lookup) => void, timeoutMs = 10_000): void {
    const startMs = this.clock.now();
    from.node.trace(key, timeoutMs, (result) => {
      done({ key, from, result, tookMs: this.clock.now() - startMs });
    });
  }

  /** Lookups from random nodes to random keys, `perSecond` of them; the world runs meanwhile. */
  lookups(count: number, perSecond: number): Lookup[] {
    const done: Lookup[] = [];
    for (let i = 0; i < count; i++) {
      const [from] = this.sample(1);
      this.lookup(from!, this.randomKey(), (lookup) => done.push(lookup));
      this.run(1_000 / perSecond);
    }
    this.runUntil(() => done.length === count, 20_000);
    return done;
  }
}

/** A host that is down runs nothing more. */
function clockOf(clock: VirtualClock, host: Host): Env["clock"] {
  return {
    now: () => clock.now(),
    after: (delayMs, task) =>
      clock.after(delayMs + host.timersLateMs, () => {
        if (host.isUp) task();
      }),
    soon: (task) => clock.soon(task),
  };
}

/** A key pair for the simulation: the "signature" is a hash that only shows it was made for this message. */
function identityOf(secret: Uint8Array): Identity {
  const publicKey = sha256(secret);
  return {
    id: idOfBytes(publicKey),
    publicKey,
    sign: (message, done) => done(hashSignature(publicKey, message)),
  };
}

const verifyHash: Verify = (publicKey, message, signature, done) =>
  done(equalBytes(signature, hashSignature(publicKey, message)));

/** FNV-1a over key and message, once for each of 16 words: a real hash took a tenth of the time that a ring takes to grow. */
export function hashSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5;
  const mix = (byte: number) => {
    hash = Math.imul(hash ^ byte, 0x01000193);
  };
  for (const byte of publicKey) mix(byte);
  for (const byte of message) mix(byte);
  const signature = new Uint8Array(64);
  for (let i = 0; i < signature.length; i++) {
    mix(i);
    signature[i] = hash >>> 24;
  }
  return signature;
}
