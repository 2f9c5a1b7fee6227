/**
 * How lookups and calls of remote methods travel: what is sent, and what is
 * answered in the body of a receipt.
 *
 * | message  | way                      | data                                     | answer                        |
 * | -------- | ------------------------ | ---------------------------------------- | ----------------------------- |
 * | `lookup` | to a key's root, or node | nothing                                  | [token, names of the methods] |
 * | `call`   | straight to a node       | public key (32), signature (64), payload | [0, value], [1, code, why], or [2]: stale |
 *
 *     payload: [token, run, serial, timeoutMs, method, arguments]
 *
 * A call is signed by its caller, for the route to the node passes strangers.
 * The signature covers the callee's id and the app id, too. The token is the
 * callee's, run and serial are the caller's: together no call can be repeated.
 * Who sends what when is in `remote-caller.ts` and `remote-callee.ts`.
 */
import { concat, utf8 } from "../base/bytes.ts";
import type { Plain } from "../base/plain.ts";
import { type Id, writeHex } from "../id/id.ts";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "../id/identity.ts";
import { MAX_ANSWER_BYTES } from "../wire/limits.ts";
import { decodePlain, encodePlain } from "../wire/plain-codec.ts";
import type { CallErrorCode, Result } from "./sandbox.ts";

export interface LookupAnswer {
  readonly token: Uint8Array;
  readonly methods: readonly string[];
}

export interface CallPayload {
  /** What the callee gave its caller in answer to a lookup. */
  readonly token: Uint8Array;
  /** 16 hex digits, new for each visit of the caller. */
  readonly run: string;
  /** From 1, one more for each call. */
  readonly serial: number;
  readonly timeoutMs: number;
  readonly method: string;
  readonly args: readonly Plain[];
}

export const TOKEN_BYTES = 16;
/** Of a call's data: the public key and the signature. */
export const CALL_HEAD_BYTES = PUBLIC_KEY_BYTES + SIGNATURE_BYTES;
const CONTEXT = utf8("prost-call");
const METHOD = /^[A-Za-z][A-Za-z0-9]{0,31}$/;
/** A reference with a method called `then` would be taken for a promise, and never settle; `id` is the node's. */
const NO_METHODS: ReadonlySet<string> = new Set(["then", "id"]);
const MAX_METHODS = 256;
/** Answers to a call: the first value of the body. */
const VALUE = 0;
const ERROR = 1;
const STALE = 2;

export function encodeLookupAnswer({ token, methods }: LookupAnswer): Uint8Array {
  return encodePlain([token, methods]);
}

/** Null when a stranger's bytes are no such answer; names that cannot be methods are left out. */
export function decodeLookupAnswer(body: Uint8Array): LookupAnswer | null {
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

export function encodeCall(call: CallPayload): Uint8Array {
  const { token, run, serial, timeoutMs, method, args } = call;
  return encodePlain([token, run, serial, timeoutMs, method, args]);
}

/** Null when a stranger's bytes are no call. */
export function decodeCall(payload: Uint8Array): CallPayload | null {
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

/** What the caller of `callee` signs. */
export function signedBytes(callee: Id, appId: string, payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(36);
  writeHex(callee, head, 0);
  writeHex(appId, head, 20);
  return concat(CONTEXT, head, payload);
}

/** What is too long for an answer becomes an error of the method. */
export function encodeAnswer(result: Result): Uint8Array {
  const body =
    result.kind === "value"
      ? encodePlain([VALUE, result.value])
      : encodePlain([ERROR, result.code, result.why]);
  if (body.length <= MAX_ANSWER_BYTES) return body;
  const why = `the answer takes ${body.length} bytes, ${MAX_ANSWER_BYTES} are the bound`;
  return encodePlain([ERROR, "bad-parameter", why]);
}

/** The token is not this node's any more: look it up again, then call again. */
export function encodeStale(): Uint8Array {
  return encodePlain([STALE]);
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

/** Bytes that are no answer are an error, too: the call may have run. */
export function decodeAnswer(body: Uint8Array): Result | "stale" {
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
