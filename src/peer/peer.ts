/**
 * The public interface of a peer: what `joinOverlay()` resolves to, and what
 * the page publishes as `globalThis.prost`. The names are a contract.
 *
 * Everything a snapshot returns is plain data that can be kept, compared and
 * sent through JSON. What another node caused is a value, never an exception;
 * a wrong argument of the caller is thrown as a ProstError.
 */
import type { Plain } from "../base/plain.ts";
import type { AppType, Application, NodeHandle, Receipt } from "../kbr/kbr.ts";
import type { Grant, Usage, Wants } from "./grant.ts";

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
  readonly peerlets: Peerlets;
  /** What this node trusts, allows and gives. Kept for the next visit. */
  readonly policy: Policy;
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
  /** Default: what the application's manifest says when it is installed here, else "end-node". */
  readonly type?: AppType;
  /** Where the application's code can be had, at most 255 bytes of UTF-8. Default: where it came from, when it is installed here. */
  readonly locator?: string;
  /** How long to wait for the receipt, in ms: 100 to 60,000; default 30,000 (a guess). */
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

export interface Peerlets {
  /**
   * Installs by hand, which is consent: from a `.peerlet` file or its bytes, or from a locator
   * (`https://…/manifest.json`, `…/name.peerlet`, `prost:<manifest hash>`). Resolves when it runs,
   * and what it uses runs, or was refused, or was not to be had within 10 s: the list tells;
   * rejects with a ProstError ("bad-package", "refused", "not-found") that says what is wrong.
   */
  install(source: PackageInput): Promise<InstalledPeerlet>;
  /** In the order they came; also those that were refused or quarantined, with the reason. */
  list(): InstalledPeerlet[];
  get(appId: string): InstalledPeerlet | undefined;
  /** `forget` erases what it stored, too. A later message may bring it back: deny it to keep it away. */
  uninstall(appId: string, options?: { readonly forget?: boolean }): Promise<void>;
  /** lookupPeerlet, from the page: the `remote` methods of the peerlet at the root of `key`. */
  lookup(appId: string, key: string): Promise<Remote>;
  /** What a view sees: the `local` methods of this node's own peerlet. */
  local(appId: string): Remote;
  /**
   * Only while the peerlet is installed and running here. Its code is fetched now; resolves when its
   * frame is in `element`, which is in the page.
   */
  openView(appId: string, element: object): Promise<View>;
}

/** A locator, a File or Blob, or the bytes of one. */
export type PackageInput = string | PackageSource | Uint8Array | ArrayBuffer;

/** What the peerlets need of a File or Blob. */
export interface PackageSource {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Methods to be called by name; each call settles. `id` is the node's. */
export interface Remote {
  readonly id: string;
  readonly [method: string]: string | ((...args: Plain[]) => Promise<Plain>);
}

export interface View {
  readonly appId: string;
  readonly isOpen: boolean;
  close(): void;
  /** Settles when the view is gone, with the reason. */
  readonly closed: Promise<string>;
}

export type PeerletState =
  /** Fetching, verifying or starting. */
  | "installing"
  | "running"
  /** Stopped to save memory or CPU, its state kept; the next message starts it again. */
  | "idle"
  /** This node's policy says no; or it could not be had or started. `why` says which. */
  | "refused"
  /** Its code broke the rules repeatedly, and is not started again on this node. */
  | "quarantined";

export interface InstalledPeerlet {
  readonly appId: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** Public key, 64 hex digits. "" while the manifest is not known. */
  readonly publisher: string;
  readonly appType: AppType;
  readonly state: PeerletState;
  /** The reason for the state, for people. */
  readonly why: string;
  /** SHA-256 of its canonical signed manifest, 64 hex digits. */
  readonly hash: string;
  readonly locator: string;
  readonly hasView: boolean;
  /** The view's code is on this node: it came with a file, or a view was opened on this visit. */
  readonly viewFetched: boolean;
  /** How it came: by hand, or with a message. */
  readonly installedBy: "hand" | "message";
  /** The applications whose services it calls on this node: they come with it. */
  readonly uses: readonly { readonly name: string; readonly appId: string }[];
  readonly wants: Wants;
  readonly grant: Grant;
  readonly usage: Usage;
  /** Times it broke a rule, over all runs of this code. */
  readonly offences: number;
}

export type Rule = "trust" | "allow" | "ask" | "deny";

/** Upper bounds of what one peerlet gets here, and how much there may be of all of them. */
export interface Budgets extends Grant {
  /** Peerlets whose workers run at once; the least used are made idle. */
  readonly running: number;
  /** Of all packages kept here, for this node and for others. */
  readonly packageBytes: number;
}

/**
 * Rules are looked up for the application, then for its publisher, then the
 * default. An id of 32 hex digits is an application, one of 64 a publisher.
 * A change takes effect at once, on what runs too.
 */
export interface Policy {
  /** For those without a rule of their own. "allow" when a node is new: the sandbox bounds what they can do. */
  readonly default: Exclude<Rule, "trust">;
  /** By publisher or app id. */
  readonly rules: Readonly<Record<string, Rule>>;
  readonly budgets: Budgets;
  /** Origins of code servers that may be asked because a message names them; others only by hand. */
  readonly codeServers: readonly string[];
  setDefault(rule: Exclude<Rule, "trust">): void;
  /** Runs without asking, and gets what it wants, up to ten times the budgets. Its publisher vouches for it. */
  trust(id: string): void;
  allow(id: string): void;
  /** Refused until a person answers; "ask" is emitted once for each. */
  ask(id: string): void;
  deny(id: string): void;
  /** Back to the default. */
  forget(id: string): void;
  setBudgets(budgets: Partial<Budgets>): void;
  setCodeServers(origins: readonly string[]): void;
}

/** What a person is asked. Answer with `policy.allow(appId)`, `.trust(publisher)` or `.deny(…)`. */
export interface Question {
  readonly appId: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly publisher: string;
  /** Names of the applications that come with it. */
  readonly uses: readonly string[];
  readonly wants: Wants;
  /** The node whose message brought it. */
  readonly source: string;
}

export interface PeerEvents {
  /** A peerlet came, changed its state, or went (then `state` is "uninstalled"). */
  peerlet: {
    readonly appId: string;
    readonly state: PeerletState | "uninstalled";
    readonly why: string;
  };
  ask: Question;
  /** The policy was changed. */
  policy: Policy;
  /** The state changed. */
  state: PeerState;
  /** A neighbour joined or left the neighbour set. */
  update: { readonly id: string; readonly joined: boolean };
  link: { readonly id: string; readonly event: "opened" | "closed"; readonly why: string };
  signaling: SignalingStatus;
}
