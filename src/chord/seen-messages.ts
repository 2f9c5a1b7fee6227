/**
 * Which messages passed here, and from where: suppresses duplicates, and is the
 * way back for receipts. Bounded: two generations, the older one forgotten
 * whole. A receipt whose way was forgotten is routed to its source instead.
 */
import type { Id } from "../id/id.ts";

export interface Passage {
  /** The node it came from; null when this node is its source. */
  readonly from: Id | null;
  /** The highest attempt seen. */
  readonly attempt: number;
  /** The encoded receipt, once this node gave one: a copy of the message gets the same. */
  receipt: Uint8Array | null;
  /** True once a receipt went back through here: one is enough, and a flood of them would be somebody's. */
  receiptPassed: boolean;
  /** True once the application got it: no copy is delivered again. */
  delivered: boolean;
}

/** What receipts may take together, in each of the two generations, in bytes. Most are below 200. A guess. */
const MOST_RECEIPT_BYTES = 8 * 1024 * 1024;

export class SeenMessages {
  readonly #most: number;
  readonly #ageMs: number;
  #young = new Map<number, Passage>();
  #old = new Map<number, Passage>();
  #bornAtMs = 0;
  #receiptBytes = 0;

  constructor(most: number, ageMs: number) {
    this.#most = most;
    this.#ageMs = ageMs;
  }

  get(messageId: number): Passage | undefined {
    return this.#young.get(messageId) ?? this.#old.get(messageId);
  }

  set(messageId: number, passage: Passage, nowMs: number): void {
    if (this.#young.size >= this.#most || nowMs - this.#bornAtMs > this.#ageMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bornAtMs = nowMs;
      this.#receiptBytes = 0;
    }
    this.#young.set(messageId, passage);
  }

  /** Beyond the bound a receipt is not kept: a copy of its message then gets no answer. */
  keepReceipt(passage: Passage, receipt: Uint8Array): void {
    if (this.#receiptBytes + receipt.length > MOST_RECEIPT_BYTES) return;
    this.#receiptBytes += receipt.length;
    passage.receipt = receipt;
  }
}
