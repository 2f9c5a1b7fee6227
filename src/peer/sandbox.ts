/**
 * The sandbox port: where the code of a peerlet, or of a view, runs.
 *
 * In a tab it is an opaque-origin frame with a supervisor and a worker
 * (`platform/frame-sandbox.ts`); in the simulation the code runs in process.
 * Whatever is behind it, three things hold: what comes out is plain data
 * within the grant; every call ends; and a peerlet that was stopped says
 * nothing any more. Callbacks, so that a simulated turn ends by itself.
 */
import type { Plain } from "../base/plain.ts";
import type { AppType } from "../kbr/kbr.ts";
import type { Grant, Usage } from "./grant.ts";

/** Bounds of one message between a peerlet and its host; its bytes are in the grant. Guesses: JSON of real applications stays far below. */
export const PLAIN_DEPTH = 32;
export const PLAIN_NODES = 20_000;

export type Result =
  | { readonly kind: "value"; readonly value: Plain }
  | { readonly kind: "error"; readonly code: CallErrorCode; readonly why: string };

export type CallErrorCode =
  /** The method threw; `why` is its message, cut. */
  | "failed"
  /** There is no such method, or it is not granted. */
  | "no-such-method"
  /** An argument or the answer is not plain data within its bounds. */
  | "bad-parameter"
  /** No answer came before the deadline. It may have run all the same. */
  | "timed-out"
  /** The node left, or the peerlet there was stopped. It may have run all the same. */
  | "gone"
  /** This or the other node's policy, or a budget, says no; nothing was done. */
  | "refused"
  /** Too many calls are open already; nothing was done. */
  | "too-many-calls"
  /** The other node could not be reached. */
  | "unreachable";

/** What a host may call in a peerlet. */
export type Upcall =
  /** args: message. */
  | "deliver"
  /** args: message, next hop as a NodeHandle. Answers a ForwardDecision. */
  | "forward"
  /** args: NodeHandle, joined. Nobody waits for its end. */
  | "update"
  /** args: caller's node id, method name, arguments. */
  | "remote"
  /** args: method name, arguments. */
  | "local"
  /** args: the app id of the calling peerlet on this node, method name, arguments. */
  | "service"
  /** args: the name under which it uses the peerlet that tells, event, detail. */
  | "told";

/** What a peerlet may call in its host; the manager answers. See `sdk/index.ts` for their arguments. */
export const HOST_METHODS = [
  "route",
  "localLookup",
  "neighborSet",
  "replicaSet",
  "range",
  "lookupPeerlet",
  "callRemote",
  "callService",
  "tell",
  "storageGet",
  "storageSet",
  "storageSetMany",
  "storageDelete",
  "storageKeys",
  "storageUsage",
  "log",
  "emit",
] as const;

export type HostMethod = (typeof HOST_METHODS)[number];

export interface StartRequest {
  readonly appId: string;
  readonly appType: AppType;
  /** For people: names of frames, log lines. */
  readonly name: string;
  /** This node's id. */
  readonly self: string;
  /** The verified bytes of one ES module; the sandbox may keep and transfer them. */
  readonly code: Uint8Array;
  readonly grant: Grant;
  /** The version whose state is found in storage, when it is another than this one's. */
  readonly previousVersion: string | null;
  readonly version: string;
}

/** What the started module offers. Names have been checked: own, plain, bounded. */
export interface Offered {
  readonly upcalls: readonly ("deliver" | "forward" | "update" | "told")[];
  readonly remote: readonly string[];
  readonly local: readonly string[];
  readonly service: readonly string[];
}

/** Why a sandbox ended. `isOffence`: it broke a rule, as opposed to bad luck or a wish of ours. */
export interface Stopped {
  readonly kind:
    /** We stopped it. */
    | "closed"
    /** The module threw, did not load, or does not export what it must. */
    | "failed"
    | "cpu"
    | "memory"
    | "messages"
    | "bytes"
    | "calls"
    /** A message that is not what the host interface knows. */
    | "malformed"
    /** It did not answer a sign of life. */
    | "hung"
    /** The process it ran in is gone, and another peerlet is the likelier culprit. It may be started again. */
    | "lost";
  readonly why: string;
  readonly isOffence: boolean;
}

/** What the manager implements for each sandbox it starts. */
export interface SandboxHost {
  started(offered: Offered): void;
  /** A call of the peerlet. `done` is called once, now or later; it may come after the end, and is ignored then. */
  call(method: HostMethod, args: readonly Plain[], done: (result: Result) => void): void;
  /** Now and then, and when it changed much. Storage is the manager's own to count. */
  usage(usage: Omit<Usage, "storageBytes">): void;
  /** Over for good; called once, after every open call has been answered with `gone`. */
  stopped(stopped: Stopped): void;
}

export interface Sandboxed {
  /** `done` is called exactly once, whatever happens to the peerlet. */
  call(
    upcall: Upcall,
    args: readonly Plain[],
    timeoutMs: number,
    done: (result: Result) => void,
  ): void;
  /** Lets `close()` run for a moment, then ends it. May be called twice. */
  stop(): void;
}

/** A view's side of its sandbox: a frame in an element of the page. */
export interface ViewRequest {
  readonly appId: string;
  readonly name: string;
  readonly code: Uint8Array;
  readonly grant: Grant;
  /** An element of the page; what the core knows of it is only that it is an object. */
  readonly element: object;
  /** Names of the peerlet's `local` methods. */
  readonly local: readonly string[];
}

export interface ViewHost {
  /** Its frame is in the element. */
  shown(): void;
  /** Its setup has ended. */
  started(): void;
  callLocal(method: string, args: readonly Plain[], done: (result: Result) => void): void;
  stopped(stopped: Stopped): void;
}

export interface SandboxedView {
  /** An event of the peerlet, for the view's listeners. */
  emit(event: string, detail: Plain): void;
  /** Takes the frame out of the page at once. May be called twice. */
  close(): void;
}

export interface Sandbox {
  /** Returns at once; `host.started` or `host.stopped` follows. */
  start(request: StartRequest, host: SandboxHost): Sandboxed;
  openView(request: ViewRequest, host: ViewHost): SandboxedView;
}
