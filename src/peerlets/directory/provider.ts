/**
 * This node as a provider: registers, renews and withdraws its entries, keeps
 * those alive that are to be kept, and makes their categories known.
 */
import type { Prost } from "prost/sdk";
import type { Client } from "../replicated/client.ts";
import { sign } from "../replicated/crypto.ts";
import { DEFAULT_WRITE } from "../replicated/limits.ts";
import { CLOCK_SKEW_MS, MAX_TTL_MS } from "./limits.ts";
import { keyOfCategory, lineOf } from "./names.ts";
import type { Own, OwnEntry } from "./own.ts";
import { type DirectoryRecord, type EntryRecord, type Signable, signedBytes } from "./records.ts";
import type { Query } from "./rules.ts";

/**
 * Between looks at what is to be renewed, in ms, at most: a node makes a peerlet idle that
 * did nothing for 10 min, and an idle one renews nothing.
 */
const LOOK_MS = 300_000;
/** After a renewal that failed, in ms. A guess. */
const RETRY_MS = 15_000;
/** An entry is renewed when less than this share of its time is left, moved by up to a fifth. A guess. */
const DUE_SHARE = 0.5;

export type Asked = Pick<
  OwnEntry,
  "category" | "name" | "description" | "contact" | "ttlMs" | "autoRenew"
>;

export class Provider {
  readonly #prost: Prost;
  readonly #client: Client<DirectoryRecord, Query>;
  readonly #own: Own;
  /** By category: until when this node has made it known, by its clock. */
  readonly #known = new Map<string, number>();
  /** By category and name: why the last renewal failed. */
  readonly #failures = new Map<string, string>();
  #cancel: () => void = () => {};
  #lookAtMs = Infinity;
  #isLooking = false;
  #isClosed = false;

  constructor(prost: Prost, client: Client<DirectoryRecord, Query>, own: Own) {
    this.#prost = prost;
    this.#client = client;
    this.#own = own;
  }

  /** Goes on with what an earlier run was asked to keep alive. */
  start(): void {
    this.#lookIn(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** The nodes that have it. Throws with what to do. */
  async register(asked: Asked): Promise<readonly string[]> {
    const before = await this.#own.find(asked.category, asked.name);
    const now = this.#prost.clock.date();
    const entry: OwnEntry = {
      ...asked,
      sequence: Math.max(now, (before?.sequence ?? 0) + 1),
      expiresMs: now + asked.ttlMs,
    };
    // Kept first: what is out there under this key must be known here.
    await this.#own.keep(entry);
    let nodes: readonly string[];
    try {
      const record = await this.#signed({ ...entry, isWithdrawn: false });
      nodes = await this.#client.put(record, asked.ttlMs, DEFAULT_WRITE);
    } catch (error) {
      // It may be there all the same: the sequence number is not used again.
      if (before) await this.#own.keep({ ...before, sequence: entry.sequence });
      else await this.#own.drop(asked.category, asked.name);
      throw error;
    }
    this.#failures.delete(nameOf(asked));
    await this.#makeKnown(entry);
    this.#told();
    if (asked.autoRenew) this.#lookIn(this.#dueIn(entry));
    return nodes;
  }

  async renew(category: string, name: string): Promise<OwnEntry> {
    const entry = await this.#own.find(category, name);
    if (!entry) {
      throw new Error(
        `this node has no entry "${name}" in "${category}": register it, or import the key that it was registered with`,
      );
    }
    await this.register(entry);
    return (await this.#own.find(category, name))!;
  }

  /** Also what another machine registered with this key. */
  async withdraw(category: string, name: string): Promise<readonly string[]> {
    const now = this.#prost.clock.date();
    const entry = await this.#own.find(category, name);
    const untilMs = entry ? Math.max(entry.expiresMs, now) : now + MAX_TTL_MS;
    // Longer than the entry can be kept anywhere, by whatever clock.
    const expiresMs = untilMs + 2 * CLOCK_SKEW_MS;
    const record = await this.#signed({
      category,
      name,
      description: "",
      contact: "",
      isWithdrawn: true,
      sequence: Math.max(now, (entry?.sequence ?? 0) + 1),
      expiresMs,
    });
    const nodes = await this.#client.put(record, expiresMs - now, DEFAULT_WRITE);
    await this.#own.drop(category, name);
    this.#failures.delete(nameOf({ category, name }));
    this.#told();
    return nodes;
  }

  whyNotRenewed(entry: OwnEntry): string {
    return this.#failures.get(nameOf(entry)) ?? "";
  }

  async #signed(entry: Omit<Signable, "publicKey">): Promise<EntryRecord> {
    const { secret, publicKey } = await this.#own.key();
    const { category, name, description, contact, isWithdrawn, expiresMs, sequence } = entry;
    const signable = { category, name, description, contact, isWithdrawn, expiresMs, sequence };
    const all = { ...signable, publicKey };
    const key = keyOfCategory(category);
    return { kind: "entry", key, stamp: 0, ...all, signature: sign(secret, signedBytes(all)) };
  }

  /**
   * Tells each category above of the one below. Not with every renewal: a
   * category is made known for twice as long as its entry, so that the top is not
   * asked to write for everyone.
   */
  async #makeKnown({ category, ttlMs, expiresMs }: OwnEntry): Promise<void> {
    if ((this.#known.get(category) ?? 0) >= expiresMs) return;
    const now = this.#prost.clock.date();
    const forMs = Math.min(2 * ttlMs, MAX_TTL_MS);
    try {
      await Promise.all(
        lineOf(category).map(({ parent, name }) => {
          const key = keyOfCategory(parent);
          const record = { kind: "category", key, stamp: now, parent, name } as const;
          return this.#client.put(record, forMs, DEFAULT_WRITE);
        }),
      );
      this.#known.set(category, now + forMs);
    } catch (error) {
      // The entry is there; who knows the category's name finds it. The next renewal tries again.
      this.#prost.log(`the category ${category} could not be made known`, String(error));
    }
  }

  #dueIn({ expiresMs, ttlMs }: OwnEntry): number {
    const share = DUE_SHARE * (0.8 + 0.4 * this.#prost.random.next());
    return Math.max(0, expiresMs - ttlMs * share - this.#prost.clock.date());
  }

  #lookIn(inMs: number): void {
    const forMs = Math.min(inMs, LOOK_MS);
    const atMs = this.#prost.clock.now() + forMs;
    if (this.#isClosed || atMs >= this.#lookAtMs) return;
    this.#cancel();
    this.#lookAtMs = atMs;
    this.#cancel = this.#prost.clock.after(forMs, () => {
      this.#lookAtMs = Infinity;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return this.#lookIn(RETRY_MS);
    this.#isLooking = true;
    let nextMs = Infinity;
    try {
      const kept = (await this.#own.entries()).filter(({ autoRenew }) => autoRenew);
      for (const entry of kept) {
        if (this.#isClosed) return;
        const dueMs = this.#dueIn(entry);
        const isDue = dueMs <= entry.ttlMs * 0.1 * DUE_SHARE;
        nextMs = Math.min(nextMs, isDue ? await this.#renewed(entry) : dueMs);
      }
      // Something that the node sees: see LOOK_MS.
      if (kept.length > 0) await this.#prost.storage.usage();
    } catch (error) {
      this.#prost.log("looking at own entries failed", String(error));
      nextMs = RETRY_MS;
    } finally {
      this.#isLooking = false;
    }
    if (nextMs !== Infinity) this.#lookIn(nextMs);
  }

  /** When to look at it again, in ms from now. */
  async #renewed(entry: OwnEntry): Promise<number> {
    try {
      return this.#dueIn(await this.renew(entry.category, entry.name));
    } catch (error) {
      this.#failures.set(nameOf(entry), error instanceof Error ? error.message : String(error));
      this.#told();
      return RETRY_MS;
    }
  }

  #told(): void {
    this.#prost.emit("own");
  }
}

function nameOf({ category, name }: { readonly category: string; readonly name: string }): string {
  return `${category}\n${name}`;
}
