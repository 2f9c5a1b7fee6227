/**
 * Keeps an eye on single nodes for the layer above: who waits for the answer of
 * a node wants to know at once that it left.
 *
 * A link tells when its other end goes. A node without a link is asked for, now
 * and then, over the ring.
 */
import type { Clock } from "../env/env.ts";
import type { Id } from "../id/id.ts";

export interface WatchPorts {
  isLinked(id: Id): boolean;
  /** It said goodbye or fell silent a short while ago. */
  isGone(id: Id): boolean;
  /** Whether the ring can route to it. */
  find(id: Id, done: (found: boolean) => void): void;
}

/** Between two questions for a node that is not linked, in ms. A guess: calls take less. */
const ASK_MS = 2_000;

interface Watch {
  readonly gone: Set<() => void>;
  cancel: () => void;
  /** A question is under way. */
  asking: boolean;
}

export class Watches {
  readonly #clock: Clock;
  readonly #ports: WatchPorts;
  readonly #byNode = new Map<Id, Watch>();
  #closed = false;

  constructor(clock: Clock, ports: WatchPorts) {
    this.#clock = clock;
    this.#ports = ports;
  }

  /** `gone` is called once at most, and never before this returns. */
  watch(id: Id, gone: () => void): () => void {
    if (this.#closed) return this.#goneSoon(gone);
    const watch = this.#byNode.get(id) ?? { gone: new Set(), cancel: () => {}, asking: false };
    const own = () => gone();
    watch.gone.add(own);
    if (!this.#byNode.has(id)) {
      this.#byNode.set(id, watch);
      this.#askLater(id, watch);
    }
    return () => {
      watch.gone.delete(own);
      if (watch.gone.size === 0) this.#end(id, watch);
    };
  }

  linkClosed(id: Id): void {
    const watch = this.#byNode.get(id);
    if (!watch || this.#ports.isLinked(id)) return;
    if (this.#ports.isGone(id)) this.#gone(id, watch);
    else this.#ask(id, watch);
  }

  /** For this node everybody is gone then. */
  close(): void {
    this.#closed = true;
    for (const [id, watch] of [...this.#byNode]) this.#gone(id, watch);
  }

  #goneSoon(gone: () => void): () => void {
    let isWatched = true;
    this.#clock.soon(() => {
      if (isWatched) gone();
    });
    return () => {
      isWatched = false;
    };
  }

  #askLater(id: Id, watch: Watch): void {
    watch.cancel = this.#clock.after(ASK_MS, () => {
      if (this.#ports.isLinked(id)) this.#askLater(id, watch);
      else this.#ask(id, watch);
    });
  }

  #ask(id: Id, watch: Watch): void {
    if (watch.asking) return;
    watch.asking = true;
    watch.cancel();
    this.#ports.find(id, (found) => {
      watch.asking = false;
      if (this.#byNode.get(id) !== watch) return;
      if (found || this.#ports.isLinked(id)) this.#askLater(id, watch);
      else this.#gone(id, watch);
    });
  }

  #gone(id: Id, watch: Watch): void {
    this.#end(id, watch);
    // One of them may stop another.
    for (const gone of watch.gone) {
      watch.gone.delete(gone);
      gone();
    }
  }

  #end(id: Id, watch: Watch): void {
    watch.cancel();
    if (this.#byNode.get(id) === watch) this.#byNode.delete(id);
  }
}
