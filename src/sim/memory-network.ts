/**
 * The simulation's network: channels between hosts with latency, loss,
 * duplication, reordering, partitions, and pairs that can never connect.
 *
 * A crashed host falls silent: nobody is told, as when a tab's process is
 * killed. Bytes are copied once, at the sender, as a real channel does.
 */
import type { Clock } from "../env/env.ts";
import { type Channel, type ChannelEvents, LOW_WATER_BYTES } from "../link/channel.ts";
import type { AnswerEvents, Attempt, Dial, DialEvents, Transport } from "../link/transport.ts";
import { MESSAGE_HEAD_BYTES } from "../wire/codec.ts";
import { ROUTED_TAG, tagNumbers } from "../wire/messages.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface NetworkConditions {
  /** One way, in ms: the base, and up to this much more for each frame. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Shares of frames, 0 to 1. */
  readonly loss: number;
  readonly duplication: number;
  /** Share of frames that may be overtaken by later ones. */
  readonly reordering: number;
  /** Share of pairs of hosts that can never connect directly. */
  readonly nonTransitive: number;
  /** What one channel carries, in bytes per second. */
  readonly bytesPerSecond: number;
  /** What one frame, and each KiB of it, takes of the one machine that all hosts run on, in ms; 0 when each has its own. */
  readonly frameMs: number;
}

export const GOOD_NETWORK: NetworkConditions = {
  latencyMs: 30,
  jitterMs: 20,
  loss: 0,
  duplication: 0,
  reordering: 0,
  nonTransitive: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  frameMs: 0,
};

/** A machine of the simulation. Zero or more channels end here. */
export class Host {
  readonly number: number;
  isUp = true;
  /** Every timer of this machine fires so much later than it was set for, in ms: others want its cores, too. */
  timersLateMs = 0;
  /** Hosts in different parts of a partition do not hear each other. */
  part = 0;

  constructor(number: number) {
    this.number = number;
  }
}

export interface Traffic {
  frames: number;
  bytes: number;
}

/** No dial takes this long, in ms. */
const OFFER_MS = 60_000;

export class MemoryNetwork {
  readonly clock: Clock;
  readonly random: SeededRandom;
  conditions: NetworkConditions;
  readonly traffic: Traffic = { frames: 0, bytes: 0 };
  /** Sees every frame that is sent, whether or not it arrives. */
  tap: ((from: Host, to: Host, frame: Uint8Array) => void) | null = null;
  /**
   * Set where all senders and receivers are links: frames of which neither
   * changes a byte are then handed over without a copy. Memory outside of V8's
   * heap makes it mark all of that heap again and again, and in a large world
   * that took longer than everything else.
   */
  sharesFrames = false;
  readonly #offers = new Map<string, Offer>();
  #hosts = 0;
  #serial = 0;
  #busyUntilMs = 0;

  constructor(clock: Clock, random: SeededRandom, conditions: NetworkConditions) {
    this.clock = clock;
    this.random = random;
    this.conditions = conditions;
  }

  newHost(): Host {
    return new Host(this.#hosts++);
  }

  canHear(a: Host, b: Host): boolean {
    return a.isUp && b.isUp && a.part === b.part;
  }

  /** Whether two hosts could ever have a channel of their own: decided by their numbers, once and for all. */
  canConnect(a: Host, b: Host): boolean {
    const [low, high] = a.number < b.number ? [a.number, b.number] : [b.number, a.number];
    const draw = (Math.imul(low * 7919 + high, 2654435761) >>> 0) / 2 ** 32;
    return draw >= this.conditions.nonTransitive && this.canHear(a, b);
  }

  transport(host: Host): Transport {
    return {
      dial: (events) => this.#dial(host, events),
      answer: (offer, events) => this.#answer(host, offer, events),
    };
  }

  /** Two ends of a channel that is open now. */
  connect(a: Host, b: Host): [Channel, Channel] {
    const serial = this.#serial++;
    const ends: [MemoryChannel, MemoryChannel] = [
      new MemoryChannel(this, a, b, { local: `a-${serial}`, remote: `b-${serial}` }),
      new MemoryChannel(this, b, a, { local: `b-${serial}`, remote: `a-${serial}` }),
    ];
    ends[0].other = ends[1];
    ends[1].other = ends[0];
    return ends;
  }

  #dial(host: Host, events: DialEvents): Dial {
    const name = `offer-${this.#serial++}`;
    const offer: Offer = { host, events, answered: null, isOver: false };
    let isAccepted = false;
    this.#offers.set(name, offer);
    const close = () => {
      offer.isOver = true;
      this.#offers.delete(name);
    };
    this.clock.after(1, () => {
      if (!offer.isOver) events.offered(name);
    });
    // Whoever crashed while it dialled never closes it, and all of that node would be kept.
    this.clock.after(OFFER_MS, () => this.#offers.delete(name));
    return {
      close,
      accept: (answer) => {
        if (offer.isOver || isAccepted) return;
        isAccepted = true;
        this.#offers.delete(name);
        const { answered } = offer;
        if (answered === null || answer !== `answer to ${name}`)
          return events.failed("a bad answer");
        this.#open(offer, answered);
      },
    };
  }

  #answer(host: Host, name: string, events: AnswerEvents): Attempt {
    const offer = this.#offers.get(name);
    const answered: Answered = { host, events, isOver: false };
    this.clock.after(1, () => {
      if (answered.isOver) return;
      if (!offer || offer.answered) return events.failed("not an offer");
      offer.answered = answered;
      events.answered(`answer to ${name}`);
    });
    return {
      close: () => {
        answered.isOver = true;
      },
    };
  }

  #open(offer: Offer, answered: Answered): void {
    if (!this.canConnect(offer.host, answered.host)) {
      // As ICE: it takes a while to be sure that nothing works.
      this.clock.after(5_000, () => {
        if (!offer.isOver) offer.events.failed("no way through");
        if (!answered.isOver) answered.events.failed("no way through");
      });
      return;
    }
    const [near, far] = this.connect(offer.host, answered.host);
    const latencyMs = this.latency();
    this.clock.after(latencyMs, () => {
      if (answered.isOver) return far.close();
      if (answered.host.isUp) answered.events.opened(far);
    });
    this.clock.after(2 * latencyMs, () => {
      if (offer.isOver) return near.close();
      if (offer.host.isUp) offer.events.opened(near);
    });
  }

  /** After how many ms the one machine of all hosts has come to a frame, and dealt with it. */
  onSharedMachine(bytes: number): number {
    const now = this.clock.now();
    this.#busyUntilMs = Math.max(this.#busyUntilMs, now);
    this.#busyUntilMs += this.conditions.frameMs * (1 + bytes / 1_024);
    return this.#busyUntilMs - now;
  }

  latency(): number {
    return this.conditions.latencyMs + this.random.next() * this.conditions.jitterMs;
  }
}

interface Offer {
  readonly host: Host;
  readonly events: DialEvents;
  answered: Answered | null;
  isOver: boolean;
}

interface Answered {
  readonly host: Host;
  readonly events: AnswerEvents;
  isOver: boolean;
}

class MemoryChannel implements Channel {
  readonly binding: Channel["binding"];
  other!: MemoryChannel;
  readonly #network: MemoryNetwork;
  readonly #from: Host;
  readonly #to: Host;
  #events: ChannelEvents | null = null;
  readonly #early: ((events: ChannelEvents) => void)[] = [];
  #isOpen = true;
  #lastArrivalMs = 0;
  #freeAtMs = 0;
  #buffered = 0;

  constructor(network: MemoryNetwork, from: Host, to: Host, binding: Channel["binding"]) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.binding = binding;
  }

  bufferedBytes(): number {
    return this.#buffered;
  }

  attach(events: ChannelEvents): void {
    this.#events = events;
    for (const early of this.#early.splice(0)) early(events);
  }

  send(frame: Uint8Array): void {
    if (!this.#isOpen || !this.#from.isUp) return;
    const { conditions, random, traffic } = this.#network;
    traffic.frames += 1;
    traffic.bytes += frame.length;
    this.#network.tap?.(this.#from, this.#to, frame);
    const isShared = this.#network.sharesFrames && !isChangedOnTheWay(frame);
    const bytes = isShared ? frame : frame.slice();
    const leavesAtMs = this.#leave(bytes.length);
    if (conditions.loss > 0 && random.next() < conditions.loss) return;
    this.#arrive(bytes, leavesAtMs);
    if (conditions.duplication > 0 && random.next() < conditions.duplication) {
      this.#arrive(bytes.slice(), leavesAtMs);
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { clock } = this.#network;
    const atMs = this.#inOrder(clock.now() + this.#network.latency());
    clock.after(atMs - clock.now(), () => {
      if (this.#network.canHear(this.#from, this.#to)) this.other.ended();
    });
  }

  ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hand((events) => events.closed("the other side closed it"));
  }

  /** When these bytes have left, given what the channel carries. */
  #leave(bytes: number): number {
    const { clock, conditions } = this.#network;
    const now = clock.now();
    if (conditions.bytesPerSecond === Number.POSITIVE_INFINITY) return now;
    this.#freeAtMs = Math.max(this.#freeAtMs, now) + (bytes / conditions.bytesPerSecond) * 1_000;
    this.#buffered += bytes;
    clock.after(this.#freeAtMs - now, () => {
      const wasAbove = this.#buffered > LOW_WATER_BYTES;
      this.#buffered -= bytes;
      const isDrained = wasAbove && this.#buffered <= LOW_WATER_BYTES;
      if (isDrained && this.#isOpen) this.#events?.drained();
    });
    return this.#freeAtMs;
  }

  #arrive(bytes: Uint8Array, leavesAtMs: number): void {
    const { clock, conditions, random } = this.#network;
    let atMs = leavesAtMs + this.#network.latency();
    const mayOvertake = conditions.reordering > 0 && random.next() < conditions.reordering;
    if (mayOvertake) atMs += random.next() * conditions.latencyMs;
    else atMs = this.#inOrder(atMs);
    const receive = () => {
      if (this.#network.canHear(this.#from, this.#to)) this.other.received(bytes);
    };
    clock.after(atMs - clock.now(), () => {
      if (conditions.frameMs === 0) receive();
      else clock.after(this.#network.onSharedMachine(bytes.length), receive);
    });
  }

  received(bytes: Uint8Array): void {
    if (this.#isOpen) this.#hand((events) => events.message(bytes));
  }

  #hand(event: (events: ChannelEvents) => void): void {
    if (this.#events) event(this.#events);
    else this.#early.push(event);
  }

  #inOrder(atMs: number): number {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, atMs);
    return this.#lastArrivalMs;
  }
}

/** A hop writes into a routed message; what is passed on for others, or in pieces, may hold one. All else is only read. */
function isChangedOnTheWay(frame: Uint8Array): boolean {
  for (let at = 0; at + MESSAGE_HEAD_BYTES <= frame.length;) {
    if (CHANGED.has(frame[at]!)) return true;
    at += MESSAGE_HEAD_BYTES;
    at += (frame[at - 3]! << 16) | (frame[at - 2]! << 8) | frame[at - 1]!;
  }
  return false;
}

const CHANGED: ReadonlySet<number> = new Set([ROUTED_TAG, tagNumbers.relay, tagNumbers.chunk]);
