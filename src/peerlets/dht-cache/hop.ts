/**
 * This node on the way of questions, and at their root: it answers from its
 * copies, or from the hash table when it is the root, and leaves a copy with the
 * last nodes that were asked before.
 *
 * Source: Dabek et al., "Wide-area cooperative storage with CFS", SOSP 2001: copies
 * on the lookup path, in a cache of fixed size, least recently used out first.
 */
import type { ForwardDecision, NodeHandle, PeerletMessage, Prost, Service } from "prost/sdk";
import type { DhtService } from "../dht/service.ts";
import { CallRate } from "../replicated/call-rate.ts";
import type { Asked } from "./asked.ts";
import type { Asker } from "./asker.ts";
import type { Copies, Copy } from "./copies.ts";
import { CALL_MS, COPIES_PER_ANSWER, MAX_COPY_MS, MAX_HOPS, UNASKED_BYTES } from "./limits.ts";
import { type Question, decode, encode, isTtl, isValueOf } from "./protocol.ts";
import type { References } from "./references.ts";

export interface HopParts {
  readonly prost: Prost;
  readonly dht: Service<DhtService>;
  readonly copies: Copies;
  readonly asked: Asked;
  readonly references: References;
  /** This node's own questions, when their root is here. */
  readonly asker: Asker;
}

export class Hop {
  readonly #parts: HopParts;
  /** By source, which is a claim: so nobody is made to answer one victim without end. */
  readonly #rate: CallRate;
  readonly counts = { passed: 0, hits: 0, rooted: 0, missing: 0, copied: 0, kept: 0, forged: 0 };

  constructor(parts: HopParts) {
    this.#parts = parts;
    this.#rate = new CallRate(() => parts.prost.clock.now());
  }

  forward(message: PeerletMessage, nextHop: NodeHandle): ForwardDecision | undefined {
    const { prost, copies, asked } = this.#parts;
    const { key, hops, source } = message;
    const question = decode(message.data);
    // At the source the copies were looked at before.
    if (!question || hops === 0) return undefined;
    this.counts.passed += 1;
    const copy = copies.get(key);
    if (copy && this.#rate.admits(source)) {
      this.counts.hits += 1;
      this.#answer(message, question, copy);
      return null;
    }
    if (nextHop.id === prost.self) return undefined;
    asked.note(key);
    return { data: encode({ ...question, hops: [...question.hops, prost.self].slice(-MAX_HOPS) }) };
  }

  /** At the root. The receipt does not wait for the answer. */
  deliver(message: PeerletMessage): void {
    const question = decode(message.data);
    if (!question) throw new TypeError("this is no question");
    if (!this.#rate.admits(message.source)) throw new Error("this node asks too often");
    void this.#answerAsRoot(message, question).catch(() => {});
  }

  keep(key: string, value: unknown, ttlMs: unknown): void {
    const { asked, copies } = this.#parts;
    // Before the hash, which costs: whoever was not asked has nothing to bring.
    if (!asked.has(key)) return;
    asked.forget(key);
    if (!isValueOf(key, value) || !isTtl(ttlMs)) {
      this.counts.forged += 1;
      return;
    }
    this.counts.kept += 1;
    copies.put(key, value, Math.min(ttlMs - CALL_MS, MAX_COPY_MS));
  }

  async #answerAsRoot(message: PeerletMessage, question: Question): Promise<void> {
    const { dht, asker, prost, references } = this.#parts;
    const { key, source } = message;
    // What fails is told as well: the source need not wait any longer.
    const page = await dht.get(key, { kind: "hash", limit: 1 }).catch(() => null);
    const found = page?.values[0];
    if (found) {
      this.counts.rooted += 1;
      return this.#answer(message, question, found);
    }
    this.counts.missing += 1;
    if (source === prost.self) return asker.found(source, key, question.id, null, 0, 0);
    await references.at(source, (there) => there.found(key, question.id, null, 0, 0));
  }

  #answer(message: PeerletMessage, { id, hops }: Question, copy: Copy): void {
    const { prost, asker, references } = this.#parts;
    const { key, source } = message;
    const { value, ttlMs } = copy;
    const isSmall = value.length <= UNASKED_BYTES;
    if (source === prost.self) asker.found(source, key, id, value, ttlMs, message.hops);
    else {
      void references
        .at(source, async (there) => {
          if (!isSmall && !(await there.wants(key, id))) return;
          await there.found(key, id, value, ttlMs, message.hops);
        })
        .catch(() => {});
    }
    for (const hop of hops.slice(-COPIES_PER_ANSWER)) {
      if (hop === prost.self || hop === source) continue;
      void references
        .at(hop, async (there) => {
          if (!isSmall && !(await there.wants(key, ""))) return;
          this.counts.copied += 1;
          await there.keep(key, value, ttlMs);
        })
        .catch(() => {});
    }
  }
}
