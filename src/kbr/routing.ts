/**
 * What the layers above ask of key-based routing, and what it asks of them.
 * Callbacks, not promises, so that the simulation runs to the end of a turn
 * without waiting for a microtask.
 */
import type { Id } from "../id/id.ts";
import type { AppId, Routed, RoutedKind } from "../wire/routed.ts";
import type { Receipt } from "./kbr.ts";

export interface RouteRequest {
  /** Null: straight to the node `hint`. */
  readonly key: Id | null;
  /** The first hop, or with no key the destination. */
  readonly hint: Id | null;
  readonly appId: AppId;
  readonly perHop: boolean;
  readonly locator: string;
  /** Copied before this returns. */
  readonly data: Uint8Array;
  readonly traced?: boolean;
  /** Default "message". */
  readonly kind?: RoutedKind;
  readonly timeoutMs: number;
}

export interface RouteResult {
  readonly receipt: Receipt;
  /** The nodes passed, source first and the one that answered last; empty when not traced. */
  readonly trace: readonly Id[];
  /** What the root answered with; empty unless the layer above gave its verdict a body. */
  readonly body: Uint8Array;
}

/**
 * What the root says to a message: taken, or not and why. `isOfNode`: this node
 * will not, but the next of the replica set may.
 */
export type Verdict =
  | { readonly kind: "delivered"; readonly body?: Uint8Array }
  | { readonly kind: "refused"; readonly why: string; readonly isOfNode?: boolean };

/** What `forward` made of a message. */
export type Forwarded =
  | { readonly kind: "go-on" }
  | { readonly kind: "stop" }
  | {
      readonly kind: "change";
      readonly key: Id | null;
      readonly data: Uint8Array | null;
      readonly nextHop: Id | null;
    };

/** What the layer above a key-based routing layer implements. */
export interface Upcalls {
  /** Only for per-hop messages. Calls `resume` once, now or later. `from` is the hop it came from; null at its source. */
  forward(
    message: Routed,
    from: Id | null,
    nextHop: Id,
    resume: (forwarded: Forwarded) => void,
  ): void;
  /** At the root. Calls `done` once, now or later. */
  deliver(message: Routed, from: Id | null, done: (verdict: Verdict) => void): void;
  update(node: Id, joined: boolean): void;
}

export interface Range {
  /** Both ends belong to it. */
  readonly from: Id;
  readonly to: Id;
}

/** A key-based routing layer; Chord is the one there is. */
export interface KeyBasedRouting {
  readonly id: Id;
  /** `done` is called exactly once, never before this returns. */
  route(request: RouteRequest, done: (result: RouteResult) => void): void;
  /** Finds the root of a key, and notes the nodes passed. `done` as with `route`. */
  trace(key: Id, timeoutMs: number, done: (result: RouteResult) => void): void;
  localLookup(key: Id, num: number, safe: boolean): Id[];
  neighborSet(num: number): Id[];
  replicaSet(key: Id, maxRank: number): Id[];
  /** Calls `gone` once when a node has left or fallen silent, as soon as that can be known. Returns how to stop. */
  watch(node: Id, gone: () => void): () => void;
  /** Null when `node` is not in the neighbour set, or too little is known around it. */
  range(node: Id, rank: number, lkey: Id): Range | null;
}
