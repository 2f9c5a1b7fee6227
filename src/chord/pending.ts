/**
 * Messages this node is responsible for: waiting until their next hop has room
 * for them, handed to it and not acknowledged yet, or held while there is no
 * way on.
 *
 * A message tries another way when its next hop has fallen silent, has
 * acknowledged later ones but not this, or is heard of and does not come to it
 * for long; when there is no other way it waits for the link to answer or to
 * die. The easy mistake: a next hop that is only busy will come to it, and a
 * second try makes it busier still (`sim/scenarios/busy-machine.test.ts`).
 * Bounded in number and in time.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import { MAX_FRAME_BYTES } from "../link/channel.ts";
import type { Link } from "../link/link.ts";
import { QUEUE_BYTES } from "../link/send-queue.ts";
import type { Routed } from "../wire/routed.ts";
import type { ChordParams } from "./params.ts";
import { afterDetour } from "./receipts.ts";
import { SendWindow } from "./send-window.ts";

interface HandedOver {
  readonly message: Routed;
  readonly sinceMs: number;
  sentAtMs: number;
  /** As `sentAtMs`, on the clock that stands still while this tab does. */
  sentAwakeMs: number;
  /** How often a later one was acknowledged while this was the oldest that was not. */
  overtaken: number;
  readonly tried: Set<Link> | null;
  /** Whether this node got it as a final message: what to try next depends on it. */
  readonly wasFinal: boolean;
}

/** What one link has to carry. */
class Load {
  readonly window = new SendWindow();
  /** Sent and not acknowledged, by serial, in the order they were sent. */
  readonly sent = new Map<number, HandedOver>();
  /** When those were sent that are on another way by now: an acknowledgement still tells how slow the link is. */
  readonly late = new Map<number, number>();
  /** Not sent yet, in the order they go. */
  readonly waiting = new Set<HandedOver>();

  listenFor(serial: number, sentAtMs: number): void {
    this.late.set(serial, sentAtMs);
    if (this.late.size > MOST_LATE) this.late.delete(this.late.keys().next().value!);
  }

  get count(): number {
    return this.sent.size + this.waiting.size;
  }

  get bytes(): number {
    let sum = 0;
    for (const { message } of this.sent.values()) sum += message.bytes.length;
    for (const { message } of this.waiting) sum += message.bytes.length;
    return sum;
  }
}

interface Held {
  readonly message: Routed;
  readonly sinceMs: number;
  /** Links that did not acknowledge it: tried again when everything else was. */
  readonly tried: Set<Link>;
}

export interface PendingPorts {
  tryAgain(message: Routed, tried: Set<Link> | null, sinceMs: number): void;
  giveUp(message: Routed): void;
  /** It left this node, for the first time or again. */
  sent(message: Routed): void;
}

/** Bytes that large messages may make wait for one link: four queues full. A guess. */
const MOST_BYTES = 4 * QUEUE_BYTES.bulk;
/** How often what is late is looked for, in ms: a tenth of the shortest time-out. */
const SWEEP_MS = 100;
/** A next hop that is heard of and has not come to a message for so long shall not keep it, in ms: its other links may be idle. A guess. */
const BUSY_MS = 6_000;
/** Where this tab's timers are always late its own standing still excuses a next hop for no longer than so many time-outs. A guess. */
const MOST_STILL = 3;
/** Channels keep order, so what was sent before something that is acknowledged was lost; three times, as RFC 5681, for those that do not. */
const MOST_OVERTAKEN = 3;
/** Late acknowledgements that are still listened for on one link. A guess. */
const MOST_LATE = 64;

export class Pending {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #params: ChordParams;
  readonly #ports: PendingPorts;
  readonly #loads = new Map<Link, Load>();
  #held: Held[] = [];
  #count = 0;
  #serial = 0;
  /** For how long timers were late, all told: this tab was too busy to hear of an acknowledgement. */
  #stoodStillMs = 0;
  #cancelSweep: (() => void) | null = null;
  #closed = false;

  constructor(env: Env, counters: Counters, params: ChordParams, ports: PendingPorts) {
    this.#env = env;
    this.#counters = counters;
    this.#params = params;
    this.#ports = ports;
  }

  /** Sends on a link, as soon as it has room. False when its queue, or this table, is full: nothing was kept then. */
  handOver(
    message: Routed,
    link: Link,
    tried: Set<Link> | null,
    sinceMs: number,
    wasFinal: boolean,
  ): boolean {
    const { mostPending, mostPendingOfLink } = this.#params;
    const load = this.#loads.get(link) ?? new Load();
    if (this.#count >= mostPending || load.count >= mostPendingOfLink) return false;
    if (message.bytes.length > MAX_FRAME_BYTES && load.bytes >= MOST_BYTES) return false;
    const handed: HandedOver = {
      message,
      sinceMs,
      sentAtMs: 0,
      sentAwakeMs: 0,
      overtaken: 0,
      tried,
      wasFinal,
    };
    if (load.waiting.size > 0 || !load.window.hasRoom(load.sent.size)) load.waiting.add(handed);
    else if (!this.#send(handed, link, load)) return false;
    this.#loads.set(link, load);
    this.#count += 1;
    this.#sweepLater();
    return true;
  }

  /** False when the link's queue is full. */
  #send(handed: HandedOver, link: Link, load: Load): boolean {
    const serial = (this.#serial = (this.#serial + 1) >>> 0);
    const { message } = handed;
    message.hopSerial = serial;
    message.countHop();
    if (!link.sendBulk(message.bytes)) {
      message.uncountHop();
      return false;
    }
    handed.sentAtMs = this.#env.clock.now();
    handed.sentAwakeMs = handed.sentAtMs - this.#stoodStillMs;
    load.sent.set(serial, handed);
    this.#ports.sent(message);
    return true;
  }

  /** Keeps a message for which there is no way now. */
  hold(message: Routed, tried: Set<Link> | null, sinceMs: number): void {
    if (this.#closed) return;
    if (this.#isLate(sinceMs) || this.#count >= this.#params.mostPending)
      return this.#ports.giveUp(message);
    this.#counters.add("routed.held");
    this.#held.push({ message, sinceMs, tried: tried ?? new Set() });
    this.#count += 1;
    this.#sweepLater();
  }

  /** Messages that this node is responsible for now. */
  get count(): number {
    return this.#count;
  }

  /** How long an acknowledgement may take by now, in ms: the mean of the links that carried something; 0 when none has. */
  hopTimeoutMs(): number {
    let sum = 0;
    for (const { rtt } of this.#loads.keys()) sum += rtt.timeoutMs;
    return sum / Math.max(1, this.#loads.size);
  }

  acknowledged(link: Link, serial: number): void {
    const load = this.#loads.get(link);
    const handed = load?.sent.get(serial);
    const sentAtMs = handed?.sentAtMs ?? load?.late.get(serial);
    if (!load || sentAtMs === undefined) return;
    const now = this.#env.clock.now();
    const tookMs = now - sentAtMs;
    // Each sending has a serial of its own, so even a late acknowledgement tells how long it took.
    link.rtt.measured(tookMs);
    load.window.acknowledged(now, tookMs, load.sent.size);
    load.late.delete(serial);
    if (load.sent.delete(serial)) this.#count -= 1;
    if (handed) this.#noteOvertaken(serial, link, load);
    this.#sendWaiting(link, load);
  }

  /** What was sent before something that is acknowledged by now, and is not itself, got lost. */
  #noteOvertaken(serial: number, link: Link, load: Load): void {
    const oldest = load.sent.entries().next().value;
    if (oldest === undefined || !isBefore(oldest[0], serial)) return;
    const [lost, handed] = oldest;
    handed.overtaken += 1;
    if (handed.overtaken < MOST_OVERTAKEN) return;
    this.#missed(lost, handed, load);
    this.#again(handed, link, true);
  }

  /** Of the link's messages, this one was not acknowledged in time. */
  #missed(serial: number, handed: HandedOver, load: Load): void {
    load.sent.delete(serial);
    this.#count -= 1;
    load.listenFor(serial, handed.sentAtMs);
  }

  #sendWaiting(link: Link, load: Load): void {
    for (const handed of load.waiting) {
      if (!load.window.hasRoom(load.sent.size) || !this.#send(handed, link, load)) break;
      load.waiting.delete(handed);
    }
  }

  linkClosed(link: Link): void {
    const load = this.#loads.get(link);
    if (!load) return;
    this.#loads.delete(link);
    const sent = [...load.sent.values()];
    // Cleared for the sweep, which may be under way on it: see there.
    load.sent.clear();
    this.#count -= sent.length;
    for (const handed of sent) this.#again(handed, link, true);
    this.#sendElsewhere(link, load);
  }

  /** What waits for a link that does not answer goes another way: it was not sent, so it is no second try. */
  #sendElsewhere(link: Link, load: Load): void {
    const waiting = [...load.waiting];
    load.waiting.clear();
    this.#count -= waiting.length;
    for (const handed of waiting) this.#again(handed, link, false);
  }

  /** Gives everything held another try. */
  retryHeld(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    this.#count -= held.length;
    for (const { message, tried, sinceMs } of held) this.#ports.tryAgain(message, tried, sinceMs);
  }

  close(): void {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#loads.clear();
    this.#held = [];
  }

  #again(handed: HandedOver, link: Link, wasSent: boolean): void {
    // Bytes of their own: those that were sent may still wait in a queue.
    const message = wasSent ? handed.message.copy() : handed.message;
    if (wasSent) {
      this.#counters.add("routed.second-try");
      message.uncountHop();
      // The other way may lead back past a node that the message met on its way: there it is no copy.
      message.attempt = afterDetour(message.attempt);
    }
    message.final = handed.wasFinal;
    if (this.#isLate(handed.sinceMs)) return this.#ports.giveUp(message);
    this.#ports.tryAgain(message, (handed.tried ?? new Set()).add(link), handed.sinceMs);
  }

  #isLate(sinceMs: number): boolean {
    return this.#env.clock.now() - sinceMs >= this.#params.holdMs;
  }

  #sweepLater(): void {
    const setAtMs = this.#env.clock.now();
    this.#cancelSweep ??= this.#env.clock.after(SWEEP_MS, () => {
      this.#cancelSweep = null;
      const lateMs = this.#env.clock.now() - setAtMs - SWEEP_MS;
      if (lateMs > SWEEP_MS) this.#stoodStillMs += lateMs;
      this.#sweep();
      if (this.#count > 0 && !this.#closed) this.#sweepLater();
    });
  }

  #sweep(): void {
    for (const [link, load] of [...this.#loads]) this.#sweepLink(link, load);
    // What was held has tried every way: the ways are open again, for a slow link may answer yet.
    for (const held of this.#held) held.tried.clear();
    this.retryHeld();
  }

  #sweepLink(link: Link, load: Load): void {
    const now = this.#env.clock.now();
    const awakeMs = now - this.#stoodStillMs;
    const { timeoutMs } = link.rtt;
    const patienceMs = now - link.heardAtMs < timeoutMs ? Math.max(BUSY_MS, timeoutMs) : timeoutMs;
    let isMissed = false;
    for (const [serial, handed] of [...load.sent]) {
      // In the order they were sent: the first that is not late ends the search.
      const isEarly = awakeMs - handed.sentAwakeMs < patienceMs;
      if (isEarly && now - handed.sentAtMs < MOST_STILL * patienceMs) break;
      // A doubted link may end at once, and then all of its messages are on another way already.
      if (!load.sent.has(serial)) continue;
      this.#missed(serial, handed, load);
      isMissed = true;
      link.doubt(handed.sentAtMs);
      this.#again(handed, link, true);
    }
    if (isMissed) load.window.missed(now, timeoutMs);
    if (link.doubtedMs >= 2 * timeoutMs) this.#sendElsewhere(link, load);
    else this.#sendWaiting(link, load);
  }
}

/** Serials are of 32 bits and begin again. */
function isBefore(a: number, b: number): boolean {
  return ((b - a) | 0) > 0;
}
