/**
 * The pointers at a root outlive it: it tells them to the node after it, which is
 * the root when this one goes, and to a newcomer that took its place. Both ask
 * the publishers, as for any pointer that they heard of.
 */
import type { Prost } from "prost/sdk";
import { MAX_CALL_POINTERS, REFRESH_MS, SETTLE_MS } from "./limits.ts";
import type { Pointer, PointerTable } from "./pointer-table.ts";
import type { Told } from "./protocol.ts";
import type { References } from "./references.ts";

/** How long other new pointers are waited for, in ms. A guess: meanwhile they are at this node alone, which may be reloaded. */
const GATHER_MS = 200;
/** Keys whose new root is looked up in one round; the others wait for the next. A guess. */
const MAX_ROOTS_A_ROUND = 64;

interface Arc {
  readonly from: string;
  readonly to: string;
}

export class Handover {
  readonly #prost: Prost;
  readonly #table: PointerTable;
  readonly #references: References;
  /** Which node was told of a pointer, and until when it keeps it. */
  readonly #told = new WeakMap<Pointer, { readonly node: string; readonly untilMs: number }>();
  #next: { readonly atMs: number; readonly cancel: () => void } | null = null;
  #isRunning = false;
  #closed = false;
  readonly counts = { handoverCalls: 0, handedOver: 0 };

  constructor(prost: Prost, table: PointerTable, references: References) {
    this.#prost = prost;
    this.#table = table;
    this.#references = references;
  }

  /** There is a pointer that the next node may not have. */
  learnt(): void {
    this.#plan(GATHER_MS);
  }

  /** The neighbours changed. */
  updated(): void {
    if (this.#table.size > 0) this.#plan(SETTLE_MS);
  }

  close(): void {
    this.#closed = true;
    this.#next?.cancel();
  }

  #plan(delayMs: number): void {
    const { clock } = this.#prost;
    const atMs = clock.now() + delayMs;
    if (this.#closed || (this.#next && this.#next.atMs <= atMs)) return;
    this.#next?.cancel();
    const cancel = clock.after(delayMs, () => {
      this.#next = null;
      // A round that is on its way has read the ring already.
      if (this.#isRunning) return this.#plan(SETTLE_MS);
      this.#isRunning = true;
      void this.#round()
        .catch(() => {})
        .finally(() => {
          this.#isRunning = false;
          if (this.#table.size > 0) this.#plan(REFRESH_MS);
        });
    });
    this.#next = { atMs, cancel };
  }

  async #round(): Promise<void> {
    const { self } = this.#prost;
    const [mine, replicas] = await Promise.all([
      this.#prost.range(self, 1),
      this.#prost.replicaSet(self, 2),
    ]);
    const next = replicas.find(({ id }) => id !== self)?.id;
    // Alone on the ring.
    if (next === undefined) return;
    const batches = new Map<string, (readonly [Pointer, Told])[]>();
    const roots = new Map<string, string | null>();
    for (const [objectId, pointer] of [...this.#table.entries()]) {
      let to: string | null = null;
      if (isIn(objectId, mine)) {
        pointer.isAtRoot = true;
        to = next;
      } else if (pointer.isAtRoot) {
        to = await this.#rootOf(objectId, roots);
        if (to !== null) pointer.isAtRoot = false;
      }
      if (to === null || to === pointer.publisher || this.#knows(pointer, to)) continue;
      const batch = batches.get(to) ?? [];
      batches.set(to, batch);
      batch.push([pointer, this.#asTold(objectId, pointer)]);
    }
    for (const [to, batch] of batches) await this.#tell(to, batch);
  }

  async #rootOf(objectId: string, roots: Map<string, string | null>): Promise<string | null> {
    const known = roots.get(objectId);
    if (known !== undefined || roots.size >= MAX_ROOTS_A_ROUND) return known ?? null;
    const [root] = await this.#prost.replicaSet(objectId, 1).catch(() => []);
    const id = root && root.id !== this.#prost.self ? root.id : null;
    roots.set(objectId, id);
    return id;
  }

  /** Not again before most of what that node was told has passed. */
  #knows(pointer: Pointer, node: string): boolean {
    const told = this.#told.get(pointer);
    return told?.node === node && told.untilMs > pointer.untilMs - REFRESH_MS / 2;
  }

  #asTold(objectId: string, { publisher, hops, untilMs }: Pointer): Told {
    return { objectId, publisher, hops, ttlMs: untilMs - this.#prost.clock.now() };
  }

  async #tell(to: string, batch: readonly (readonly [Pointer, Told])[]): Promise<void> {
    for (let at = 0; at < batch.length; at += MAX_CALL_POINTERS) {
      const some = batch.slice(at, at + MAX_CALL_POINTERS);
      this.counts.handoverCalls += 1;
      try {
        await this.#references.at(to, (there) =>
          there.learn(some.map(([, told]) => ({ ...told }))),
        );
      } catch {
        // The ring changes: `update` says so, and the next round goes to another node.
        return;
      }
      this.counts.handedOver += some.length;
      for (const [pointer] of some) this.#told.set(pointer, { node: to, untilMs: pointer.untilMs });
    }
  }
}

/** Both ends belong to it. It may wrap through zero. */
function isIn(key: string, { from, to }: Arc): boolean {
  return from <= to ? from <= key && key <= to : key >= from || key <= to;
}
