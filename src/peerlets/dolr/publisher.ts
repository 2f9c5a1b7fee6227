/**
 * This node as a publisher: which objects it holds, the messages that lay and
 * renew the pointers to them, and the calls that take them up again.
 *
 * Soft state: a node that is not refreshed forgets. What ends delivery is that
 * this node says no; withdrawing pointers only saves others the asking.
 */
import type { Prost, Receipt } from "prost/sdk";
import {
  MAX_CALLS_AT_ONCE,
  MAX_CALL_OBJECTS,
  MAX_HOLDERS,
  MAX_PUBLISHED,
  PUBLISH_AGAIN_MS,
  REFRESH_JITTER,
  REFRESH_MS,
  SETTLE_MS,
} from "./limits.ts";
import { encode, readIds } from "./protocol.ts";
import { type References, eachOf } from "./references.ts";

interface Publication {
  dueMs: number;
  /** The next hop towards the root, when it was published last. */
  firstHop: string | null;
  root: string | null;
  hops: number;
  /** Nodes that asked about it, and so have a pointer; in the order in which they asked. */
  readonly holders: Set<string>;
}

export interface Published {
  readonly objectId: string;
  /** Null while the root was not reached. */
  readonly root: string | null;
  /** From here to the root. */
  readonly hops: number;
}

export class Publisher {
  readonly #prost: Prost;
  readonly #references: References;
  readonly #publications = new Map<string, Publication>();
  #cancelRefresh: (() => void) | null = null;
  #cancelSettle: (() => void) | null = null;
  /** Who came since it was last looked at. */
  #came = new Set<string>();
  #closed = false;
  readonly counts = { publishMessages: 0, withdrawCalls: 0 };

  constructor(prost: Prost, references: References) {
    this.#prost = prost;
    this.#references = references;
  }

  get size(): number {
    return this.#publications.size;
  }

  has(objectId: string): boolean {
    return this.#publications.has(objectId);
  }

  list(): Published[] {
    return [...this.#publications].map(([objectId, { root, hops }]) => ({ objectId, root, hops }));
  }

  /** Again is no harm: it is a refresh. */
  async publish(objectId: string): Promise<Published> {
    if (!this.has(objectId)) {
      if (this.size >= MAX_PUBLISHED) {
        throw new RangeError(`a node publishes at most ${MAX_PUBLISHED} objects: unpublish one`);
      }
      const holders = new Set<string>();
      const dueMs = this.#prost.clock.now();
      this.#publications.set(objectId, { dueMs, firstHop: null, root: null, hops: 0, holders });
    }
    await this.#lay(objectId);
    const { root = null, hops = 0 } = this.#publications.get(objectId) ?? {};
    return { objectId, root, hops };
  }

  /** Resolves to how many nodes were told; delivery has ended before that. */
  async unpublish(objectId: string): Promise<number> {
    const publication = this.#publications.get(objectId);
    if (!this.#publications.delete(objectId)) return 0;
    let told = 0;
    await eachOf(publication!.holders, MAX_CALLS_AT_ONCE, async (holder) => {
      this.counts.withdrawCalls += 1;
      await this.#references.at(holder, (there) => there.withdraw([objectId]));
      told += 1;
    });
    return told;
  }

  /** A node with new pointers asks whether they are right. */
  holds(caller: string, asked: unknown): boolean[] {
    const objectIds = readIds(asked, MAX_CALL_OBJECTS);
    if (!objectIds) throw new TypeError(`at most ${MAX_CALL_OBJECTS} ids of objects`);
    return objectIds.map((objectId) => {
      const holders = this.#publications.get(objectId)?.holders;
      if (!holders) return false;
      holders.delete(caller);
      holders.add(caller);
      if (holders.size > MAX_HOLDERS) holders.delete(holders.values().next().value!);
      return true;
    });
  }

  /**
   * The neighbours changed: where the way begins with another node now, it is laid at once; and where
   * it begins or ends with one that came, for a node that was reloaded has forgotten its pointers.
   */
  updated(came: string | null): void {
    if (this.size === 0 || this.#closed) return;
    if (came !== null) this.#came.add(came);
    this.#cancelSettle ??= this.#prost.clock.after(SETTLE_MS, () => {
      this.#cancelSettle = null;
      const newcomers = this.#came;
      this.#came = new Set();
      void eachOf([...this.#publications], MAX_CALLS_AT_ONCE, async ([objectId, publication]) => {
        const { firstHop, root } = publication;
        const isNew = [firstHop, root].some((node) => node !== null && newcomers.has(node));
        if (!isNew && (await this.#firstHop(objectId)) === firstHop) return;
        publication.dueMs = this.#prost.clock.now();
        this.#plan();
      });
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelRefresh?.();
    this.#cancelSettle?.();
  }

  async #lay(objectId: string): Promise<void> {
    const publication = this.#publications.get(objectId);
    if (!publication || this.#closed) return;
    const { clock, random, self } = this.#prost;
    const shift = 1 + (random.next() * 2 - 1) * REFRESH_JITTER;
    publication.dueMs = clock.now() + REFRESH_MS * shift;
    this.#plan();
    this.counts.publishMessages += 1;
    const data = encode({ op: "publish", from: self });
    const [firstHop, receipt] = await Promise.all([
      this.#firstHop(objectId),
      this.#prost.route(objectId, data).catch(() => null),
    ]);
    publication.firstHop = firstHop;
    if (isDelivered(receipt)) {
      publication.root = receipt.root;
      publication.hops = receipt.hops;
    } else {
      publication.root = null;
      publication.dueMs = Math.min(publication.dueMs, clock.now() + PUBLISH_AGAIN_MS);
      this.#plan();
    }
  }

  async #firstHop(objectId: string): Promise<string | null> {
    const hops = await this.#prost.localLookup(objectId, 1, true).catch(() => []);
    return hops[0]?.id ?? null;
  }

  /** One timer, for whichever is due first. */
  #plan(): void {
    this.#cancelRefresh?.();
    this.#cancelRefresh = null;
    if (this.size === 0 || this.#closed) return;
    const { clock } = this.#prost;
    const due = [...this.#publications.values()].reduce(
      (first, { dueMs }) => Math.min(first, dueMs),
      Number.POSITIVE_INFINITY,
    );
    this.#cancelRefresh = clock.after(Math.max(0, due - clock.now()), () => {
      const nowMs = clock.now();
      const ready = [...this.#publications].filter(([, { dueMs }]) => dueMs <= nowMs);
      // They wait for each other: the next timer is not to start them a second time.
      for (const [, publication] of ready) publication.dueMs = nowMs + REFRESH_MS;
      this.#cancelRefresh = null;
      if (ready.length === 0) return this.#plan();
      void eachOf(ready, MAX_CALLS_AT_ONCE, ([objectId]) => this.#lay(objectId));
    });
  }
}

function isDelivered(receipt: Receipt | null): receipt is Extract<Receipt, { kind: "delivered" }> {
  return receipt?.kind === "delivered";
}
