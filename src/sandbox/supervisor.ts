/**
 * The trusted worker beside each peerlet: it starts the peerlet's worker and
 * stands between it and the page. It reads every message first, counts it,
 * measures how busy the peerlet is, and ends it.
 *
 * It decides nothing about the overlay: what a call means is the page's
 * business.
 */
import { CallsOpen } from "./calls-open.ts";
import { Budget } from "./budget.ts";
import { readFromPeerlet } from "./from-peerlet.ts";
import type {
  FromPeerlet,
  FromSupervisor,
  PeerletConfig,
  ToPeerlet,
  ToSupervisor,
} from "./messages.ts";
import type { Result, Stopped } from "../peer/sandbox.ts";
import { Watch } from "./watch.ts";
import { workerScope } from "./worker-scope.ts";

/** A module that has not said what it offers by then is given up. Guess: it may read much from its storage first. */
const SETUP_MS = 10_000;

/** What `close()` may take. Guess: a few writes to storage. */
const CLOSE_MS = 500;

const USAGE_INTERVAL_MS = 1_000;

class Supervisor {
  readonly #page: MessagePort;
  readonly #worker: Worker;
  readonly #config: PeerletConfig;
  readonly #budget: Budget;
  readonly #watch: Watch;
  readonly #calls: CallsOpen;
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  #lastReport = "";
  #isReady = false;
  #isStopping = false;
  #isOver = false;

  constructor(page: MessagePort, workerUrl: string, config: PeerletConfig, code: Uint8Array) {
    this.#page = page;
    this.#config = config;
    this.#budget = new Budget(config.grant, performance.now());
    this.#calls = new CallsOpen(config.grant.callsOpen);
    this.#worker = new Worker(workerUrl);
    this.#worker.addEventListener("message", ({ data }) => this.#hear(data));
    this.#worker.addEventListener("messageerror", () =>
      this.#end("malformed", "it sent something that cannot be read"),
    );
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      // Later errors are events that nobody caught: not ours to judge.
      if (!this.#isReady) this.#fail(event.message || "its worker could not be started");
    });
    this.#watch = new Watch({
      grant: config.grant,
      ask: (token) => this.#toPeerlet(["ping", token]),
      askIdle: (token) => workerScope.postMessage(token),
      busy: (isBusy) => this.#toPage(["busy", isBusy]),
      stuck: (isStuck) => this.#toPage(["stuck", isStuck]),
      end: (kind, why) => this.#end(kind, why),
    });
    this.#toPeerlet(["start", config, code], [code.buffer]);
    this.#watch.start();
    this.#timers.push(
      setTimeout(() => {
        if (this.#isReady) return;
        if (this.#watch.isUp) this.#end("hung", `its setup did not end within ${SETUP_MS} ms`);
        else this.#end("lost", `the browser did not start its worker within ${SETUP_MS} ms`);
      }, SETUP_MS),
      setInterval(() => this.#report(), USAGE_INTERVAL_MS),
    );
  }

  fromPage(message: ToSupervisor): void {
    if (this.#isOver) return;
    switch (message[0]) {
      case "start":
        return;
      case "ping":
        return this.#toPage(["pong", message[1]]);
      case "answer":
        if (this.#calls.close(message[1])) this.#toPeerlet(message);
        return;
      case "upcall":
        return this.#upcall(message);
      case "stop":
        return this.#close();
    }
  }

  /** The idle thread's sign of life. */
  fromIdle(token: number): void {
    this.#watch.idleAnswered(token);
  }

  #upcall(message: Extract<ToSupervisor, readonly ["upcall", ...unknown[]]>): void {
    const id = message[1];
    if (this.#isStopping) return this.#answer(id, error("gone", "the peerlet is stopping"));
    if (!this.#calls.openUpcall(id)) {
      return this.#answer(id, error("too-many-calls", "it has not answered earlier calls"));
    }
    this.#toPeerlet(message);
    this.#watch.lookSoon();
  }

  #hear(data: unknown): void {
    if (this.#isOver) return;
    const read = readFromPeerlet(data, this.#config.grant);
    if (read.kind === "refused") return this.#end("malformed", `a message of it: ${read.why}`);
    const { message, bytes } = read;
    if (message[0] !== "pong") {
      const overdrawn = this.#budget.spend(bytes, performance.now(), message[0] !== "call");
      if (overdrawn !== null) return this.#end(overdrawn, overdrawnWhy(overdrawn, this.#config));
    }
    this.#obey(message);
  }

  #obey(message: FromPeerlet): void {
    switch (message[0]) {
      case "pong":
        if (!this.#watch.answered(message[1])) this.#end("malformed", "it invented a sign of life");
        return;
      case "call":
        return this.#call(message);
      case "value":
        return this.#answered(message[1], { kind: "value", value: message[2] });
      case "error":
        return this.#answered(message[1], error(message[2], message[3]));
      case "ready":
        if (this.#isReady) return this.#end("malformed", "it was ready twice");
        this.#isReady = true;
        return this.#toPage(["started", message[1]]);
      case "failed":
        if (this.#isReady) return this.#end("malformed", "it failed to start after it had started");
        return this.#fail(message[1]);
      case "violations":
        return this.#end(
          "malformed",
          "it tried to import what its policy forbids, again and again",
        );
      case "closed":
        if (!this.#isStopping) return this.#end("malformed", "it closed without being asked");
        return this.#end("closed", "it was stopped");
    }
  }

  #call(message: Extract<FromPeerlet, readonly ["call", ...unknown[]]>): void {
    const id = message[1];
    if (id === 0) return this.#toPage(message);
    switch (this.#calls.openCall(id)) {
      case "open":
        return this.#toPage(message);
      case "bad-id":
        return this.#end("malformed", "the id of a call was used before");
      case "too-many": {
        const why = `it has ${this.#config.grant.callsOpen} calls open already`;
        return this.#toPeerlet(["answer", id, error("too-many-calls", why)]);
      }
    }
  }

  #answered(id: number, result: Result): void {
    if (!this.#calls.closeUpcall(id))
      return this.#end("malformed", "it answered what nobody asked");
    this.#answer(id, result);
  }

  #answer(id: number, result: Result): void {
    this.#toPage(["answer", id, result]);
  }

  #close(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    if (!this.#isReady) return this.#end("closed", "it was stopped");
    this.#toPeerlet(["close"]);
    this.#timers.push(setTimeout(() => this.#end("closed", "it was stopped"), CLOSE_MS));
  }

  #fail(why: string): void {
    this.#end("failed", why);
  }

  #end(kind: Stopped["kind"], why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#worker.terminate();
    const isOffence = kind !== "closed" && kind !== "failed" && kind !== "lost";
    this.#toPage(["stopped", { kind, why, isOffence }]);
  }

  #report(): void {
    const { messages, bytes } = this.#budget.takeSpent();
    const usage = {
      cpuShare: this.#watch.share(),
      messagesPerSecond: (messages * 1_000) / USAGE_INTERVAL_MS,
      bytesPerSecond: (bytes * 1_000) / USAGE_INTERVAL_MS,
      callsOpen: this.#calls.count,
      // No browser tells a worker of an opaque origin.
      memoryBytes: null,
    };
    const report = JSON.stringify(usage);
    if (report === this.#lastReport) return;
    this.#lastReport = report;
    this.#toPage(["usage", usage]);
  }

  #toPage(message: FromSupervisor): void {
    this.#page.postMessage(message);
  }

  #toPeerlet(message: ToPeerlet, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

function overdrawnWhy(what: "messages" | "bytes", { grant }: PeerletConfig): string {
  const perSecond = what === "messages" ? grant.messagesPerSecond : grant.bytesPerSecond;
  return `it sent more than ${perSecond} ${what} a second`;
}

function error(code: Extract<Result, { kind: "error" }>["code"], why: string): Result {
  return { kind: "error", code, why };
}

let supervisor: Supervisor | null = null;
let workerUrl: string | null = null;

// First comes, with the page's port, the source of the peerlet's bootstrap; then the idle thread's answers.
workerScope.addEventListener("message", ({ data, ports }) => {
  if (workerUrl !== null) {
    supervisor?.fromIdle(data as number);
    return;
  }
  const url = URL.createObjectURL(new Blob([data as string], { type: "text/javascript" }));
  workerUrl = url;
  const [page] = ports as [MessagePort];
  page.addEventListener("message", (event: MessageEvent<ToSupervisor>) => {
    const message = event.data;
    if (message[0] === "start") supervisor ??= new Supervisor(page, url, message[1], message[2]);
    else supervisor?.fromPage(message);
  });
  page.start();
});
