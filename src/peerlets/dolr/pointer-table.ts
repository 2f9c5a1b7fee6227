/**
 * The pointers of one node: which nodes publish an object, as far as this node
 * has heard. Knows nothing of messages; every entry point keeps every bound.
 *
 * A pointer is what somebody said, until its publisher confirmed it. One that
 * is confirmed is never put out by one that is not.
 */
import {
  MAX_POINTERS,
  MAX_POINTERS_OF_OBJECT,
  MAX_POINTERS_TO_PUBLISHER,
  MAX_UNCONFIRMED,
  POINTER_TTL_MS,
} from "./limits.ts";

export interface Pointer {
  readonly publisher: string;
  /** From the publisher to here. */
  hops: number;
  /** The hop before this one on the way from the publisher. */
  from: string;
  untilMs: number;
  isConfirmed: boolean;
  /** This node is, or was a moment ago, the object's root. */
  isAtRoot: boolean;
}

export interface Sighting {
  readonly objectId: string;
  readonly publisher: string;
  readonly hops: number;
  readonly from: string;
  readonly ttlMs: number;
  readonly isAtRoot: boolean;
}

export class PointerTable {
  readonly #now: () => number;
  readonly #byObject = new Map<string, Map<string, Pointer>>();
  readonly #countByPublisher = new Map<string, number>();
  #size = 0;
  #unconfirmed = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  /** Renews a pointer that is here; false when there is none. */
  renew(sighting: Sighting): boolean {
    const pointer = this.#byObject.get(sighting.objectId)?.get(sighting.publisher);
    if (!pointer || pointer.untilMs <= this.#now()) return false;
    pointer.hops = sighting.hops;
    pointer.from = sighting.from;
    pointer.untilMs = Math.max(pointer.untilMs, this.#untilMs(sighting.ttlMs));
    pointer.isAtRoot ||= sighting.isAtRoot;
    return true;
  }

  /** False when there is no room. The new pointer waits for `confirm`. */
  add(sighting: Sighting): boolean {
    const { objectId, publisher, hops, from, ttlMs, isAtRoot } = sighting;
    this.drop(objectId, publisher);
    if (!this.#makeRoom(objectId, publisher)) return false;
    const pointers = this.#byObject.get(objectId) ?? new Map<string, Pointer>();
    this.#byObject.set(objectId, pointers);
    const untilMs = this.#untilMs(ttlMs);
    pointers.set(publisher, { publisher, hops, from, untilMs, isConfirmed: false, isAtRoot });
    this.#countByPublisher.set(publisher, this.#countOf(publisher) + 1);
    this.#size += 1;
    this.#unconfirmed += 1;
    return true;
  }

  confirm(objectId: string, publisher: string): void {
    const pointer = this.#byObject.get(objectId)?.get(publisher);
    if (!pointer || pointer.isConfirmed) return;
    pointer.isConfirmed = true;
    this.#unconfirmed -= 1;
  }

  drop(objectId: string, publisher: string): boolean {
    const pointers = this.#byObject.get(objectId);
    const pointer = pointers?.get(publisher);
    if (!pointers || !pointer) return false;
    pointers.delete(publisher);
    if (pointers.size === 0) this.#byObject.delete(objectId);
    const left = this.#countOf(publisher) - 1;
    if (left === 0) this.#countByPublisher.delete(publisher);
    else this.#countByPublisher.set(publisher, left);
    this.#size -= 1;
    if (!pointer.isConfirmed) this.#unconfirmed -= 1;
    return true;
  }

  /** Live pointers to an object, the nearest first: the confirmed ones, then by hops, then by round trip. */
  nearest(
    objectId: string,
    skip: readonly string[],
    rttMs: (publisher: string) => number,
  ): Pointer[] {
    const nowMs = this.#now();
    const all = [...(this.#byObject.get(objectId)?.values() ?? [])];
    return all
      .filter(({ publisher, untilMs }) => untilMs > nowMs && !skip.includes(publisher))
      .toSorted(
        (a, b) =>
          Number(b.isConfirmed) - Number(a.isConfirmed) ||
          a.hops - b.hops ||
          compare(rttMs(a.publisher), rttMs(b.publisher)) ||
          // Nothing else to go by: the same order on every run.
          (a.publisher < b.publisher ? -1 : 1),
      );
  }

  /** All that live. */
  *entries(): Generator<readonly [objectId: string, pointer: Pointer]> {
    const nowMs = this.#now();
    for (const [objectId, pointers] of this.#byObject) {
      for (const pointer of pointers.values()) {
        if (pointer.untilMs > nowMs) yield [objectId, pointer];
      }
    }
  }

  /** Drops what has expired; the number of them. */
  sweep(): number {
    const nowMs = this.#now();
    let dropped = 0;
    for (const [objectId, pointers] of this.#byObject) {
      for (const { publisher, untilMs } of pointers.values()) {
        if (untilMs <= nowMs && this.drop(objectId, publisher)) dropped += 1;
      }
    }
    return dropped;
  }

  #untilMs(ttlMs: number): number {
    return this.#now() + Math.min(ttlMs, POINTER_TTL_MS);
  }

  #countOf(publisher: string): number {
    return this.#countByPublisher.get(publisher) ?? 0;
  }

  #makeRoom(objectId: string, publisher: string): boolean {
    if (this.#size >= MAX_POINTERS && this.sweep() === 0) return false;
    if (this.#countOf(publisher) >= MAX_POINTERS_TO_PUBLISHER) return false;
    if (this.#unconfirmed >= MAX_UNCONFIRMED) return false;
    const pointers = this.#byObject.get(objectId);
    if (!pointers || pointers.size < MAX_POINTERS_OF_OBJECT) return true;
    const nowMs = this.#now();
    const out = [...pointers.values()].find(
      ({ isConfirmed, untilMs }) => !isConfirmed || untilMs <= nowMs,
    );
    return out !== undefined && this.drop(objectId, out.publisher);
  }
}

/** Two infinite ones are equal. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
