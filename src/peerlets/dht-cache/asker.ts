/**
 * This node as the source of questions: it sends one towards the key, waits for
 * whoever has the value, believes its hash alone, and asks the hash table itself
 * when nothing right comes in time.
 *
 * "Nothing is there" is nobody's word but the hash table's, which asks two replicas.
 */
import type { Prost, Service } from "prost/sdk";
import type { DhtService } from "../dht/service.ts";
import { isKey } from "../replicated/arcs.ts";
import { hex } from "../replicated/rules.ts";
import type { Copies } from "./copies.ts";
import { ANSWER_MS, CALL_MS, ENDED_MS, MAX_COPY_MS, MAX_HOPS, MAX_WAITING } from "./limits.ts";
import { encode, isTtl, isValueOf } from "./protocol.ts";

export interface Got {
  readonly value: Uint8Array;
  /** What is left of its time, as whoever answered says. */
  readonly ttlMs: number;
  /** This node's own cache; a node on the way or the root; the hash table. */
  readonly by: "own" | "way" | "dht";
  /** Who answered; null for the hash table. */
  readonly node: string | null;
  /** Nodes that the question passed, as whoever answered says. */
  readonly hops: number;
}

interface Waiting {
  readonly key: string;
  readonly end: (got: Got | null) => void;
}

const ID_BYTES = 16;

export class Asker {
  readonly #prost: Prost;
  readonly #dht: Service<DhtService>;
  readonly #copies: Copies;
  /** Questions under way, by their ids. */
  readonly #waiting = new Map<string, Waiting>();
  /** The same, by key: one question for all who ask here meanwhile. */
  readonly #open = new Map<string, Promise<Got | null>>();
  readonly counts = { own: 0, way: 0, dht: 0, lies: 0 };

  constructor(prost: Prost, dht: Service<DhtService>, copies: Copies) {
    this.#prost = prost;
    this.#dht = dht;
    this.#copies = copies;
  }

  /** Null when nothing is there. */
  async get(key: string): Promise<Got | null> {
    if (!isKey(key)) throw new TypeError("a key is 40 lowercase hex digits, the hash of its value");
    const copy = this.#copies.get(key);
    if (copy) {
      this.counts.own += 1;
      return { ...copy, by: "own", node: this.#prost.self, hops: 0 };
    }
    const open = this.#open.get(key);
    if (open) return open;
    const asked = this.#ask(key).finally(() => this.#open.delete(key));
    this.#open.set(key, asked);
    return asked;
  }

  /** Whether this node waits for the answer to this question. */
  awaits(key: string, id: string): boolean {
    return this.#waiting.get(id)?.key === key;
  }

  /** An answer. What is not right ends the waiting as well: whoever knew the id may have ended the question. */
  found(node: string, key: string, id: string, value: unknown, ttlMs: unknown, hops: unknown) {
    const waiting = this.#waiting.get(id);
    if (waiting?.key !== key) return;
    if (value === null) return waiting.end(null);
    if (!isValueOf(key, value) || !isTtl(ttlMs)) {
      this.counts.lies += 1;
      return waiting.end(null);
    }
    const passed = typeof hops === "number" && hops >= 0 ? Math.min(Math.floor(hops), MAX_HOPS) : 0;
    waiting.end({ value, ttlMs, by: "way", node, hops: passed });
  }

  async #ask(key: string): Promise<Got | null> {
    const got = (await this.#onTheWay(key)) ?? (await this.#fromDht(key));
    if (!got) return null;
    this.counts[got.by] += 1;
    // It is here already: whoever asks again need not send anything.
    this.#copies.put(key, got.value, Math.min(got.ttlMs - CALL_MS, MAX_COPY_MS));
    return got;
  }

  async #onTheWay(key: string): Promise<Got | null> {
    if (this.#waiting.size >= MAX_WAITING) return null;
    const { clock, random } = this.#prost;
    const id = hex(random.bytes(ID_BYTES));
    const cancels: (() => void)[] = [];
    const answered = new Promise<Got | null>((resolve) => {
      this.#waiting.set(id, { key, end: resolve });
      cancels.push(clock.after(ANSWER_MS, () => resolve(null)));
      void this.#prost.route(key, encode({ id, hops: [] })).then(({ kind }) => {
        if (kind === "unreachable" || kind === "timed-out") return resolve(null);
        // Ended where it was answered, which is no error; or refused, and nothing comes.
        if (kind === "refused" && this.#waiting.has(id)) {
          cancels.push(clock.after(ENDED_MS, () => resolve(null)));
        }
      });
    });
    try {
      return await answered;
    } finally {
      this.#waiting.delete(id);
      for (const cancel of cancels) cancel();
    }
  }

  async #fromDht(key: string): Promise<Got | null> {
    const [found] = (await this.#dht.get(key, { kind: "hash", limit: 1 })).values;
    return found
      ? { value: found.value, ttlMs: found.ttlMs, by: "dht", node: null, hops: 0 }
      : null;
  }
}
