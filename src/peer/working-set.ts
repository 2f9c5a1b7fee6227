/**
 * The working set: which of this node's peerlets keep a sandbox. One that
 * nobody used for a while is made idle, and the longest unused make room for
 * those that come.
 *
 * It does not know why one comes, nor whether it may.
 *
 * Source: Denning, "The working set model for program behavior", CACM 1968.
 */
import type { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import type { Entries } from "./entries.ts";
import type { Entry } from "./entry.ts";
import type { Peerlet } from "./peerlet.ts";
import type { NodePolicy } from "./policy.ts";

export interface WorkingSetPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly entries: Entries;
  readonly policy: NodePolicy;
  /** A view of it is open: then it stays. */
  readonly isWatched: (peerlet: Peerlet) => boolean;
  /** Told on each round of each that runs and stays. */
  readonly stays: (entry: Entry) => void;
}

/** Nothing called it and it called nothing for so long: it is made idle, in ms. A guess. */
const IDLE_MS = 600_000;
const SWEEP_MS = 60_000;

export class WorkingSet {
  readonly #ports: WorkingSetPorts;
  #cancelSweep: () => void = () => {};

  constructor(ports: WorkingSetPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#cancelSweep = this.#ports.clock.after(SWEEP_MS, () => {
      this.#sweep();
      this.start();
    });
  }

  close(): void {
    this.#cancelSweep();
  }

  /** Null when there is room for one more, else why it may not start. */
  makeRoom(): string | null {
    const most = this.#ports.policy.budgets.running;
    return this.#evict(most - 1) < most
      ? null
      : `${most} of ${most} peerlets that may run here are in use`;
  }

  /** The policy may allow fewer than run. */
  shrink(): void {
    this.#evict(this.#ports.policy.budgets.running);
  }

  /** Makes the longest unused idle until only so many are left, if that can be. How many there are then. */
  #evict(most: number): number {
    const { counters, entries, isWatched } = this.#ports;
    const running = [...entries].filter(({ peerlet }) => peerlet.hasSandbox);
    const evictable = running
      .filter(({ peerlet }) => peerlet.isRunning && !isWatched(peerlet))
      .toSorted((a, b) => a.peerlet.usedAtMs - b.peerlet.usedAtMs)
      .slice(0, Math.max(0, running.length - most));
    for (const { peerlet } of evictable) {
      counters.add("peerlets.evicted");
      peerlet.stop("idle", "evicted: others were used more lately");
    }
    return running.length - evictable.length;
  }

  #sweep(): void {
    const { clock, entries, isWatched, stays } = this.#ports;
    const now = clock.now();
    for (const entry of entries) {
      const { peerlet } = entry;
      if (!peerlet.isRunning) continue;
      if (now - peerlet.usedAtMs > IDLE_MS && !isWatched(peerlet)) {
        peerlet.stop("idle", "nobody used it");
      } else stays(entry);
    }
  }
}
