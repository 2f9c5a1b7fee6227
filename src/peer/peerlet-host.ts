/**
 * What each peerlet turns to on its node: its grant, leave to start, what it
 * may ask, and what follows when its sandbox ended by itself.
 *
 * That depends on whose fault it was. Code that breaks the rules is stopped,
 * and after some times quarantined; code that does not run is refused for a
 * while; and one whose process somebody else broke is started again.
 *
 * Nothing comes here through this file: that is `arrivals.ts`.
 */
import type { Counters } from "../base/counters.ts";
import type { Plain } from "../base/plain.ts";
import type { Clock } from "../env/env.ts";
import { type Admission, QUARANTINED } from "./admission.ts";
import type { Entries } from "./entries.ts";
import { isBusy } from "./entry.ts";
import type { Grant } from "./grant.ts";
import type { HostCalls } from "./host-calls.ts";
import type { PeerEvents } from "./peer.ts";
import type { PeerletData } from "./peerlet-data.ts";
import type { Peerlet, PeerletPorts } from "./peerlet.ts";
import type { Records } from "./records.ts";
import type { HostMethod, Result, Sandbox, Stopped } from "./sandbox.ts";
import type { WorkingSet } from "./working-set.ts";

export interface PeerletHostPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly sandbox: Sandbox;
  /** This node's id. */
  readonly self: string;
  readonly entries: Entries;
  readonly admission: Admission;
  readonly workingSet: WorkingSet;
  readonly hostCalls: HostCalls;
  readonly records: Records;
  dataOf(appId: string): PeerletData;
  /** A peerlet changed its state. */
  tell(change: PeerEvents["peerlet"]): void;
}

/** What did not start is tried again after this, in ms. A guess. */
const FAILED_MS = 30_000;
/** Restarts after somebody else broke its process, and the time they count for, in ms. Guesses. */
const MOST_LOST = 5;
const LOST_MS = 60_000;
/**
 * The first of them waits so long, in ms, each other one twice as long as the one before. A process
 * whose thread is held ends with its last frame: what starts at once in it would keep it. A guess.
 */
const RESTART_MS = 1_000;

export class PeerletHost implements PeerletPorts {
  readonly #ports: PeerletHostPorts;
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly self: string;
  #closed = false;

  constructor(ports: PeerletHostPorts) {
    this.#ports = ports;
    this.clock = ports.clock;
    this.sandbox = ports.sandbox;
    this.self = ports.self;
  }

  /** Nothing starts any more, and what was remembered last stays so: the next visit goes on from it. */
  close(): void {
    this.#closed = true;
  }

  grant(peerlet: Peerlet): Grant {
    return this.#ports.admission.grantOf(peerlet.package!.manifest);
  }

  refusesToStart(peerlet: Peerlet): string | null {
    if (this.#closed) return "this node left";
    const isHere = this.#ports.entries.get(peerlet.appId)?.peerlet === peerlet;
    return isHere ? this.#ports.workingSet.makeRoom() : "it was uninstalled";
  }

  hostCall(
    peerlet: Peerlet,
    method: HostMethod,
    args: readonly Plain[],
    done: (result: Result) => void,
  ): void {
    peerlet.usedAtMs = this.clock.now();
    this.#ports.hostCalls.call(peerlet, method, args, done);
  }

  changed(peerlet: Peerlet): void {
    const { appId, state, why } = peerlet;
    if (this.#ports.entries.get(appId)?.peerlet !== peerlet) return;
    this.#remember(peerlet);
    this.#ports.tell({ appId, state, why });
  }

  runs(peerlet: Peerlet): void {
    peerlet.stateVersion = peerlet.package!.manifest.version;
    // So that its usage can be told.
    void this.#ports.dataOf(peerlet.appId).load();
    this.#remember(peerlet);
  }

  ended(peerlet: Peerlet, stopped: Stopped): void {
    const { admission, counters, entries } = this.#ports;
    const entry = entries.get(peerlet.appId);
    const { kind, why } = stopped;
    counters.add(`peerlets.stopped-${kind}`);
    if (!entry || !peerlet.package) return;
    if (stopped.isOffence) {
      const isOnceTooOften = admission.offend(peerlet.package.manifest);
      if (isOnceTooOften) return peerlet.stop("quarantined", `${QUARANTINED}; the last: ${why}`);
      return peerlet.stop("idle", `stopped: ${why}`);
    }
    const now = this.clock.now();
    switch (kind) {
      case "lost":
        entry.lostAtMs = [...entry.lostAtMs.filter((atMs) => now - atMs < LOST_MS), now];
        if (entry.lostAtMs.length > MOST_LOST) return peerlet.stop("idle", why);
        return this.#restartLater(peerlet, entry.lostAtMs.length, why);
      case "failed":
        return admission.refuse(entry, `it could not run: ${why}`, FAILED_MS);
      default:
        return peerlet.stop("idle", why);
    }
  }

  /** A view broke the rules. It is gone; its peerlet goes on, unless that was once too often. */
  viewEnded(peerlet: Peerlet, why: string): void {
    this.#ports.counters.add("peerlets.view-offences");
    if (!peerlet.package) return;
    const isOnceTooOften = this.#ports.admission.offend(peerlet.package.manifest);
    if (isOnceTooOften) peerlet.stop("quarantined", `${QUARANTINED}; the last: its view: ${why}`);
    else peerlet.note(`its view was closed: ${why}`);
  }

  /** What comes meanwhile waits. */
  #restartLater(peerlet: Peerlet, times: number, why: string): void {
    peerlet.fetching(`it starts again in a moment: ${why}`);
    this.clock.after(RESTART_MS * 2 ** (times - 1), () => {
      if (peerlet.state === "installing") peerlet.start();
    });
  }

  /** For the next visit. */
  #remember(peerlet: Peerlet): void {
    const entry = this.#ports.entries.get(peerlet.appId);
    if (!entry || !peerlet.package || this.#closed) return;
    this.#ports.records.save(peerlet.appId, {
      hash: peerlet.package.hash,
      url: entry.url,
      installedBy: entry.installedBy,
      wasRunning: isBusy(entry),
      stateVersion: peerlet.stateVersion,
    });
  }
}
