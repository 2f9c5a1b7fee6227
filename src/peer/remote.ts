/**
 * lookupPeerlet and calls of remote methods: both sides.
 *
 * A lookup travels as any message, to the root of a key, and is answered with
 * the names of the methods there and a token. A call goes straight to that
 * node. It is signed by the caller, for the route to it passes strangers:
 *
 *     public key (32) | signature (64) | payload: [token, run, serial, timeoutMs, method, arguments]
 *
 * The signature covers the callee's id and the app id, too. The token is the
 * callee's, run and serial are the caller's: together no call can be repeated.
 */
import { concat, equalBytes, utf8 } from "../base/bytes.ts";
import type { Plain } from "../base/plain.ts";
import type { Env } from "../env/env.ts";
import { idOfBytes } from "../id/hash.ts";
import { type Id, hexOf, writeHex } from "../id/id.ts";
import { type Identity, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type Verify } from "../id/identity.ts";
import type { KeyBasedRouting, RouteResult, Verdict } from "../kbr/routing.ts";
import { MAX_ANSWER_BYTES, MAX_DATA_BYTES } from "../wire/limits.ts";
import { decodePlain, encodePlain } from "../wire/plain-codec.ts";
import type { Routed } from "../wire/routed.ts";
import type { CallErrorCode, Result } from "./sandbox.ts";

export interface RemotePorts {
  readonly env: Env;
  readonly identity: Identity;
  readonly verify: Verify;
  kbr(): KeyBasedRouting;
}

/** Of which application, and where its code can be had. */
export interface Application {
  readonly appId: string;
  readonly perHop: boolean;
  readonly locator: string;
}

export type Found =
  | { readonly kind: "found"; readonly node: Id; readonly methods: readonly string[] }
  | { readonly kind: "error"; readonly code: CallErrorCode; readonly why: string };

/** A call whose signature is good and that was not here before. */
export interface CallIn {
  readonly caller: Id;
  readonly method: string;
  readonly args: readonly Plain[];
  readonly timeoutMs: number;
}

const TOKEN_BYTES = 16;
const CONTEXT = utf8("prost-call");
/** Callers whose serials are known. Beyond that all begin anew, with another token. A guess. */
const MOST_CALLERS = 4_096;
/** How far a call may be overtaken by later ones of its caller. More than may be open at once. */
const WINDOW = 4_096;
/** Nodes whose tokens are known. A guess. */
const MOST_TOKENS = 1_024;
/** A token may have been replaced while a call was on its way, at a busy node again and again. A guess. */
const MOST_STALE = 2;
const METHOD = /^[A-Za-z][A-Za-z0-9]{0,31}$/;
/** A reference with a method called `then` would be taken for a promise, and never settle; `id` is the node's. */
const NO_METHODS: ReadonlySet<string> = new Set(["then", "id"]);
const MAX_METHODS = 256;
/** Answers to a call: the first value of the body. */
const VALUE = 0;
const ERROR = 1;
const STALE = 2;

interface Window {
  highest: number;
  readonly seen: Set<number>;
}

export class RemoteCalls {
  readonly #ports: RemotePorts;
  readonly #run: string;
  #token: Uint8Array;
  readonly #windows = new Map<string, Window>();
  /** What other nodes gave this one. */
  readonly #tokens = new Map<Id, Uint8Array>();
  #serial = 0;

  constructor(ports: RemotePorts) {
    this.#ports = ports;
    this.#token = ports.env.random.bytes(TOKEN_BYTES);
    this.#run = hexOf(ports.env.random.bytes(8), 0, 8);
  }

  /** At the root of `key`, or at `node`. */
  lookup(
    application: Application,
    target: { readonly key: Id } | { readonly node: Id },
    timeoutMs: number,
    done: (found: Found) => void,
  ): void {
    const { appId, perHop, locator } = application;
    const [key, hint] = "key" in target ? [target.key, null] : [null, target.node];
    const request = { key, hint, appId, locator, data: new Uint8Array(0), timeoutMs };
    const kind = "lookup";
    this.#ports.kbr().route({ ...request, perHop: perHop && key !== null, kind }, (result) => {
      const { receipt } = result;
      if (receipt.kind !== "delivered") return done(errorOf(result));
      const answer = readLookup(result.body);
      if (!answer)
        return done({ kind: "error", code: "failed", why: "the node's answer makes no sense" });
      const node = receipt.root as Id;
      if (this.#tokens.size >= MOST_TOKENS) this.#tokens.clear();
      this.#tokens.set(node, answer.token);
      done({ kind: "found", node, methods: answer.methods });
    });
  }

  /** `args` are plain data within bounds. Ends at once when the node leaves. */
  call(
    application: Application,
    node: Id,
    method: string,
    args: readonly Plain[],
    timeoutMs: number,
    done: (result: Result) => void,
  ): void {
    const { clock } = this.#ports.env;
    const untilMs = clock.now() + timeoutMs;
    let ended = false;
    const end = (result: Result) => {
      if (ended) return;
      ended = true;
      stopWatching();
      done(result);
    };
    const stopWatching = this.#ports
      .kbr()
      .watch(node, () =>
        end({ kind: "error", code: "gone", why: `node ${node.slice(0, 8)} left` }),
      );
    const attempt = (staleLeft: number) => {
      const leftMs = untilMs - clock.now();
      if (leftMs <= 0) return end({ kind: "error", code: "timed-out", why: "no answer in time" });
      const token = this.#tokens.get(node);
      const renew = (left: number) =>
        this.lookup(application, { node }, leftMs, (found) =>
          found.kind === "found" ? attempt(left) : end(found),
        );
      if (!token) return renew(staleLeft);
      this.#send(application.appId, node, token, method, args, leftMs, (result) => {
        if (result !== "stale") return end(result);
        this.#tokens.delete(node);
        if (staleLeft === 0)
          end({ kind: "error", code: "failed", why: "the node takes no call of this one" });
        else renew(staleLeft - 1);
      });
    };
    attempt(MOST_STALE);
  }

  #send(
    appId: string,
    node: Id,
    token: Uint8Array,
    method: string,
    args: readonly Plain[],
    timeoutMs: number,
    done: (result: Result | "stale") => void,
  ): void {
    const { identity } = this.#ports;
    const serial = ++this.#serial;
    const payload = encodePlain([token, this.#run, serial, timeoutMs, method, args]);
    if (payload.length > MAX_DATA_BYTES - PUBLIC_KEY_BYTES - SIGNATURE_BYTES) {
      const why = `the arguments take ${payload.length} bytes, ${MAX_DATA_BYTES} are the bound`;
      return done({ kind: "error", code: "bad-parameter", why });
    }
    identity.sign(signedBytes(node, appId, payload), (signature) => {
      this.#ports.kbr().route(
        {
          key: null,
          hint: node,
          appId,
          perHop: false,
          locator: "",
          data: concat(identity.publicKey, signature, payload),
          kind: "call",
          timeoutMs,
        },
        (result) =>
          done(result.receipt.kind === "delivered" ? readAnswer(result.body) : errorOf(result)),
      );
    });
  }

  /** What this node's peerlet offers, as the answer to a lookup. */
  lookupAnswer(methods: readonly string[]): Uint8Array {
    return encodePlain([this.#token, methods]);
  }

  /** A call from another node: checked, then handed to `run` once. */
  take(
    message: Routed,
    run: (call: CallIn, answer: (result: Result) => void) => void,
    done: (verdict: Verdict) => void,
  ): void {
    const { data, appId } = message;
    // A copy: the frame it came in is shared, and the signature may be checked later.
    const publicKey = data.slice(0, PUBLIC_KEY_BYTES);
    const payload = data.slice(PUBLIC_KEY_BYTES + SIGNATURE_BYTES);
    const call = readCall(payload);
    if (!call) return done({ kind: "refused", why: "a call that makes no sense" });
    const signature = data.slice(PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES + SIGNATURE_BYTES);
    const { id } = this.#ports.identity;
    this.#ports.verify(publicKey, signedBytes(id, appId, payload), signature, (isGood) => {
      if (!isGood) return done({ kind: "refused", why: "the caller's signature is not good" });
      const caller = idOfBytes(publicKey);
      const answer = (body: Uint8Array) => done({ kind: "delivered", body });
      if (!equalBytes(call.token, this.#token)) return answer(encodePlain([STALE]));
      switch (this.#judge(`${caller} ${call.run}`, call.serial)) {
        case "stale":
          return answer(encodePlain([STALE]));
        case "repeated":
          // Not stale: its caller would send it anew, and a hop that repeats calls could make them run twice.
          return answer(answerOf(REPEATED));
        case "new":
          break;
      }
      run({ ...call, caller }, (result) => answer(answerOf(result)));
    });
  }

  #judge(caller: string, serial: number): "new" | "repeated" | "stale" {
    const window = this.#windows.get(caller) ?? { highest: 0, seen: new Set<number>() };
    if (window.seen.has(serial)) return "repeated";
    if (serial <= window.highest - WINDOW) return "stale";
    if (!this.#windows.has(caller) && this.#windows.size >= MOST_CALLERS) {
      // Whoever called before has to look this node up again, so that nothing old is taken for new.
      this.#windows.clear();
      this.#token = this.#ports.env.random.bytes(TOKEN_BYTES);
      return "stale";
    }
    this.#windows.set(caller, window);
    window.seen.add(serial);
    window.highest = Math.max(window.highest, serial);
    if (window.seen.size > 2 * WINDOW) {
      for (const old of window.seen) if (old <= window.highest - WINDOW) window.seen.delete(old);
    }
    return "new";
  }
}

const REPEATED: Result = {
  kind: "error",
  code: "failed",
  why: "this call was here before: it ran, and its answer was lost or is on its way",
};

function signedBytes(callee: Id, appId: string, payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(36);
  writeHex(callee, head, 0);
  writeHex(appId, head, 20);
  return concat(CONTEXT, head, payload);
}

function readCall(payload: Uint8Array) {
  const value = decodePlain(payload)?.value;
  if (!Array.isArray(value) || value.length !== 6) return null;
  const [token, run, serial, timeoutMs, method, args] = value as Plain[];
  const isSound =
    token instanceof Uint8Array &&
    typeof run === "string" &&
    run.length === 16 &&
    typeof serial === "number" &&
    Number.isSafeInteger(serial) &&
    serial > 0 &&
    typeof timeoutMs === "number" &&
    timeoutMs > 0 &&
    typeof method === "string" &&
    METHOD.test(method) &&
    Array.isArray(args);
  return isSound ? { token, run, serial, timeoutMs, method, args: args as Plain[] } : null;
}

function readLookup(
  body: Uint8Array,
): { readonly token: Uint8Array; readonly methods: readonly string[] } | null {
  const value = decodePlain(body)?.value;
  if (!Array.isArray(value)) return null;
  const [token, methods] = value as Plain[];
  if (!(token instanceof Uint8Array) || token.length !== TOKEN_BYTES) return null;
  if (!Array.isArray(methods) || methods.length > MAX_METHODS) return null;
  const names = methods.filter(
    (name): name is string =>
      typeof name === "string" && METHOD.test(name) && !NO_METHODS.has(name),
  );
  return { token, methods: names };
}

function answerOf(result: Result): Uint8Array {
  const body =
    result.kind === "value"
      ? encodePlain([VALUE, result.value])
      : encodePlain([ERROR, result.code, result.why]);
  if (body.length <= MAX_ANSWER_BYTES) return body;
  const why = `the answer takes ${body.length} bytes, ${MAX_ANSWER_BYTES} are the bound`;
  return encodePlain([ERROR, "bad-parameter", why]);
}

const CODES: ReadonlySet<string> = new Set<CallErrorCode>([
  "failed",
  "no-such-method",
  "bad-parameter",
  "timed-out",
  "gone",
  "refused",
  "too-many-calls",
  "unreachable",
]);

function readAnswer(body: Uint8Array): Result | "stale" {
  const value = decodePlain(body)?.value;
  const [kind, ...rest] = Array.isArray(value) ? (value as Plain[]) : [];
  if (kind === STALE) return "stale";
  if (kind === VALUE) return { kind: "value", value: rest[0] };
  const [code, why] = rest;
  const isSound = kind === ERROR && typeof code === "string" && CODES.has(code);
  return {
    kind: "error",
    code: isSound ? (code as CallErrorCode) : "failed",
    why: typeof why === "string" ? why : "the node's answer makes no sense",
  };
}

function errorOf({ receipt }: RouteResult): Extract<Found, { kind: "error" }> {
  switch (receipt.kind) {
    case "timed-out":
      return { kind: "error", code: "timed-out", why: `no answer within ${receipt.afterMs} ms` };
    case "refused":
      return {
        kind: "error",
        code: "refused",
        why: `node ${receipt.by.slice(0, 8)}: ${receipt.why}`,
      };
    case "unreachable":
      return { kind: "error", code: "gone", why: receipt.why };
    case "delivered":
      return { kind: "error", code: "failed", why: "the node's answer makes no sense" };
  }
}
