/**
 * Messages this node is responsible for: handed to a next hop that has not
 * acknowledged yet, or held while there is no way on.
 *
 * A next hop that does not acknowledge in time is doubted, and the message
 * tries another way; when there is none it waits for the link to answer or to
 * die. Bounded in number and in time.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import { MAX_FRAME_BYTES } from "../link/channel.ts";
import type { Link } from "../link/link.ts";
import { QUEUE_BYTES } from "../link/send-queue.ts";
import type { Routed } from "../wire/routed.ts";
import type { ChordParams } from "./params.ts";

interface HandedOver {
  readonly message: Routed;
  readonly sinceMs: number;
  readonly sentAtMs: number;
  readonly tried: Set<Link> | null;
  /** Whether this node got it as a final message: what to try next depends on it. */
  readonly wasFinal: boolean;
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
}

/** Bytes that large messages may make wait for the acknowledgements of one link: four queues full. A guess. */
const MOST_BYTES = 4 * QUEUE_BYTES.bulk;
/** How often what is late is looked for, in ms: half of the shortest time-out. */
const SWEEP_MS = 100;

export class Pending {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #params: ChordParams;
  readonly #ports: PendingPorts;
  readonly #byLink = new Map<Link, Map<number, HandedOver>>();
  #held: Held[] = [];
  #count = 0;
  #serial = 0;
  #cancelSweep: (() => void) | null = null;
  #closed = false;

  constructor(env: Env, counters: Counters, params: ChordParams, ports: PendingPorts) {
    this.#env = env;
    this.#counters = counters;
    this.#params = params;
    this.#ports = ports;
  }

  /** Sends on a link. False when its queue, or this table, is full: nothing was kept then. */
  handOver(
    message: Routed,
    link: Link,
    tried: Set<Link> | null,
    sinceMs: number,
    wasFinal: boolean,
  ): boolean {
    const { mostPending, mostPendingOfLink } = this.#params;
    const before = this.#byLink.get(link);
    if (this.#count >= mostPending || (before?.size ?? 0) >= mostPendingOfLink) return false;
    if (message.bytes.length > MAX_FRAME_BYTES && bytesOf(before) >= MOST_BYTES) return false;
    const serial = (this.#serial = (this.#serial + 1) >>> 0);
    message.hopSerial = serial;
    message.countHop();
    if (!link.sendBulk(message.bytes)) {
      message.uncountHop();
      return false;
    }
    const byLink = this.#byLink.get(link) ?? new Map<number, HandedOver>();
    this.#byLink.set(link, byLink);
    byLink.set(serial, { message, sinceMs, sentAtMs: this.#env.clock.now(), tried, wasFinal });
    this.#count += 1;
    this.#sweepLater();
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

  acknowledged(link: Link, serial: number): void {
    const byLink = this.#byLink.get(link);
    const handed = byLink?.get(serial);
    if (!byLink || !handed) return;
    byLink.delete(serial);
    this.#count -= 1;
    // Karn's rule: a message that was sent twice does not tell which one was acknowledged.
    if (handed.tried === null) link.rtt.measured(this.#env.clock.now() - handed.sentAtMs);
  }

  linkClosed(link: Link): void {
    const byLink = this.#byLink.get(link);
    if (!byLink) return;
    this.#byLink.delete(link);
    const left = [...byLink.values()];
    // Cleared for the sweep, which may be under way on it: see there.
    byLink.clear();
    this.#count -= left.length;
    for (const handed of left) this.#again(handed, link);
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
    this.#byLink.clear();
    this.#held = [];
  }

  #again(handed: HandedOver, link: Link): void {
    this.#counters.add("routed.second-try");
    const message = handed.message.copy();
    message.uncountHop();
    message.final = handed.wasFinal;
    if (this.#isLate(handed.sinceMs)) return this.#ports.giveUp(message);
    this.#ports.tryAgain(message, (handed.tried ?? new Set()).add(link), handed.sinceMs);
  }

  #isLate(sinceMs: number): boolean {
    return this.#env.clock.now() - sinceMs >= this.#params.holdMs;
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#env.clock.after(SWEEP_MS, () => {
      this.#cancelSweep = null;
      this.#sweep();
      if (this.#count > 0 && !this.#closed) this.#sweepLater();
    });
  }

  #sweep(): void {
    const now = this.#env.clock.now();
    for (const [link, byLink] of [...this.#byLink]) {
      if (byLink.size === 0) {
        this.#byLink.delete(link);
        continue;
      }
      for (const [serial, handed] of [...byLink]) {
        // In the order they were sent: the first that is not late ends the search.
        if (now - handed.sentAtMs < link.rtt.timeoutMs) break;
        // A doubted link may end at once, and then all of its messages are on another way already.
        if (!byLink.delete(serial)) continue;
        this.#count -= 1;
        link.doubt();
        this.#again(handed, link);
      }
    }
    // What was held has tried every way: the ways are open again, for a slow link may answer yet.
    for (const held of this.#held) held.tried.clear();
    this.retryHeld();
  }
}

function bytesOf(byLink: Map<number, HandedOver> | undefined): number {
  let sum = 0;
  for (const { message } of byLink?.values() ?? []) sum += message.bytes.length;
  return sum;
}
