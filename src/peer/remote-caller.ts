/**
 * Calls of remote methods, the caller's side: lookupPeerlet, and what is called
 * on what it found.
 *
 * A lookup travels as any message, to the root of a key. A call goes straight
 * to that node, with the token that the lookup brought; when that is stale, the
 * node is looked up again. A call that may have run is never sent a second time.
 *
 * It does not know which arguments are good: callers check theirs. The other
 * side is `remote-callee.ts`, what travels between them is in `remote-messages.ts`.
 *
 * Source of the words: Birrell and Nelson, "Implementing remote procedure
 * calls", ACM TOCS 1984.
 */
import { concat } from "../base/bytes.ts";
import type { Plain } from "../base/plain.ts";
import type { Env } from "../env/env.ts";
import { type Id, hexOf } from "../id/id.ts";
import type { Identity } from "../id/identity.ts";
import type { KeyBasedRouting, RouteResult } from "../kbr/routing.ts";
import { MAX_DATA_BYTES } from "../wire/limits.ts";
import {
  CALL_HEAD_BYTES,
  type CallPayload,
  decodeAnswer,
  decodeLookupAnswer,
  encodeCall,
  signedBytes,
} from "./remote-messages.ts";
import type { CallErrorCode, Result } from "./sandbox.ts";

/** Of which application, and where its code can be had. */
export interface Application {
  readonly appId: string;
  readonly perHop: boolean;
  readonly locator: string;
}

export type Found =
  | { readonly kind: "found"; readonly node: Id; readonly methods: readonly string[] }
  | { readonly kind: "error"; readonly code: CallErrorCode; readonly why: string };

/** Nodes whose tokens are known. A guess. */
const MOST_TOKENS = 1_024;
/** A token may have been replaced while a call was on its way, at a busy node again and again. A guess. */
const MOST_STALE = 2;

export class RemoteCaller {
  readonly #env: Env;
  readonly #identity: Identity;
  readonly #kbr: () => KeyBasedRouting;
  /** Tells this visit's serials from those of an earlier one. */
  readonly #run: string;
  #serial = 0;
  /** What other nodes gave this one. */
  readonly #tokens = new Map<Id, Uint8Array>();

  constructor(env: Env, identity: Identity, kbr: () => KeyBasedRouting) {
    this.#env = env;
    this.#identity = identity;
    this.#kbr = kbr;
    this.#run = hexOf(env.random.bytes(8), 0, 8);
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
    this.#kbr().route({ ...request, perHop: perHop && key !== null, kind }, (result) => {
      const { receipt } = result;
      if (receipt.kind !== "delivered") return done(errorOf(result));
      const answer = decodeLookupAnswer(result.body);
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
    const { clock } = this.#env;
    const untilMs = clock.now() + timeoutMs;
    let ended = false;
    const end = (result: Result) => {
      if (ended) return;
      ended = true;
      stopWatching();
      done(result);
    };
    const stopWatching = this.#kbr().watch(node, () =>
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
      const call = { token, timeoutMs: leftMs, method, args };
      this.#send(application.appId, node, call, (result) => {
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
    call: Omit<CallPayload, "run" | "serial">,
    done: (result: Result | "stale") => void,
  ): void {
    const { publicKey } = this.#identity;
    const payload = encodeCall({ ...call, run: this.#run, serial: ++this.#serial });
    if (payload.length > MAX_DATA_BYTES - CALL_HEAD_BYTES) {
      const why = `the arguments take ${payload.length} bytes, ${MAX_DATA_BYTES} are the bound`;
      return done({ kind: "error", code: "bad-parameter", why });
    }
    this.#identity.sign(signedBytes(node, appId, payload), (signature) => {
      this.#kbr().route(
        {
          key: null,
          hint: node,
          appId,
          perHop: false,
          locator: "",
          data: concat(publicKey, signature, payload),
          kind: "call",
          timeoutMs: call.timeoutMs,
        },
        (result) =>
          done(result.receipt.kind === "delivered" ? decodeAnswer(result.body) : errorOf(result)),
      );
    });
  }
}

function errorOf({ receipt }: RouteResult): Extract<Found, { kind: "error" }> {
  switch (receipt.kind) {
    case "timed-out":
      return {
        kind: "error",
        code: "timed-out",
        why: `no answer within ${Math.round(receipt.afterMs)} ms`,
      };
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
