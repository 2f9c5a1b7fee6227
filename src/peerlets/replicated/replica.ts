/**
 * This node as a replica: what it answers to other nodes.
 *
 * The root of a key takes what is written and asks the other replicas to keep
 * it, too. A node that has not yet compared itself with its neighbours for a key
 * says so to itself, and asks them before it answers: a newcomer never says
 * "nothing there" about what it has only not heard of.
 */
import type { Plain, Prost } from "prost/sdk";
import { isKey } from "./arcs.ts";
import {
  MAX_CALL_BYTES,
  MAX_CALL_RECORDS,
  MAX_PAGE_RECORDS,
  RECORD_BYTES,
  REPLICAS,
  REPLICA_SHARE,
  WRITER_SHARE,
} from "./limits.ts";
import {
  type AtReplica,
  type Compared,
  type Paged,
  type Written,
  isObject,
  isStored,
  readPage,
} from "./protocol.ts";
import type { References } from "./references.ts";
import {
  type BaseQuery,
  type BaseRecord,
  type PlainRecord,
  type Rules,
  isSlot,
  isVersion,
} from "./rules.ts";
import { type Bringer, type Kept, type RecordStore, type Taken, summaryOf } from "./store.ts";
import type { Surroundings } from "./surroundings.ts";

/** As many nodes as may believe for a moment that they keep a key. A guess: views differ by a few newcomers. */
export const NEAR = 2 * REPLICAS;
/** Records that are listed instead of compared in parts; and parts. Guesses. */
const MOST_LISTED = 64;
const PARTS = 16;
/** Slots of one key are listed, however many. */
const MOST_ITEMS = 2_048;

const NOT_HERE = "this node does not keep this key";
const LOADING = "this node still reads what it had on its disk";

/** Which keys are this node's, as `AntiEntropy` knows it. */
export interface Place {
  /** It has what its neighbours have under this key. */
  isCovered(key: string): boolean;
  /** It has its first record under this key. */
  began(key: string): void;
  /** It has what every other replica has under this key. */
  settled(key: string): void;
  /** A replica could not be brought to keep what this node has under this key. */
  doubted(key: string): void;
  /** What an earlier run left on this node's disk is here again. */
  isLoaded(): boolean;
  /** Resolves when this node's disk has what this node has. */
  written(): Promise<void>;
}

export class Replica<R extends BaseRecord, Q extends BaseQuery> {
  readonly #prost: Prost;
  readonly #rules: Rules<R, Q>;
  readonly #store: RecordStore<R, Q>;
  readonly #references: References<AtReplica>;
  readonly #surroundings: Surroundings;
  readonly #place: Place;
  readonly counts = { forged: 0, readThrough: 0 };

  constructor(
    prost: Prost,
    rules: Rules<R, Q>,
    store: RecordStore<R, Q>,
    references: References<AtReplica>,
    surroundings: Surroundings,
    place: Place,
  ) {
    this.#prost = prost;
    this.#rules = rules;
    this.#references = references;
    this.#store = store;
    this.#surroundings = surroundings;
    this.#place = place;
  }

  /** Reads and checks what a stranger sent, and takes it. */
  accept(plain: unknown, bringer: Bringer): Taken {
    const read = this.#rules.read(plain);
    if (read.kind === "bad") return { kind: "refused", why: read.why };
    // What is here already was checked then.
    if (!this.#store.has(read.slot, read.version) && !this.#rules.isGenuine(read.record)) {
      this.counts.forged += 1;
      return { kind: "refused", why: "its owner did not sign this" };
    }
    const isFirst = !this.#store.hasKey(read.record.key);
    const taken = this.#store.take(read, bringer);
    if (isFirst && taken.kind === "kept") this.#place.began(read.record.key);
    return taken;
  }

  async put(caller: string, plain: unknown, write: unknown): Promise<Written> {
    const key = isObject(plain) ? plain["key"] : null;
    if (!isKey(key) || !isWrite(write)) return refused("it makes no sense");
    const set = await this.#replicaSet(key, write);
    if (typeof set === "string") return { kind: "later", why: set };
    const taken = this.accept(plain, { account: caller, share: WRITER_SHARE });
    if (taken.kind === "refused" || taken.kind === "older") return refused(taken.why);
    return this.#spread(key, set, [plain as PlainRecord], write, 0);
  }

  /**
   * Changes what is kept here under the key of `query`, and has the others keep
   * the outcome. `query` is for all that `change` may look at.
   */
  async change(query: Q, write: unknown, change: () => readonly Kept<R>[]): Promise<Written> {
    if (!isWrite(write)) return refused("it makes no sense");
    const set = await this.#replicaSet(query.key, write);
    if (typeof set === "string") return { kind: "later", why: set };
    if (!this.#place.isLoaded()) return { kind: "later", why: LOADING };
    if (!this.#place.isCovered(query.key)) await this.#gather(query, set);
    const changed = change();
    if (changed.length === 0) return { kind: "written", acks: [], removed: 0 };
    const records = changed.slice(0, MAX_CALL_RECORDS).map((kept) => this.#plain(kept));
    return this.#spread(query.key, set, records, write, changed.length);
  }

  async get(_caller: string, asked: unknown): Promise<Paged> {
    const query = this.#rules.readQuery(asked);
    if (!query) throw new TypeError("this query makes no sense");
    if (this.#place.isCovered(query.key)) return this.#pageOf(query);
    const set = await this.#surroundings.replicaSet(query.key);
    if (set.length > 0 && !set.includes(this.#prost.self)) return { kind: "later", why: NOT_HERE };
    const upTo = await this.#gather(query, set);
    if (upTo === null) return { kind: "later", why: "this node is new and finds no other replica" };
    const { records, more } = this.#store.page(query, upTo);
    return {
      kind: "page",
      records: records.map((kept) => this.#plain(kept)),
      more: more || upTo < "g",
      upTo: more || upTo === "g" ? "" : upTo,
    };
  }

  page(_caller: string, asked: unknown): Paged {
    const query = this.#rules.readQuery(asked);
    if (!query) throw new TypeError("this query makes no sense");
    // All may have been loaded again at once: what none has read yet is not gone.
    if (!this.#place.isLoaded()) throw new Error(LOADING);
    return this.#pageOf(query);
  }

  #pageOf(query: Q): Paged {
    const { records, more } = this.#store.page(query);
    return { kind: "page", records: records.map((kept) => this.#plain(kept)), more, upTo: "" };
  }

  /** One answer for each record: "ok", "first" when nothing else is here under its key, or why not. */
  async store(caller: string, records: unknown): Promise<string[]> {
    if (!Array.isArray(records) || records.length > MAX_CALL_RECORDS) {
      throw new TypeError(`at most ${MAX_CALL_RECORDS} records at once`);
    }
    const near = await this.#surroundings.near();
    const share = near.has(caller) ? REPLICA_SHARE : WRITER_SHARE;
    const answers: string[] = [];
    for (const plain of records as readonly unknown[]) {
      const key = isObject(plain) ? plain["key"] : null;
      const isMine = isKey(key) && (await this.#isNearKey(key));
      if (!isMine) answers.push(NOT_HERE);
      else {
        const isFirst = !this.#store.hasKey(key);
        const taken = this.accept(plain, { account: caller, share });
        answers.push(taken.kind === "refused" ? taken.why : isFirst ? "first" : "ok");
      }
    }
    return answers;
  }

  compare(low: unknown, high: unknown, count: unknown, digest: unknown): Compared {
    if (!isKey(low) || !isKey(high) || low > high) throw new TypeError("this is no piece");
    const mine = this.#store.summary({ low, high });
    if (mine.count === count && mine.digest === digest) return { kind: "same" };
    const within = this.#store.within({ low, high });
    const isOneKey = within[0]?.record.key === within.at(-1)?.record.key;
    if (within.length <= MOST_LISTED || isOneKey) {
      const items = within.map(({ slot, version }) => slot + version);
      return { kind: "list", items: items.slice(0, MOST_ITEMS) };
    }
    return { kind: "parts", parts: partsOf(within, high) };
  }

  /** As many as fit one answer. */
  fetch(slots: unknown): PlainRecord[] {
    if (!Array.isArray(slots) || slots.length > MAX_CALL_RECORDS) {
      throw new TypeError(`at most ${MAX_CALL_RECORDS} records at once`);
    }
    const found: PlainRecord[] = [];
    let bytes = 0;
    for (const slot of slots as readonly unknown[]) {
      const kept = isSlot(slot) ? this.#store.get(slot) : undefined;
      if (!kept) continue;
      bytes += kept.bytes - RECORD_BYTES;
      if (bytes > MAX_CALL_BYTES && found.length > 0) break;
      found.push(this.#plain(kept));
    }
    return found;
  }

  /** For each item, [key, slot, version]: "ok" it is here, "lacks" it, or "no": this node does not keep that key. */
  async lacks(items: unknown): Promise<string[]> {
    if (!Array.isArray(items) || items.length > MAX_CALL_RECORDS) {
      throw new TypeError(`at most ${MAX_CALL_RECORDS} records at once`);
    }
    const answers: string[] = [];
    for (const item of items as readonly unknown[]) {
      const [key, slot, version] = Array.isArray(item) ? (item as unknown[]) : [];
      if (!isKey(key) || !isSlot(slot) || !isVersion(version)) answers.push("no");
      else if (!(await this.#surroundings.keeps(key))) answers.push("no");
      else answers.push((this.#store.get(slot)?.version ?? "") >= version ? "ok" : "lacks");
    }
    return answers;
  }

  holds(key: unknown): Plain {
    if (!isKey(key)) throw new TypeError("a key is 40 lowercase hex digits");
    const under = this.#store.under(key);
    const told = under.slice(0, MAX_PAGE_RECORDS).map((kept) => ({
      kind: kept.record.kind,
      slot: kept.slot,
      bytes: kept.bytes - RECORD_BYTES,
      ttlMs: this.#store.ttlLeft(kept),
      ...this.#rules.describe(kept.record),
    }));
    const more = under.length > told.length;
    return { node: this.#prost.self, isCovered: this.#place.isCovered(key), records: told, more };
  }

  /** The replica set, this node in it; or why this node cannot write now. */
  async #replicaSet(key: string, write: number): Promise<readonly string[] | string> {
    const set = await this.#surroundings.replicaSet(key);
    if (!set.includes(this.#prost.self)) return NOT_HERE;
    if (set.length < write) {
      const near = await this.#surroundings.near();
      // In a ring of three nobody can write to four.
      if (near.size >= set.length) return "this node knows too little of its neighbours";
    }
    return set;
  }

  /** Has the other replicas keep these; answers as soon as enough of them do. */
  async #spread(
    key: string,
    set: readonly string[],
    records: readonly PlainRecord[],
    write: number,
    removed: number,
  ): Promise<Written> {
    const { self } = this.#prost;
    const needed = Math.min(write, set.length);
    const others = set.filter((id) => id !== self);
    const acks = [self];
    // With so few nodes all of them may be loaded again in the same moment, as when one person's
    // browser starts anew: then the root must not have forgotten what it acknowledged.
    if (set.length < REPLICAS) await this.#place.written();
    return new Promise((resolve) => {
      let waiting = others.length;
      let firsts = 0;
      const look = () => {
        if (acks.length >= needed) resolve({ kind: "written", acks: [...acks], removed });
        else if (waiting === 0) {
          resolve({ kind: "later", why: `${acks.length} of ${needed} replicas acknowledged it` });
        }
      };
      look();
      for (const id of others) {
        void this.#storeAt(id, records).then((stored) => {
          waiting -= 1;
          if (stored !== "failed") acks.push(id);
          if (stored === "first") firsts += 1;
          // Nobody else had anything under this key.
          if (firsts === REPLICAS - 1) this.#place.settled(key);
          if (stored === "failed") this.#place.doubted(key);
          look();
        });
      }
    });
  }

  async #storeAt(id: string, records: readonly PlainRecord[]): Promise<"ok" | "first" | "failed"> {
    try {
      const answers = await this.#references.at(id, (there) => there.store(records));
      if (!Array.isArray(answers) || !answers.every(isStored)) return "failed";
      return answers[0] === "first" ? "first" : "ok";
    } catch {
      return "failed";
    }
  }

  /**
   * Takes what the other replicas have. Answers the last slot up to which all of
   * them have told everything, "g" for all; null when nobody answered.
   */
  async #gather(query: Q, set: readonly string[]): Promise<string | null> {
    this.counts.readThrough += 1;
    const others = set.filter((id) => id !== this.#prost.self);
    if (others.length === 0) {
      const isAlone = (await this.#surroundings.near()).size === 0;
      return isAlone && this.#place.isLoaded() ? "g" : null;
    }
    const asked = { ...this.#rules.gathering(query) } as unknown as Plain;
    const told = await Promise.all(others.map((id) => this.#pageAt(id, asked)));
    let [upTo, answered] = ["g", 0];
    for (const [i, page] of told.entries()) {
      if (!page) continue;
      answered += 1;
      const bringer = { account: others[i]!, share: REPLICA_SHARE };
      let last = "";
      for (const record of page.records) {
        const read = this.#rules.read(record);
        if (read.kind === "bad" || read.record.key !== query.key) continue;
        last = read.slot > last ? read.slot : last;
        this.accept(record, bringer);
      }
      if (page.more && last < upTo) upTo = last;
    }
    const isAll = answered === REPLICAS - 1 && upTo === "g" && query.after === "";
    if (isAll) this.#place.settled(query.key);
    // What only this node's disk may have is missing while it is read.
    const isEnough = this.#place.isLoaded() ? answered > 0 : answered === REPLICAS - 1;
    return isEnough ? upTo : null;
  }

  async #pageAt(id: string, query: Plain) {
    try {
      return readPage(await this.#references.at(id, (there) => there.page(query)));
    } catch {
      return null;
    }
  }

  /** Whether this node keeps the key, or soon may. A set that is not known refuses nothing. */
  async #isNearKey(key: string): Promise<boolean> {
    if (await this.#surroundings.keeps(key)) return true;
    const set = await this.#prost.replicaSet(key, NEAR);
    return set.length < REPLICAS || set.some(({ id }) => id === this.#prost.self);
  }

  #plain(kept: Kept<R>): PlainRecord {
    return this.#rules.plainOf(kept.record, this.#store.ttlLeft(kept));
  }
}

/** Parts with about as many records each; a key is never in two of them. */
function partsOf<R extends BaseRecord>(within: readonly Kept<R>[], high: string) {
  const parts: { to: string; count: number; digest: string }[] = [];
  const each = Math.ceil(within.length / PARTS);
  let from = 0;
  while (from < within.length) {
    let end = Math.min(from + each, within.length);
    const { key } = within[end - 1]!.record;
    while (end < within.length && within[end]!.record.key === key) end += 1;
    const to = end === within.length ? high : key;
    parts.push({ to, ...summaryOf(within.slice(from, end)) });
    from = end;
  }
  return parts;
}

function isWrite(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= REPLICAS;
}

function refused(why: string): Written {
  return { kind: "refused", why };
}
