/**
 * The upcalls of key-based routing, to peerlets: a message on its way, a
 * message at its root, a change of the neighbour set. And what comes with them:
 * lookups, and calls of remote methods.
 *
 * It makes verdicts of what a peerlet answers, or does not answer in time. How
 * a missing application comes here is the business of `arrivals.ts`; what waits
 * for it waits in `peerlet.ts`.
 *
 * Source: Dabek et al., "Towards a common API for structured peer-to-peer
 * overlays", IPTPS 2003: forward, deliver, update.
 */
import type { Counters } from "../base/counters.ts";
import type { Plain } from "../base/plain.ts";
import type { Clock } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import { readDecision } from "../kbr/dispatcher.ts";
import type { ForwardDecision } from "../kbr/kbr.ts";
import type { Forwarded, Upcalls, Verdict } from "../kbr/routing.ts";
import type { Routed } from "../wire/routed.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Entries } from "./entries.ts";
import type { Entry } from "./entry.ts";
import type { NodePolicy } from "./policy.ts";
import type { RemoteCallee } from "./remote-callee.ts";
import type { Result } from "./sandbox.ts";

export interface PeerletUpcallPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly entries: Entries;
  readonly arrivals: Arrivals;
  readonly policy: NodePolicy;
  readonly remoteCallee: RemoteCallee;
}

/** How long an upcall may take, in ms: below what a sender waits for its receipt by default (10 s). Guesses. */
const DELIVER_MS = 9_000;
const FORWARD_MS = 2_000;
/** A per-hop message waits so long for code that is on its way, then goes on without, in ms. A guess. */
const ARRIVAL_MS = 6_000;
/** A call of a remote method ends by then, whatever its caller says, in ms: as for callers here, see `host-calls.ts`. */
const MOST_CALL_MS = 60_000;
/** Seconds of its rate that may come at once. A guess. */
const BURST_S = 2;

const BUSY = "more messages than this application may get here";

export class PeerletUpcalls implements Upcalls {
  readonly #ports: PeerletUpcallPorts;

  constructor(ports: PeerletUpcallPorts) {
    this.#ports = ports;
  }

  forward(
    message: Routed,
    from: Id | null,
    nextHop: Id,
    resume: (forwarded: Forwarded) => void,
  ): void {
    const goOn = () => resume({ kind: "go-on" });
    const entry = this.#ports.arrivals.arrive(message, from, nextHop);
    // What the manifest says counts, not what a message claims.
    if (!entry || entry.peerlet.package?.manifest.appType === "end-node") return goOn();
    if (!this.#mayCome(entry)) return goOn();
    const show = (waitedMs: number) =>
      this.#show(entry, message, nextHop, ARRIVAL_MS - waitedMs, resume);
    if (!entry.held.hold(message.locator, message.bytes.length, show)) show(0);
  }

  #show(
    { peerlet }: Entry,
    message: Routed,
    nextHop: Id,
    arrivalMs: number,
    resume: (forwarded: Forwarded) => void,
  ): void {
    if (peerlet.isRunning && !peerlet.offered.upcalls.includes("forward")) {
      return resume({ kind: "go-on" });
    }
    const waitMs = peerlet.isRunning ? FORWARD_MS : arrivalMs;
    let resumed = false;
    const once = (forwarded: Forwarded) => {
      if (resumed) return;
      resumed = true;
      cancel();
      resume(forwarded);
    };
    const cancel = this.#ports.clock.after(waitMs, () => once({ kind: "go-on" }));
    const { length } = message.bytes;
    peerlet.call("forward", [shown(message), { id: nextHop }], length, waitMs, (result) =>
      once(this.#forwardedOf(result)),
    );
  }

  deliver(message: Routed, from: Id | null, done: (verdict: Verdict) => void): void {
    if (message.kind === "call") return this.#takeCall(message, done);
    const entry = this.#ports.arrivals.arrive(message, from, null);
    if (!entry) return done({ kind: "refused", why: "too many applications here", isOfNode: true });
    if (!this.#mayCome(entry)) return done({ kind: "refused", why: BUSY, isOfNode: true });
    const hand = (waitedMs: number) => this.#hand(entry, message, DELIVER_MS - waitedMs, done);
    if (!entry.held.hold(message.locator, message.bytes.length, hand)) hand(0);
  }

  #hand(
    { peerlet }: Entry,
    message: Routed,
    timeoutMs: number,
    done: (verdict: Verdict) => void,
  ): void {
    if (message.kind === "lookup") {
      return peerlet.ready(timeoutMs, (result) => {
        if (result.kind === "error") return done(verdictOf(result));
        const body = this.#ports.remoteCallee.lookupAnswer(peerlet.offered.remote);
        done({ kind: "delivered", body });
      });
    }
    if (peerlet.isRunning && !peerlet.offered.upcalls.includes("deliver")) {
      return done({ kind: "delivered" });
    }
    peerlet.call("deliver", [shown(message)], message.bytes.length, timeoutMs, (result) => {
      // Started for this message, it turned out to take it without a word.
      const isSilent = peerlet.isRunning && !peerlet.offered.upcalls.includes("deliver");
      done(isSilent ? { kind: "delivered" } : verdictOf(result));
    });
  }

  /** A node came into or left the neighbour set. */
  update(node: Id, joined: boolean): void {
    for (const { peerlet } of this.#ports.entries) {
      if (!peerlet.isRunning || !peerlet.offered.upcalls.includes("update")) continue;
      peerlet.call("update", [{ id: node }, joined], 0, FORWARD_MS, () => {});
    }
  }

  /** It brings no application here: its caller has looked this node up before. */
  #takeCall(message: Routed, done: (verdict: Verdict) => void): void {
    const { entries, remoteCallee } = this.#ports;
    const entry = entries.get(message.appId);
    if (!entry) return done({ kind: "refused", why: "this application is not installed here" });
    if (!this.#mayCome(entry)) return done({ kind: "refused", why: BUSY });
    remoteCallee.take(
      message,
      ({ caller, method, args, timeoutMs }, answer) => {
        const { peerlet } = entry;
        if (peerlet.isRunning && !peerlet.offered.remote.includes(method)) {
          return answer(noSuchMethod(method));
        }
        const most = Math.min(timeoutMs, MOST_CALL_MS);
        peerlet.call("remote", [caller, method, args], message.bytes.length, most, answer);
      },
      done,
    );
  }

  /** Bounds what comes from outside: a flood is its senders' fault, not the peerlet's. */
  #mayCome(entry: Entry): boolean {
    const { clock, counters, policy } = this.#ports;
    const perSecond = entry.peerlet.grant?.messagesPerSecond ?? policy.budgets.messagesPerSecond;
    const isAllowed = entry.inbound.allows(clock.now(), 1 / (perSecond * BURST_S));
    if (!isAllowed) counters.add("peerlets.flooded");
    return isAllowed;
  }

  #forwardedOf(result: Result): Forwarded {
    if (result.kind === "value") {
      try {
        return readDecision(result.value as ForwardDecision | undefined, null);
      } catch {
        // What it answered makes no sense: as if it had thrown.
      }
    }
    // Where the application is refused it degrades, and the message does not stop.
    if (result.kind === "value" || result.code !== "refused") {
      this.#ports.counters.add("upcalls.failed");
    }
    return { kind: "go-on" };
  }
}

/** As a peerlet sees it. */
function shown(message: Routed): Plain {
  return {
    key: message.key,
    // A copy: the frame it came in is shared with other messages.
    data: message.data.slice(),
    source: message.source,
    hops: message.hopsMade,
  };
}

function verdictOf(result: Result): Verdict {
  if (result.kind === "value") return { kind: "delivered" };
  switch (result.code) {
    case "refused":
    case "too-many-calls":
      return { kind: "refused", why: result.why, isOfNode: true };
    default:
      return { kind: "refused", why: `the application failed on it: ${result.why}` };
  }
}

function noSuchMethod(method: string): Result {
  return { kind: "error", code: "no-such-method", why: `it has no method called ${method}` };
}
