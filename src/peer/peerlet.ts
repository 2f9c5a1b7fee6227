/**
 * The life of one peerlet on this node, as a state machine.
 *
 *     installing ──► running ──► idle ──► (a message) ──► installing
 *          │            │
 *          ▼            ▼
 *       refused     quarantined
 *
 * It starts and stops the sandbox and keeps what waits meanwhile. Whether it
 * may run `admission.ts` decides, where its code comes from `code-finder.ts`,
 * and what follows when it ended by itself `peerlet-host.ts`.
 */
import type { Plain } from "../base/plain.ts";
import type { Clock } from "../env/env.ts";
import type { Grant, Usage } from "./grant.ts";
import { NO_USAGE } from "./grant.ts";
import type { Package } from "./packages.ts";
import type { PeerletState } from "./peer.ts";
import type {
  HostMethod,
  Offered,
  Result,
  Sandbox,
  SandboxHost,
  Sandboxed,
  Stopped,
  Upcall,
} from "./sandbox.ts";

export interface PeerletPorts {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly self: string;
  grant(peerlet: Peerlet): Grant;
  /** Asked before each start: makes room for it. Null: go on; else why it may not run now. */
  refusesToStart(peerlet: Peerlet): string | null;
  hostCall(
    peerlet: Peerlet,
    method: HostMethod,
    args: readonly Plain[],
    done: (result: Result) => void,
  ): void;
  changed(peerlet: Peerlet): void;
  /** It runs: its state now belongs to this version. */
  runs(peerlet: Peerlet): void;
  /** Its sandbox ended by itself: decides what follows. */
  ended(peerlet: Peerlet, stopped: Stopped): void;
}

/** Something that is to be done as soon as it runs. */
interface Waiting {
  readonly bytes: number;
  readonly untilMs: number;
  /** Its time is not up before it is done: see `#giveUp`. */
  readonly cancel: () => void;
  readonly run: (sandboxed: Sandboxed, leftMs: number) => void;
  readonly fail: (result: Result) => void;
}

/** What may wait for a peerlet that is being fetched or started. Guesses: what the sender's receipt can wait for. */
const MOST_WAITING = 256;
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/** A sandbox that has not started by then will not, in ms. A guess; 64 tabs at once on two cores take seconds. */
const START_MS = 15_000;
/** What an earlier version has begun may be ended by it, for so long, in ms, before the next one starts. A guess. */
const DRAIN_MS = 2_000;

const NOTHING_OFFERED: Offered = { upcalls: [], remote: [], local: [], service: [] };

export class Peerlet {
  readonly appId: string;
  readonly #ports: PeerletPorts;
  #state: PeerletState = "installing";
  #why = "";
  #sandboxed: Sandboxed | null = null;
  #waiting = new Set<Waiting>();
  #waitingBytes = 0;
  /** Its sandbox was told to end, and has not yet. What follows then depends on the state at that time. */
  #isStopping = false;
  /** Calls that its sandbox has not answered yet. */
  #open = 0;
  /** It is to start anew, as soon as these are answered: ends the wait for them. Null when it is not. */
  #cancelDrain: (() => void) | null = null;
  #over: (() => void)[] = [];
  #cancelStart: () => void = () => {};
  package: Package | null = null;
  offered: Offered = NOTHING_OFFERED;
  usage: Omit<Usage, "storageBytes"> = NO_USAGE;
  grant: Grant | null = null;
  usedAtMs: number;
  /** The version that wrote what is stored; null while nothing has run. */
  stateVersion: string | null = null;

  constructor(appId: string, ports: PeerletPorts) {
    this.appId = appId;
    this.#ports = ports;
    this.usedAtMs = ports.clock.now();
  }

  get state(): PeerletState {
    return this.#state;
  }

  get why(): string {
    return this.#why;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** It has a sandbox that is not about to end. */
  get hasSandbox(): boolean {
    return this.#sandboxed !== null && !this.#isStopping && this.#cancelDrain === null;
  }

  /** A call into it: at once when it runs, later when it is about to. `done` is called exactly once. */
  call(
    upcall: Upcall,
    args: readonly Plain[],
    bytes: number,
    timeoutMs: number,
    done: (result: Result) => void,
  ): void {
    const run = (sandboxed: Sandboxed, leftMs: number) => {
      this.#open += 1;
      sandboxed.call(upcall, args, leftMs, (result) => {
        this.#open -= 1;
        done(result);
        if (this.#open === 0 && this.#cancelDrain !== null) this.#endSandbox();
      });
    };
    this.#whenRunning(bytes, timeoutMs, run, done);
  }

  /** Starts it if need be; a value once it runs. `done` is called exactly once. */
  ready(timeoutMs: number, done: (result: Result) => void): void {
    const run = () => done({ kind: "value", value: undefined });
    this.#whenRunning(0, timeoutMs, run, done);
  }

  #whenRunning(
    bytes: number,
    timeoutMs: number,
    run: (sandboxed: Sandboxed, leftMs: number) => void,
    fail: (result: Result) => void,
  ): void {
    const { clock } = this.#ports;
    this.usedAtMs = clock.now();
    switch (this.#state) {
      case "running":
        return run(this.#sandboxed!, timeoutMs);
      case "refused":
      case "quarantined":
        return fail({ kind: "error", code: "refused", why: this.#why });
      case "installing":
      case "idle":
        break;
    }
    if (this.#waiting.size >= MOST_WAITING || this.#waitingBytes + bytes > MOST_WAITING_BYTES) {
      const why = "too much waits for this peerlet already";
      return fail({ kind: "error", code: "too-many-calls", why });
    }
    const untilMs = this.usedAtMs + timeoutMs;
    const cancel = clock.after(timeoutMs, () => this.#giveUp(waiting));
    const waiting: Waiting = { bytes, untilMs, cancel, run, fail };
    this.#waitingBytes += bytes;
    this.#waiting.add(waiting);
    if (this.#state === "idle") this.start();
  }

  /** Runs the package it has, as soon as an earlier sandbox has ended. */
  start(): void {
    if (!this.package || this.#sandboxed) return;
    const refusal = this.#ports.refusesToStart(this);
    if (refusal !== null) {
      this.#become("idle", refusal);
      return this.#failWaiting({ kind: "error", code: "refused", why: refusal });
    }
    const { manifest, code } = this.package;
    this.#become("installing", "starting");
    // Who heard of it may have stopped it.
    if (this.#state !== "installing" || this.#sandboxed) return;
    this.grant = this.#ports.grant(this);
    const { stateVersion } = this;
    const sandboxed = this.#ports.sandbox.start(
      {
        appId: this.appId,
        appType: manifest.appType,
        name: manifest.name,
        self: this.#ports.self,
        code,
        grant: this.grant,
        previousVersion: stateVersion === manifest.version ? null : stateVersion,
        version: manifest.version,
      },
      this.#hostOf(),
    );
    this.#sandboxed = sandboxed;
    this.#cancelStart = this.#ports.clock.after(START_MS, () => {
      if (this.#sandboxed === sandboxed && this.#state === "installing") {
        this.stop("idle", "it did not start in time");
      }
    });
  }

  /** Ends it; `over` is called when it has ended. What waits fails. */
  stop(
    state: Exclude<PeerletState, "installing" | "running">,
    why: string,
    over: () => void = () => {},
  ): void {
    this.#become(state, why);
    this.#failWaiting({ kind: "error", code: state === "idle" ? "gone" : "refused", why });
    if (!this.#sandboxed) return over();
    this.#over.push(over);
    this.#endSandbox();
  }

  /**
   * Runs the package it has anew, once what has begun is answered; what waits goes on waiting.
   * Nothing starts when it is stopped before that.
   */
  restart(why: string): void {
    this.#become("installing", why);
    if (this.#state !== "installing") return;
    if (!this.#sandboxed) return this.start();
    if (this.#isStopping || this.#cancelDrain !== null) return;
    if (this.#open === 0) return this.#endSandbox();
    this.#cancelDrain = this.#ports.clock.after(DRAIN_MS, () => this.#endSandbox());
  }

  #endSandbox(): void {
    this.#cancelDrain?.();
    this.#cancelDrain = null;
    this.#isStopping = true;
    this.#cancelStart();
    this.#sandboxed?.stop();
  }

  /** Something that a person should know of one that goes on. */
  note(why: string): void {
    this.#become(this.#state, why);
  }

  /** On its way here: what comes waits. */
  fetching(why: string): void {
    this.#become("installing", why);
  }

  #hostOf(): SandboxHost {
    return {
      started: (offered) => {
        this.#cancelStart();
        if (this.#state !== "installing" || !this.hasSandbox) return;
        this.offered = offered;
        this.#become("running", "");
        this.#ports.runs(this);
        this.#release();
      },
      call: (method, args, done) => this.#ports.hostCall(this, method, args, done),
      usage: (usage) => {
        this.usage = usage;
      },
      stopped: (stopped) => this.#stopped(stopped),
    };
  }

  #stopped(stopped: Stopped): void {
    this.#cancelStart();
    this.#sandboxed = null;
    this.offered = NOTHING_OFFERED;
    this.usage = NO_USAGE;
    // One that was about to be told to has ended as well.
    const wasStopping = this.#isStopping || this.#cancelDrain !== null;
    this.#cancelDrain?.();
    this.#cancelDrain = null;
    this.#isStopping = false;
    const told = this.#over;
    this.#over = [];
    for (const over of told) over();
    if (!wasStopping) return this.#ports.ended(this, stopped);
    const isWanted = this.#state === "idle" && this.#waiting.size > 0;
    if (this.#state === "installing" || isWanted) this.start();
  }

  #release(): void {
    const now = this.#ports.clock.now();
    for (const { untilMs, run, fail } of this.#takeWaiting()) {
      if (this.#state === "running" && this.#sandboxed) run(this.#sandboxed, untilMs - now);
      else fail({ kind: "error", code: "gone", why: "it was stopped as soon as it ran" });
    }
  }

  /** Whoever waits is told in time, however long code is on its way. */
  #giveUp(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    this.#waitingBytes -= waiting.bytes;
    const why = `it waited too long for the peerlet (${this.#why || this.#state})`;
    waiting.fail({ kind: "error", code: "timed-out", why });
  }

  #failWaiting(result: Result): void {
    for (const { fail } of this.#takeWaiting()) fail(result);
  }

  #takeWaiting(): ReadonlySet<Waiting> {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    this.#waitingBytes = 0;
    for (const { cancel } of waiting) cancel();
    return waiting;
  }

  #become(state: PeerletState, why: string): void {
    if (state === this.#state && why === this.#why) return;
    this.#state = state;
    this.#why = why;
    this.#ports.changed(this);
  }
}
