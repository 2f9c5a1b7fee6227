/**
 * How pointers come to be here: from publish messages that pass, and from roots
 * that hand theirs over. Both are hearsay, so each new pointer's publisher is
 * asked once, by a call, whether it publishes the object. What it denies is dropped.
 */
import type { Prost } from "prost/sdk";
import {
  MAX_CALLS_AT_ONCE,
  MAX_CALL_OBJECTS,
  NEW_POINTERS_PER_SECOND,
  NEW_POINTER_BURST,
  POINTER_TTL_MS,
} from "./limits.ts";
import type { PointerTable, Sighting } from "./pointer-table.ts";
import { Rate } from "./rates.ts";
import { type References, eachOf } from "./references.ts";

/** How long pointers to the same publisher are waited for before it is asked, in ms. A guess. */
const GATHER_MS = 100;

export class Learner {
  readonly #prost: Prost;
  readonly #table: PointerTable;
  readonly #references: References;
  readonly #rate: Rate;
  /** Whom to ask about what. */
  readonly #unasked = new Map<string, Set<string>>();
  #cancelAsking: (() => void) | null = null;
  #cancelSweep: (() => void) | null = null;
  readonly counts = { passed: 0, learnt: 0, denied: 0, expired: 0, notTaken: 0, confirmCalls: 0 };

  constructor(prost: Prost, table: PointerTable, references: References) {
    this.#prost = prost;
    this.#table = table;
    this.#references = references;
    this.#rate = new Rate(() => prost.clock.now(), NEW_POINTER_BURST, NEW_POINTERS_PER_SECOND);
  }

  /** A publish message came by. True when it left a new pointer. */
  passes(sighting: Sighting): boolean {
    if (sighting.publisher !== this.#prost.self) this.counts.passed += 1;
    return this.sees(sighting);
  }

  /** True when it is a new pointer. */
  sees(sighting: Sighting): boolean {
    const { objectId, publisher } = sighting;
    if (publisher === this.#prost.self || this.#table.renew(sighting)) return false;
    if (!this.#rate.admits() || !this.#table.add(sighting)) {
      this.counts.notTaken += 1;
      return false;
    }
    this.counts.learnt += 1;
    const objectIds = this.#unasked.get(publisher) ?? new Set();
    this.#unasked.set(publisher, objectIds.add(objectId));
    this.#cancelAsking ??= this.#prost.clock.after(GATHER_MS, () => void this.#ask());
    this.#cancelSweep ??= this.#prost.clock.after(POINTER_TTL_MS, () => this.#sweep());
    return true;
  }

  close(): void {
    this.#cancelAsking?.();
    this.#cancelSweep?.();
  }

  async #ask(): Promise<void> {
    const unasked = [...this.#unasked];
    this.#unasked.clear();
    await eachOf(unasked, MAX_CALLS_AT_ONCE, ([publisher, objectIds]) =>
      this.#askAbout(publisher, [...objectIds]),
    );
    // Only now: while some publishers are slow, the others' turn comes with the next round.
    this.#cancelAsking = null;
    if (this.#unasked.size > 0) {
      this.#cancelAsking = this.#prost.clock.after(GATHER_MS, () => void this.#ask());
    }
  }

  async #askAbout(publisher: string, objectIds: readonly string[]): Promise<void> {
    for (let at = 0; at < objectIds.length; at += MAX_CALL_OBJECTS) {
      const some = objectIds.slice(at, at + MAX_CALL_OBJECTS);
      this.counts.confirmCalls += 1;
      // Silence is no confirmation: the next refresh brings the pointer again.
      const answer: unknown = await this.#references
        .ask(publisher, (there) => there.holds(some))
        .catch(() => null);
      for (const [i, objectId] of some.entries()) {
        if (Array.isArray(answer) && answer[i] === true) this.#table.confirm(objectId, publisher);
        else if (this.#table.drop(objectId, publisher)) this.counts.denied += 1;
      }
    }
  }

  #sweep(): void {
    this.counts.expired += this.#table.sweep();
    const again = () => this.#prost.clock.after(POINTER_TTL_MS, () => this.#sweep());
    this.#cancelSweep = this.#table.size > 0 ? again() : null;
  }
}
