/**
 * The public interface of a peer: what `joinOverlay()` resolves to, and what
 * the page publishes as `globalThis.prost`. The names are a contract.
 *
 * Everything a snapshot returns is plain data that can be kept, compared and
 * sent through JSON. What another node caused is a value, never an exception;
 * a wrong argument of the caller is thrown as a ProstError.
 */
import type { AppType, Application, NodeHandle, Receipt } from "../kbr/kbr.ts";

export type PeerState =
  /** Not yet a member: looking for a gate, or on the way in through one. */
  | "joining"
  | "joined"
  /** Was a member and lost every link; looking for the ring again. Keys are served alone meanwhile. */
  | "rejoining"
  | "left";

export interface Peer {
  /** 40 hex digits. */
  readonly id: string;
  readonly state: PeerState;
  readonly network: string;
  /** The key of a name: first 160 bits of SHA-256 of its UTF-8. */
  keyOf(name: string): string;
  /** Trusted code of the page itself takes the upcalls of one application. Returns how to stop. */
  register(appId: string, application: Application): () => void;
  /**
   * Routes to the root of `key`, or, with no key, straight to the node `options.hint`.
   * Always settles, with a receipt; while joining it waits for the ring first.
   */
  route(
    key: string | null,
    appId: string,
    data: Uint8Array,
    options?: RouteOptions,
  ): Promise<Receipt>;
  /** The way to the root: this node first, the root last. Rejects with `no-answer` when none came. */
  trace(key: string): Promise<Trace>;
  localLookup(key: string, num: number, safe: boolean): NodeHandle[];
  neighborSet(num: number): NodeHandle[];
  replicaSet(key: string, maxRank: number): NodeHandle[];
  /** The inclusive interval of keys for which `nodeId` is among the first `rank` roots. */
  range(nodeId: string, rank: number, lkey?: string): KeyRange;
  /** A snapshot, for looking at. */
  readonly ring: RingSnapshot;
  /** What this tab stands on with each signaling server. */
  readonly signaling: readonly SignalingStatus[];
  /** Counters since the start, by name: a snapshot. docs/protocol.md lists them. */
  readonly metrics: Readonly<Record<string, number>>;
  on<E extends keyof PeerEvents>(event: E, listener: (detail: PeerEvents[E]) => void): () => void;
  /** Says goodbye and closes every link. The peer cannot be used again. */
  leave(): Promise<void>;
}

export interface RouteOptions {
  /** The first hop; with no key, the destination. */
  readonly hint?: string;
  /** Default "end-node". */
  readonly type?: AppType;
  /** Where the application's code can be had: at most 255 bytes of UTF-8. */
  readonly locator?: string;
  /** How long to wait for the receipt, in ms: 100 to 60,000; default 10,000 (a guess). */
  readonly timeoutMs?: number;
}

export interface Trace {
  readonly root: string;
  readonly hops: string[];
  readonly ms: number;
}

export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

export interface RingSnapshot {
  /** Null when this node is alone. */
  readonly predecessor: NodeHandle | null;
  /** Nearest first; empty when this node is alone. */
  readonly successors: NodeHandle[];
  readonly links: LinkInfo[];
  /** How many nodes the ring seems to have, from the density of the neighbours' ids. */
  readonly estimatedSize: number;
}

export interface LinkInfo {
  readonly id: string;
  /** What this node keeps it for; "other" is an inbound link that only the other end wants. */
  readonly role: "neighbour" | "long" | "other";
  /** "direct" is a data channel of its own; "relayed" goes through a common neighbour. */
  readonly path: "direct" | "relayed";
  /** The other end is a member of the ring (a newcomer on its way in is not). */
  readonly member: boolean;
  /** Smoothed round-trip time; null until measured. */
  readonly rttMs: number | null;
  readonly ageMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Whom that node says it is linked to. */
  readonly linkedTo: string[];
}

export interface SignalingStatus {
  readonly url: string;
  readonly state:
    /** Asking or connecting now. */
    | "asking"
    /** Connected; this node is a gate there. */
    | "gate"
    /** Reached when last asked; no connection is kept, none is needed. */
    | "resting"
    /** Could not be reached: `why` says what happened; asked again after a while. */
    | "away";
  readonly why: string;
}

export interface PeerEvents {
  /** The state changed. */
  state: PeerState;
  /** A neighbour joined or left the neighbour set. */
  update: { readonly id: string; readonly joined: boolean };
  link: { readonly id: string; readonly event: "opened" | "closed"; readonly why: string };
  signaling: SignalingStatus;
}
