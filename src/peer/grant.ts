/**
 * What a peerlet asks for (`wants`, in its manifest), what this node gives it
 * (a `grant`), and what it has used. All of them plain data.
 */

/** Signed by the publisher; every number has its bound in `manifest.ts`. */
export interface Wants {
  /** Share of one core, over a window of some seconds: above 0, at most 1. */
  readonly cpuShare: number;
  /** What its storage may hold on one node, keys and values. */
  readonly storageBytes: number;
  /** Calls and events from it to its host, and upcalls to it; each way, mean over some seconds. */
  readonly messagesPerSecond: number;
  /** Calls that wait for an answer, each way. */
  readonly callsOpen: number;
}

/** What one node gives one peerlet: what it wants, cut to the node's budgets, and bounds that it cannot choose. */
export interface Grant extends Wants {
  /** Each way, mean over some seconds. */
  readonly bytesPerSecond: number;
  /** One message between peerlet and host, as `plainBytes` counts it. */
  readonly messageBytes: number;
  /** Timers that wait. */
  readonly timers: number;
  /** Enforced only where the browser tells how much memory a worker has. */
  readonly memoryBytes: number;
}

/** Since its sandbox started, except for storage. */
export interface Usage {
  /** Share of one core over the last window. */
  readonly cpuShare: number;
  readonly storageBytes: number;
  /** Both ways, per second over the last window. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly callsOpen: number;
  /** Null where the browser does not tell. */
  readonly memoryBytes: number | null;
}

export const NO_USAGE: Usage = {
  cpuShare: 0,
  storageBytes: 0,
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  callsOpen: 0,
  memoryBytes: null,
};
