/**
 * One comparison of a piece of the ring with one partner: digests first, lists
 * where they differ, then records, both ways. What the partner says is checked.
 */
import type { Plain, RemotePeerlet } from "prost/sdk";
import { type Piece, isKey } from "./arcs.ts";
import { MAX_CALL_BYTES, MAX_CALL_RECORDS, RECORD_BYTES, REPLICA_SHARE } from "./limits.ts";
import { type AtReplica, type Compared, isObject, isStored } from "./protocol.ts";
import { type BaseQuery, type BaseRecord, type Rules, isSlot, isVersion } from "./rules.ts";
import type { Bringer, Kept, RecordStore, Taken } from "./store.ts";
import { weightOf } from "./weight.ts";

type Ref = RemotePeerlet<AtReplica>;

/** Calls with one partner in one round; the rest is for the next. A guess. */
const MOST_CALLS = 200;
/** Of an answer: twice what one key may have, and four times what is sent. */
const MOST_ITEMS = 2_048;
const MOST_PARTS = 64;

/** What repair cost, for statistics. */
export interface RepairCounts {
  calls: number;
  /** Arguments and answers of these calls, see `weight.ts`. */
  callBytes: number;
  fetched: number;
  pushed: number;
  refused: number;
}

/** Throws when the partner does not answer, or answers nonsense. */
export class Comparison<R extends BaseRecord, Q extends BaseQuery> {
  readonly #there: Ref;
  readonly #rules: Rules<R, Q>;
  readonly #store: RecordStore<R, Q>;
  readonly #accept: (plain: unknown, bringer: Bringer) => Taken;
  readonly #counts: RepairCounts;
  #callsLeft = MOST_CALLS;

  constructor(
    there: Ref,
    rules: Rules<R, Q>,
    store: RecordStore<R, Q>,
    accept: (plain: unknown, bringer: Bringer) => Taken,
    counts: RepairCounts,
  ) {
    this.#there = there;
    this.#rules = rules;
    this.#store = store;
    this.#accept = accept;
    this.#counts = counts;
  }

  async compare(piece: Piece): Promise<void> {
    const { count, digest } = this.#store.summary(piece);
    this.#spend();
    const answer = await this.#there.compare(piece.low, piece.high, count, digest);
    this.#weigh([piece.low, piece.high, count, digest], answer);
    const compared = readCompared(answer, piece);
    if (!compared) throw new Error("the node's answer makes no sense");
    switch (compared.kind) {
      case "same":
        return;
      case "list":
        return this.#level(piece, compared.items);
      case "parts": {
        let { low } = piece;
        for (const { to, count: theirs, digest: theirDigest } of compared.parts) {
          const part = { low, high: to };
          const mine = this.#store.summary(part);
          if (mine.count !== theirs || mine.digest !== theirDigest) await this.compare(part);
          low = to;
        }
      }
    }
  }

  /** Gets what the other has and this node has not, or older; and gives it what it lacks. */
  async #level(piece: Piece, items: readonly string[]): Promise<void> {
    const theirs = new Map(items.map((item) => [item.slice(0, 32), item.slice(32)]));
    const mine = this.#store.within(piece);
    const wanted = [...theirs].flatMap(([slot, version]) =>
      (this.#store.get(slot)?.version ?? "") < version ? [slot] : [],
    );
    await this.#fetch(wanted, piece);
    const lacked = mine.filter(({ slot, version }) => (theirs.get(slot) ?? "") < version);
    for (const batch of batchesOf(lacked)) {
      this.#spend();
      const records = batch.map((kept) =>
        this.#rules.plainOf(kept.record, this.#store.ttlLeft(kept)),
      );
      const answers = await this.#there.store(records);
      this.#weigh([records], answers);
      const isKept = (_kept: Kept<R>, i: number) => Array.isArray(answers) && isStored(answers[i]);
      const pushed = batch.filter(isKept).length;
      this.#counts.pushed += pushed;
      this.#counts.refused += batch.length - pushed;
    }
  }

  async #fetch(wanted: readonly string[], { low, high }: Piece): Promise<void> {
    let left = wanted;
    while (left.length > 0) {
      const asked = left.slice(0, MAX_CALL_RECORDS);
      this.#spend();
      const answer = await this.#there.fetch(asked);
      this.#weigh([asked], answer);
      if (!Array.isArray(answer)) throw new Error("the node's answer makes no sense");
      for (const plain of (answer as readonly unknown[]).slice(0, asked.length)) {
        const key = isObject(plain) ? plain["key"] : null;
        if (!isKey(key) || key < low || key > high) throw new Error("that was not asked for");
        const taken = this.#accept(plain, { account: this.#there.id, share: REPLICA_SHARE });
        if (taken.kind === "kept") this.#counts.fetched += 1;
        if (taken.kind === "refused") this.#counts.refused += 1;
      }
      // It answers in order as many as fit; of what it has no more there is nothing to wait for.
      left = left.slice(answer.length === 0 ? asked.length : Math.min(answer.length, asked.length));
    }
  }

  #weigh(args: Plain, answer: Plain): void {
    this.#counts.callBytes += weightOf(args) + weightOf(answer);
  }

  #spend(): void {
    this.#counts.calls += 1;
    this.#callsLeft -= 1;
    if (this.#callsLeft < 0) throw new Error("more to compare than a round may take");
  }
}

/** As many as one call may bring. */
export function batchesOf<R>(kept: readonly Kept<R>[]): Kept<R>[][] {
  const batches: Kept<R>[][] = [];
  let bytes = Infinity;
  for (const each of kept) {
    bytes += each.bytes - RECORD_BYTES;
    const last = batches.at(-1);
    if (!last || bytes > MAX_CALL_BYTES || last.length >= MAX_CALL_RECORDS) {
      batches.push([each]);
      bytes = each.bytes - RECORD_BYTES;
    } else last.push(each);
  }
  return batches;
}

/** Null for what is no answer, or speaks of more than the piece that was asked about. */
function readCompared(answer: unknown, { low, high }: Piece): Compared | null {
  if (!isObject(answer)) return null;
  const { kind, items, parts } = answer;
  if (kind === "same") return { kind };
  if (kind === "list") {
    if (!Array.isArray(items) || items.length > MOST_ITEMS) return null;
    const isItem = (item: unknown): item is string =>
      typeof item === "string" && isSlot(item.slice(0, 32)) && isVersion(item.slice(32));
    return (items as unknown[]).every(isItem) ? { kind, items: items as string[] } : null;
  }
  if (kind !== "parts" || !Array.isArray(parts) || parts.length > MOST_PARTS) return null;
  const read: { to: string; count: number; digest: string }[] = [];
  let before = low;
  for (const part of parts as readonly unknown[]) {
    if (!isObject(part)) return null;
    const { to, count, digest } = part;
    if (!isKey(to) || to < before || to > high) return null;
    if (typeof count !== "number" || typeof digest !== "string") return null;
    read.push({ to, count, digest });
    before = to;
  }
  // A single part as large as the whole would go on for ever.
  return read.length >= 2 && before === high ? { kind, parts: read } : null;
}
