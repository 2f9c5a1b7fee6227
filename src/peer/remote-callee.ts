/**
 * Calls of remote methods, the callee's side: checks who calls, and that each
 * call runs at most once, however often a hop repeats it.
 *
 * It does not run anything: what is good is handed on. The other side is
 * `remote-caller.ts`, what travels between them is in `remote-messages.ts`.
 *
 * Source of the words, and of serials that a callee remembers by caller:
 * Birrell and Nelson, "Implementing remote procedure calls", ACM TOCS 1984.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Plain } from "../base/plain.ts";
import type { Random } from "../env/env.ts";
import { idOfBytes } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import { PUBLIC_KEY_BYTES, type Verify } from "../id/identity.ts";
import type { Verdict } from "../kbr/routing.ts";
import type { Routed } from "../wire/routed.ts";
import {
  CALL_HEAD_BYTES,
  TOKEN_BYTES,
  decodeCall,
  encodeAnswer,
  encodeLookupAnswer,
  encodeStale,
  signedBytes,
} from "./remote-messages.ts";
import type { Result } from "./sandbox.ts";

/** A call whose signature is good and that was not here before. */
export interface CallIn {
  readonly caller: Id;
  readonly method: string;
  readonly args: readonly Plain[];
  readonly timeoutMs: number;
}

/** Callers whose serials are known. Beyond that all begin anew, with another token. A guess. */
const MOST_CALLERS = 4_096;
/** How far a call may be overtaken by later ones of its caller. More than may be open at once. */
const WINDOW = 4_096;

/** The serials of one caller's that were here. */
interface Window {
  highest: number;
  readonly seen: Set<number>;
}

const REPEATED: Result = {
  kind: "error",
  code: "failed",
  why: "this call was here before: it ran, and its answer was lost or is on its way",
};

export class RemoteCallee {
  readonly #random: Random;
  readonly #self: Id;
  readonly #verify: Verify;
  readonly #windows = new Map<string, Window>();
  #token: Uint8Array;

  /** `self` is this node's id. */
  constructor(random: Random, self: Id, verify: Verify) {
    this.#random = random;
    this.#self = self;
    this.#verify = verify;
    this.#token = random.bytes(TOKEN_BYTES);
  }

  /** What this node's peerlet offers, as the answer to a lookup. */
  lookupAnswer(methods: readonly string[]): Uint8Array {
    return encodeLookupAnswer({ token: this.#token, methods });
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
    const payload = data.slice(CALL_HEAD_BYTES);
    const call = decodeCall(payload);
    if (!call) return done({ kind: "refused", why: "a call that makes no sense" });
    const signature = data.slice(PUBLIC_KEY_BYTES, CALL_HEAD_BYTES);
    this.#verify(publicKey, signedBytes(this.#self, appId, payload), signature, (isGood) => {
      if (!isGood) return done({ kind: "refused", why: "the caller's signature is not good" });
      const caller = idOfBytes(publicKey);
      const answer = (body: Uint8Array) => done({ kind: "delivered", body });
      if (!equalBytes(call.token, this.#token)) return answer(encodeStale());
      switch (this.#judge(`${caller} ${call.run}`, call.serial)) {
        case "stale":
          return answer(encodeStale());
        case "repeated":
          // Not stale: its caller would send it anew, and a hop that repeats calls could make them run twice.
          return answer(encodeAnswer(REPEATED));
        case "new":
          break;
      }
      run({ ...call, caller }, (result) => answer(encodeAnswer(result)));
    });
  }

  #judge(caller: string, serial: number): "new" | "repeated" | "stale" {
    const window = this.#windows.get(caller) ?? { highest: 0, seen: new Set<number>() };
    if (window.seen.has(serial)) return "repeated";
    if (serial <= window.highest - WINDOW) return "stale";
    if (!this.#windows.has(caller) && this.#windows.size >= MOST_CALLERS) {
      // Whoever called before has to look this node up again, so that nothing old is taken for new.
      this.#windows.clear();
      this.#token = this.#random.bytes(TOKEN_BYTES);
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
