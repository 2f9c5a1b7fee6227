/**
 * The host interface: what a running peerlet may ask of its node, and nothing
 * else. Arguments are plain data of a stranger: each is checked here, by type
 * and range; the app id is the one that the manager knows.
 */
import { ProstError } from "../base/errors.ts";
import type { Plain } from "../base/plain.ts";
import { type Id, isId } from "../id/id.ts";
import type { KeyBasedRouting } from "../kbr/routing.ts";
import { MAX_DATA_BYTES } from "../wire/limits.ts";
import { isAppId } from "../wire/routed.ts";
import type { Peerlet } from "./peerlet.ts";
import type { PeerletData } from "./peerlet-data.ts";
import type { Found, RemoteCaller } from "./remote-caller.ts";
import type { HostMethod, Result } from "./sandbox.ts";
import type { Services } from "./services.ts";

export interface HostCallPorts {
  kbr(): KeyBasedRouting;
  readonly remote: RemoteCaller;
  readonly services: Services;
  dataOf(peerlet: Peerlet): PeerletData;
  /** Where the code of a running peerlet can be had. */
  locatorOf(peerlet: Peerlet): string;
  emit(peerlet: Peerlet, event: string, detail: Plain): void;
  log(peerlet: Peerlet, what: string, detail: Plain): void;
}

type Args = readonly Plain[];
type Done = (result: Result) => void;

/** As for callers in the page: see `overlay-peer.ts`. */
const TIMEOUT_MS = { default: 10_000, least: 100, most: 60_000 } as const;
const MOST_NODES = 1_024;
const MAX_TEXT_CHARS = 256;

/** What a peerlet does wrong; becomes the rejection of its call. */
class BadArgument extends Error {}

export class HostCalls {
  readonly #ports: HostCallPorts;

  constructor(ports: HostCallPorts) {
    this.#ports = ports;
  }

  /** `done` is called exactly once. */
  call(peerlet: Peerlet, method: HostMethod, args: Args, done: Done): void {
    try {
      this.#call(peerlet, method, args, done);
    } catch (error) {
      if (!(error instanceof BadArgument) && !(error instanceof ProstError)) throw error;
      done({ kind: "error", code: "bad-parameter", why: error.message });
    }
  }

  #call(peerlet: Peerlet, method: HostMethod, args: Args, done: Done): void {
    const kbr = this.#ports.kbr();
    const answer = (value: Plain) => done({ kind: "value", value });
    switch (method) {
      case "route":
        return this.#route(peerlet, args, answer);
      case "localLookup":
        return answer(
          handles(kbr.localLookup(readKey(args[0]), readCount(args[1]), args[2] === true)),
        );
      case "neighborSet":
        return answer(handles(kbr.neighborSet(readCount(args[0]))));
      case "replicaSet":
        return answer(handles(kbr.replicaSet(readKey(args[0]), readCount(args[1]))));
      case "range": {
        const node = readKey(args[0]);
        const rank = Math.max(1, readCount(args[1]));
        const range = kbr.range(node, rank, args[2] === undefined ? node : readKey(args[2]));
        if (!range) throw new BadArgument(`${node} is not in the neighbour set`);
        return answer({ from: range.from, to: range.to });
      }
      case "lookupPeerlet":
        return this.#lookup(peerlet, args, done);
      case "callRemote":
        return this.#callRemote(peerlet, args, done);
      case "callService":
        return this.#callService(peerlet, args, done);
      case "tell": {
        const [appId, event, detail] = args;
        if (!isAppId(appId)) throw new BadArgument("an app id is 32 lowercase hex digits");
        return this.#ports.services.tell(peerlet, appId, readText(event), detail, done);
      }
      case "storageGet":
        return void this.#ports.dataOf(peerlet).get(args[0]).then(done);
      case "storageSet":
        return void this.#ports.dataOf(peerlet).set(args[0], args[1]).then(done);
      case "storageSetMany":
        return void this.#ports.dataOf(peerlet).setMany(args[0]).then(done);
      case "storageDelete":
        return void this.#ports.dataOf(peerlet).delete(args[0]).then(done);
      case "storageKeys":
        return void this.#ports.dataOf(peerlet).keys(args[0]).then(done);
      case "storageUsage":
        return void this.#ports.dataOf(peerlet).usage().then(done);
      case "log":
        this.#ports.log(peerlet, readText(args[0]), args[1]);
        return answer(undefined);
      case "emit":
        this.#ports.emit(peerlet, readText(args[0]), args[1]);
        return answer(undefined);
    }
  }

  #route(peerlet: Peerlet, [key, data, options]: Args, answer: (value: Plain) => void): void {
    const { hint, timeoutMs } = readObject(options);
    const to = key === null || key === undefined ? null : readKey(key);
    const through = hint === undefined ? null : readKey(hint);
    if (to === null && through === null)
      throw new BadArgument("key or hint may be missing, not both");
    if (!(data instanceof Uint8Array)) throw new BadArgument("data is a Uint8Array");
    if (data.length > MAX_DATA_BYTES) {
      throw new BadArgument(`data is at most ${MAX_DATA_BYTES} bytes, not ${data.length}`);
    }
    const { appId, perHop, locator } = this.#applicationOf(peerlet);
    this.#ports
      .kbr()
      .route(
        { key: to, hint: through, appId, perHop, locator, data, timeoutMs: readTimeout(timeoutMs) },
        ({ receipt }) => answer({ ...receipt }),
      );
  }

  #lookup(peerlet: Peerlet, [target, timeoutMs]: Args, done: Done): void {
    const { key, node } = readObject(target);
    const to = node === undefined ? { key: readKey(key) } : { node: readKey(node) };
    const told = (found: Found) =>
      done(
        found.kind === "error"
          ? found
          : { kind: "value", value: { node: found.node, methods: found.methods } },
      );
    this.#ports.remote.lookup(this.#applicationOf(peerlet), to, readTimeout(timeoutMs), told);
  }

  #callRemote(peerlet: Peerlet, [node, method, args, timeoutMs]: Args, done: Done): void {
    const [to, name, list] = [readKey(node), readText(method), readList(args)];
    const application = this.#applicationOf(peerlet);
    this.#ports.remote.call(application, to, name, list, readTimeout(timeoutMs), done);
  }

  #callService(peerlet: Peerlet, [name, method, args, timeoutMs]: Args, done: Done): void {
    const [of, called, list] = [readText(name), readText(method), readList(args)];
    this.#ports.services.call(peerlet, of, called, list, readTimeout(timeoutMs), done);
  }

  #applicationOf(peerlet: Peerlet) {
    return {
      appId: peerlet.appId,
      perHop: peerlet.package?.manifest.appType === "per-hop",
      locator: this.#ports.locatorOf(peerlet),
    };
  }
}

function handles(ids: readonly Id[]): Plain {
  return ids.map((id) => ({ id }));
}

function readKey(value: Plain): Id {
  if (isId(value)) return value;
  throw new BadArgument("keys and node ids are 40 lowercase hex digits; keyOf(name) makes one");
}

function readCount(value: Plain): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    return Math.min(value, MOST_NODES);
  }
  throw new BadArgument("a number of nodes is a whole number from 0");
}

function readTimeout(value: Plain): number {
  const { least, most } = TIMEOUT_MS;
  if (value === undefined) return TIMEOUT_MS.default;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new BadArgument(`timeoutMs is from ${least} to ${most}`);
}

function readText(value: Plain): string {
  if (typeof value === "string" && value.length <= MAX_TEXT_CHARS) return value;
  throw new BadArgument(`a name is a text of at most ${MAX_TEXT_CHARS} characters`);
}

function readList(value: Plain): readonly Plain[] {
  if (Array.isArray(value)) return value as readonly Plain[];
  throw new BadArgument("arguments are a list");
}

function readObject(value: Plain): Readonly<Record<string, Plain>> {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array)) {
    return value as Readonly<Record<string, Plain>>;
  }
  throw new BadArgument("options are an object");
}
