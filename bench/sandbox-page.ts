/** The page's side of bench/sandbox.ts. */
import { Counters } from "../src/base/counters.ts";
import { browserEnv } from "../src/platform/browser-env.ts";
import { FrameSandbox } from "../src/platform/frame-sandbox.ts";
import { SandboxFrame } from "../src/platform/sandbox-frame.ts";
import type { Grant } from "../src/peer/grant.ts";
import type { Sandboxed, Upcall } from "../src/peer/sandbox.ts";
import type { Plain } from "../src/base/plain.ts";

const GRANT: Grant = {
  cpuShare: 1,
  storageBytes: 1 << 20,
  messagesPerSecond: 10_000,
  callsOpen: 64,
  bytesPerSecond: 64 << 20,
  messageBytes: 1 << 18,
  timers: 100,
  memoryBytes: 64 << 20,
};

const PEERLET = `export default () => ({ deliver(message) {}, forward(message, next) {} })`;

const MESSAGE: Plain = {
  key: "0".repeat(40),
  data: new Uint8Array(1_024),
  source: "1".repeat(40),
  hops: 3,
};

const NEXT_HOP: Plain = { id: "2".repeat(40) };

const BASE = `${location.origin}/sandbox/`;

export class SandboxBench {
  readonly #sandbox = new FrameSandbox({
    baseUrl: BASE,
    clock: browserEnv().clock,
    counters: new Counters(),
  });

  /** From nothing to a peerlet that may be called, each. */
  async startMs(count: number): Promise<number[]> {
    return times(count, async () => {
      const { sandboxed } = await this.#start();
      return () => sandboxed.stop();
    });
  }

  /** From nothing to the first message of a worker of the page's own, each. */
  async workerStartMs(count: number): Promise<number[]> {
    return times(count, async () => {
      const url = URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }));
      const worker = new Worker(url);
      await new Promise((done) => worker.addEventListener("message", done, { once: true }));
      return () => worker.terminate();
    });
  }

  /** Upcalls one after the other. */
  async upcallMs(upcall: Upcall, count: number): Promise<number[]> {
    const { sandboxed } = await this.#start();
    const args = upcall === "forward" ? [MESSAGE, NEXT_HOP] : [MESSAGE];
    const results = await times(count, async () => {
      const result = await new Promise<string>((done) =>
        sandboxed.call(upcall, args, 5_000, ({ kind }) => done(kind)),
      );
      if (result !== "value") throw new Error(`the upcall ended with ${result}`);
      return () => {};
    });
    sandboxed.stop();
    return results;
  }

  /** The same message to a worker in such a frame and back, over a port and through nobody. */
  async roundTripMs(count: number): Promise<number[]> {
    const { port1, port2 } = new MessageChannel();
    const view = new MessageChannel();
    const up = new Promise((done) => port1.addEventListener("message", done, { once: true }));
    port1.start();
    const frame = new SandboxFrame(
      { url: `${BASE}peerlet.html`, spare: () => null },
      "bare",
      { left: () => {} },
      (loaded) => loaded.post(["guard"], port2),
    );
    frame.hide();
    await up;
    port1.postMessage(["start", { appId: "", local: [], grant: GRANT }], [view.port1]);
    const results = await times(count, async () => {
      const back = new Promise((done) => port1.addEventListener("message", done, { once: true }));
      port1.postMessage(["ping", MESSAGE]);
      await back;
      return () => {};
    });
    frame.remove();
    return results;
  }

  async #start(): Promise<{ sandboxed: Sandboxed }> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sandboxed = this.#sandbox.start(
      {
        appId: "a".repeat(32),
        appType: "per-hop",
        name: "bench",
        self: "5".repeat(40),
        code: new TextEncoder().encode(PEERLET),
        grant: GRANT,
        previousVersion: null,
        version: "1.0.0",
      },
      {
        started: () => resolve(),
        call: () => {},
        usage: () => {},
        stopped: ({ why }) => reject(new Error(why)),
      },
    );
    await promise;
    return { sandboxed };
  }
}

/** Of each of `count` runs; what a run returns tidies up after it. */
async function times(count: number, run: () => Promise<() => void>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    const tidy = await run();
    taken.push(performance.now() - startMs);
    tidy();
  }
  return taken;
}

Object.assign(globalThis, { sandboxBench: new SandboxBench() });
