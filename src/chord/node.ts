/**
 * A node of a Chord ring: key-based routing on top of links.
 *
 * This file only wires the parts together and keeps the round. What each part
 * decides is in its own file; `ring-view.ts` is where they meet. It does not
 * know how the first node is met: `gates.ts` hands it channels.
 */
import type { Counters } from "../base/counters.ts";
import { Emitter } from "../base/emitter.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Identity, Verify } from "../id/identity.ts";
import type { KeyBasedRouting, Range, RouteRequest, RouteResult, Upcalls } from "../kbr/routing.ts";
import type { Link } from "../link/link.ts";
import { type AdmitOptions, Links } from "../link/links.ts";
import type { Channel } from "../link/channel.ts";
import { Relay } from "../link/relay.ts";
import type { Transport } from "../link/transport.ts";
import { decodeSystem, encodeSystem } from "../wire/codec.ts";
import type { BodyOf, Message } from "../wire/messages.ts";
import { type Routed, SYSTEM_APP_ID } from "../wire/routed.ts";
import { Announcer } from "./announcer.ts";
import { Dialer } from "./dialer.ts";
import { Fingers } from "./fingers.ts";
import { type EntryResult, Join } from "./join.ts";
import { localLookup, neighborSet, rangeOf, replicaSet } from "./key-space.ts";
import { LinkWatch } from "./link-watch.ts";
import type { ChordParams } from "./params.ts";
import { RingView } from "./ring-view.ts";
import { Router } from "./router.ts";
import { Stabilizer } from "./stabilizer.ts";
import { Usefulness } from "./usefulness.ts";
import { Watches } from "./watches.ts";
import type { Reply } from "./way-back.ts";

/** Of so many rounds one still opens a long link when there is no time to spare. A guess. */
const PRESSED_ROUNDS = 4;

export interface ChordPorts {
  readonly env: Env;
  readonly identity: Identity;
  readonly verify: Verify;
  readonly network: string;
  readonly transport: Transport;
  readonly counters: Counters;
  readonly params: ChordParams;
  readonly upcalls: Upcalls;
}

export interface ChordEvents {
  /** This node became a member, or stopped being one. */
  member: boolean;
  /** The last link to a member is gone. `politely`: because the others left the ring, so this node is all of it. */
  isolated: { readonly politely: boolean };
  link: { readonly id: Id; readonly event: "opened" | "closed"; readonly why: string };
  /** Somebody asks this node to be a gate. */
  invited: { readonly reply: (accepted: boolean) => void };
}

export class ChordNode implements KeyBasedRouting {
  readonly id: Id;
  readonly events = new Emitter<ChordEvents>();
  readonly view: RingView;
  readonly links: Links;
  readonly #env: Env;
  readonly #params: ChordParams;
  readonly #upcalls: Upcalls;
  readonly #counters: Counters;
  readonly #router: Router;
  readonly #dialer: Dialer;
  readonly #usefulness: Usefulness;
  readonly #announcer: Announcer;
  readonly #stabilizer: Stabilizer;
  readonly #linkWatch: LinkWatch;
  readonly #fingers: Fingers;
  readonly #join: Join;
  readonly #relay: Relay;
  readonly #watches: Watches;
  #isMember = false;
  /** Other members were linked; and the last of them to go said goodbye. */
  #hadOthers = false;
  #lastOneLeft = false;
  #rounds = 0;
  #closed = false;
  #cancelRound: () => void = () => {};
  #cancelChange: (() => void) | null = null;
  #changeDueMs = Number.POSITIVE_INFINITY;
  #neighbours: ReadonlySet<Id> = new Set();
  /** Neighbours that came as another run than the one before, and are not in the ring yet. */
  readonly #anew = new Set<Id>();
  /** The lists that `#neighbours` was made of. */
  #updated: readonly (readonly Id[])[] = [];

  constructor(ports: ChordPorts) {
    const { env, identity, counters, params } = ports;
    this.id = identity.id;
    this.#env = env;
    this.#params = params;
    this.#counters = counters;
    this.#upcalls = ports.upcalls;
    const instance = env.random.bytes(6).reduce((sum, byte) => sum * 256 + byte, 0);
    const settings = { identity, verify: ports.verify, network: ports.network, instance };
    this.links = new Links(env, counters, settings, params, {
      message: (link, message) => this.#take(link, message),
      routed: (link, bytes) => this.#takeRouted(link, bytes),
      opened: (link) => this.#opened(link),
      closed: (link, why, goodbye) => this.#linkClosed(link, why, goodbye),
      worthOf: (id, isGuest) => this.#usefulness.worthOf(id, isGuest),
    });
    this.view = new RingView(this.id, env, params.listLength);
    this.#router = new Router(env, counters, this.view, params, {
      linkTo: (id) => this.links.get(id),
      isMember: () => this.#isMember,
      replicaSet: (key, maxRank) => this.replicaSet(key, maxRank),
      system: (message, reply) => this.#system(message, reply),
      linkFirst: (id, done) => this.#linkFirst(id, done),
      upcalls: () => this.#upcalls,
    });
    this.#dialer = new Dialer(
      env,
      counters,
      this.id,
      params,
      ports.transport,
      this.links,
      this.#router,
    );
    this.#usefulness = new Usefulness(
      this.view,
      params,
      () => this.links,
      () => env.clock.now(),
    );
    this.#announcer = new Announcer(
      counters,
      this.view,
      this.#usefulness,
      this.links,
      () => this.#isMember,
    );
    this.#stabilizer = new Stabilizer(
      env,
      params,
      this.view,
      this.links,
      this.#dialer,
      this.#usefulness,
      (id) => this.#linkThroughOther(id),
    );
    this.#linkWatch = new LinkWatch(env.clock, counters, params, this.links);
    this.#relay = new Relay(env.clock, counters, this.id, {
      linkTo: (id) => this.links.get(id),
      knocked: (from, channel) =>
        this.admit(channel, { role: "responder", expected: from, path: "relayed" }),
    });
    this.#fingers = new Fingers(
      env,
      params,
      this.view,
      this.links,
      this.#dialer,
      this.#router,
      this.#stabilizer,
      this.#usefulness,
    );
    this.#join = new Join(env, this.id, this.links, this.#dialer, this.#router);
    this.#watches = new Watches(env.clock, {
      isLinked: (id) => this.links.get(id) !== undefined,
      isGone: (id) => this.view.isGone(id),
      find: (id, done) => this.findNode(id, done),
    });
  }

  start(): void {
    this.#waitForRound();
    this.#linkWatch.start();
  }

  get isMember(): boolean {
    return this.#isMember;
  }

  /** Begins a ring of its own: this node is the root of every key. */
  found(): void {
    this.#setMember();
  }

  /** Enters the ring of the node at the other end, or merges with it when this node has a ring already. */
  enter(through: Link, done: (result: EntryResult) => void): void {
    this.#join.enter(through, (result) => {
      if (result.ok) this.#setMember();
      done(result);
    });
  }

  /** A channel that came about through a signaling server. */
  admit(channel: Channel, options: AdmitOptions): void {
    if (this.#closed) channel.close();
    else this.links.admit(channel, options);
  }

  /** Says goodbye on every link and stops. May be called twice. */
  leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { predecessors, successors } = this.view.toTell;
    this.links.closeAll({
      why: "leaving",
      leaving: this.#isMember,
      predecessors: [...predecessors],
      successors: [...successors],
    });
    this.#isMember = false;
    this.#cancelRound();
    this.#linkWatch.close();
    this.#cancelChange?.();
    this.#join.close();
    this.#dialer.close();
    this.#router.close();
    this.#watches.close();
    this.events.emit("member", false);
  }

  route(request: RouteRequest, done: (result: RouteResult) => void): void {
    this.#router.route(request, done);
  }

  trace(key: Id, timeoutMs: number, done: (result: RouteResult) => void): void {
    this.#router.route(
      {
        key,
        hint: null,
        appId: SYSTEM_APP_ID,
        perHop: false,
        locator: "",
        data: encodeSystem("find", {}),
        traced: true,
        timeoutMs,
      },
      done,
    );
  }

  localLookup(key: Id, num: number, safe: boolean): Id[] {
    return localLookup(this.view, key, num, safe);
  }

  neighborSet(num: number): Id[] {
    return neighborSet(this.view, num);
  }

  replicaSet(key: Id, maxRank: number): Id[] {
    // Who is not in the ring yet would take itself for the root of everything.
    return this.#isMember ? replicaSet(this.view, key, maxRank) : [];
  }

  range(node: Id, rank: number, _lkey: Id): Range | null {
    const isNear = this.#isMember && (node === this.id || this.#neighbours.has(node));
    return isNear ? rangeOf(this.view, node, rank) : null;
  }

  watch(node: Id, gone: () => void): () => void {
    return this.#watches.watch(node, gone);
  }

  /** Whether a node can be routed to. */
  findNode(id: Id, done: (found: boolean) => void): void {
    const options = { exact: true, timeoutMs: this.#params.dialMs };
    this.#router.routeSystem(id, encodeSystem("find", {}), options, ({ receipt }) =>
      done(receipt.kind === "delivered"),
    );
  }

  /** Asks the root of `key` to be a gate. */
  invite(key: Id, done: (accepted: boolean) => void): void {
    const options = { exact: false, timeoutMs: this.#params.dialMs };
    this.#router.routeSystem(key, encodeSystem("invite", {}), options, ({ receipt }) =>
      done(receipt.kind === "delivered" && receipt.root !== this.id),
    );
  }

  #setMember(): void {
    if (this.#isMember || this.#closed) return;
    this.#isMember = true;
    this.#stabilizer.joined();
    this.#changedIn(0);
    this.events.emit("member", true);
  }

  #opened(link: Link): void {
    this.view.exhume(link.id);
    this.#announcer.tellOne(link);
    this.#changedIn(0);
    this.events.emit("link", { id: link.id, event: "opened", why: "" });
  }

  #linkClosed(link: Link, why: string, goodbye: BodyOf<"goodbye"> | null): void {
    if (goodbye?.leaving && link.state) {
      const { predecessors, successors } = goodbye;
      link.state = { ...link.state, predecessors, successors };
      this.view.told(link);
    }
    this.view.closed(link, this.#params.dialMs, why === "replaced");
    const newer = this.links.get(link.id);
    if (newer !== undefined && newer.instance !== link.instance) this.#cameAnew(link.id);
    if (newer === undefined) {
      if (goodbye?.leaving) this.view.bury(link.id, this.#params.goneMs);
      else if (goodbye === null && why === "silent") this.view.bury(link.id, this.#params.silentMs);
      this.events.emit("link", { id: link.id, event: "closed", why });
    }
    this.#router.linkClosed(link);
    this.#watches.linkClosed(link.id);
    this.#relay.linkClosed(link);
    this.#join.linkChanged();
    if (link.isMember) {
      // It may have come and gone before anybody looked: then too this node has lost somebody.
      this.#hadOthers = this.#isMember;
      this.#lastOneLeft = goodbye?.leaving === true;
    }
    this.#changedIn(0);
  }

  #take(link: Link, message: Message): void {
    switch (message.tag) {
      case "state":
        if (link.state && message.body.version < link.state.version) return;
        link.state = message.body;
        this.view.told(link);
        this.#join.linkChanged();
        return this.#changedIn(this.#params.tellMs);
      case "ask-state":
        return this.#announcer.tellOne(link);
      case "ping":
      case "pong":
        if (message.body.stateVersion > (link.state?.version ?? 0)) link.send("ask-state", {});
        return;
      case "ack":
        return this.#router.takeAcks(link, message.body);
      case "receipt":
        return this.#router.wayBack.takeReceipt(message.body);
      case "relay":
        return this.#relay.take(link, message.body);
      default:
        this.#counters.add("frames.unexpected");
    }
  }

  #takeRouted(link: Link, bytes: Uint8Array): void {
    if (this.#router.takeFrom(link, bytes)) return;
    this.#counters.add("frames.malformed");
    this.links.close(link, "a routed message that does not hold together");
  }

  #system(message: Routed, reply: (reply: Reply) => void): void {
    const system = decodeSystem(message.data);
    switch (system?.tag) {
      case "find": {
        const { predecessors, successors } = this.view;
        const body = encodeSystem("found", { predecessors, successors });
        return reply({ outcome: "delivered", body });
      }
      case "offer":
        return this.#dialer.takeOffer(message.source, system.body.sdp, reply);
      case "invite": {
        const answer = (accepted: boolean) =>
          reply(accepted ? { outcome: "delivered" } : { outcome: "refused", why: "not now" });
        return this.events.emit("invited", { reply: answer });
      }
      case "return":
        return this.#router.wayBack.takeReturned(system.body.receipt);
      default:
        this.#counters.add("frames.malformed");
        reply({ outcome: "refused", why: "a system message that is not in the table" });
    }
  }

  #linkFirst(id: Id, done: (link: Link | null) => void): void {
    const linked = this.links.get(id);
    if (linked) return done(linked);
    this.#dialer.dial(id, null, (result) => done(result.kind === "opened" ? result.link : null));
  }

  /** A neighbour that cannot be connected to: a node that is linked to both stands in between. */
  #linkThroughOther(id: Id): void {
    const via = [...(this.view.knownById(id)?.via ?? [])];
    const through = via.find(
      ({ isOpen, path, state }) => isOpen && path === "direct" && state!.links.includes(id),
    );
    const channel = through ? this.#relay.open(id, through) : null;
    if (channel) this.admit(channel, { role: "initiator", expected: id, path: "relayed" });
  }

  /** Something changed: all that follows from it is worked out once, at the latest in `delayMs`. */
  #changedIn(delayMs: number): void {
    const dueMs = this.#env.clock.now() + delayMs;
    if (this.#closed || dueMs >= this.#changeDueMs) return;
    this.#cancelChange?.();
    this.#changeDueMs = dueMs;
    this.#cancelChange = this.#env.clock.after(delayMs, () => {
      this.#changeDueMs = Number.POSITIVE_INFINITY;
      this.#cancelChange = null;
      this.#settle();
    });
  }

  #settle(): void {
    this.#router.ringChanged();
    this.#tellUpdates();
    this.#announcer.refresh();
    if (!this.#isMember) return;
    this.#noteIsolation();
    const againMs = this.#stabilizer.stabilize();
    if (againMs !== null) this.#changedIn(againMs);
  }

  /** All members that were linked are gone; newcomers that came to this gate lead nowhere. */
  #noteIsolation(): void {
    const others = [...this.links.all()];
    if (others.some((link) => link.isMember)) this.#hadOthers = true;
    else if (this.#hadOthers && others.every((link) => this.#hasHadTimeToTell(link))) {
      this.#hadOthers = false;
      this.events.emit("isolated", { politely: this.#lastOneLeft });
    }
  }

  /** A link that says nothing of itself is nobody to rely on. */
  #hasHadTimeToTell(link: Link): boolean {
    const ageMs = this.#env.clock.now() - link.openedAtMs;
    return link.state !== null || ageMs > this.#params.handshakeMs;
  }

  #tellUpdates(): void {
    const { successors, predecessors } = this.view;
    // Most changes are none of the lists, which are made anew when they change.
    if (this.#updated[0] === successors && this.#updated[1] === predecessors) return;
    this.#updated = [successors, predecessors];
    const now = new Set([...successors, ...predecessors]);
    const before = this.#neighbours;
    for (const id of this.#anew) {
      // First it is told that it left, then that it came: when it says that it is in the ring.
      const isBack = !before.has(id) && this.links.get(id)?.isMember === true;
      if (isBack || !now.delete(id)) this.#anew.delete(id);
      else this.#updated = [];
    }
    this.#neighbours = now;
    for (const id of before) if (!now.has(id)) this.#upcalls.update(id, false);
    for (const id of now) if (!before.has(id)) this.#upcalls.update(id, true);
  }

  /** Its page was reloaded, and is back before it was missed: what it had in memory is gone, so it left, and comes again. */
  #cameAnew(id: Id): void {
    if (!this.#neighbours.has(id)) return;
    this.#anew.add(id);
    this.#updated = [];
  }

  #waitForRound(): void {
    const { roundMs, jitter } = this.#params;
    const setAtMs = this.#env.clock.now();
    const waitMs = roundMs * (1 + (this.#env.random.next() * 2 - 1) * jitter);
    this.#cancelRound = this.#env.clock.after(waitMs, () => {
      this.#stabilizer.roundWasLate(this.#env.clock.now() - setAtMs - waitMs);
      this.#round();
      if (!this.#closed) this.#waitForRound();
    });
  }

  #round(): void {
    this.view.forget();
    this.#rounds += 1;
    const { tellNearRounds, tellAllRounds } = this.#params;
    if (this.#rounds % tellNearRounds === 0) this.#usefulness.roundTripsChanged();
    this.#settle();
    if (this.#rounds % tellAllRounds === 0) this.#announcer.tellAll("all");
    else if (this.#rounds % tellNearRounds === 0) this.#announcer.tellAll("near");
    this.#stabilizer.trim();
    if (this.#isMember && !this.#stabilizer.isBusy && this.#hasTimeForFingers()) {
      this.#fingers.fixFingers();
    }
  }

  /** A link costs as much as many messages: on a busy machine, or amid a burst, long ones come more slowly. */
  #hasTimeForFingers(): boolean {
    if (!this.#stabilizer.isPressed && !this.#router.isBusy) return true;
    return this.#rounds % PRESSED_ROUNDS === 0;
  }
}
