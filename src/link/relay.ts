/**
 * A channel through a common neighbour, for two nodes that cannot connect: NAT
 * without TURN, or a network that is not transitive (5 % such pairs alone made
 * 3 to 5 % of Chord's lookups fail: Li et al., INFOCOM 2005).
 *
 * The node in between keeps nothing: it passes `relay` messages from one of its
 * links to another, and only for the node at the link's other end. The two ends
 * shake hands as on any channel, so both know whom they talk to; but there is
 * no DTLS between them, so the node in between could read and change what it
 * passes.
 */
import type { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import { encode } from "../wire/codec.ts";
import type { BodyOf } from "../wire/messages.ts";
import { type Channel, type ChannelEvents, LOW_WATER_BYTES } from "./channel.ts";
import type { Link } from "./link.ts";

/** Channels through others that end here. A guess: neighbours that cannot be reached, never long links. */
const MOST_CHANNELS = 16;
/** Of these, through one node. A guess. */
const MOST_THROUGH_ONE = 4;
/** How often a sender looks whether the link below has room again, in ms. A guess. */
const LOOK_AGAIN_MS = 50;

export interface RelayPorts {
  linkTo(id: Id): Link | undefined;
  /** Somebody opened a channel to this node. */
  knocked(from: Id, channel: Channel): void;
}

export class Relay {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #self: Id;
  readonly #ports: RelayPorts;
  readonly #channels = new Map<string, RelayedChannel>();
  #serial = 0;

  constructor(clock: Clock, counters: Counters, self: Id, ports: RelayPorts) {
    this.#clock = clock;
    this.#counters = counters;
    this.#self = self;
    this.#ports = ports;
  }

  /** A channel to `to` through the node at the other end of `through`. Null when there are too many. */
  open(to: Id, through: Link): Channel | null {
    if (!this.#hasRoom(through)) return null;
    const channel = this.#add(to, through, (this.#serial = (this.#serial + 1) >>> 0), true);
    channel.tell("open", EMPTY);
    this.#counters.add("relay.opened");
    return channel;
  }

  /** A `relay` message from a link: for this node, or to be passed on. */
  take(link: Link, body: BodyOf<"relay">): void {
    if (body.to !== this.#self) return this.#passOn(link, body);
    const key = keyOf(link, body);
    const channel = this.#channels.get(key);
    switch (body.kind) {
      case "open":
        if (channel || !this.#hasRoom(link)) return this.#refuse(link, body);
        return this.#ports.knocked(body.from, this.#add(body.from, link, body.channel, false));
      case "frame":
        if (channel) channel.received(body.frame.slice());
        else this.#refuse(link, body);
        return;
      case "close":
        return channel?.ended("the other side, or the node in between, closed it");
    }
  }

  /** Whatever went through this link is over. */
  linkClosed(link: Link): void {
    for (const channel of [...this.#channels.values()]) {
      if (channel.through === link) channel.ended("the link to the node in between closed");
    }
  }

  #hasRoom(through: Link): boolean {
    const same = [...this.#channels.values()].filter((channel) => channel.through === through);
    return this.#channels.size < MOST_CHANNELS && same.length < MOST_THROUGH_ONE;
  }

  #passOn(link: Link, body: BodyOf<"relay">): void {
    // Only for the node at the link's other end: nobody speaks for another.
    const onward = body.from === link.id ? this.#ports.linkTo(body.to) : undefined;
    const isPassed =
      onward !== undefined && onward !== link && onward.sendBulk(encode("relay", body));
    this.#counters.add(isPassed ? "relay.passed" : "relay.refused");
    if (!isPassed && body.kind !== "close") this.#refuse(link, body);
  }

  #refuse(link: Link, { from, to, channel }: BodyOf<"relay">): void {
    link.sendBulk(encode("relay", { from: to, to: from, kind: "close", channel, frame: EMPTY }));
  }

  #add(other: Id, through: Link, number: number, isOwn: boolean): RelayedChannel {
    const key = keyOf(through, { from: other, channel: number });
    const channel = new RelayedChannel(this.#clock, this.#self, other, through, number, isOwn, () =>
      this.#channels.delete(key),
    );
    this.#channels.set(key, channel);
    return channel;
  }
}

const EMPTY = new Uint8Array(0);

function keyOf(through: Link, body: { readonly from: Id; readonly channel: number }): string {
  return `${through.id} ${body.from} ${body.channel}`;
}

class RelayedChannel implements Channel {
  readonly binding: Channel["binding"];
  readonly through: Link;
  readonly #clock: Clock;
  readonly #self: Id;
  readonly #other: Id;
  readonly #number: number;
  readonly #forget: () => void;
  #events: ChannelEvents | null = null;
  #early: ((events: ChannelEvents) => void)[] = [];
  #isOpen = true;
  #isLooking = false;

  constructor(
    clock: Clock,
    self: Id,
    other: Id,
    through: Link,
    number: number,
    isOwn: boolean,
    forget: () => void,
  ) {
    this.#clock = clock;
    this.#self = self;
    this.#other = other;
    this.through = through;
    this.#number = number;
    this.#forget = forget;
    // No certificates: what is signed is that both ends mean this relayed channel.
    const name = (id: Id) =>
      `relay ${id} ${number} ${isOwn === (id === self) ? "opened" : "answered"}`;
    this.binding = { local: name(self), remote: name(other) };
  }

  bufferedBytes(): number {
    return this.through.waitingBytes;
  }

  attach(events: ChannelEvents): void {
    this.#events = events;
    for (const early of this.#early.splice(0)) early(events);
  }

  send(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    // A frame that is left out would break what comes after it.
    if (!this.tell("frame", frame)) return this.#clock.soon(() => this.ended("no room on the way"));
    if (this.bufferedBytes() > LOW_WATER_BYTES) this.#lookAgain();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#forget();
    this.tell("close", EMPTY);
  }

  tell(kind: BodyOf<"relay">["kind"], frame: Uint8Array): boolean {
    const ends = { from: this.#self, to: this.#other };
    return this.through.sendBulk(encode("relay", { ...ends, kind, channel: this.#number, frame }));
  }

  received(frame: Uint8Array): void {
    if (this.#isOpen) this.#hand((events) => events.message(frame));
  }

  ended(why: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#forget();
    this.#hand((events) => events.closed(why));
  }

  #hand(event: (events: ChannelEvents) => void): void {
    if (this.#events) event(this.#events);
    else this.#early.push(event);
  }

  #lookAgain(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#clock.after(LOOK_AGAIN_MS, () => {
      this.#isLooking = false;
      if (!this.#isOpen) return;
      if (this.bufferedBytes() <= LOW_WATER_BYTES) this.#events?.drained();
      else this.#lookAgain();
    });
  }
}
