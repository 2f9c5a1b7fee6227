/**
 * Tells this node's view which categories changed here, where they are kept. Seldom: a hand-over
 * brings hundreds of records at once, and what a peerlet emits is counted.
 */
import type { Prost } from "prost/sdk";
import type { DirectoryRecord } from "./records.ts";

/** In ms. A guess. */
const GATHER_MS = 500;
/** Beyond that a view looks again anyway. A guess. */
const MOST_CATEGORIES = 50;

export class ChangeTeller {
  readonly #prost: Prost;
  readonly #changed = new Set<string>();
  #cancel: (() => void) | null = null;

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  changed(record: DirectoryRecord | undefined): void {
    if (!record) return;
    const category = record.kind === "entry" ? record.category : record.parent;
    if (this.#changed.size < MOST_CATEGORIES) this.#changed.add(category);
    this.#cancel ??= this.#prost.clock.after(GATHER_MS, () => {
      this.#cancel = null;
      this.#prost.emit("changed", [...this.#changed]);
      this.#changed.clear();
    });
  }

  close(): void {
    this.#cancel?.();
  }
}
