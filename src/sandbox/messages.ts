/**
 * Every message across the boundaries of a sandbox, and nothing else.
 *
 *     page  <->  supervisor  <->  peerlet
 *     page  <->  view guard  <->  view (comlink; see endpoint-guard.ts)
 *
 * Page, supervisor and guard are ours and trust one another. What comes from a
 * peerlet or a view may be anything at all: `from-peerlet.ts` and
 * `endpoint-guard.ts` read it. A message is an array whose first item is its
 * tag, so no property name of a stranger's is ever looked up.
 */
import type { Plain } from "../base/plain.ts";
import type { Grant, Usage } from "../peer/grant.ts";
import type {
  CallErrorCode,
  HostMethod,
  Offered,
  Result,
  StartRequest,
  Stopped,
  Upcall,
} from "../peer/sandbox.ts";

/** What the peerlet's worker is told; its code comes beside it. */
export type PeerletConfig = Omit<StartRequest, "code" | "name" | "appType">;

/** To the document of a frame, with one port (for a view: its port to the guard, and a ViewStart). */
export type ToFrame = readonly ["peerlet"] | readonly ["guard"] | readonly ["view"];

export type ToSupervisor =
  | readonly ["start", PeerletConfig, Uint8Array]
  | readonly ["upcall", number, Upcall, readonly Plain[]]
  | readonly ["answer", number, Result]
  /** Answered at once by a supervisor that lives. */
  | readonly ["ping", number]
  /** Ends the peerlet after a moment. */
  | readonly ["stop"];

export type FromSupervisor =
  | readonly ["started", Offered]
  /** Id 0: nobody waits for an answer. */
  | readonly ["call", number, HostMethod, readonly Plain[]]
  | readonly ["answer", number, Result]
  | readonly ["pong", number]
  | readonly ["usage", Omit<Usage, "storageBytes">]
  /** It has not answered a sign of life for a moment, or does again. Says who was busy when a process dies. */
  | readonly ["busy", boolean]
  /** The thread of its frame does not answer, or does again: then no frame of its process can start. */
  | readonly ["stuck", boolean]
  | readonly ["stopped", Stopped];

export type ToPeerlet =
  | readonly ["start", PeerletConfig, Uint8Array]
  | readonly ["upcall", number, Upcall, readonly Plain[]]
  | readonly ["answer", number, Result]
  /** The token cannot be guessed, so only who reads it can answer. */
  | readonly ["ping", number]
  | readonly ["close"];

/** What an honest bootstrap sends. */
export type FromPeerlet =
  | readonly ["ready", Offered]
  | readonly ["failed", string]
  /** Id 0: nobody waits for an answer. Other ids rise. */
  | readonly ["call", number, HostMethod, readonly Plain[]]
  | readonly ["value", number, Plain]
  | readonly ["error", number, CallErrorCode, string]
  | readonly ["pong", number]
  /** Its `close()` has ended. */
  | readonly ["closed"]
  /** It tried what its policy forbids, again and again. */
  | readonly ["violations"];

export interface ViewConfig {
  readonly appId: string;
  readonly local: readonly string[];
  readonly grant: Grant;
}

/** To the guard of a view; the view's port comes with the first. */
export type ToGuard =
  | readonly ["start", ViewConfig]
  | readonly ["event", string, Plain]
  | readonly ["theme", Theme]
  | readonly ["answer", number, Result]
  | readonly ["ping", number];

export type FromGuard =
  /** It listens: now the view may come. */
  | readonly ["up"]
  | readonly ["started"]
  | readonly ["call", number, string, readonly Plain[]]
  | readonly ["pong", number]
  /** As a supervisor says it. */
  | readonly ["busy", boolean]
  | readonly ["stopped", Stopped];

export type Theme = "light" | "dark";

/** What the view's own runtime is told over the frame's port, once. */
export interface ViewStart {
  readonly code: Uint8Array;
  readonly local: readonly string[];
  readonly theme: Theme;
  /** As in its grant. */
  readonly messageBytes: number;
}

/** What a view hears in answer to `$next`. Empty: only a sign of life is wanted. */
export type ViewEvent = readonly ["event", string, Plain] | readonly ["theme", Theme];

/** The one method of a guard that is not the peerlet's: waits for the next events. No name of a method can have a "$". */
export const NEXT = "$next";

/** And one that tells the guard that the view's setup has run, or why it did not. */
export const READY = "$ready";

const NAME = /^[A-Za-z][A-Za-z0-9]{0,31}$/;

/** They mean something to promises, prototypes, or our references. */
const RESERVED: ReadonlySet<string> = new Set(["then", "constructor", "__proto__", "id"]);

/** More methods than this nobody can document. Guess. */
export const MAX_METHODS = 100;

/** May a peerlet call one of its methods this? */
export function isMethodName(name: unknown): name is string {
  return typeof name === "string" && NAME.test(name) && !RESERVED.has(name);
}
