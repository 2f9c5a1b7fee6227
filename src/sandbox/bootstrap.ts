/**
 * The first script in the worker of a peerlet: keeps the natives it needs, gives up
 * all others, loads the module, and carries its messages.
 *
 * It shares the realm with the peerlet, which may break it: what it checks is
 * there to give honest authors good errors. What holds is the supervisor.
 */
import type { Plain } from "../base/plain.ts";
import type { CallErrorCode } from "../peer/sandbox.ts";
import type { PeerletSetup } from "../sdk/peerlet.ts";
import { SandboxCallError } from "./call-error.ts";
import { HostCalls } from "./host-calls.ts";
import { lockDown, provide } from "./lockdown.ts";
import type { FromPeerlet, PeerletConfig, ToPeerlet } from "./messages.ts";
import { type Offer, offerOf } from "./offer.ts";
import { prostObject } from "./prost-object.ts";
import { Timers } from "./timers.ts";
import { workerScope } from "./worker-scope.ts";

const MAX_WHY_CHARS = 500;

/** Imports, and whatever else its policy forbids, that a peerlet may try. Guess: an honest one tries none. */
const MAX_VIOLATIONS = 50;

const post = workerScope.postMessage.bind(workerScope);
const send = (message: FromPeerlet): void => post(message);
const createUrl = URL.createObjectURL.bind(URL);
const revokeUrl = URL.revokeObjectURL.bind(URL);
const BlobClass = Blob;
const cryptoObject = crypto;
const performanceObject = performance;
const set = setTimeout.bind(globalThis) as unknown as (task: () => void, delayMs: number) => number;
const clear = clearTimeout.bind(globalThis);
const now = () => performanceObject.now();
const dateNow = Date.now.bind(Date);
const fillRandom = (bytes: Uint8Array<ArrayBuffer>) => void cryptoObject.getRandomValues(bytes);
const randomUuid = () => cryptoObject.randomUUID();

let calls: HostCalls | null = null;
let offer: Offer | null = null;

function hear(message: ToPeerlet): void {
  switch (message[0]) {
    case "ping":
      return send(["pong", message[1]]);
    case "answer":
      return calls?.answered(message[1], message[2]);
    case "upcall":
      return void answer(message);
    case "start":
      return void start(message[1], message[2]);
    case "close":
      return void close();
  }
}

async function start(config: PeerletConfig, code: Uint8Array): Promise<void> {
  try {
    calls = new HostCalls(send, config.grant);
    const timers = new Timers({ set, clear }, config.grant.timers);
    const prost = prostObject(config, calls, timers, { now, date: dateNow, fillRandom });
    // Made before the lockdown: Blob is gone after it.
    const url = createUrl(
      new BlobClass([code as Uint8Array<ArrayBuffer>], { type: "text/javascript" }),
    );
    lockDown(globalThis);
    const log = (what: string, detail?: Plain) => prost.log(what, detail);
    provide(globalThis, replacements(timers, log));
    const module = (await import(/* @vite-ignore */ url)) as { readonly default?: unknown };
    revokeUrl(url);
    const setup = module.default;
    if (typeof setup !== "function") {
      throw new TypeError("its default export is not definePeerlet(…)");
    }
    offer = offerOf(await (setup as PeerletSetup)(prost));
    send(["ready", offer.offered]);
  } catch (error) {
    send(["failed", whyOf(error)]);
  }
}

async function answer([, id, upcall, args]: Extract<ToPeerlet, readonly ["upcall", ...unknown[]]>) {
  try {
    if (offer === null || calls === null) throw new SandboxCallError("gone", "it is not ready");
    const returned = offer.run(upcall, args);
    // Nothing to wait for, nothing waited: an upcall that returns at once is answered at once.
    const value = isObject(returned) ? await (returned as Promise<unknown>) : returned;
    send(["value", id, value === undefined ? undefined : calls.plain(value)]);
  } catch (error) {
    send(["error", id, codeOf(error), whyOf(error)]);
  }
}

async function close(): Promise<void> {
  try {
    await offer?.close();
  } finally {
    send(["closed"]);
  }
}

/** What authors expect a worker to have, without what it could do there. */
function replacements(
  timers: Timers,
  log: (what: string, detail?: Plain) => void,
): Record<string, unknown> {
  const logged =
    (level: string) =>
    (...values: unknown[]) =>
      log(`console.${level}`, values.map(textOf).join(" ").slice(0, MAX_WHY_CHARS));
  const levels = ["debug", "log", "info", "warn", "error"];
  return {
    self: globalThis,
    setTimeout: (task: () => void, delayMs = 0, ...args: never[]) =>
      timers.set(bound(task, args), delayMs, false),
    setInterval: (task: () => void, delayMs = 0, ...args: never[]) =>
      timers.set(bound(task, args), delayMs, true),
    clearTimeout: (id: number) => timers.clear(id),
    clearInterval: (id: number) => timers.clear(id),
    console: Object.freeze(Object.fromEntries(levels.map((level) => [level, logged(level)]))),
    crypto: Object.freeze({
      getRandomValues: (array: Uint8Array<ArrayBuffer>) => {
        fillRandom(array);
        return array;
      },
      randomUUID: randomUuid,
    }),
    performance: Object.freeze({ now }),
  };
}

function bound(task: (...args: never[]) => void, args: never[]): () => void {
  return args.length === 0 ? task : () => task(...args);
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function textOf(value: unknown): string {
  try {
    return typeof value === "string" ? value : (JSON.stringify(value) ?? typeof value);
  } catch {
    return "(unprintable)";
  }
}

/** An error may be anything that can be thrown. */
function whyOf(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return text.slice(0, MAX_WHY_CHARS);
  } catch {
    return "it threw something unprintable";
  }
}

function codeOf(error: unknown): CallErrorCode {
  if (!(error instanceof SandboxCallError)) return "failed";
  const { code } = error;
  return code === "no-such-method" || code === "bad-parameter" ? code : "failed";
}

workerScope.addEventListener("message", ({ data }) => hear(data as ToPeerlet));

// Every attempt that the policy forbids is reported on the thread that all frames share, where nobody counts it.
let violations = 0;
workerScope.addEventListener("securitypolicyviolation", () => {
  violations += 1;
  if (violations === MAX_VIOLATIONS) send(["violations"]);
});
