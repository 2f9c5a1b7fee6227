/**
 * Port: one signaling server, where a newcomer meets its first node.
 *
 * A server knows a few *gates*: members that are reachable through it. It is
 * asked in one of three roles; see `Role`. A node that is "resting" has no
 * connection to the server at all, whatever links it met through it.
 */
import type { Id } from "../id/id.ts";
import type { Channel } from "./channel.ts";
import type { Attempt } from "./transport.ts";

export interface Gate {
  readonly id: Id;
  /** Its name at the server: 1 to 64 characters of [A-Za-z0-9-]. Opaque to the core. */
  readonly address: string;
}

export type Role =
  /** Only reads the list; needs no connection of its own. */
  | "visitor"
  /** Wants to join: gets the list, and is made the first gate when there is none at all. */
  | "newcomer"
  /** Is a member and stands as a gate, or renews its standing (a lease of 60 s at the server). */
  | "gate";

export type SignalingAnswer =
  /** The gates other than this node; `wanted` when more members should stand as gates. */
  | { readonly kind: "gates"; readonly gates: readonly Gate[]; readonly wanted: boolean }
  /** There was no gate: this node is the first now, and begins the ring. Only for newcomers. */
  | { readonly kind: "first" }
  /** No server, or not an answer one can read. Ask again later. */
  | { readonly kind: "away"; readonly why: string };

export interface Signaling {
  /** The server's address, for people. */
  readonly url: string;
  /** One round with the server. `done` is called once, within 10 s. Connects first where the role needs it. */
  ask(role: Role, done: (answer: SignalingAnswer) => void): void;
  /** Opens a channel to a gate through the server. Fails within 10 s. Connects first if need be. */
  connect(
    gate: Gate,
    events: { opened(channel: Channel): void; failed(why: string): void },
  ): Attempt;
  /** Takes the events. Called exactly once, before anything else. */
  attach(events: SignalingEvents): void;
  /** Stops being a gate and ends the connection to the server; open channels live on. */
  rest(): void;
  /** As `rest`, for good. */
  close(): void;
}

export interface SignalingEvents {
  /** Somebody came through our gate. */
  knocked(channel: Channel): void;
  /** The connection to the server broke; we are no gate there any more. Ask again to reconnect. */
  lost(why: string): void;
}
