/**
 * The trusted worker between a view and the page: it reads every message of
 * the view first, so that the page's thread never handles one, passes calls on,
 * and keeps the events that the view has not fetched yet.
 *
 * The view fetches events: it always has one call of `$next` open, which is
 * answered when something happened, and else four times a second with nothing.
 * A view that does not come back for more hangs.
 */
import type { Plain } from "../base/plain.ts";
import { PLAIN_DEPTH, PLAIN_NODES, type Result, type Stopped } from "../peer/sandbox.ts";
import { Budget } from "./budget.ts";
import { CallsOpen } from "./calls-open.ts";
import { type GuardedCall, readCall } from "./endpoint-guard.ts";
import { exposeMethods } from "./guard-endpoint.ts";
import {
  type FromGuard,
  NEXT,
  READY,
  type ToGuard,
  type ViewConfig,
  type ViewEvent,
} from "./messages.ts";
import { workerScope } from "./worker-scope.ts";

const BEAT_MS = 250;

/** Silence this long makes it a suspect, should its process die now. */
const BUSY_MS = 100;

/** Silence this long ends it. Guess, as for a peerlet. */
const HUNG_MS = 3_000;

/** A view that has not run its setup by then is given up. Guess, as for a peerlet. */
const SETUP_MS = 10_000;

/** Events that wait; older ones are dropped. Guess. */
const MAX_EVENTS = 100;

const MAX_WHY_CHARS = 500;

class Guard {
  readonly #page: MessagePort;
  readonly #view: MessagePort;
  readonly #config: ViewConfig;
  readonly #methods: ReadonlySet<string>;
  readonly #budget: Budget;
  readonly #calls: CallsOpen;
  readonly #doneById = new Map<number, (result: Result) => void>();
  #events: ViewEvent[] = [];
  /** The call of `$next` that is open. */
  #next: ((events: readonly ViewEvent[]) => void) | null = null;
  #lastCallId = 0;
  #turns: ReturnType<typeof setInterval>;
  #lastTurnMs = performance.now();
  #silentMs = 0;
  #setupMs = 0;
  #hasCome = false;
  #isReady = false;
  #isBusy = false;
  #isOver = false;

  constructor(page: MessagePort, view: MessagePort, config: ViewConfig) {
    this.#page = page;
    this.#view = view;
    this.#config = config;
    this.#methods = new Set([...config.local, NEXT, READY]);
    this.#budget = new Budget(config.grant, performance.now());
    this.#calls = new CallsOpen(config.grant.callsOpen);
    this.#turns = setInterval(() => this.#turn(), BEAT_MS / 4);
    exposeMethods(this.#table(), {
      hear: (listener) => {
        view.addEventListener("message", ({ data }) => this.#hear(data, listener));
        view.addEventListener("messageerror", () =>
          this.#end("malformed", "it sent what cannot be read"),
        );
        view.start();
      },
      send: (message) => view.postMessage(message),
    });
  }

  fromPage(message: ToGuard): void {
    if (this.#isOver) return;
    switch (message[0]) {
      case "start":
        return;
      case "ping":
        return this.#toPage(["pong", message[1]]);
      case "event":
      case "theme":
        return this.#happened(message);
      case "answer": {
        const [, id, result] = message;
        this.#calls.close(id);
        this.#doneById.get(id)?.(result);
        this.#doneById.delete(id);
        return;
      }
    }
  }

  /** Without a prototype: no name finds anything that is not listed here. */
  #table(): Record<string, (...args: never[]) => unknown> {
    const table = Object.create(null) as Record<string, (...args: never[]) => unknown>;
    for (const name of this.#config.local) {
      table[name] = (...args: Plain[]) => this.#call(name, args);
    }
    table[NEXT] = () => this.#fetch();
    table[READY] = (why: Plain) => this.#ready(why);
    return Object.freeze(table);
  }

  #hear(data: unknown, listener: (call: GuardedCall) => void): void {
    if (this.#isOver) return;
    const { grant } = this.#config;
    const read = readCall(data, this.#methods, {
      maxDepth: PLAIN_DEPTH,
      maxNodes: PLAIN_NODES,
      maxBytes: grant.messageBytes,
    });
    if (read.kind === "refused") return this.#end("malformed", `a message of it: ${read.why}`);
    // It may come back as often as we answer, and no oftener.
    const isNext = read.call.path[0] === NEXT;
    const overdrawn = this.#budget.spend(read.bytes, performance.now(), isNext);
    if (overdrawn !== null) {
      return this.#end(overdrawn, `it sent more ${overdrawn} than its grant has for a second`);
    }
    listener(read.call);
  }

  #call(method: string, args: readonly Plain[]): Promise<Result> {
    const id = ++this.#lastCallId;
    if (this.#calls.openCall(id) !== "open") {
      const why = `it has ${this.#config.grant.callsOpen} calls open already`;
      return Promise.resolve({ kind: "error", code: "too-many-calls", why });
    }
    return new Promise((resolve) => {
      this.#doneById.set(id, resolve);
      this.#toPage(["call", id, method, args]);
    });
  }

  #fetch(): Promise<readonly ViewEvent[]> {
    this.#hasCome = true;
    this.#silentMs = 0;
    this.#sayBusy(false);
    return new Promise((resolve) => {
      if (this.#next !== null) return this.#end("malformed", "it waits for events twice at once");
      this.#next = resolve;
      if (this.#events.length > 0) this.#give();
    });
  }

  #ready(why: Plain): void {
    if (this.#isReady) return this.#end("malformed", "it was ready twice");
    this.#isReady = true;
    if (typeof why === "string") this.#end("failed", why.slice(0, MAX_WHY_CHARS));
    else this.#toPage(["started"]);
  }

  #happened(event: ViewEvent): void {
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    this.#give();
  }

  #give(): void {
    const next = this.#next;
    if (next === null) return;
    this.#next = null;
    next(this.#events);
    this.#events = [];
  }

  /** Turns of our own timer are counted: a machine that slept is no view that hung. */
  #turn(): void {
    const nowMs = performance.now();
    const passedMs = Math.min(nowMs - this.#lastTurnMs, BEAT_MS);
    this.#lastTurnMs = nowMs;
    this.#silentMs += passedMs;
    this.#setupMs += passedMs;
    if (!this.#isReady && this.#setupMs > SETUP_MS) {
      return this.#end("hung", `its setup did not end within ${SETUP_MS} ms`);
    }
    if (this.#next !== null) {
      if (this.#silentMs >= BEAT_MS) {
        this.#silentMs = 0;
        this.#give();
      }
      return;
    }
    // A document takes its time to load; the setup's limit holds meanwhile.
    if (!this.#hasCome) return;
    if (this.#silentMs >= BUSY_MS) this.#sayBusy(true);
    if (this.#silentMs >= HUNG_MS) this.#end("hung", `it gave no sign of life for ${HUNG_MS} ms`);
  }

  #sayBusy(isBusy: boolean): void {
    if (isBusy === this.#isBusy) return;
    this.#isBusy = isBusy;
    this.#toPage(["busy", isBusy]);
  }

  #end(kind: Stopped["kind"], why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#turns);
    this.#view.close();
    this.#toPage(["stopped", { kind, why, isOffence: kind !== "failed" }]);
  }

  #toPage(message: FromGuard): void {
    this.#page.postMessage(message);
  }
}

let guard: Guard | null = null;

workerScope.addEventListener("message", ({ ports }) => {
  const [page] = ports as [MessagePort];
  page.addEventListener("message", (event: MessageEvent<ToGuard>) => {
    const message = event.data;
    if (message[0] === "start") guard ??= new Guard(page, event.ports[0]!, message[1]);
    else guard?.fromPage(message);
  });
  page.start();
  page.postMessage(["up"] satisfies FromGuard);
});
