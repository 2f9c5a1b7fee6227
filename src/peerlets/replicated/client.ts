/**
 * What applications on this node call: writes and reads that go to the replicas
 * of a key, are repeated while the ring changes, and are checked on arrival.
 *
 * Reads of more than one replica walk along the ring by routing alone, from the
 * root to the root of the key after that node's id: no replica can name the others.
 */
import type { Plain, Prost, RemotePeerlet } from "prost/sdk";
import { keyAfter } from "./arcs.ts";
import { MAX_CALL_RECORDS, REPLICAS } from "./limits.ts";
import { type AtReplica, type Paged, isObject, readPage, readWritten } from "./protocol.ts";
import { Roots } from "./roots.ts";
import type { BaseQuery, BaseRecord, Rules, Sound } from "./rules.ts";

/** One try, in ms: a crash of the root is made good within 4 s. */
const TRY_MS = 6_000;
/** All of them together, in ms: a call of a view has 30 s. */
const TOTAL_MS = 24_000;
/** Between tries, in ms, doubled. A guess. */
const PAUSE_MS = 150;
const MOST_PAUSE_MS = 2_000;
/** Pages of nothing but removals that one read passes over. A guess. */
const MOST_EMPTY_PAGES = 10;
/** A read repairs so many records of one replica. A guess. */
const MOST_REPAIRED = 16;

type Ref = RemotePeerlet<AtReplica>;

export interface SoundPage<R> {
  readonly found: readonly Sound<R>[];
  /** Where the next page begins; null when this is the last. */
  readonly cursor: string | null;
  /** Nodes whose answers are in this one. */
  readonly nodes: readonly string[];
}

interface Told<R> {
  readonly there: Ref;
  readonly records: ReadonlyMap<string, Sound<R>>;
  /** The last slot up to which this node has told everything; "g" for all. */
  readonly upTo: string;
}

export class Client<R extends BaseRecord, Q extends BaseQuery> {
  readonly #prost: Prost;
  readonly #rules: Rules<R, Q>;
  readonly #roots: Roots;
  readonly counts = { retries: 0, lies: 0, repaired: 0 };

  constructor(prost: Prost, rules: Rules<R, Q>) {
    this.#prost = prost;
    this.#rules = rules;
    this.#roots = new Roots(prost, TRY_MS);
  }

  /** The nodes that acknowledged, once there are enough. Throws with the reason. */
  async put(record: R, ttlMs: number, write: number): Promise<readonly string[]> {
    const plain = this.#rules.plainOf(record, ttlMs);
    return (await this.write(record.key, (there) => there.put(plain, write))).acks;
  }

  /** Has the root of `key` write something, and the others after it. Throws with the reason. */
  async write(key: string, work: (there: Ref) => Promise<Plain>) {
    const written = await this.#atRoot(key, async (there) =>
      readWritten(await work(there), REPLICAS),
    );
    if (written.kind === "refused") throw new Error(written.why);
    return written;
  }

  async get(query: Q, read: number): Promise<SoundPage<R>> {
    let { after } = query;
    for (let i = 0; ; i++) {
      const page = await this.#getPage({ ...query, after }, read);
      if (page.found.length > 0 || page.cursor === null || i >= MOST_EMPTY_PAGES) return page;
      after = page.cursor;
    }
  }

  /** The replicas of a key, the root first, with what each says that it has. */
  async where(key: string): Promise<Plain[]> {
    const held: Plain[] = [];
    const seen = new Set<string>();
    let there: Ref | null = await this.#roots.lookup(key);
    while (there && !seen.has(there.id) && seen.size < REPLICAS) {
      seen.add(there.id);
      const holds = await there.holds(key).catch((error: unknown) => ({ why: String(error) }));
      held.push({ ...(isObject(holds) ? holds : {}), node: there.id });
      there = seen.size < REPLICAS ? await this.#nextOf(there.id) : null;
    }
    return held;
  }

  async #getPage(query: Q, read: number): Promise<SoundPage<R>> {
    const asked = { ...query } as unknown as Plain;
    const first = await this.#atRoot(query.key, async (there) => {
      const answer = await there.get(asked);
      if (isObject(answer) && answer["kind"] === "later") {
        return { kind: "later", why: "the root is too new" };
      }
      return { kind: "told", told: this.#read(there, answer, query), node: there.id };
    });
    const told = first.told ? [first.told] : [];
    // Nothing there, or a lie: another one is asked.
    const isEmpty = query.after === "" && told.every(({ records }) => records.size === 0);
    const needed = Math.max(read, isEmpty ? 2 : 1);
    const seen = new Set([first.node]);
    let node = first.node;
    while (told.length < needed && seen.size < REPLICAS) {
      const there = await this.#nextOf(node);
      if (!there || seen.has(there.id)) break;
      seen.add(there.id);
      node = there.id;
      const page = await there.page(asked).catch(() => null);
      const more = page === null ? null : this.#read(there, page, query);
      if (more) told.push(more);
    }
    if (told.length === 0) throw new Error("no replica of this key gave an answer that is right");
    if (told.length < Math.min(read, seen.size)) {
      throw new Error(`${told.length} of ${read} replicas answered`);
    }
    return this.#merge(told, query);
  }

  /** Null when any of it is not what it says: then nothing of it is believed. */
  #read(there: Ref, answer: unknown, query: Q): Told<R> | null {
    const page = readPage(answer);
    const records = page ? this.#soundOf(page, query) : null;
    if (!page || !records) {
      this.counts.lies += 1;
      this.#prost.log(`node ${there.id.slice(0, 8)} answered what is not right`);
      return null;
    }
    const last = [page.upTo, ...records.keys()].reduce((a, b) => (a > b ? a : b), query.after);
    return { there, records, upTo: page.more ? last : "g" };
  }

  #merge(told: readonly Told<R>[], query: Q): SoundPage<R> {
    const upTo = told.map((each) => each.upTo).reduce((a, b) => (a < b ? a : b));
    const best = new Map<string, Sound<R>>();
    for (const { records } of told) {
      for (const [slot, sound] of records) {
        const known = best.get(slot);
        if (slot <= upTo && (!known || sound.version > known.version)) best.set(slot, sound);
      }
    }
    if (told.length > 1) this.#repair(told, best);
    const inOrder = [...best.values()].toSorted((a, b) => (a.slot < b.slot ? -1 : 1));
    const live = inOrder.filter(({ record }) => !this.#rules.isRemoval(record));
    const found = live.slice(0, query.limit);
    const isCut = live.length > found.length;
    const cursor = isCut ? found.at(-1)!.slot : upTo === "g" ? null : upTo;
    return { found, cursor, nodes: told.map(({ there }) => there.id) };
  }

  /** Read repair: whoever answered less than the others gets it. Nobody waits for it. */
  #repair(told: readonly Told<R>[], best: ReadonlyMap<string, Sound<R>>): void {
    for (const { there, records } of told) {
      const lacked = [...best.values()]
        .filter(({ slot, version }) => (records.get(slot)?.version ?? "") < version)
        .slice(0, Math.min(MOST_REPAIRED, MAX_CALL_RECORDS));
      // One at a time: together they might be more than a call may carry.
      for (const { record, ttlMs } of lacked) {
        this.counts.repaired += 1;
        there.store([this.#rules.plainOf(record, ttlMs)]).catch(() => {});
      }
    }
  }

  /** Does it at the root of a key, again while nodes come and go, until it is done or the time is over. */
  async #atRoot<Done extends { readonly kind: string }>(
    key: string,
    work: (there: Ref) => Promise<Done | { readonly kind: "later"; readonly why: string }>,
  ): Promise<Exclude<Done, { readonly kind: "later" }>> {
    const untilMs = this.#prost.clock.now() + TOTAL_MS;
    for (let tries = 0; ; tries++) {
      let why: string;
      let there: Ref | null = null;
      try {
        there = await this.#roots.of(key);
        const done = await work(there);
        if (done.kind !== "later") return done as Exclude<Done, { readonly kind: "later" }>;
        ({ why } = done as { readonly why: string });
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
      if (there) this.#roots.forget(there);
      const pauseMs =
        Math.min(PAUSE_MS * 2 ** tries, MOST_PAUSE_MS) * (0.5 + this.#prost.random.next());
      if (this.#prost.clock.now() + pauseMs > untilMs) throw new Error(why);
      this.counts.retries += 1;
      await new Promise<void>((resolve) => this.#prost.clock.after(pauseMs, resolve));
    }
  }

  /** Who would be root if this node failed; null when it cannot be found. */
  async #nextOf(node: string): Promise<Ref | null> {
    try {
      return await this.#roots.of(keyAfter(node));
    } catch {
      return null;
    }
  }

  /** Null unless every record is right, and asked for. */
  #soundOf(
    { records }: Extract<Paged, { kind: "page" }>,
    query: Q,
  ): ReadonlyMap<string, Sound<R>> | null {
    const bySlot = new Map<string, Sound<R>>();
    for (const plain of records) {
      const read = this.#rules.read(plain);
      if (read.kind === "bad" || !this.#rules.isGenuine(read.record)) return null;
      const { record, slot } = read;
      const isAsked = this.#rules.isAsked(record, query);
      if (record.key !== query.key || slot <= query.after || !isAsked) return null;
      bySlot.set(slot, read);
    }
    return bySlot;
  }
}
