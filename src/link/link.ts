/**
 * An open channel to one other node that has proved its id: framed,
 * prioritised, flow-controlled, and watched for silence.
 *
 * It does not know what the messages mean; `links.ts` owns it.
 */
import type { Env } from "../env/env.ts";
import type { Counters } from "../base/counters.ts";
import type { Id } from "../id/id.ts";
import { type Place, fractionOf } from "../id/interval.ts";
import { decode, encode, isRouted, splitFrame } from "../wire/codec.ts";
import { MAX_ACKS } from "../wire/limits.ts";
import { type BodyOf, type Message, type Tag, ROUTED_TAG, tagNumbers } from "../wire/messages.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { LinkRole, Proven } from "./handshake.ts";
import { Rate } from "../base/rate.ts";
import { Reassembly } from "./reassembly.ts";
import { RoundTrip } from "./rtt.ts";
import { SendQueue } from "./send-queue.ts";

export interface LinkEvents {
  /** A message other than those the link answers itself (pings, chunks). */
  message(link: Link, message: Message): void;
  /** A routed message, whole and not yet parsed. */
  routed(link: Link, bytes: Uint8Array): void;
  /** The other end, or the channel, or a broken rule ended it. Not called for our own `close`. */
  closed(link: Link, why: string, goodbye: BodyOf<"goodbye"> | null): void;
}

/** What an end keeps the link for; the more useful, the later in the list. */
export type Wants = BodyOf<"state">["wants"];

/** How long a goodbye may take to leave this machine before the channel is closed (a guess). */
const LINGER_MS = 200;
/** Messages a second that a neighbour has no honest reason to send more of; acks, receipts and routed ones are not counted. */
const CONTROL_BURST = 400;
const CONTROL_PER_SECOND = 100;
/** Between two pings of a link that does not answer. */
const PING_AGAIN_MS = 700;

const UNCOUNTED = new Set<number>([
  ROUTED_TAG,
  tagNumbers.ack,
  tagNumbers.receipt,
  tagNumbers.chunk,
  tagNumbers.relay,
]);

export class Link implements Place {
  readonly id: Id;
  readonly at: number;
  readonly publicKey: Uint8Array;
  readonly instance: number;
  readonly transcript: string;
  readonly role: LinkRole;
  readonly path: "direct" | "relayed";
  readonly openedAtMs: number;
  readonly rtt = new RoundTrip();
  /** The last state the other end told us; null until the first. */
  state: BodyOf<"state"> | null = null;
  /** What this end keeps it for, told to the other end with every state. */
  wants: Wants = "nothing";
  /** Version of our state that was last sent on this link, and what we kept it for then. */
  stateVersionSent = 0;
  wantsSent: Wants = "nothing";
  sentBytes = 0;
  receivedBytes = 0;

  readonly #env: Env;
  readonly #counters: Counters;
  readonly #channel: Channel;
  readonly #events: LinkEvents;
  readonly #queue = new SendQueue();
  readonly #reassembly = new Reassembly();
  readonly #rate: Rate;
  #acksDue: number[] = [];
  #flushing = false;
  #isOpen = true;
  #heardAtMs: number;
  #pingSerial = 0;
  #pingedAtMs = Number.NEGATIVE_INFINITY;
  /** Since when the other end owes us a sign of life; null while it does not. */
  #doubtedSinceMs: number | null = null;

  constructor(
    env: Env,
    counters: Counters,
    channel: Channel,
    peer: Proven,
    role: LinkRole,
    path: "direct" | "relayed",
    events: LinkEvents,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#channel = channel;
    this.#events = events;
    this.id = peer.id;
    this.at = fractionOf(peer.id);
    this.publicKey = peer.publicKey;
    this.instance = peer.instance;
    this.transcript = peer.transcript;
    this.role = role;
    this.path = path;
    this.openedAtMs = env.clock.now();
    this.#heardAtMs = this.openedAtMs;
    this.#rate = new Rate(CONTROL_BURST, CONTROL_PER_SECOND, this.openedAtMs);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True when the other end is a member of the ring, as far as it told us. */
  get isMember(): boolean {
    return this.state?.member === true;
  }

  /** Bytes that wait here or in the channel's own buffer. */
  get waitingBytes(): number {
    return this.#queue.waitingBytes + this.#channel.bufferedBytes();
  }

  /** When something last came from the other end. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** True while the other end owes us a sign of life. */
  get isDoubted(): boolean {
    return this.#doubtedSinceMs !== null;
  }

  /** For how long it has owed us one, in ms. */
  get doubtedMs(): number {
    return this.#doubtedSinceMs === null ? 0 : this.#env.clock.now() - this.#doubtedSinceMs;
  }

  /** Ring maintenance: goes ahead of everything routed. */
  send<T extends Tag>(tag: T, body: BodyOf<T>): void {
    this.sendEncoded(encode(tag, body));
  }

  /** As `send`, for bytes that several links share. The link does not change them. */
  sendEncoded(message: Uint8Array): void {
    if (!this.#isOpen) return;
    if (this.#queue.offer(message, "maintenance")) this.#flushSoon();
    else this.#end("its queue is full of maintenance", null);
  }

  /** False when the queue is full, or the link closed: nothing was kept then. */
  sendBulk(message: Uint8Array): boolean {
    if (!this.#isOpen || !this.#queue.offer(message, "bulk")) return false;
    this.#flushSoon();
    return true;
  }

  /** Tells the other end that we took its routed message. */
  ack(hopSerial: number): void {
    this.#acksDue.push(hopSerial);
    this.#flushSoon();
  }

  /** Asks for a sign of life now; silence counts from here on, or from `sinceMs`, when something was sent that it did not answer. */
  doubt(sinceMs = this.#env.clock.now()): void {
    this.#doubtedSinceMs ??= Math.max(sinceMs, this.#heardAtMs);
    this.#ping();
  }

  /**
   * Pings after `quietMs` of silence, and until there is an answer. Returns in how many ms to be called
   * again; null when the other end has owed us a sign of life for `deadMs`.
   */
  watch(quietMs: number, deadMs: number): number | null {
    const quietLeftMs = this.#heardAtMs + quietMs - this.#env.clock.now();
    if (quietLeftMs <= 0) this.doubt();
    if (this.#doubtedSinceMs === null) return quietLeftMs;
    // A busy machine makes every round trip long; then silence means less.
    const leftMs = deadMs + 4 * (this.rtt.smoothedMs ?? 0) - this.doubtedMs;
    return leftMs > 0 ? Math.min(leftMs, PING_AGAIN_MS) : null;
  }

  /** After this tab's own stall: nobody was silent, we were deaf. Asks for a sign of life. */
  forgive(): void {
    this.#doubtedSinceMs = null;
    this.#pingedAtMs = Number.NEGATIVE_INFINITY;
    this.doubt();
  }

  /** Ends the link: says why, waits a moment for that to leave, and closes. May be called twice. */
  close(goodbye: BodyOf<"goodbye">): void {
    if (!this.#isOpen) return;
    this.#queue.offer(encode("goodbye", goodbye), "maintenance");
    this.#flush();
    this.#isOpen = false;
    this.#env.clock.after(LINGER_MS, () => this.#channel.close());
  }

  /** Ends the link at once and in silence: the other end is gone. */
  drop(): void {
    this.#isOpen = false;
    this.#channel.close();
  }

  /** What the owner attaches to the channel, or hands the events of. */
  readonly channelEvents: ChannelEvents = {
    message: (frame) => this.#takeFrame(frame),
    drained: () => this.#flushSoon(),
    closed: (why) => this.#end(why, null),
  };

  #takeFrame(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    this.receivedBytes += frame.length;
    this.#counters.add("frames.received");
    this.#counters.add("bytes.received", frame.length);
    this.#heardAtMs = this.#env.clock.now();
    this.#doubtedSinceMs = null;
    const messages = splitFrame(frame);
    if (messages === null) return this.#malformed("a frame that does not add up");
    for (const message of messages) this.takeMessage(message);
  }

  /** One message, head included. The owner calls it for what came behind the handshake. */
  takeMessage(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    if (!UNCOUNTED.has(bytes[0]!) && !this.#rate.allows(this.#env.clock.now())) {
      this.#counters.add("links.flooded");
      return this.#end("too many messages a second", null, true);
    }
    if (isRouted(bytes)) return this.#events.routed(this, bytes);
    const message = decode(bytes);
    if (message === null) return this.#malformed("a message that is not in the table");
    switch (message.tag) {
      case "ping":
        this.send("pong", { serial: message.body.serial, stateVersion: this.stateVersionSent });
        return this.#events.message(this, message);
      case "pong":
        return this.#takePong(message);
      case "chunk": {
        const whole = this.#reassembly.take(message.body);
        if (whole === "malformed") this.#counters.add("frames.broken-transfer");
        else if (whole !== null) this.#takeWhole(whole);
        return;
      }
      case "hello":
      case "proof":
        return; // A copy of the handshake that the network made.
      case "goodbye":
        return this.#end(message.body.why, message.body);
      default:
        return this.#events.message(this, message);
    }
  }

  /** What came in chunks: only routed messages, receipts with their answers, and frames passed on for others are ever so large. */
  #takeWhole(whole: Uint8Array): void {
    const isSound = splitFrame(whole)?.length === 1;
    if (isSound && isRouted(whole)) return this.#events.routed(this, whole);
    const message = isSound ? decode(whole) : null;
    if (message?.tag === "relay" || message?.tag === "receipt") {
      return this.#events.message(this, message);
    }
    this.#malformed("a large message that may not be so large");
  }

  #takePong(message: Extract<Message, { tag: "pong" }>): void {
    if (message.body.serial === this.#pingSerial) {
      this.rtt.measured(this.#env.clock.now() - this.#pingedAtMs);
    }
    this.#events.message(this, message);
  }

  #ping(): void {
    const now = this.#env.clock.now();
    if (now - this.#pingedAtMs < PING_AGAIN_MS) return;
    this.#pingedAtMs = now;
    this.#pingSerial = (this.#pingSerial + 1) >>> 0;
    this.send("ping", { serial: this.#pingSerial, stateVersion: this.stateVersionSent });
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#env.clock.soon(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (!this.#isOpen) return;
    while (this.#acksDue.length > 0) {
      const hopSerials = this.#acksDue.splice(0, MAX_ACKS);
      this.#queue.offer(encode("ack", { hopSerials }), "maintenance");
    }
    const before = this.#queue.waitingBytes;
    const frames = this.#queue.pump(this.#channel);
    const sent = before - this.#queue.waitingBytes;
    this.sentBytes += sent;
    this.#counters.add("frames.sent", frames);
    this.#counters.add("bytes.sent", sent);
  }

  #malformed(why: string): void {
    this.#counters.add("frames.malformed");
    this.#end(why, null, true);
  }

  #end(why: string, goodbye: BodyOf<"goodbye"> | null, tellOther = false): void {
    if (!this.#isOpen) return;
    if (tellOther) this.close({ why, leaving: false, predecessors: [], successors: [] });
    else this.drop();
    this.#events.closed(this, why, goodbye);
  }
}
