/**
 * What the peerlets of a tree say to each other: remote methods, whose caller is
 * proved, and three kinds of routed messages, whose source is not.
 *
 * Whatever comes in, answers too, is read by `reading.ts`: strangers may send anything.
 */

/** Text or bytes. */
export type Data = string | Uint8Array;

/** A message of a group, as the tree carries it. */
export interface CastMessage {
  /** The node that sent it, as the root saw it: proved to the root, and from there on what the tree says. */
  readonly sender: string;
  /** Tells visits of the same node apart: its serials begin anew with each. */
  readonly run: string;
  /** From 1, one more for each message of this sender. */
  readonly serial: number;
  readonly data: Data;
}

/** Which message. */
export type MessageId = readonly [sender: string, run: string, serial: number];

/** On the wire; `isOld`: it was sent before the child came, who shall keep it only for its own children. */
export type WireMessage = readonly [
  sender: string,
  run: string,
  serial: number,
  data: Data,
  isOld: boolean,
];

/** What a root keeps of a group, and its replicas. Null for a group that just came to be: an open one. */
export interface Descriptor {
  readonly creator: string;
  /** 64 hex digits; "" for an open group. */
  readonly publicKey: string;
}

/** What somebody shows of a closed group that they are in; both are "" for an open one. */
export interface Shown {
  /** The signature that shows that the node may be in the group. */
  readonly proof: string;
  /** Whose signature that is, for a root that does not know yet that the group is closed. */
  readonly publicKey: string;
}

/** A child asks to be one. */
export interface Asking extends Shown {
  /** What it has: the last message of each sender. Null when it has never been in the tree. */
  readonly has: readonly MessageId[] | null;
  /** It has members of its own; else it only forwards. */
  readonly isMember: boolean;
}

export type Adoption =
  | { readonly kind: "adopted"; readonly path: readonly string[] | null; readonly proof: string }
  /** Full: these are its children. */
  | { readonly kind: "ask"; readonly nodes: readonly string[] }
  | { readonly kind: "no"; readonly why: string; readonly isFinal: boolean };

export type Polled =
  /** `path`: from the root to the parent; null while the parent itself has none. */
  | { readonly kind: "child"; readonly path: readonly string[] | null; readonly isMember: boolean }
  | { readonly kind: "stranger" };

export type Submitted =
  | { readonly kind: "taken" }
  /** It is not the root, or cannot say yet: look the key up again. */
  | { readonly kind: "later" }
  /** It does not know of the message that was taken before these: send that, and what else was taken, again. */
  | { readonly kind: "behind" }
  | { readonly kind: "no"; readonly why: string };

export interface Copy {
  readonly descriptor: Descriptor | null;
  readonly messages: readonly WireMessage[];
}

/** A part of a copy; `next`: where the next one begins, null after the last. */
export interface CopyPage extends Copy {
  readonly next: number | null;
}

export interface AnycastAnswer {
  readonly isTaken: boolean;
  /** Who else to ask, the nearest first. */
  readonly next: readonly string[];
}

/** What may be called. It is answered as the comment says by an honest node, and by others with anything. */
export interface AtNode {
  /** `Submitted`. `publicKey` is "" for an open group. */
  create(caller: string, group: string, publicKey: string): unknown;
  /** `Adoption`. */
  adopt(caller: string, group: string, asking: Asking): unknown;
  /** `Polled`. */
  poll(caller: string, group: string, isMember: boolean): unknown;
  /**
   * True when the caller is the parent; false: this node is not its child. `path` as in `Polled`; null when it
   * is as before. `isCaughtUp`: what was sent before the child came has all been told.
   */
  deliver(
    caller: string,
    group: string,
    path: readonly string[] | null,
    messages: readonly WireMessage[],
    isCaughtUp: boolean,
  ): unknown;
  /** The caller, parent or child, goes; with `why`, because the group does not want this node. */
  part(caller: string, group: string, why: string): unknown;
  /** `Submitted`. `after`: the last of this sender that a root took, 0 when that is none, or long ago; proof and public key as in `Asking`. */
  submit(
    caller: string,
    group: string,
    run: string,
    messages: readonly (readonly [serial: number, data: Data])[],
    proof: string,
    after: number,
    publicKey: string,
  ): unknown;
  /** True when the copy is kept. */
  mirror(caller: string, group: string, copy: Copy): unknown;
  /** `CopyPage`, or null when there is none. Rejects when the caller is no replica, as far as this node knows. */
  copyOf(caller: string, group: string, from: number): unknown;
  /** `AnycastAnswer`. */
  anycast(caller: string, group: string, data: Data, proof: string): unknown;
}

/** The first byte of a routed message. */
export const ROUTED = { join: 1, find: 2, broadcast: 3 } as const;
