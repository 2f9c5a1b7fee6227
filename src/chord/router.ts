/**
 * Recursive routing: takes a routed message from a link or from this node,
 * finds the next hop, hands it over and stays responsible until that one has
 * acknowledged; otherwise it tries another way. Receipts go back the way the
 * message came.
 *
 * Nothing a peer sends may make this throw, loop or grow without bound.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Forwarded, RouteRequest, RouteResult, Upcalls, Verdict } from "../kbr/routing.ts";
import type { Link } from "../link/link.ts";
import { MAX_HOPS, MAX_REPLICAS } from "../wire/limits.ts";
import type { BodyOf } from "../wire/messages.ts";
import { type AppId, Routed, SYSTEM_APP_ID } from "../wire/routed.ts";
import type { ChordParams } from "./params.ts";
import { Pending } from "./pending.ts";
import { Receipts, afterDetour, mayDetour } from "./receipts.ts";
import type { RingView } from "./ring-view.ts";
import { type Heading, nextHop } from "./routing.ts";
import { type Reply, WayBack } from "./way-back.ts";

/** For how long a link owes a sign of life that is passed over, in ms: the first time, and by a message that was lost on another. Guesses. */
const SILENT_MS = 1_000;
const SILENT_AGAIN_MS = 300;
/** More messages than this under way at once are no everyday use. A guess. */
const BUSY_COUNT = 32;

export interface RouterPorts {
  linkTo(id: Id): Link | undefined;
  isMember(): boolean;
  /** A system message at its root, or at the node it is addressed to. Calls `reply` once, now or later. */
  system(message: Routed, reply: (reply: Reply) => void): void;
  /** Who would be root of a key, in turn: see `key-space.ts`. */
  replicaSet(key: Id, maxRank: number): Id[];
  /** The link to a node that is named as the first hop, dialled if need be; null when that cannot be. */
  linkFirst(id: Id, done: (link: Link | null) => void): void;
  upcalls(): Upcalls;
}

export class Router {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #view: RingView;
  readonly #ports: RouterPorts;
  readonly #pending: Pending;
  readonly #receipts: Receipts;
  /** Where messages came from, and receipts go. */
  readonly wayBack: WayBack;

  constructor(
    env: Env,
    counters: Counters,
    view: RingView,
    params: ChordParams,
    ports: RouterPorts,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#view = view;
    this.#ports = ports;
    this.#pending = new Pending(env, counters, params, {
      tryAgain: (message, tried, sinceMs) => this.#sendOn(message, tried, sinceMs),
      giveUp: (message) =>
        this.#unreachable(message, "the ring is repairing: no next hop answered"),
      sent: ({ source, messageId }) => {
        if (source === view.self) this.#receipts.sent(messageId);
      },
    });
    const { resendMs, mostResends } = params;
    const hopTimeoutMs = () => this.#pending.hopTimeoutMs();
    this.#receipts = new Receipts(env, { resendMs, mostResends, hopTimeoutMs }, (message) => {
      this.#counters.add("routed.resent");
      this.#take(message, null);
    });
    this.wayBack = new WayBack(env, counters, view.self, params, this.#receipts, {
      linkTo: (id) => ports.linkTo(id),
      routeTo: (node, data) => this.#take(this.#makeSystem(node, data, true, false), null),
    });
  }

  /** So many messages wait that everything else that can wait shall wait. */
  get isBusy(): boolean {
    return this.#pending.count > BUSY_COUNT;
  }

  /** A message of this node's own. */
  route(request: RouteRequest, done: (result: RouteResult) => void): void {
    const key = request.key ?? request.hint!;
    const message = Routed.make({
      key,
      source: this.#view.self,
      messageId: this.#drawMessageId(),
      appId: request.appId,
      perHop: request.perHop,
      wantsReceipt: true,
      traced: request.traced === true,
      exact: request.key === null,
      locator: request.locator,
      data: request.data,
      ...(request.kind !== undefined && { kind: request.kind }),
    });
    this.#counters.add("routed.sent");
    this.#receipts.expect(message.copy(), request.timeoutMs, done);
    const { hint } = request;
    this.#env.clock.soon(() => {
      if (request.key === null || hint === null || hint === this.#view.self) {
        this.#take(message, null);
      } else {
        this.wayBack.begin(message);
        this.#goThrough(message, hint);
      }
    });
  }

  /** A message of this node's own, with a first hop that was asked for; its application may think otherwise. */
  #goThrough(message: Routed, hint: Id): void {
    const through = { kind: "change", key: null, data: null, nextHop: hint } as const;
    if (!isForwarded(message)) return this.#resume(message, through);
    this.#ports.upcalls().forward(message, null, hint, (forwarded) => {
      const isOpen = forwarded.kind === "change" && forwarded.nextHop === null;
      if (isOpen) this.#resume(message, { ...forwarded, nextHop: hint });
      else this.#resume(message, forwarded.kind === "go-on" ? through : forwarded);
    });
  }

  /** As `route`, for the overlay's own messages. `through` makes an open link the first hop. */
  routeSystem(
    key: Id,
    data: Uint8Array,
    options: { exact: boolean; timeoutMs: number; through?: Link },
    done: (result: RouteResult) => void,
  ): void {
    const message = this.#makeSystem(key, data, options.exact, true);
    const { through } = options;
    if (through === undefined) {
      this.#receipts.expect(message.copy(), options.timeoutMs, done);
      return this.#take(message, null);
    }
    // A newcomer knows no other way, and no receipt that lost its own can be routed to it.
    this.#receipts.expect(message.copy(), options.timeoutMs, done, (again) => {
      if (through.isOpen) this.#startAt(again, through);
      else this.#take(again, null);
    });
    this.#startAt(message, through);
  }

  /** A routed message from a link, not yet parsed. False when it is malformed. */
  takeFrom(link: Link, bytes: Uint8Array): boolean {
    const message = Routed.parse(bytes);
    if (message === null) return false;
    link.ack(message.hopSerial);
    this.#counters.add("routed.received");
    this.#take(message, link.id);
    return true;
  }

  takeAcks(link: Link, acks: BodyOf<"ack">): void {
    for (const serial of acks.hopSerials) this.#pending.acknowledged(link, serial);
  }

  /** A link closed: what it had not acknowledged is sent another way. */
  linkClosed(link: Link): void {
    this.#pending.linkClosed(link);
  }

  /** The ring changed: what waits for a way may have one now. */
  ringChanged(): void {
    this.#pending.retryHeld();
  }

  close(): void {
    this.#pending.close();
    this.#receipts.close("this node left the ring");
  }

  /** `from` is null for a message of this node's own. */
  #take(message: Routed, from: Id | null): void {
    if (!this.wayBack.isNew(message, from)) return;
    let current = message;
    if (message.traced) {
      if (message.trace.length >= MAX_HOPS) return this.#unreachable(message, "hop limit spent");
      current = message.withTraced(this.#view.self);
    }
    if (isForwarded(message)) this.#forwardUpcall(current);
    else this.#sendOn(current, null, this.#env.clock.now());
  }

  #forwardUpcall(message: Routed): void {
    const hop = nextHop(this.#view, headingOf(message, true), isNone);
    const next = hop.kind === "link" ? hop.link.id : this.#view.self;
    const from = this.wayBack.cameFrom(message);
    this.#ports
      .upcalls()
      .forward(message, from, next, (forwarded) => this.#resume(message, forwarded));
  }

  #resume(message: Routed, forwarded: Forwarded): void {
    switch (forwarded.kind) {
      case "go-on":
        return this.#sendOn(message, null, this.#env.clock.now());
      case "stop":
        return this.wayBack.answer(message, {
          outcome: "refused",
          why: "the application ended it at this node",
        });
      case "change": {
        const changed = forwarded.data === null ? message.copy() : message.withData(forwarded.data);
        if (forwarded.key !== null) {
          changed.key = forwarded.key;
          changed.final = false;
          changed.refusals = 0;
          // The new way may lead back over nodes that know the message already.
          changed.attempt = afterDetour(changed.attempt);
        }
        const next = forwarded.nextHop;
        if (next === null || next === this.#view.self) {
          return this.#sendOn(changed, null, this.#env.clock.now());
        }
        return this.#ports.linkFirst(next, (link) => {
          if (link) this.#startAt(changed, link);
          else this.#sendOn(changed, null, this.#env.clock.now());
        });
      }
    }
  }

  /** Sends to a first hop that was chosen from outside: the message may come back here, and is then no copy. */
  #startAt(message: Routed, link: Link): void {
    const traced =
      message.traced && message.trace.length === 0 ? message.withTraced(this.#view.self) : message;
    this.wayBack.begin(message);
    traced.attempt = afterDetour(traced.attempt);
    traced.final = false;
    this.#handOver(traced, link, new Set(), this.#env.clock.now(), false);
  }

  /** Delivers here or hands to the next hop. `tried` are the links that did not acknowledge it. */
  #sendOn(message: Routed, tried: Set<Link> | null, sinceMs: number): void {
    if (message.refusals > 0 && this.#isReplica(message)) return this.#arrived(message, sinceMs);
    if (message.exact && message.key !== this.#view.self) {
      const direct = this.#ports.linkTo(message.key);
      if (direct && !tried?.has(direct)) {
        return this.#handOver(message, direct, tried, sinceMs, message.final);
      }
    }
    // While links are only slow to acknowledge there are ways enough: detours would make a flood of it.
    const heading = headingOf(message, tried === null || tried.size === 0);
    const isTried = tried ? (link: Link) => tried.has(link) : isNone;
    let hop = nextHop(this.#view, heading, (link) => isTried(link) || isSilent(link, tried));
    // Rather over a link that may be dead than not at all.
    if (hop.kind === "none") hop = nextHop(this.#view, heading, isTried);
    switch (hop.kind) {
      case "here":
        return this.#arrived(message, sinceMs);
      case "none":
        return this.#pending.hold(message, tried, sinceMs);
      case "link": {
        const wasFinal = message.final;
        // The last step, as a detour, may lead back past a node that the message met on its way: there it is no copy.
        if (hop.isDetour || (hop.final && !wasFinal))
          message.attempt = afterDetour(message.attempt);
        message.final = hop.final;
        return this.#handOver(message, hop.link, tried, sinceMs, wasFinal);
      }
    }
  }

  #handOver(
    message: Routed,
    link: Link,
    tried: Set<Link> | null,
    sinceMs: number,
    wasFinal: boolean,
  ): void {
    if (message.hopsLeft === 0) {
      this.#counters.add("routed.hops-spent");
      return this.#unreachable(message, "hop limit spent");
    }
    const kept = this.#pending.handOver(message, link, tried, sinceMs, wasFinal);
    if (kept) {
      this.#counters.add("routed.forwarded");
      return;
    }
    this.#counters.add("routed.queue-full");
    message.final = wasFinal;
    const others = (tried ?? new Set()).add(link);
    const another = nextHop(this.#view, headingOf(message, false), (other) => others.has(other));
    if (another.kind === "link") return this.#sendOn(message, others, sinceMs);
    this.#unreachable(message, "queue full: this way takes no more now, send more slowly");
  }

  #arrived(message: Routed, sinceMs: number): void {
    if (message.exact && message.key !== this.#view.self) {
      return this.#unreachable(message, "no such node");
    }
    // A newcomer is the root of nothing yet; what comes early waits until it is a member.
    if (!message.exact && !this.#ports.isMember()) {
      return this.#pending.hold(message, null, sinceMs);
    }
    if (!this.wayBack.isFirstDelivery(message)) return;
    this.#counters.add("routed.delivered");
    if (message.isSystem) {
      this.#ports.system(message, (reply) => this.wayBack.answer(message, reply));
      return;
    }
    const from = this.wayBack.cameFrom(message);
    this.#ports.upcalls().deliver(message, from, (verdict: Verdict) => {
      if (verdict.kind === "refused" && verdict.isOfNode && this.#passOn(message)) return;
      const { kind: outcome, ...rest } = verdict;
      this.wayBack.answer(message, { outcome, ...rest });
    });
  }

  /** A root that refuses is as one that failed: the next of the replica set has its turn. False when there is none. */
  #passOn(message: Routed): boolean {
    const refusals = message.refusals + 1;
    if (message.exact || refusals >= MAX_REPLICAS) return false;
    const next = this.#ports.replicaSet(message.key, refusals + 1)[refusals];
    const link = next === undefined ? undefined : this.#ports.linkTo(next);
    if (next === this.#view.self || !link) return false;
    const passed = message.copy();
    passed.refusals = refusals;
    passed.attempt = afterDetour(passed.attempt);
    this.#counters.add("routed.refused");
    // When it is lost on this step, and sent again, this node is asked again.
    this.wayBack.undeliver(message);
    this.#handOver(passed, link, null, this.#env.clock.now(), passed.final);
    return true;
  }

  /** Whether this node's turn has come, by what it knows itself: else the message is routed as any other. */
  #isReplica(message: Routed): boolean {
    const { key, refusals } = message;
    return this.#ports.replicaSet(key, refusals + 1).indexOf(this.#view.self) > 0;
  }

  #unreachable(message: Routed, why: string): void {
    this.#counters.add("routed.unreachable");
    this.wayBack.answer(message, { outcome: "unreachable", why });
  }

  #makeSystem(key: Id, data: Uint8Array, exact: boolean, wantsReceipt: boolean): Routed {
    return Routed.make({
      key,
      source: this.#view.self,
      messageId: this.#drawMessageId(),
      appId: SYSTEM_APP_ID satisfies AppId,
      perHop: false,
      wantsReceipt,
      traced: false,
      exact,
      locator: "",
      data,
    });
  }

  #drawMessageId(): number {
    const [first = 0, ...others] = this.#env.random.bytes(7);
    // 5 bits and 48: as many as a number holds exactly.
    return others.reduce((sum, byte) => sum * 256 + byte, first & 31);
  }
}

/** Only the overlay's own questions ask for their source's id without meaning that node. */
function headingOf(message: Routed, detours: boolean): Heading {
  const { key, final, exact } = message;
  const asksForItself = message.isSystem && !message.exact && message.source === key;
  const except = asksForItself ? key : null;
  return { key, final, except, exact, mayDetour: detours && mayDetour(message.attempt) };
}

/** Lookups and calls of remote methods are between two nodes: the hops of a per-hop application need not see them. */
function isForwarded({ perHop, isSystem, kind }: Routed): boolean {
  return perHop && !isSystem && kind === "message";
}

/** A link that owes a sign of life is passed over, and sooner by what was lost on another: they may have gone together. */
function isSilent(link: Link, tried: Set<Link> | null): boolean {
  return link.isDoubted && link.doubtedMs >= (tried?.size ? SILENT_AGAIN_MS : SILENT_MS);
}

const isNone = () => false;
