/**
 * The public interface on top of key-based routing: checks what a caller
 * passes, waits while the node joins, and turns callbacks into promises.
 *
 * It knows nothing of the ring but what its port tells: another geometry could
 * stand below.
 */
import type { Counters } from "../base/counters.ts";
import { Emitter } from "../base/emitter.ts";
import { utf8 } from "../base/bytes.ts";
import { ProstError } from "../base/errors.ts";
import type { Clock } from "../env/env.ts";
import { keyOf } from "../id/hash.ts";
import { type Id, isId } from "../id/id.ts";
import type { Dispatcher } from "../kbr/dispatcher.ts";
import type { AppType, Application, NodeHandle, Receipt } from "../kbr/kbr.ts";
import type { KeyBasedRouting, RouteRequest, RouteResult } from "../kbr/routing.ts";
import { MAX_DATA_BYTES, MAX_LOCATOR_BYTES } from "../wire/limits.ts";
import { isAppId, isReservedAppId } from "../wire/routed.ts";
import type {
  KeyRange,
  Peer,
  PeerEvents,
  PeerState,
  Peerlets,
  Policy,
  RingSnapshot,
  RouteOptions,
  SignalingStatus,
  Trace,
} from "./peer.ts";

export interface OverlayPeerPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly network: string;
  readonly kbr: KeyBasedRouting;
  readonly dispatcher: Dispatcher;
  readonly peerlets: Peerlets;
  readonly policy: Policy;
  /** What the messages of an installed application say about it; null when it is not installed here. */
  installed(appId: string): { readonly type: AppType; readonly locator: string } | null;
  ring(): RingSnapshot;
  signaling(): SignalingStatus[];
  /** Says goodbye and stops everything. Called once. */
  leave(): void;
}

/**
 * Receipts and traces wait this long by default, in ms, and may be told to wait between these. Guesses: a page
 * whose machine is busy for a while rather has its answer late than none.
 */
const TIMEOUT_MS = { default: 30_000, least: 100, most: 60_000 } as const;
/** Calls that may wait for the node to join. More are a mistake. A guess. */
const MOST_WAITING = 10_000;
/** Goodbyes have left by then, in ms. See LINGER_MS in `link.ts`. */
const GOODBYE_MS = 250;
/** `num` and `maxRank` are cut to this: more nodes than anybody knows of. */
const MOST_NODES = 1_024;

export class OverlayPeer implements Peer {
  readonly id: string;
  readonly network: string;
  readonly peerlets: Peerlets;
  readonly policy: Policy;
  readonly #ports: OverlayPeerPorts;
  readonly #emitter = new Emitter<PeerEvents>();
  #state: PeerState = "joining";
  #waiting: (() => void)[] = [];

  constructor(ports: OverlayPeerPorts) {
    this.#ports = ports;
    this.id = ports.kbr.id;
    this.network = ports.network;
    this.peerlets = ports.peerlets;
    this.policy = ports.policy;
  }

  get state(): PeerState {
    return this.#state;
  }

  keyOf(name: string): string {
    if (typeof name !== "string") throw bad(`a name is a text, not ${typeof name}`);
    return keyOf(name);
  }

  register(appId: string, application: Application): () => void {
    this.#checkOpen();
    checkAppId(appId);
    if (application === null || typeof application !== "object") {
      throw bad("an application is an object with forward, deliver and update, all optional");
    }
    const { dispatcher } = this.#ports;
    if (!dispatcher.register(appId, application)) {
      throw bad(`an application is registered under ${appId} already: stop that one first`);
    }
    return () => dispatcher.unregister(appId, application);
  }

  async route(
    key: string | null,
    appId: string,
    data: Uint8Array,
    options: RouteOptions = {},
  ): Promise<Receipt> {
    this.#checkOpen();
    if (options === null || typeof options !== "object") throw bad("options is an object");
    const hint = options.hint === undefined ? null : checkId(options.hint, "a hint");
    if (key === null && hint === null) throw bad("key or hint may be missing, not both");
    checkAppId(appId);
    if (!(data instanceof Uint8Array)) throw bad("data is a Uint8Array");
    if (data.length > MAX_DATA_BYTES) {
      throw bad(`data is at most ${MAX_DATA_BYTES} bytes, not ${data.length}`);
    }
    const installed = this.#ports.installed(appId);
    const {
      locator = installed?.locator ?? "",
      type = installed?.type ?? "end-node",
      timeoutMs = TIMEOUT_MS.default,
    } = options;
    if (typeof locator !== "string" || utf8(locator).length > MAX_LOCATOR_BYTES) {
      throw bad(`a locator is at most ${MAX_LOCATOR_BYTES} bytes of UTF-8`);
    }
    if (type !== "end-node" && type !== "per-hop") throw bad('a type is "end-node" or "per-hop"');
    const request = {
      key: key === null ? null : checkId(key, "a key"),
      hint,
      appId,
      perHop: type === "per-hop",
      locator,
      data: data.slice(),
    };
    const { receipt } = await this.#whenJoined(checkTimeout(timeoutMs), (leftMs, done) =>
      this.#ports.kbr.route({ ...request, timeoutMs: leftMs } satisfies RouteRequest, done),
    );
    return receipt;
  }

  async trace(key: string): Promise<Trace> {
    this.#checkOpen();
    const id = checkId(key, "a key");
    const startMs = this.#ports.clock.now();
    const { receipt, trace } = await this.#whenJoined(TIMEOUT_MS.default, (leftMs, done) =>
      this.#ports.kbr.trace(id, leftMs, done),
    );
    if (receipt.kind !== "delivered") {
      throw new ProstError("no-answer", `the trace did not reach the root: ${inWords(receipt)}`);
    }
    const ms = this.#ports.clock.now() - startMs;
    return { root: receipt.root, hops: [...trace], ms };
  }

  localLookup(key: string, num: number, safe: boolean): NodeHandle[] {
    this.#checkOpen();
    const id = checkId(key, "a key");
    return handles(this.#ports.kbr.localLookup(id, checkCount(num, "num"), safe));
  }

  neighborSet(num: number): NodeHandle[] {
    this.#checkOpen();
    return handles(this.#ports.kbr.neighborSet(checkCount(num, "num")));
  }

  replicaSet(key: string, maxRank: number): NodeHandle[] {
    this.#checkOpen();
    const id = checkId(key, "a key");
    return handles(this.#ports.kbr.replicaSet(id, checkCount(maxRank, "maxRank")));
  }

  range(nodeId: string, rank: number, lkey: string = nodeId): KeyRange {
    this.#checkOpen();
    const node = checkId(nodeId, "a node id");
    // The paper counts the root as 0 in range() and as 1 in replicaSet(): both mean it alone.
    const within = Math.max(1, checkCount(rank, "rank"));
    const range = this.#ports.kbr.range(node, within, checkId(lkey, "a key"));
    if (range === null) {
      throw bad(`${nodeId} is not in the neighbour set, or too little is known around it`);
    }
    return range;
  }

  get ring(): RingSnapshot {
    return this.#ports.ring();
  }

  get signaling(): readonly SignalingStatus[] {
    return this.#ports.signaling();
  }

  get metrics(): Readonly<Record<string, number>> {
    return this.#ports.counters.snapshot();
  }

  on<E extends keyof PeerEvents>(event: E, listener: (detail: PeerEvents[E]) => void): () => void {
    if (typeof listener !== "function") throw bad("a listener is a function");
    return this.#emitter.on(event, listener);
  }

  async leave(): Promise<void> {
    if (this.#state === "left") return;
    this.become("left");
    this.#ports.leave();
    await new Promise<void>((resolve) => void this.#ports.clock.after(GOODBYE_MS, resolve));
  }

  /** For the composition root: what happened below. */
  become(state: PeerState): void {
    if (state === this.#state || this.#state === "left") return;
    this.#state = state;
    this.#emitter.emit("state", state);
    if (state === "joining") return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  /** For the composition root. */
  emit<E extends keyof PeerEvents>(event: E, detail: PeerEvents[E]): void {
    this.#emitter.emit(event, detail);
  }

  /** Starts at once, or as soon as the node is in a ring; within the time-out either way. */
  #whenJoined(
    timeoutMs: number,
    start: (leftMs: number, done: (result: RouteResult) => void) => void,
  ): Promise<RouteResult> {
    if (this.#state !== "joining") {
      return new Promise((resolve) => {
        start(timeoutMs, resolve);
      });
    }
    if (this.#waiting.length >= MOST_WAITING) throw bad("too many calls wait for the ring already");
    const { clock } = this.#ports;
    const startMs = clock.now();
    return new Promise((resolve) => {
      const giveUp = (receipt: Receipt) => resolve({ receipt, trace: [], body: new Uint8Array(0) });
      const goOn = () => {
        cancel();
        if (this.#state === "left") giveUp({ kind: "unreachable", why: "this node left" });
        else start(Math.max(TIMEOUT_MS.least, timeoutMs - (clock.now() - startMs)), resolve);
      };
      const cancel = clock.after(timeoutMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== goOn);
        giveUp({ kind: "timed-out", afterMs: timeoutMs });
      });
      this.#waiting.push(goOn);
    });
  }

  #checkOpen(): void {
    if (this.#state === "left") throw new ProstError("closed", "this peer has left the ring");
  }
}

function handles(ids: readonly Id[]): NodeHandle[] {
  return ids.map((id) => ({ id }));
}

function checkId(value: unknown, what: string): Id {
  if (isId(value)) return value;
  throw bad(`${what} is 40 lowercase hex digits; keyOf(name) makes one of a name`);
}

function checkAppId(value: unknown): void {
  if (!isAppId(value)) throw bad("an app id is 32 lowercase hex digits");
  if (isReservedAppId(value)) throw bad("app ids that begin with 30 zeros are the overlay's own");
}

function checkCount(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    return Math.min(value, MOST_NODES);
  }
  throw bad(`${what} is a whole number from 0`);
}

function checkTimeout(value: unknown): number {
  const { least, most } = TIMEOUT_MS;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw bad(`timeoutMs is from ${least} to ${most}`);
}

function inWords(receipt: Receipt): string {
  if (receipt.kind === "timed-out") return `no answer within ${receipt.afterMs / 1_000} s`;
  return receipt.kind === "delivered" ? receipt.kind : receipt.why;
}

function bad(message: string): ProstError {
  return new ProstError("bad-parameter", message);
}
