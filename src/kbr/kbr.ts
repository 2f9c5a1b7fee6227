/**
 * Key-based routing: the common interface of structured overlays.
 *
 * Dabek, Zhao, Druschel, Kubiatowicz, Stoica: "Towards a Common API for
 * Structured Peer-to-Peer Overlays", IPTPS 2003. Everything above this layer
 * sees only what is in this folder; another geometry could take Chord's place.
 */
/** The paper's nodehandle. More fields may come; the id stays. */
export interface NodeHandle {
  readonly id: string;
}

/** One bit in every message. Only "per-hop" messages are shown to the application on their way. */
export type AppType = "end-node" | "per-hop";

/** A message as an application sees it: Figure 3 of the PROST paper, and what routing adds. */
export interface Message {
  /** 32 hex digits. */
  readonly appId: string;
  readonly appType: AppType;
  /** Where the application's code can be had; "" when nobody said. */
  readonly locator: string;
  /** The node that called route(): its own claim, carried unsigned. */
  readonly source: string;
  /** Nodes passed after the source. */
  readonly hops: number;
  /** `forward` may put other bytes here. */
  data: Uint8Array;
}

/**
 * What `forward` decides. Nothing (undefined): go on unchanged. `null`, or a
 * null `nextHop`: the message ends here. Otherwise what is named is changed.
 */
export type ForwardDecision =
  | { readonly key?: string; readonly data?: Uint8Array; readonly nextHop?: string | null }
  | null
  | undefined;

/** The upcalls; all optional. One that throws is counted, and the message goes on unchanged. */
export interface Application {
  /** At every node on the way, the source and the root included. `nextHop` is this node at the root. */
  forward?(
    key: string,
    message: Message,
    nextHop: NodeHandle,
  ): ForwardDecision | void | Promise<ForwardDecision | void>;
  /** At the root. */
  deliver?(key: string, message: Message): void | Promise<void>;
  /** A node came into or left the neighbour set. */
  update?(node: NodeHandle, joined: boolean): void;
}

/** What became of a routed message. A peer can cause each of these, so none is thrown. */
export type Receipt =
  | { readonly kind: "delivered"; readonly root: string; readonly hops: number }
  /** Node `by` would not take it, or its application ended it on the way: `why` says which. */
  | { readonly kind: "refused"; readonly by: string; readonly why: string }
  /** There was no way on: hops spent, no such node, or every queue full. `why` says which. */
  | { readonly kind: "unreachable"; readonly why: string }
  /** No receipt came in time. The message may or may not have arrived. */
  | { readonly kind: "timed-out"; readonly afterMs: number };
