/**
 * The sandbox port for the simulation: code runs in this process, as trusted as
 * any test. It keeps the port's promises: plain data, every call ends, silence
 * after the end.
 */
import { Buffer } from "node:buffer";
import { type Plain, rebuildPlain } from "../base/plain.ts";
import type { Env } from "../env/env.ts";
import { NO_USAGE } from "../peer/grant.ts";
import {
  PLAIN_DEPTH,
  PLAIN_NODES,
  type Result,
  type Sandbox,
  type SandboxHost,
  type Sandboxed,
  type SandboxedView,
  type StartRequest,
  type Stopped,
  type Upcall,
  type ViewHost,
  type ViewRequest,
} from "../peer/sandbox.ts";
import { SandboxCallError } from "../sandbox/call-error.ts";
import { HostCalls } from "../sandbox/host-calls.ts";
import { type Offer, offerOf } from "../sandbox/offer.ts";
import { prostObject } from "../sandbox/prost-object.ts";
import { Timers } from "../sandbox/timers.ts";
import type { PeerletSetup } from "../sdk/peerlet.ts";

/** Modules by their text: a thousand nodes that run the same code load it once. */
const modules = new Map<string, Promise<{ readonly default?: unknown }>>();
const loading = new Set<Promise<unknown>>();

function load(code: Uint8Array): Promise<{ readonly default?: unknown }> {
  const text = Buffer.from(code).toString("base64");
  const known = modules.get(text);
  if (known) return known;
  const module = import(`data:text/javascript;base64,${text}`) as Promise<{ default?: unknown }>;
  modules.set(text, module);
  loading.add(module);
  const loaded = () => loading.delete(module);
  module.then(loaded, loaded);
  return module;
}

/** False when no module is being loaded, true after all have been: that takes real time, and none may pass. */
export async function modulesLoaded(): Promise<boolean> {
  if (loading.size === 0) return false;
  await Promise.allSettled(loading);
  return true;
}

export class InProcessSandbox implements Sandbox {
  readonly #env: Env;
  /** What runs now, for tests that want to end it as a browser would. */
  readonly running = new Map<string, InProcessPeerlet>();

  constructor(env: Env) {
    this.#env = env;
  }

  start(request: StartRequest, host: SandboxHost): Sandboxed {
    const peerlet = new InProcessPeerlet(this.#env, request, host, () => {
      if (this.running.get(request.appId) === peerlet) this.running.delete(request.appId);
    });
    this.running.set(request.appId, peerlet);
    return peerlet;
  }

  openView(_request: ViewRequest, host: ViewHost): SandboxedView {
    this.#env.clock.soon(() => {
      host.shown();
      host.started();
    });
    return { emit: () => {}, close: () => {} };
  }
}

class InProcessPeerlet implements Sandboxed {
  readonly #env: Env;
  readonly #request: StartRequest;
  readonly #host: SandboxHost;
  readonly #over: () => void;
  readonly #open = new Set<(result: Result) => void>();
  readonly #timers = new Map<number, () => void>();
  #lastTimer = 0;
  #offer: Offer | null = null;
  #ended = false;

  constructor(env: Env, request: StartRequest, host: SandboxHost, over: () => void) {
    this.#env = env;
    this.#request = request;
    this.#host = host;
    this.#over = over;
    void this.#start();
  }

  call(
    upcall: Upcall,
    args: readonly Plain[],
    timeoutMs: number,
    done: (result: Result) => void,
  ): void {
    if (this.#ended || !this.#offer) {
      return done({ kind: "error", code: "gone", why: "the peerlet does not run" });
    }
    const end = (result: Result) => {
      if (!this.#open.delete(end)) return;
      cancel();
      done(result);
    };
    this.#open.add(end);
    const cancel = this.#env.clock.after(timeoutMs, () =>
      end({ kind: "error", code: "timed-out", why: `no answer within ${timeoutMs} ms` }),
    );
    this.#run(upcall, args).then(end, (error: unknown) => end(errorOf(error)));
  }

  stop(): void {
    const close = async () => this.#offer?.close();
    close().then(
      () => this.end({ kind: "closed", why: "stopped", isOffence: false }),
      () => this.end({ kind: "closed", why: "stopped", isOffence: false }),
    );
  }

  /** As a browser's sandbox would, for whatever reason. */
  end(stopped: Stopped): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#timers.values()) cancel();
    for (const end of [...this.#open]) end({ kind: "error", code: "gone", why: stopped.why });
    this.#over();
    this.#host.stopped(stopped);
  }

  async #start(): Promise<void> {
    try {
      const module = await load(this.#request.code);
      const setup = module.default;
      if (typeof setup !== "function") {
        throw new TypeError("its default export is not definePeerlet(…)");
      }
      const offer = offerOf(await (setup as PeerletSetup)(this.#prost()));
      if (this.#ended) return;
      this.#offer = offer;
      this.#host.usage(NO_USAGE);
      this.#host.started(offer.offered);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.end({ kind: "failed", why, isOffence: false });
    }
  }

  #prost() {
    const { clock, random } = this.#env;
    const { grant, appId, version, previousVersion, self } = this.#request;
    const calls = new HostCalls(([, id, method, args]: readonly unknown[]) => {
      if (this.#ended) return;
      const answer = (result: Result) => {
        if (!this.#ended) calls.answered(id as number, result);
      };
      // As a message would: never before the caller has gone on.
      clock.soon(() => this.#host.call(method as never, args as Plain[], answer));
    }, grant);
    const timers = new Timers(
      {
        set: (task, delayMs) => {
          const id = ++this.#lastTimer;
          this.#timers.set(
            id,
            clock.after(delayMs, () => {
              this.#timers.delete(id);
              task();
            }),
          );
          return id;
        },
        clear: (id) => {
          this.#timers.get(id)?.();
          this.#timers.delete(id);
        },
      },
      grant.timers,
    );
    return prostObject({ appId, version, previousVersion, self, grant }, calls, timers, {
      now: () => clock.now(),
      // The simulation begins on a fixed day.
      date: () => Math.floor(Date.UTC(2026, 0, 1) + clock.now()),
      fillRandom: (bytes) => bytes.set(random.bytes(bytes.length)),
    });
  }

  async #run(upcall: Upcall, args: readonly Plain[]): Promise<Result> {
    const value = await this.#offer!.run(upcall, args);
    const { messageBytes: maxBytes } = this.#request.grant;
    const bounds = { maxDepth: PLAIN_DEPTH, maxNodes: PLAIN_NODES, maxBytes };
    const plain = rebuildPlain(value, bounds);
    if (plain.kind === "plain") return { kind: "value", value: plain.value };
    throw new SandboxCallError("bad-parameter", `this value cannot pass: ${plain.why}`);
  }
}

function errorOf(error: unknown): Result {
  const why = error instanceof Error ? error.message : String(error);
  const code = error instanceof SandboxCallError ? error.code : "failed";
  return { kind: "error", code, why };
}
