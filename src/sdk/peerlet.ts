/**
 * The peerlet's side of the SDK: what its module is given, and what it gives.
 * See `index.ts`.
 */
import type { Plain } from "../base/plain.ts";
import type { ForwardDecision, NodeHandle, Receipt } from "../kbr/kbr.ts";
import type { Grant } from "../peer/grant.ts";
import type { CallErrorCode } from "../peer/sandbox.ts";

export type { CallErrorCode, ForwardDecision, Grant, NodeHandle, Plain, Receipt };

/** A message for this application, at its root or on its way. */
export interface PeerletMessage {
  readonly key: string;
  readonly data: Uint8Array;
  /** The node that routed it: its own claim. Remote methods get a verified caller instead. */
  readonly source: string;
  /** Nodes passed after the source. */
  readonly hops: number;
}

export interface RouteOptions {
  /** The first hop; with no key, the destination. */
  readonly hint?: string;
  /** How long to wait for the receipt, in ms: 100 to 60,000; default 10,000. */
  readonly timeoutMs?: number;
}

export interface CallOptions {
  /** In ms: 100 to 60,000; default 10,000. */
  readonly timeoutMs?: number;
}

/** A peerlet of the same application on another node; its `remote` methods can be called on it. */
export type RemotePeerlet<Methods = Record<string, (...args: Plain[]) => Plain | Promise<Plain>>> =
  {
    readonly [Name in keyof Methods]: Methods[Name] extends (
      caller: string,
      ...args: infer Args
    ) => infer Value
      ? (...args: Args) => Promise<Awaited<Value>>
      : never;
  } & {
    /** The node it is bound to. */
    readonly id: string;
  };

/** Another application's `service` methods on this node, see `Prost.service`. */
export type Service<Methods = Record<string, (...args: Plain[]) => Plain | Promise<Plain>>> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (
    client: string,
    ...args: infer Args
  ) => infer Value
    ? (...args: Args) => Promise<Awaited<Value>>
    : never;
};

/** Rejections of calls are errors with one of these codes: branch on `code`, not on the message. */
export interface CallError extends Error {
  readonly code: CallErrorCode;
}

export interface PeerletStorage {
  /** Undefined when there is nothing under this key. */
  get(key: string): Promise<Plain>;
  /** Rejects with `refused` when the quota would be exceeded; nothing is changed then. Keys: 1 to 256 characters. */
  set(key: string, value: Plain): Promise<void>;
  /** All of them or, when that rejects, none; at most 64. Costs little more than one `set`. */
  setMany(entries: readonly (readonly [key: string, value: Plain])[]): Promise<void>;
  delete(key: string): Promise<void>;
  /** In order; those that start with `prefix`. */
  keys(prefix?: string): Promise<string[]>;
  usage(): Promise<{ readonly bytes: number; readonly quotaBytes: number }>;
}

/** What a peerlet sees of its node. All calls stay within its own application. */
export interface Prost {
  /** This node's id. */
  readonly self: string;
  readonly appId: string;
  readonly version: string;
  /** The version that wrote what is in storage, when it is another than this one: migrate from it. */
  readonly previousVersion: string | null;
  readonly grant: Grant;
  /** The key of a name: first 160 bits of SHA-256 of its UTF-8. */
  keyOf(name: string): string;
  /** Routes to the root of `key`, or with no key to the node `options.hint`. Always settles, with a receipt. */
  route(key: string | null, data: Uint8Array, options?: RouteOptions): Promise<Receipt>;
  localLookup(key: string, num: number, safe: boolean): Promise<NodeHandle[]>;
  neighborSet(num: number): Promise<NodeHandle[]>;
  replicaSet(key: string, maxRank: number): Promise<NodeHandle[]>;
  range(nodeId: string, rank: number, lkey?: string): Promise<{ from: string; to: string }>;
  /** Finds the peerlet at the root of `key`, and installs it there if need be. */
  lookupPeerlet<Methods>(key: string, options?: CallOptions): Promise<RemotePeerlet<Methods>>;
  /** A reference to the peerlet on a node whose id is known, e.g. from `replicaSet`. Asks the node for its methods. */
  peerletAt<Methods>(nodeId: string, options?: CallOptions): Promise<RemotePeerlet<Methods>>;
  /**
   * The service of another application on this node, which the manifest names in `uses`; it is started,
   * and fetched, if need be. Calls reject as calls of remote methods do.
   */
  service<Methods>(name: string, options?: CallOptions): Service<Methods>;
  /**
   * Tells an application on this node that uses this one: its `told` is called. Resolves when that has
   * returned; rejects when there is no such application here.
   */
  tell(appId: string, event: string, detail?: Plain): Promise<void>;
  readonly storage: PeerletStorage;
  readonly clock: {
    /** Milliseconds since the peerlet started; never runs backwards. */
    now(): number;
    /** Milliseconds since 1970, as this node's clock has it: other nodes' clocks differ. */
    date(): number;
    /** Runs `task` once. Timers have a floor and a number, see the grant. */
    after(delayMs: number, task: () => void): () => void;
  };
  readonly random: {
    /** A float in [0, 1). */
    next(): number;
    bytes(count: number): Uint8Array;
  };
  /** One line for a person who debugs. */
  log(what: string, detail?: Plain): void;
  /** An event for this node's own view, if it is open. */
  emit(event: string, detail?: Plain): void;
}

/** All of it optional. */
export interface Peerlet {
  /** At the root. The sender's receipt waits for it; throwing is a refusal. */
  deliver?(message: PeerletMessage): void | Promise<void>;
  /** Per-hop applications only: at every node on the way, the source and the root included. */
  forward?(
    message: PeerletMessage,
    nextHop: NodeHandle,
  ): ForwardDecision | void | Promise<ForwardDecision | void>;
  /** A node came into or left the neighbour set. */
  update?(node: NodeHandle, joined: boolean): void;
  /** What peerlets on other nodes may call; `caller` is the verified id of the calling node. Names: letters and digits. */
  readonly remote?: Readonly<Record<string, (caller: string, ...args: never[]) => unknown>>;
  /** What this node's own view, and the page, may call. */
  readonly local?: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** What other applications on this node may call that name this one in `uses`; `client` is the app id of the caller. */
  readonly service?: Readonly<Record<string, (client: string, ...args: never[]) => unknown>>;
  /** A word from an application that this one uses, by its name in the manifest. */
  told?(name: string, event: string, detail: Plain): void | Promise<void>;
  /** The node wants it to end: a moment to put things away. */
  close?(): void | Promise<void>;
}

export type PeerletSetup = (prost: Prost) => Peerlet | Promise<Peerlet>;

/** Marks the default export of `peerlet.js`. It is the setup itself that is exported. */
export function definePeerlet(setup: PeerletSetup): PeerletSetup {
  return setup;
}
