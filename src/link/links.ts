/**
 * All links of one node: their handshakes, the budget, and dead-link detection.
 *
 * WebRTC links are dear (a page may construct 500 connections, closed ones
 * counting until collected), so there are never more than `mostLinks`, and what
 * is worth keeping is asked of the layer above. Exactly one link per node
 * survives, whoever dialled.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import { NONCE_BYTES, type BodyOf } from "../wire/messages.ts";
import type { Channel } from "./channel.ts";
import { Handshake, type HandshakeSettings, type LinkRole, type Proven } from "./handshake.ts";
import { Link, type LinkEvents } from "./link.ts";
import { Opening, farewell, turnAway } from "./opening.ts";

export interface LinksParams {
  /** Links at the very most. */
  readonly mostLinks: number;
  /** A handshake that takes longer has failed, in ms. */
  readonly handshakeMs: number;
}

export interface LinksEvents extends LinkEvents {
  opened(link: Link): void;
  /** How useful a link is, or would be, to this node; the least useful one makes room. `isGuest`: see `AdmitOptions`. */
  worthOf(id: Id, isGuest?: boolean): number;
}

export type Admission =
  | { readonly kind: "opened"; readonly link: Link }
  /** Not a failure: the link that exists stays. */
  | { readonly kind: "already"; readonly link: Link }
  | { readonly kind: "failed"; readonly why: string };

export interface AdmitOptions {
  readonly role: LinkRole;
  /** The node that must be at the other end; null when anybody may come. */
  readonly expected: Id | null;
  readonly path?: "direct" | "relayed";
  /** A newcomer at this gate. */
  readonly isGuest?: boolean;
  done?(admission: Admission): void;
}

export class Links {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #settings: HandshakeSettings;
  readonly #params: LinksParams;
  readonly #events: LinksEvents;
  readonly #byId = new Map<Id, Link>();
  readonly #openings = new Set<Opening>();
  #version = 0;

  constructor(
    env: Env,
    counters: Counters,
    settings: HandshakeSettings,
    params: LinksParams,
    events: LinksEvents,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#settings = settings;
    this.#params = params;
    this.#events = events;
  }

  get(id: Id): Link | undefined {
    return this.#byId.get(id);
  }

  /** In the order they were opened. */
  all(): IterableIterator<Link> {
    return this.#byId.values();
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Another number whenever a link came or went. */
  get version(): number {
    return this.#version;
  }

  /** Shakes hands on a fresh channel, which belongs to this object from here on. */
  admit(channel: Channel, options: AdmitOptions): void {
    const { role, expected } = options;
    // Those who come must not keep this node from going to others.
    if (role === "responder" && this.#openings.size >= 2 * this.#params.mostLinks) {
      this.#counters.add("links.refused-full");
      turnAway(this.#env, channel, "full: too many handshakes at once");
      return options.done?.({ kind: "failed", why: "full" });
    }
    const nonce = this.#env.random.bytes(NONCE_BYTES);
    const handshake = new Handshake(this.#settings, channel.binding, role, expected, nonce);
    const opening = new Opening(this.#env, this.#counters, channel, handshake, {
      limitMs: this.#params.handshakeMs,
      failed: (why) => {
        this.#openings.delete(opening);
        options.done?.({ kind: "failed", why });
      },
      proven: (peer) => {
        this.#openings.delete(opening);
        return this.#settle(channel, peer, options);
      },
    });
    this.#openings.add(opening);
    opening.start();
  }

  /** A proven node: one link to it stays, within the budget. Null when this channel is not the one. */
  #settle(channel: Channel, peer: Proven, options: AdmitOptions): Link | null {
    const finish = (admission: Admission) => options.done?.(admission);
    const older = this.#byId.get(peer.id);
    // Two channels of the same two runs crossed: both ends keep the same one.
    // Another instance means the node was reloaded, and the older link is dead.
    if (older && older.instance === peer.instance && keeps(older, peer, options)) {
      turnAway(this.#env, channel, "already linked");
      finish({ kind: "already", link: older });
      return null;
    }
    if (!older && !this.#makeRoomFor(peer.id, options.isGuest === true)) {
      this.#counters.add("links.refused-full");
      turnAway(this.#env, channel, "full: all links are in better use");
      finish({ kind: "failed", why: "full" });
      return null;
    }
    const link = new Link(
      this.#env,
      this.#counters,
      channel,
      peer,
      options.role,
      options.path ?? "direct",
      {
        message: (from, message) => this.#events.message(from, message),
        routed: (from, bytes) => this.#events.routed(from, bytes),
        closed: (from, why, goodbye) => this.#remove(from, why, goodbye),
      },
    );
    this.#byId.set(peer.id, link);
    this.#version += 1;
    this.#counters.add("links.opened");
    if (older) {
      this.#counters.add("links.closed");
      older.close(farewell("replaced by a newer link"));
      this.#events.closed(older, "replaced", null);
    }
    this.#events.opened(link);
    finish({ kind: "opened", link });
    return link;
  }

  /** True when there is room, or room was made by closing a link that is worth less than `id`. */
  #makeRoomFor(id: Id, isGuest: boolean): boolean {
    if (this.#byId.size < this.#params.mostLinks) return true;
    if (!this.hasRoomFor(id, isGuest)) return false;
    this.close(this.leastUseful()!, "budget: another link is more useful");
    return true;
  }

  /** True when a link to `id` would be taken in now. */
  hasRoomFor(id: Id, isGuest = false): boolean {
    if (this.#byId.size < this.#params.mostLinks) return true;
    const least = this.leastUseful();
    return least !== null && this.#events.worthOf(least.id) < this.#events.worthOf(id, isGuest);
  }

  leastUseful(): Link | null {
    let least: Link | null = null;
    let leastWorth = Number.POSITIVE_INFINITY;
    for (const link of this.#byId.values()) {
      const worth = this.#events.worthOf(link.id);
      if (worth < leastWorth) [least, leastWorth] = [link, worth];
    }
    return least;
  }

  /** Ends one link politely; the layer above is told as if the other end had ended it. */
  close(link: Link, why: string): void {
    link.close(farewell(why));
    this.#remove(link, why, null);
  }

  /** The other end has owed us a sign of life for too long. */
  declareDead(link: Link): void {
    this.#counters.add("links.dead");
    link.drop();
    this.#remove(link, "silent", null);
  }

  /** Ends everything, with a goodbye on every link. May be called twice. */
  closeAll(goodbye: BodyOf<"goodbye">): void {
    for (const opening of [...this.#openings]) opening.abandon("this node is leaving");
    for (const link of this.#byId.values()) link.close(goodbye);
    this.#byId.clear();
    this.#version += 1;
  }

  #remove(link: Link, why: string, goodbye: BodyOf<"goodbye"> | null): void {
    if (this.#byId.get(link.id) !== link) return;
    this.#byId.delete(link.id);
    this.#version += 1;
    this.#counters.add("links.closed");
    this.#events.closed(link, why, goodbye);
  }
}

/** Of two links of the same two runs, a direct one beats a relayed one, then the smaller transcript. */
function keeps(older: Link, newer: Proven, options: AdmitOptions): boolean {
  const newerPath = options.path ?? "direct";
  if (older.path !== newerPath) return older.path === "direct";
  return older.transcript < newer.transcript;
}
