/**
 * New links over the ring: offers and answers travel as routed messages.
 *
 * Few dials at once, few in a minute, and when two nodes dial each other at the
 * same time exactly one link comes of it: the offer of the node with the
 * smaller id stands.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Link } from "../link/link.ts";
import type { Admission, Links } from "../link/links.ts";
import { Rate } from "../base/rate.ts";
import { MAX_SIGNAL_CHARS, type Attempt, type Dial, type Transport } from "../link/transport.ts";
import { decodeSystem, encodeSystem } from "../wire/codec.ts";
import type { ChordParams } from "./params.ts";
import type { Router } from "./router.ts";
import type { Reply } from "./way-back.ts";

export type DialResult =
  | { readonly kind: "opened"; readonly link: Link }
  | { readonly kind: "failed"; readonly why: string; readonly reason: DialFailure };

export type DialFailure =
  /** The ring says there is no such node. */
  | "gone"
  /** It is there, but would not now, or this node may not: later perhaps. */
  | "busy"
  /** No word of it, or it could not show who it is. */
  | "unproven"
  /** Offer and answer met, or should have, but no channel came of it. */
  | "unconnected";

interface Dialling {
  /** The other node holds its own offer to stand, and refused ours. */
  isVoid: boolean;
  readonly done: ((result: DialResult) => void)[];
  finish(result: DialResult): void;
}

const GLARE = "glare: the other offer stands";

export class Dialer {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #self: Id;
  readonly #params: ChordParams;
  readonly #transport: Transport;
  readonly #links: Links;
  readonly #router: Router;
  readonly #dialRate: Rate;
  /** Strangers' offers must not use up what this node's own dials need. */
  readonly #answerRate: Rate;
  readonly #dialling = new Map<Id, Dialling>();
  readonly #answering = new Map<Id, () => void>();

  constructor(
    env: Env,
    counters: Counters,
    self: Id,
    params: ChordParams,
    transport: Transport,
    links: Links,
    router: Router,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#self = self;
    this.#params = params;
    this.#transport = transport;
    this.#links = links;
    this.#router = router;
    const { connectBurst, connectsPerSecond } = params;
    this.#dialRate = new Rate(connectBurst / 2, connectsPerSecond / 2, env.clock.now());
    this.#answerRate = new Rate(connectBurst / 2, connectsPerSecond / 2, env.clock.now());
  }

  isDialling(id: Id): boolean {
    return this.#dialling.has(id) || this.#answering.has(id);
  }

  /** Dials under way. */
  get count(): number {
    return this.#dialling.size;
  }

  get canDial(): boolean {
    return this.#dialling.size < this.#params.mostDials;
  }

  /**
   * Dials a node; its offer takes `through` as first hop where given. `done` is
   * called once. A node that is being dialled already is not dialled twice.
   */
  dial(id: Id, through: Link | null, done: (result: DialResult) => void): void {
    const link = this.#links.get(id);
    // A relayed link does until a direct one comes up, and that is what a dial is for.
    if (link?.path === "direct") return this.#env.clock.soon(() => done({ kind: "opened", link }));
    const under = this.#dialling.get(id);
    if (under) {
      under.done.push(done);
      return;
    }
    if (!this.canDial || !this.#dialRate.allows(this.#env.clock.now())) {
      this.#counters.add("dials.too-many");
      const result = { kind: "failed", why: "too many dials", reason: "busy" } as const;
      return this.#env.clock.soon(() => done(result));
    }
    this.#counters.add("dials.started");
    this.#start(id, through, done);
  }

  #start(id: Id, through: Link | null, done: (result: DialResult) => void): void {
    const cancelLimit = this.#env.clock.after(this.#params.dialMs, () =>
      fail("the dial took too long", "unconnected"),
    );
    const finish = (result: DialResult) => {
      if (this.#dialling.get(id) !== dialling) return;
      this.#dialling.delete(id);
      cancelLimit();
      // An open channel belongs to its link; anything else ends here.
      if (result.kind === "failed") {
        attempt?.close();
        this.#counters.add("dials.failed");
        this.#env.log.debug("dial failed", { id, why: result.why });
      }
      for (const tell of dialling.done) tell(result);
    };
    const fail = (why: string, reason: DialFailure) => finish({ kind: "failed", why, reason });
    const dialling: Dialling = { isVoid: false, done: [done], finish };
    this.#dialling.set(id, dialling);
    let attempt: Dial | null = null;
    attempt = this.#transport.dial({
      offered: (sdp) => {
        if (this.#dialling.get(id) !== dialling) return;
        this.#carry(id, sdp, through, (answer, why, reason) => {
          // Our own offer is void, but theirs is on its way, and finishes this dial.
          if (answer === null && why === GLARE) {
            dialling.isVoid = true;
            attempt?.close();
          } else if (answer === null) fail(why, reason);
          else attempt?.accept(answer);
        });
      },
      opened: (channel) => {
        if (this.#dialling.get(id) !== dialling) return channel.close();
        this.#links.admit(channel, {
          role: "initiator",
          expected: id,
          done: (admission) => finish(resultOf(admission)),
        });
      },
      failed: (why) => fail(why, "unconnected"),
    });
  }

  #carry(
    id: Id,
    sdp: string,
    through: Link | null,
    done: (answer: string | null, why: string, reason: DialFailure) => void,
  ): void {
    const options = {
      exact: true,
      timeoutMs: this.#params.dialMs,
      ...(through?.isOpen ? { through } : {}),
    };
    this.#router.routeSystem(id, encodeSystem("offer", { sdp }), options, ({ receipt, body }) => {
      if (receipt.kind !== "delivered") {
        const why = receipt.kind === "timed-out" ? "no answer to the offer" : receipt.why;
        const isGone = receipt.kind === "unreachable" && why === "no such node";
        if (receipt.kind === "refused") return done(null, why, "busy");
        return done(null, why, isGone ? "gone" : "unproven");
      }
      const answer = decodeSystem(body);
      if (answer?.tag === "answer") done(answer.body.sdp, "", "busy");
      else done(null, "an answer that cannot be read", "unproven");
    });
  }

  /** An offer that the ring brought. `source` is a claim that the handshake will prove. */
  takeOffer(source: Id, sdp: string, reply: (reply: Reply) => void): void {
    const refuse = (why: string) => {
      this.#counters.add("offers.refused");
      reply({ outcome: "refused", why });
    };
    if (sdp.length > MAX_SIGNAL_CHARS) return refuse("the offer is too long");
    if (source === this.#self) return refuse("this is the same node");
    const own = this.#dialling.get(source);
    if (own && this.#self < source) return refuse(GLARE);
    if (this.#answering.size >= this.#params.mostAnswers) return refuse("busy");
    if (!this.#links.get(source) && !this.#links.hasRoomFor(source)) return refuse("full");
    if (!this.#answerRate.allows(this.#env.clock.now())) return refuse("busy");
    this.#answering.get(source)?.();
    this.#counters.add("offers.answered");
    this.#answer(source, sdp, own ?? null, reply);
  }

  #answer(source: Id, sdp: string, own: Dialling | null, reply: (reply: Reply) => void): void {
    const cancelLimit = this.#env.clock.after(this.#params.dialMs, () => end());
    const end = () => {
      cancelLimit();
      if (this.#answering.get(source) === abandon) this.#answering.delete(source);
    };
    const abandon = () => {
      end();
      attempt?.close();
    };
    const isCurrent = () => this.#answering.get(source) === abandon;
    this.#answering.set(source, abandon);
    // Our own dial waits for the outcome of theirs.
    let attempt: Attempt | null = null;
    attempt = this.#transport.answer(sdp, {
      answered: (answer) => {
        if (!isCurrent()) return;
        reply({ outcome: "delivered", body: encodeSystem("answer", { sdp: answer }) });
      },
      opened: (channel) => {
        if (!isCurrent()) return channel.close();
        this.#links.admit(channel, {
          role: "responder",
          expected: source,
          done: (admission) => {
            end();
            if (admission.kind !== "failed" || own?.isVoid) own?.finish(resultOf(admission));
          },
        });
      },
      failed: (why) => {
        end();
        reply({ outcome: "refused", why: `cannot answer: ${why}` });
        // Only if our own offer is void: anybody may have sent theirs in that node's name.
        if (own?.isVoid) own.finish({ kind: "failed", why, reason: "unconnected" });
      },
    });
  }

  close(): void {
    for (const abandon of [...this.#answering.values()]) abandon();
    for (const dialling of [...this.#dialling.values()]) {
      dialling.finish({ kind: "failed", why: "this node left", reason: "busy" });
    }
  }
}

function resultOf(admission: Admission): DialResult {
  if (admission.kind === "failed") return { ...admission, reason: "unproven" };
  return { kind: "opened", link: admission.link };
}
