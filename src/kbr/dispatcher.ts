/**
 * Demultiplexes upcalls by app id, as port numbers do in a transport protocol.
 *
 * Only per-hop messages are shown on their way, and only to the application
 * with their app id. What an application throws is its own fault: it is
 * counted, and the message goes on.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import { type Id, isId } from "../id/id.ts";
import { MAX_DATA_BYTES } from "../wire/limits.ts";
import type { AppId, Routed } from "../wire/routed.ts";
import type { Application, ForwardDecision, Message } from "./kbr.ts";
import type { Forwarded, Upcalls, Verdict } from "./routing.ts";

/** A forward upcall that takes longer no longer holds the message up, in ms. A guess. */
const FORWARD_MS = 2_000;

export interface UnknownApplications {
  /** A message for an app id that nobody registered. Calls back once, as the upcalls do. */
  forward: Upcalls["forward"];
  deliver: Upcalls["deliver"];
}

/** Without a programmable layer above, such messages pass by, and are refused at their root. */
export const refuseUnknown: UnknownApplications = {
  forward: (_message, _from, _nextHop, resume) => resume({ kind: "go-on" }),
  deliver: (_message, _from, done) =>
    done({ kind: "refused", why: "no application with this app id at the root" }),
};

export class Dispatcher implements Upcalls {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #unknown: UnknownApplications;
  readonly #onUpdate: (node: Id, joined: boolean) => void;
  readonly #applications = new Map<AppId, Application>();

  constructor(
    env: Env,
    counters: Counters,
    unknown: UnknownApplications,
    onUpdate: (node: Id, joined: boolean) => void,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#unknown = unknown;
    this.#onUpdate = onUpdate;
  }

  /** False when the app id is taken; nothing was changed then. */
  register(appId: AppId, application: Application): boolean {
    if (this.#applications.has(appId)) return false;
    this.#applications.set(appId, application);
    return true;
  }

  /** Only the application that was registered is taken away, not one that came after it. */
  unregister(appId: AppId, application: Application): void {
    if (this.#applications.get(appId) === application) this.#applications.delete(appId);
  }

  forward(
    message: Routed,
    from: Id | null,
    nextHop: Id,
    resume: (forwarded: Forwarded) => void,
  ): void {
    const application = this.#applications.get(message.appId);
    if (!application) return this.#unknown.forward(message, from, nextHop, resume);
    if (!application.forward) return resume({ kind: "go-on" });
    const shown = showOf(message);
    const before = shown.data;
    const resumeOnce = once(resume);
    const cancel = this.#env.clock.after(FORWARD_MS, () => {
      this.#counters.add("upcalls.slow");
      resumeOnce({ kind: "go-on" });
    });
    const decide = (decision: ForwardDecision | void) => {
      cancel();
      let forwarded: Forwarded = { kind: "go-on" };
      try {
        forwarded = readDecision(decision, shown.data === before ? null : shown.data);
      } catch (error) {
        // It makes no sense, or a getter of the application's own threw.
        this.#fault(error);
      }
      resumeOnce(forwarded);
    };
    this.#call(
      () => application.forward!(message.key, shown, { id: nextHop }),
      decide,
      () => {
        cancel();
        resumeOnce({ kind: "go-on" });
      },
    );
  }

  deliver(message: Routed, from: Id | null, done: (verdict: Verdict) => void): void {
    const application = this.#applications.get(message.appId);
    if (!application) return this.#unknown.deliver(message, from, done);
    if (message.kind !== "message") {
      return done({ kind: "refused", why: "the page's own application has no remote methods" });
    }
    this.#call(
      () => application.deliver?.(message.key, showOf(message)),
      () => done({ kind: "delivered" }),
      () => done({ kind: "refused", why: "the application failed on it" }),
    );
  }

  update(node: Id, joined: boolean): void {
    this.#onUpdate(node, joined);
    for (const application of this.#applications.values()) {
      this.#call(
        () => application.update?.({ id: node }, joined),
        () => {},
        () => {},
      );
    }
  }

  /** Runs an upcall that may throw, or answer later. */
  #call<T>(upcall: () => T | Promise<T>, then: (value: T) => void, failed: () => void): void {
    const fail = (error: unknown) => {
      this.#fault(error);
      failed();
    };
    let value: T | Promise<T>;
    try {
      value = upcall();
    } catch (error) {
      return fail(error);
    }
    // Not only promises of this realm: an application may live in another.
    if (isThenable(value)) value.then(then, fail);
    else then(value);
  }

  #fault(error: unknown): void {
    this.#counters.add("upcalls.failed");
    this.#env.log.debug("an upcall failed", { error: String(error) });
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null | undefined)?.then === "function";
}

/** Checks what `forward` answered. Throws a RangeError when it makes no sense. */
export function readDecision(
  decision: ForwardDecision | void,
  newData: Uint8Array | null,
): Forwarded {
  if (decision === null || decision?.nextHop === null) return { kind: "stop" };
  const key = decision?.key ?? null;
  const nextHop = decision?.nextHop ?? null;
  const data = decision?.data ?? newData;
  const isSound =
    (key === null || isId(key)) &&
    (nextHop === null || isId(nextHop)) &&
    (data === null || (data instanceof Uint8Array && data.length <= MAX_DATA_BYTES));
  if (!isSound) throw new RangeError("forward answered with what is no key, node or data");
  if (key === null && nextHop === null && data === null) return { kind: "go-on" };
  return { kind: "change", key, nextHop, data };
}

function showOf(message: Routed): Message {
  return {
    appId: message.appId,
    appType: message.perHop ? "per-hop" : "end-node",
    locator: message.locator,
    source: message.source,
    hops: message.hopsMade,
    // A copy: the frame it came in is shared with other messages.
    data: message.data.slice(),
  };
}

function once<T>(call: (value: T) => void): (value: T) => void {
  let called = false;
  return (value) => {
    if (called) return;
    called = true;
    call(value);
  };
}
