/**
 * The way back: which messages passed here and from where, so that copies are
 * dropped and receipts return the way their message came. When a hop has
 * forgotten the way, or lost the link, the receipt is routed to its source.
 */
import { NO_BYTES } from "../base/bytes.ts";
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Link } from "../link/link.ts";
import { Rate } from "../base/rate.ts";
import { decode, encode, encodeSystem } from "../wire/codec.ts";
import type { BodyOf } from "../wire/messages.ts";
import type { Routed } from "../wire/routed.ts";
import type { ChordParams } from "./params.ts";
import { type Receipts, sendingOf } from "./receipts.ts";
import { type Passage, SeenMessages } from "./seen-messages.ts";

export interface WayBackPorts {
  linkTo(id: Id): Link | undefined;
  /** Routes a system message to a node, without a receipt of its own. */
  routeTo(node: Id, data: Uint8Array): void;
}

export interface Reply {
  readonly outcome: BodyOf<"receipt">["outcome"];
  readonly why?: string;
  readonly body?: Uint8Array;
}

/** Longer reasons are cut: 66 UTF-16 units are at most 198 bytes of UTF-8, and 200 are the bound. */
const WHY_UNITS = 66;

/** Receipts that become messages of our own because their way was lost: in a burst and per second. Guesses. */
const REROUTE_BURST = 100;
const REROUTES_PER_SECOND = 20;

export class WayBack {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #self: Id;
  readonly #receipts: Receipts;
  readonly #ports: WayBackPorts;
  readonly #seen: SeenMessages;
  readonly #reroutes: Rate;

  constructor(
    env: Env,
    counters: Counters,
    self: Id,
    params: ChordParams,
    receipts: Receipts,
    ports: WayBackPorts,
  ) {
    this.#env = env;
    this.#counters = counters;
    this.#self = self;
    this.#receipts = receipts;
    this.#ports = ports;
    this.#seen = new SeenMessages(params.mostSeen, params.seenMs);
    this.#reroutes = new Rate(REROUTE_BURST, REROUTES_PER_SECOND, env.clock.now());
  }

  /** Notes where a message came from, null being this node; false when it is a copy of one that was here. */
  isNew(message: Routed, from: Id | null): boolean {
    const { messageId, attempt } = message;
    const earlier = this.#seen.get(messageId);
    if (earlier && attempt <= earlier.attempt) {
      this.#counters.add("routed.duplicate");
      if (earlier.receipt && from !== null) this.#ports.linkTo(from)?.sendBulk(earlier.receipt);
      return false;
    }
    // The way back is where it came from first: a detour that comes by here again would make receipts go
    // in circles. Only when the source sends again is the old way in doubt, and the new one as good.
    const isResent = earlier !== undefined && sendingOf(attempt) > sendingOf(earlier.attempt);
    const passage: Passage = {
      from: earlier && (earlier.from === null || !isResent) ? earlier.from : from,
      attempt,
      receipt: earlier?.receipt ?? null,
      receiptPassed: isResent ? false : (earlier?.receiptPassed ?? false),
      delivered: earlier?.delivered ?? false,
    };
    this.#seen.set(messageId, passage, this.#env.clock.now());
    return true;
  }

  /** The hop that a message came from first; null at its source. */
  cameFrom(message: Routed): Id | null {
    return this.#seen.get(message.messageId)?.from ?? null;
  }

  /** Notes a message of this node's own, unless it is on its way already. */
  begin(message: Routed): void {
    const { messageId, attempt } = message;
    if (this.#seen.get(messageId)) return;
    const own = { from: null, attempt, receipt: null, receiptPassed: false, delivered: false };
    this.#seen.set(messageId, own, this.#env.clock.now());
  }

  /** False when the application has had it: then its source gets the same receipt again. */
  isFirstDelivery(message: Routed): boolean {
    const passage = this.#seen.get(message.messageId);
    if (!passage) return true;
    if (passage.delivered && passage.receipt) {
      // The first may be lost with a link that closed, or the copy would not have come.
      passage.receiptPassed = false;
      this.#sendReceipt(message, passage.receipt);
    }
    const isFirst = !passage.delivered;
    passage.delivered = true;
    return isFirst;
  }

  /** The application would not have it: a copy is a delivery again. */
  undeliver(message: Routed): void {
    const passage = this.#seen.get(message.messageId);
    if (passage) passage.delivered = false;
  }

  answer(message: Routed, reply: Reply): void {
    if (!message.wantsReceipt) return;
    const receipt = encode("receipt", {
      messageId: message.messageId,
      source: message.source,
      outcome: reply.outcome,
      by: this.#self,
      hops: message.hopsMade,
      why: (reply.why ?? "").slice(0, WHY_UNITS),
      trace: message.trace,
      body: reply.body ?? NO_BYTES,
    });
    const passage = this.#seen.get(message.messageId);
    if (passage && reply.outcome !== "unreachable") this.#seen.keepReceipt(passage, receipt);
    this.#sendReceipt(message, receipt);
  }

  #sendReceipt(message: Routed, encoded: Uint8Array): void {
    const decoded = decode(encoded);
    if (decoded?.tag !== "receipt") return;
    // Never before route() has returned: its caller is not ready for an answer.
    if (message.source === this.#self && this.#receipts.has(message.messageId)) {
      return this.#env.clock.soon(() => void this.#receipts.settle(decoded.body));
    }
    this.takeReceipt(decoded.body, encoded);
  }

  /** A receipt from a link: for this node, or on its way to the source. */
  takeReceipt(receipt: BodyOf<"receipt">, encoded?: Uint8Array): void {
    if (this.#receipts.settle(receipt)) return;
    const passage = this.#seen.get(receipt.messageId);
    const isUseless = passage?.receiptPassed || passage?.from === null;
    if (isUseless || receipt.source === this.#self) return this.#counters.add("receipts.lost");
    if (passage) passage.receiptPassed = true;
    const back = passage?.from ? this.#ports.linkTo(passage.from) : undefined;
    if (back?.sendBulk(encoded ?? encode("receipt", receipt))) {
      return this.#counters.add("receipts.forwarded");
    }
    if (!this.#reroutes.allows(this.#env.clock.now())) return this.#counters.add("receipts.lost");
    this.#counters.add("receipts.rerouted");
    const wrapped = encodeSystem("return", { receipt: encode("receipt", receipt) });
    this.#ports.routeTo(receipt.source, wrapped);
  }

  /** What came wrapped in a system message because the way back was lost. */
  takeReturned(bytes: Uint8Array): void {
    const message = decode(bytes);
    if (message?.tag !== "receipt" || !this.#receipts.settle(message.body)) {
      this.#counters.add("receipts.lost");
    }
  }
}
