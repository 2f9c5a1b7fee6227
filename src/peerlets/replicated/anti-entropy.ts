/**
 * Keeps replicas alike: this node compares what it keeps with the three nodes on
 * each side, as soon as its place among them changes, and now and then.
 *
 * Two nodes compare digests of the keys that both keep; where these differ, of
 * parts; where a part is small, lists. Then each gets what it lacks. So a
 * newcomer is filled, and a neighbour's death is made good, by the same exchange.
 *
 * Records that this node no longer has to keep go to who has to, at once, for
 * they may be nowhere else: what was written here while the network was split,
 * say. They stay until the root of their key was seen to have them, and for a while.
 */
import type { Prost } from "prost/sdk";
import { type Arc, inArc, piecesOf } from "./arcs.ts";
import { Comparison, batchesOf } from "./comparison.ts";
import { MAX_CALL_RECORDS } from "./limits.ts";
import { type Neighbourhood, type Partner, neighbourhoodOf } from "./neighbourhood.ts";
import type { AtReplica } from "./protocol.ts";
import type { References } from "./references.ts";
import type { BaseQuery, BaseRecord, Rules } from "./rules.ts";
import type { Bringer, Kept, RecordStore, Taken } from "./store.ts";
import { weightOf } from "./weight.ts";

/** After a change among the neighbours, in ms: several come together. Guesses. */
const SETTLE_MS = 300;
const SETTLE_JITTER_MS = 300;
/** When something could not be compared, in ms, doubled up to the most. Guesses. */
const RETRY_MS = 1_000;
const MOST_RETRY_MS = 16_000;
/** With nothing new, in ms, moved by up to a fifth. A guess. */
const PERIOD_MS = 30_000;
/** A timer that comes later than this found the tab frozen. A guess. */
const STALL_MS = 20_000;
/** Partners that do not answer hold up for so many rounds. A guess. */
const MOST_TRIES = 3;
/** Of one call, in ms. A guess. */
const CALL_MS = 5_000;
/** How long a place must last before what lies outside it is dropped, in ms. A guess. */
const STABLE_MS = 60_000;
/** Calls for what lies outside, in one round. A guess. */
const MOST_ORPHAN_CALLS = 16;
/** Keys looked at for what has expired, in one round. A guess. */
const SWEPT_KEYS = 5_000;

/**
 * A node speaks only to neighbours with whom it shares a record, so that the
 * application comes to the replicas of what it keeps and to nobody else. What it
 * has nothing of it then has to ask the other replicas about, each time.
 */
export class AntiEntropy<R extends BaseRecord, Q extends BaseQuery> {
  readonly #prost: Prost;
  readonly #rules: Rules<R, Q>;
  readonly #store: RecordStore<R, Q>;
  readonly #references: References<AtReplica>;
  readonly #accept: (plain: unknown, bringer: Bringer) => Taken;
  /** What this node has, of the keys it keeps; ends at this node. */
  #covered: Arc | null = null;
  /** Partners, each with its arc, with whom this node was compared since they are partners. */
  #compared = new Map<string, Arc>();
  #arc: Arc | null = null;
  #arcSinceMs = 0;
  #tries = 0;
  #nextPeriodMs = 0;
  #dueMs = Infinity;
  #cancel: () => void = () => {};
  #isRunning = false;
  #isClosed = false;
  /** Keys with their first record, since the last complete round. */
  readonly #begun = new Set<string>();
  /** Of these, the ones of which this node has what every other replica has. */
  readonly #settled = new Set<string>();
  /** Slots outside its arc that their root was seen to have, since the arc changed. */
  readonly #handedOver = new Set<string>();
  /** Up to which key what lies outside was offered in the round before, when that was not all; else "". */
  #offeredUpTo = "";
  readonly counts = {
    rounds: 0,
    calls: 0,
    callBytes: 0,
    fetched: 0,
    pushed: 0,
    refused: 0,
    failed: 0,
    given: 0,
  };

  constructor(
    prost: Prost,
    rules: Rules<R, Q>,
    store: RecordStore<R, Q>,
    references: References<AtReplica>,
    accept: (plain: unknown, bringer: Bringer) => Taken,
  ) {
    this.#prost = prost;
    this.#rules = rules;
    this.#references = references;
    this.#store = store;
    this.#accept = accept;
  }

  start(): void {
    this.updated();
  }

  /** Something changed among the neighbours. */
  updated(): void {
    this.#wake(SETTLE_MS + this.#prost.random.next() * SETTLE_JITTER_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** This node has what its partners had under this key. */
  isCovered(key: string): boolean {
    if (this.#settled.has(key)) return true;
    const isWithin = this.#covered !== null && inArc(key, this.#covered);
    return isWithin && this.#store.hasKey(key) && !this.#begun.has(key);
  }

  /** This node has its first record under `key`: others may have more of them, which the next round will tell. */
  began(key: string): void {
    this.#begun.add(key);
    for (const [name, arc] of this.#compared) if (inArc(key, arc)) this.#compared.delete(name);
    this.#wake(PERIOD_MS);
  }

  /** Another replica may lack what this one has under `key`. */
  doubted(key: string): void {
    this.began(key);
    this.updated();
  }

  /** This node asked all the others about `key`: it need not ask them again until the next round does. */
  settled(key: string): void {
    if (this.#begun.has(key)) this.#settled.add(key);
  }

  #wake(inMs: number): void {
    const dueMs = this.#prost.clock.now() + inMs;
    if (this.#isClosed || dueMs >= this.#dueMs) return;
    this.#cancel();
    this.#dueMs = dueMs;
    this.#cancel = this.#prost.clock.after(inMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    const lateMs = this.#prost.clock.now() - this.#dueMs;
    this.#dueMs = Infinity;
    // Nothing to keep alike: `began` wakes it, and until then the node may make this peerlet idle.
    if (this.#store.size === 0) return;
    if (this.#isRunning) return this.#wake(RETRY_MS);
    this.#isRunning = true;
    if (lateMs > STALL_MS) {
      // What happened meanwhile was not heard of here.
      this.#covered = null;
      this.#compared.clear();
      this.#settled.clear();
    }
    let round: Round = "failed";
    try {
      round = await this.#round();
    } catch (error) {
      this.#prost.log("a round of comparing failed", String(error));
    }
    this.#isRunning = false;
    this.#tries = round === "failed" ? this.#tries + 1 : 0;
    const period = PERIOD_MS * (0.8 + 0.4 * this.#prost.random.next());
    const retry = Math.min(RETRY_MS * 2 ** Math.max(0, this.#tries - 1), MOST_RETRY_MS);
    this.#wake(round === "done" ? period : retry);
  }

  async #round(): Promise<Round> {
    const place = await neighbourhoodOf(this.#prost);
    if (!place || this.#isClosed) return "failed";
    this.counts.rounds += 1;
    this.#settleIn(place.arc);
    const partners = [...place.successors, ...place.predecessors].filter((each) =>
      this.#concerns(each),
    );
    const begun = [...this.#begun];
    const current = new Set(partners.map(nameOf));
    for (const name of this.#compared.keys()) if (!current.has(name)) this.#compared.delete(name);
    const now = this.#prost.clock.now();
    const isPeriod = now >= this.#nextPeriodMs;
    // Each pair once: its predecessors come by themselves, unless they may have nothing to share.
    const due = partners.filter((partner) => isPeriod || !this.#compared.has(nameOf(partner)));
    const done = await Promise.all(due.map((partner) => this.#compareWith(partner)));
    due.forEach((partner, i) => {
      if (done[i]) this.#compared.set(nameOf(partner), partner.arc);
    });
    const isComplete = partners.every((partner) => this.#compared.has(nameOf(partner)));
    // One that never answers must not keep this node from being sure for ever.
    if (isComplete || (this.#tries >= MOST_TRIES && done.some(Boolean))) {
      this.#covered = place.arc;
      for (const key of begun) {
        this.#begun.delete(key);
        this.#settled.delete(key);
      }
    }
    if (isPeriod) {
      this.#nextPeriodMs = now + PERIOD_MS / 2;
      this.#store.sweep(SWEPT_KEYS);
    }
    if (!isComplete) return "failed";
    const mayDrop = isPeriod && now - this.#arcSinceMs >= STABLE_MS;
    return (await this.#giveAway(place, mayDrop)) ? "done" : "more";
  }

  #settleIn(arc: Arc): void {
    if (this.#arc?.from !== arc.from) {
      this.#arc = arc;
      for (const key of this.#settled) if (!inArc(key, arc)) this.#settled.delete(key);
      this.#handedOver.clear();
      this.#arcSinceMs = this.#prost.clock.now();
    }
    // A smaller place is covered as the larger one was; of a larger one only what it was before.
    if (this.#covered && inArc(arc.from, this.#covered)) this.#covered = arc;
  }

  #concerns({ arc }: Partner): boolean {
    return piecesOf(arc).some((piece) => this.#store.hasWithin(piece));
  }

  async #compareWith({ id, arc }: Partner): Promise<boolean> {
    try {
      await this.#references.at(id, async (there) => {
        const session = new Comparison(there, this.#rules, this.#store, this.#accept, this.counts);
        for (const piece of piecesOf(arc)) await session.compare(piece);
      });
      return true;
    } catch {
      this.counts.failed += 1;
      return false;
    }
  }

  /** What others keep now: offered to the root of its key, and dropped once it is there. False when there is more than one round may take. */
  async #giveAway({ arc }: Neighbourhood, mayDrop: boolean): Promise<boolean> {
    const from = this.#offeredUpTo;
    this.#offeredUpTo = "";
    const orphans = this.#store.keys.filter((key) => key > from && !inArc(key, arc));
    let calls = 0;
    for (let at = 0; at < orphans.length && !this.#isClosed;) {
      const kept = orphans
        .slice(at, at + MAX_CALL_RECORDS)
        .flatMap((each) => this.#store.within({ low: each, high: each }))
        .filter(({ slot }) => mayDrop || !this.#handedOver.has(slot))
        .slice(0, MAX_CALL_RECORDS);
      // What is about to expire is left to expire.
      if (kept.length === 0) {
        at += MAX_CALL_RECORDS;
        continue;
      }
      if (calls === MOST_ORPHAN_CALLS) {
        this.#offeredUpTo = orphans[at - 1]!;
        return false;
      }
      calls += 1;
      const taken = await this.#giveTo(kept, mayDrop).catch(() => 0);
      const last = kept[Math.max(0, taken - 1)]!.record.key;
      while (at < orphans.length && orphans[at]! <= last) at += 1;
    }
    return true;
  }

  /** How many of these, from the first, the root of the first one's key keeps. */
  async #giveTo(kept: readonly Kept<R>[], mayDrop: boolean): Promise<number> {
    const { key } = kept[0]!.record;
    const there = await this.#prost.lookupPeerlet<AtReplica>(key, { timeoutMs: CALL_MS });
    this.counts.calls += 1;
    const items = kept.map((each) => [each.record.key, each.slot, each.version]);
    const answers = await there.lacks(items);
    this.counts.callBytes += weightOf(items) + weightOf(answers);
    if (!Array.isArray(answers)) return 0;
    const isOf = (answer: string) => (_kept: Kept<R>, i: number) => answers[i] === answer;
    for (const { slot } of kept.filter(isOf("ok"))) {
      if (!mayDrop) this.#handedOver.add(slot);
      else {
        this.#handedOver.delete(slot);
        this.#store.drop(slot);
        this.counts.given += 1;
      }
    }
    // Kept here until the next time, when it is seen to be there.
    const lacked = kept.filter(isOf("lacks"));
    for (const batch of batchesOf(lacked)) {
      this.counts.calls += 1;
      const records = batch.map((each) =>
        this.#rules.plainOf(each.record, this.#store.ttlLeft(each)),
      );
      const stored = await there.store(records);
      this.counts.callBytes += weightOf(records) + weightOf(stored);
      this.counts.pushed += batch.length;
    }
    const firstNo = answers.indexOf("no");
    return firstNo < 0 ? kept.length : firstNo;
  }
}

/** How a round ended: everything was compared; something is to be given away still; or a partner did not answer. */
type Round = "done" | "more" | "failed";

function nameOf({ id, arc }: Partner): string {
  return `${id} ${arc.from} ${arc.to}`;
}
