/**
 * Meeting the ring, and being met: gates take turns.
 *
 * A newcomer asks a signaling server for gates, opens a channel to one and
 * enters through it; then it needs the server no more. About 16 members hold a
 * connection to each server, whatever the size of the ring: gates renew their
 * lease, hand over after a term, and other members look in so rarely that all
 * of them together ask about once in two seconds. Every gate also checks that
 * the other gates are in the same ring: see `merge.ts`.
 *
 * Knows the server only through the port; what a server says is a hint, and a
 * ring that has formed needs none.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import { idOfBytes } from "../id/hash.ts";
import type { Channel } from "../link/channel.ts";
import type { Link } from "../link/link.ts";
import type { Gate, Role, Signaling, SignalingAnswer } from "../link/signaling.ts";
import { Rate } from "../base/rate.ts";
import { isSameRing } from "./merge.ts";
import type { ChordNode } from "./node.ts";

export interface GatesParams {
  /** Between two renewals of a gate, in ms: a sixth of the server's lease of 60 s. */
  readonly renewMs: number;
  /** How long a node is a gate before it hands over, in ms. A guess. */
  readonly termMs: number;
  /** How often a member that is no gate looks in, in ms: at least, and for each node of the ring. Guesses. */
  readonly lookInMs: number;
  readonly lookInPerNodeMs: number;
  /** Between two tries while a server is away, in ms: at first, and at most. Guesses. */
  readonly retryMs: number;
  readonly mostRetryMs: number;
}

export const DEFAULT_GATES_PARAMS: GatesParams = {
  renewMs: 10_000,
  termMs: 300_000,
  lookInMs: 20_000,
  lookInPerNodeMs: 2_000,
  retryMs: 500,
  mostRetryMs: 4_000,
};

/** About so many gates at each server. The design says 16. */
const GATES_WANTED = 16;
/** Gates that are tried one after the other before asking again. A guess. */
const GATES_TRIED = 3;
/** Newcomers let in at one gate: in a burst and per second. A guess: a whole room opening the page. */
const KNOCK_BURST = 64;
const KNOCKS_PER_SECOND = 10;

export interface ServerStatus {
  readonly url: string;
  readonly state: "asking" | "gate" | "resting" | "away";
  readonly why: string;
}

export interface GateKeeperEvents {
  status(status: ServerStatus): void;
  /** What was sought is found: this node is in a ring, be it one of its own. */
  found(): void;
}

/** What this node stands on with one signaling server. */
export class GateKeeper {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #node: ChordNode;
  readonly #signaling: Signaling;
  readonly #params: GatesParams;
  readonly #events: GateKeeperEvents;
  readonly #knocks: Rate;
  #status: ServerStatus;
  #isGate = false;
  #gateSinceMs = 0;
  #volunteeredAtMs = Number.NEGATIVE_INFINITY;
  /** It was a gate when the server went away, and will be one again. */
  #wantsGate = false;
  #failures = 0;
  #cancelNext: () => void = () => {};
  #closed = false;
  /** Set while the node looks for a way (back) into a ring. */
  #seeking = false;

  constructor(
    env: Env,
    counters: Counters,
    node: ChordNode,
    signaling: Signaling,
    params: GatesParams,
    events: GateKeeperEvents,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#node = node;
    this.#signaling = signaling;
    this.#params = params;
    this.#events = events;
    this.#knocks = new Rate(KNOCK_BURST, KNOCKS_PER_SECOND, env.clock.now());
    this.#status = { url: signaling.url, state: "asking", why: "" };
    signaling.attach({
      knocked: (channel) => this.#knocked(channel),
      lost: (why) => this.#lost(why),
    });
  }

  get status(): ServerStatus {
    return this.#status;
  }

  get isGate(): boolean {
    return this.#isGate;
  }

  /** Looks for a way into a ring, or begins one, until one is found. */
  seek(): void {
    if (this.#seeking || this.#closed) return;
    this.#seeking = true;
    this.#askAs("newcomer");
  }

  /** The node is in a ring, however it came there. */
  found(): void {
    if (!this.#seeking) return;
    this.#seeking = false;
    this.#failures = 0;
    this.#next(this.#isGate ? this.#params.renewMs : 0);
  }

  /** Becomes a gate because another steps down; false when it is one, or cannot be now. */
  volunteer(): boolean {
    if (this.#isGate || this.#seeking || this.#closed || !this.#node.isMember) return false;
    // Whoever asks, asks in vain for a while: invitations are cheap to send.
    const now = this.#env.clock.now();
    if (now - this.#volunteeredAtMs < this.#params.renewMs) return false;
    this.#volunteeredAtMs = now;
    this.#askAs("gate");
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#cancelNext();
    this.#signaling.close();
  }

  #askAs(role: Role): void {
    this.#cancelNext();
    if (role !== "visitor") this.#tell("asking", this.#status.why);
    this.#counters.add(`signaling.asked-as-${role}`);
    this.#signaling.ask(role, (answer) => {
      if (!this.#closed) this.#answered(role, answer);
    });
  }

  #answered(role: Role, answer: SignalingAnswer): void {
    if (answer.kind === "away") {
      this.#counters.add("signaling.away");
      this.#isGate = false;
      this.#tell("away", answer.why);
      // Who only looks in has no hurry: all members together would be a load.
      return role === "visitor" ? this.#lookInLater() : this.#again(answer.why);
    }
    if (answer.kind === "first") {
      this.#becomeGate();
      // Already in a ring through another server: then this node only opens it here too.
      this.#node.found();
      this.#events.found();
      return this.#next(this.#params.renewMs);
    }
    if (this.#seeking && role === "newcomer") return this.#tryGates(answer, GATES_TRIED);
    this.#failures = 0;
    if (role === "gate") {
      if (this.#isSurplus(answer)) return this.#rest();
      this.#becomeGate();
      return this.#serve(answer.gates);
    }
    const other = this.#pick(answer.gates);
    if (other && this.#node.isMember) this.#compareWith(other);
    if (answer.wanted && this.#node.isMember) return this.#askAs("gate");
    this.#rest();
  }

  #tryGates(answer: { gates: readonly Gate[]; wanted: boolean }, left: number): void {
    const [gate, ...others] = answer.gates;
    if (!gate || left === 0) {
      this.#rest();
      return this.#again("none of the gates could be reached");
    }
    const next = (why: string) => {
      this.#counters.add("signaling.gate-failed");
      this.#env.log.debug("gate failed", { gate: gate.id, why });
      if (!this.#closed) this.#tryGates({ ...answer, gates: others }, left - 1);
    };
    this.#enterThrough(gate, (ok, why) => {
      if (!ok) return next(why);
      this.#seeking = false;
      this.#failures = 0;
      this.#events.found();
      if (answer.wanted) this.#askAs("gate");
      else this.#rest();
    });
  }

  #enterThrough(gate: Gate, done: (ok: boolean, why: string) => void): void {
    const enter = (link: Link) => this.#node.enter(link, ({ ok, why }) => done(ok, why));
    const linked = this.#node.links.get(gate.id);
    if (linked?.isOpen) return enter(linked);
    this.#signaling.connect(gate, {
      opened: (channel) =>
        this.#node.admit(channel, {
          role: "initiator",
          expected: gate.id,
          isGuest: true,
          done: (admission) => {
            if (admission.kind === "failed") done(false, admission.why);
            else enter(admission.link);
          },
        }),
      failed: (why) => done(false, why),
    });
  }

  #becomeGate(): void {
    if (!this.#isGate) this.#gateSinceMs = this.#env.clock.now();
    this.#isGate = true;
    this.#wantsGate = true;
    this.#tell("gate", "");
  }

  #rest(): void {
    this.#isGate = false;
    this.#wantsGate = false;
    this.#signaling.rest();
    if (!this.#seeking || this.#status.state !== "away") this.#tell("resting", "");
    if (!this.#seeking) this.#lookInLater();
  }

  #lookInLater(): void {
    const { lookInMs, lookInPerNodeMs } = this.#params;
    const meanMs = Math.max(lookInMs, lookInPerNodeMs * this.#node.view.estimatedSize());
    this.#next(meanMs * (0.5 + this.#env.random.next()));
  }

  /** A gate's regular round: compares rings, and hands over at the end of its term. */
  #serve(gates: readonly Gate[]): void {
    const renewMs = this.#params.renewMs * (0.8 + 0.4 * this.#env.random.next());
    const isTermOver = this.#env.clock.now() - this.#gateSinceMs > this.#params.termMs;
    // Where everybody is a gate there is nobody to hand over to.
    if (isTermOver && this.#node.view.estimatedSize() > gates.length + 2) this.#handOver();
    this.#next(renewMs);
    const other = this.#pick(gates);
    if (other) this.#compareWith(other);
  }

  /**
   * Many may have come to the same server at the same time. Who is not a gate yet
   * stays away then; of those that are, each steps down with the odds that leave
   * enough.
   */
  #isSurplus({ gates, wanted }: { gates: readonly Gate[]; wanted: boolean }): boolean {
    const surplus = gates.length + 1 - GATES_WANTED;
    if (wanted || surplus <= 0) return false;
    return !this.#isGate || this.#env.random.next() < surplus / (gates.length + 1);
  }

  #pick(gates: readonly Gate[]): Gate | undefined {
    return gates[Math.floor(this.#env.random.next() * gates.length)];
  }

  #compareWith(gate: Gate): void {
    isSameRing(this.#env.clock, this.#node, gate.id, (same) => {
      if (same || this.#closed || !this.#node.isMember) return;
      this.#counters.add("merge.started");
      this.#env.log.debug("merging with the ring of a gate", { gate: gate.id });
      this.#enterThrough(gate, (ok, why) => {
        this.#counters.add(ok ? "merge.entered" : "merge.failed");
        if (!ok) this.#env.log.debug("merge failed", { gate: gate.id, why });
      });
    });
  }

  #handOver(): void {
    this.#gateSinceMs = this.#env.clock.now();
    const anywhere = idOfBytes(this.#env.random.bytes(20));
    this.#node.invite(anywhere, (accepted) => {
      if (!accepted || this.#closed || this.#seeking) return;
      this.#counters.add("signaling.handed-over");
      this.#rest();
    });
  }

  #knocked(channel: Channel): void {
    if (!this.#knocks.allows(this.#env.clock.now())) {
      this.#counters.add("signaling.knocks-refused");
      return channel.close();
    }
    this.#node.admit(channel, { role: "responder", expected: null, isGuest: true });
  }

  #lost(why: string): void {
    if (this.#closed) return;
    this.#counters.add("signaling.lost");
    const wasGate = this.#isGate;
    this.#isGate = false;
    this.#tell("away", why);
    // While it seeks, the question under way ends by itself and asks again.
    if (wasGate && !this.#seeking) this.#again(why);
  }

  /** Asks again after a while that grows with every failure. */
  #again(why: string): void {
    const { retryMs, mostRetryMs } = this.#params;
    const waitMs = Math.min(mostRetryMs, retryMs * 2 ** this.#failures);
    this.#failures = Math.min(16, this.#failures + 1);
    if (this.#status.state !== "away") this.#tell(this.#status.state, why);
    this.#next(waitMs * (0.5 + 0.5 * this.#env.random.next()));
  }

  #next(delayMs: number): void {
    this.#cancelNext();
    this.#cancelNext = this.#env.clock.after(delayMs, () => {
      if (this.#closed) return;
      if (this.#seeking) return this.#askAs("newcomer");
      this.#askAs(this.#wantsGate ? "gate" : "visitor");
    });
  }

  #tell(state: ServerStatus["state"], why: string): void {
    if (state === this.#status.state && why === this.#status.why) return;
    this.#status = { url: this.#signaling.url, state, why };
    this.#events.status(this.#status);
  }
}
