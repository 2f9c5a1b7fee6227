/**
 * The page's end of one peerlet's sandbox: a hidden frame, a port to its
 * supervisor, and the calls that are open.
 *
 * All it hears has been read and rebuilt by the supervisor. It ends once, and
 * answers every open call before it says so.
 */
import type { Plain } from "../base/plain.ts";
import { plainBytes } from "../base/plain.ts";
import type { Clock } from "../env/env.ts";
import type {
  Result,
  Sandboxed,
  SandboxHost,
  StartRequest,
  Stopped,
  Upcall,
} from "../peer/sandbox.ts";
import { Budget } from "../sandbox/budget.ts";
import type { FromSupervisor, ToSupervisor } from "../sandbox/messages.ts";
import { failure, SandboxCalls } from "./sandbox-calls.ts";
import { type FrameDocument, SandboxFrame } from "./sandbox-frame.ts";
import type { Patient, PatientEvents } from "./sandbox-watch.ts";

/** Longer than the supervisor gives `close()`: then the frame goes without its word. Guess. */
const STOP_MS = 1_500;

export class SandboxedPeerlet implements Sandboxed, Patient {
  readonly name: string;
  readonly #clock: Clock;
  readonly #host: SandboxHost;
  readonly #request: StartRequest;
  readonly #frame: SandboxFrame;
  readonly #port: MessagePort;
  readonly #calls: SandboxCalls;
  /** Of the upcalls; what the peerlet sends is counted by its supervisor. */
  readonly #budget: Budget;
  readonly #events: PatientEvents;
  #isStopping = false;
  #isOver = false;
  #isBusy = false;
  #isStuck = false;
  #cpuShare = 0;
  #pongs = 0;

  constructor(
    document: FrameDocument,
    clock: Clock,
    request: StartRequest,
    host: SandboxHost,
    events: PatientEvents,
  ) {
    this.name = request.name;
    this.#clock = clock;
    this.#host = host;
    this.#request = request;
    this.#calls = new SandboxCalls(clock);
    this.#budget = new Budget(request.grant, clock.now());
    this.#events = events;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.addEventListener("message", ({ data }: MessageEvent<FromSupervisor>) => this.#hear(data));
    // The other end is gone: the browser says so at once when its process died.
    port1.addEventListener("close", events.died);
    port1.start();
    // A worker cannot navigate its frame: the document did not load, or somebody else did this.
    const left = () =>
      this.end({ kind: "lost", why: "its frame holds another document", isOffence: false });
    this.#frame = new SandboxFrame(document, `Sandbox of ${request.name}`, { left }, (frame) =>
      frame.post(["peerlet"], port2),
    );
    const { code, appId, self, grant, previousVersion, version } = request;
    const bytes = code.slice();
    this.#send(["start", { appId, self, grant, previousVersion, version }, bytes], [bytes.buffer]);
    this.#frame.hide();
  }

  /** How likely it is that this one is to blame when its process has died; 0 when there is no sign. */
  get suspicion(): number {
    return (this.#isBusy ? 1 : 0) + this.#cpuShare;
  }

  get isStuck(): boolean {
    return this.#isStuck;
  }

  get holdsThread(): boolean {
    return false;
  }

  /** Rises with each sign of life. */
  get pongs(): number {
    return this.#pongs;
  }

  ping(): void {
    this.#send(["ping", 0]);
  }

  call(
    upcall: Upcall,
    args: readonly Plain[],
    timeoutMs: number,
    done: (result: Result) => void,
  ): void {
    const { grant } = this.#request;
    if (this.#isStopping || this.#isOver) return done(GONE);
    if (this.#calls.count >= grant.callsOpen) {
      return done(failure("too-many-calls", `${grant.callsOpen} calls are open already`));
    }
    const overdrawn = this.#budget.spend(plainBytes(args), this.#clock.now());
    if (overdrawn !== null) {
      return done(failure("refused", `the ${overdrawn} granted to this peerlet are used up`));
    }
    this.#send(["upcall", this.#calls.open(timeoutMs, done), upcall, args]);
  }

  stop(): void {
    if (this.#isStopping || this.#isOver) return;
    this.#isStopping = true;
    this.#calls.settleAll(GONE);
    this.#send(["stop"]);
    this.#clock.after(STOP_MS, () =>
      this.end({ kind: "closed", why: "it was stopped", isOffence: false }),
    );
  }

  /** The frame goes at once. Only the first reason counts. */
  end(stopped: Stopped): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#frame.remove();
    this.#port.close();
    this.#events.over();
    this.#calls.settleAll(GONE);
    // What was asked for and what came in the end: a wish of ours is no offence.
    this.#host.stopped(
      this.#isStopping ? { kind: "closed", why: "it was stopped", isOffence: false } : stopped,
    );
  }

  #hear(message: FromSupervisor): void {
    if (this.#isOver) return;
    this.#pongs += 1;
    switch (message[0]) {
      case "started":
        return this.#isStopping ? undefined : this.#host.started(message[1]);
      case "call": {
        const [, id, method, args] = message;
        return this.#host.call(method, args, (result) => {
          if (id !== 0 && !this.#isOver) this.#send(["answer", id, result]);
        });
      }
      case "answer":
        return this.#calls.settle(message[1], message[2]);
      case "pong":
        return;
      case "busy":
        this.#isBusy = message[1];
        return;
      case "stuck":
        this.#isStuck = message[1];
        if (this.#isStuck) this.#events.stuck();
        return;
      case "usage": {
        const usage = message[1];
        this.#cpuShare = usage.cpuShare;
        const bytes = this.#budget.takeSpent().bytes;
        return this.#host.usage({ ...usage, bytesPerSecond: usage.bytesPerSecond + bytes });
      }
      case "stopped":
        return this.end(message[1]);
    }
  }

  #send(message: ToSupervisor, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

const GONE = failure("gone", "the peerlet is not running any more");
