/**
 * A channel on its way to be a link: carries the handshake, in order and in
 * time, and hands over what comes behind it.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import { encode, splitFrame } from "../wire/codec.ts";
import type { BodyOf } from "../wire/messages.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { Handshake, HandshakeStep, Proven } from "./handshake.ts";
import type { Link } from "./link.ts";

export interface OpeningEvents {
  /** The handshake must be over within this, in ms. */
  readonly limitMs: number;
  failed(why: string): void;
  /** The link that takes the channel over; null when it was turned away. */
  proven(peer: Proven): Link | null;
}

/** Bytes that may wait while a signature is checked: the other end may be done, and send what it held. A guess. */
const MOST_WAITING_BYTES = 1_048_576;
/** How long a goodbye may take to leave this machine before the channel is closed, in ms. A guess. */
const LINGER_MS = 500;

export class Opening {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #channel: Channel;
  readonly #handshake: Handshake;
  readonly #events: OpeningEvents;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #isLooping = false;
  #sink: ChannelEvents;
  #cancelLimit: () => void = () => {};

  constructor(
    env: Env,
    counters: Counters,
    channel: Channel,
    handshake: Handshake,
    events: OpeningEvents,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#channel = channel;
    this.#handshake = handshake;
    this.#events = events;
    this.#sink = {
      message: (frame) => this.#takeFrame(frame),
      drained: () => {},
      closed: (why) => {
        this.#counters.add("handshake.broken");
        this.#end(why);
      },
    };
  }

  start(): void {
    this.#cancelLimit = this.#env.clock.after(this.#events.limitMs, () =>
      this.#fail("handshake.timed-out", "the handshake took too long"),
    );
    // Before anything that has arrived is answered: the other end expects a hello first.
    this.#channel.send(this.#handshake.hello());
    this.#channel.attach({
      message: (frame) => this.#sink.message(frame),
      drained: () => this.#sink.drained(),
      closed: (why) => this.#sink.closed(why),
    });
  }

  /** Gives up without a word to the other end. */
  abandon(why: string): void {
    this.#channel.close();
    this.#end(why);
  }

  #takeFrame(frame: Uint8Array): void {
    const messages = splitFrame(frame);
    if (messages === null) return this.#fail("frames.malformed", "a frame that does not add up");
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > MOST_WAITING_BYTES) {
      return this.#fail("handshake.flooded", "too much before the handshake was over");
    }
    this.#waiting.push(...messages);
    this.#next();
  }

  #next(): void {
    // A verdict that comes at once must not call this again from within: a stranger sets how deep.
    if (this.#isLooping) return;
    this.#isLooping = true;
    while (!this.#isBusy && this.#sink !== DEAF && this.#waiting.length > 0) {
      const message = this.#waiting.shift()!;
      this.#isBusy = true;
      this.#handshake.take(message, (step) => {
        this.#isBusy = false;
        this.#took(step);
      });
    }
    this.#isLooping = false;
  }

  #took(step: HandshakeStep): void {
    if (this.#sink === DEAF) return;
    switch (step.kind) {
      case "failed":
        return this.#fail(step.counter, step.why);
      case "continue":
        if (step.reply) this.#channel.send(step.reply);
        return this.#next();
      case "proven": {
        this.#cancelLimit();
        this.#sink = DEAF;
        const link = this.#events.proven(step.peer);
        if (link) this.#sink = link.channelEvents;
        for (const message of this.#waiting.splice(0)) link?.takeMessage(message);
      }
    }
  }

  #fail(counter: string, why: string): void {
    this.#counters.add(counter);
    this.#env.log.debug("handshake failed", { why });
    turnAway(this.#env, this.#channel, why);
    this.#end(why);
  }

  #end(why: string): void {
    if (this.#sink === DEAF) return;
    this.#cancelLimit();
    this.#sink = DEAF;
    this.#events.failed(why);
  }
}

const DEAF: ChannelEvents = { message: () => {}, drained: () => {}, closed: () => {} };

/** Tells the other end why, and closes when that had a moment to leave. */
export function turnAway(env: Env, channel: Channel, why: string): void {
  channel.send(encode("goodbye", farewell(why)));
  env.clock.after(LINGER_MS, () => channel.close());
}

/** The goodbye of a link that ends while its node stays. */
export function farewell(why: string): BodyOf<"goodbye"> {
  return { why, leaving: false, predecessors: [], successors: [] };
}
