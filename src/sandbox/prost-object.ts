/**
 * `prost`, as a peerlet sees it: the interface of `sdk/index.ts` on top of
 * calls to the host.
 */
import type { Plain } from "../base/plain.ts";
import { keyOf } from "../id/hash.ts";
import type { CallOptions, Prost, RemotePeerlet, Service } from "../sdk/peerlet.ts";
import type { HostCalls } from "./host-calls.ts";
import { isMethodName, type PeerletConfig } from "./messages.ts";
import type { Timers } from "./timers.ts";

/** The natives that `prost` needs, from before the lockdown. */
export interface Natives {
  readonly now: () => number;
  readonly date: () => number;
  /** At most 65,536 at once. */
  readonly fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** More random bytes at once are refused. Guess. */
const MAX_RANDOM_BYTES = 1 << 20;

/** The browser's limit for one call. */
const RANDOM_CHUNK_BYTES = 65_536;

/** Log lines and names of events are cut to this. Guess. */
const MAX_NAME_CHARS = 200;

export function prostObject(
  config: PeerletConfig,
  calls: HostCalls,
  timers: Timers,
  natives: Natives,
): Prost {
  const startMs = natives.now();
  const call = async (method: Parameters<HostCalls["call"]>[0], ...args: unknown[]) =>
    (await calls.call(method, args)) as never;

  const referenceTo = (
    found: { node: string; methods: readonly string[] },
    options: CallOptions,
  ) => {
    // Without a prototype: nothing but `id` and the methods is found in it.
    const reference = Object.create(null) as Record<string, unknown>;
    reference["id"] = found.node;
    for (const method of found.methods.filter(isMethodName)) {
      reference[method] = (...args: unknown[]) =>
        call("callRemote", found.node, method, args, options.timeoutMs);
    }
    return Object.freeze(reference);
  };
  const lookup = async <Methods>(target: object, options: CallOptions = {}) =>
    referenceTo(await call("lookupPeerlet", target, options.timeoutMs), options) as
      // The methods are what the other node says; their types are the author's knowledge.
      RemotePeerlet<Methods>;

  /** Which methods there are its author knows: a call of another one is refused. */
  const serviceOf = <Methods>(name: string, options: CallOptions) =>
    new Proxy(Object.create(null) as Service<Methods>, {
      get: (_target, method) =>
        typeof method === "string" && method !== "then" && isMethodName(method)
          ? (...args: unknown[]) => call("callService", name, method, args, options.timeoutMs)
          : undefined,
    });

  return Object.freeze<Prost>({
    self: config.self,
    appId: config.appId,
    version: config.version,
    previousVersion: config.previousVersion,
    grant: Object.freeze({ ...config.grant }),
    keyOf,
    route: (key, data, options = {}) => call("route", key, data, definedOnly(options)),
    localLookup: (key, num, safe) => call("localLookup", key, num, safe),
    neighborSet: (num) => call("neighborSet", num),
    replicaSet: (key, maxRank) => call("replicaSet", key, maxRank),
    range: (nodeId, rank, lkey) => call("range", nodeId, rank, lkey),
    lookupPeerlet: (key, options) => lookup({ key }, options),
    peerletAt: (node, options) => lookup({ node }, options),
    service: (name, options = {}) => serviceOf(name, options),
    tell: (appId, event, detail) => call("tell", appId, event, detail),
    storage: Object.freeze<Prost["storage"]>({
      get: (key) => call("storageGet", key),
      set: (key, value) => call("storageSet", key, value),
      setMany: (entries) => call("storageSetMany", entries),
      delete: (key) => call("storageDelete", key),
      keys: (prefix = "") => call("storageKeys", prefix),
      usage: () => call("storageUsage"),
    }),
    clock: Object.freeze<Prost["clock"]>({
      now: () => natives.now() - startMs,
      date: natives.date,
      after: (delayMs, task) => {
        const timer = timers.set(task, delayMs, false);
        return () => timers.clear(timer);
      },
    }),
    random: Object.freeze<Prost["random"]>({
      next: () => float(randomBytes(natives, 8)),
      bytes: (count) => randomBytes(natives, count),
    }),
    log: (what, detail) => calls.tell("log", [cut(what), detail]),
    emit: (event, detail) => calls.tell("emit", [cut(event), detail]),
  });
}

function randomBytes(natives: Natives, count: number): Uint8Array {
  if (!Number.isInteger(count) || count < 0 || count > MAX_RANDOM_BYTES) {
    throw new RangeError(`0 to ${MAX_RANDOM_BYTES} random bytes at once`);
  }
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += RANDOM_CHUNK_BYTES) {
    natives.fillRandom(bytes.subarray(at, at + RANDOM_CHUNK_BYTES));
  }
  return bytes;
}

/** The 53 bits of a float in [0, 1). */
function float(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  return (view.getUint32(0) * 2 ** 21 + (view.getUint32(4) >>> 11)) / 2 ** 53;
}

/** An option that is undefined is one that is not there. */
function definedOnly(options: object): { [name: string]: Plain } {
  const entries = Object.entries(options) as [string, Plain][];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function cut(text: unknown): string {
  return String(text).slice(0, MAX_NAME_CHARS);
}
