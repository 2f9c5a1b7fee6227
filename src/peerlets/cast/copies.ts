/** Copies of groups whose root is another node: this one may be root after it. */
import type { Prost } from "prost/sdk";
import { MAX_GROUPS, MIRRORS, MIRROR_MS } from "./limits.ts";
import { type Logged, MessageLog } from "./log.ts";
import type { Copy, Descriptor, WireMessage } from "./protocol.ts";

interface Kept {
  descriptor: Descriptor | null;
  readonly log: MessageLog;
  atMs: number;
}

export class Copies {
  readonly #prost: Prost;
  readonly #byGroup = new Map<string, Kept>();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  get groups(): IterableIterator<string> {
    return this.#byGroup.keys();
  }

  /** Keeps what a root sent. False when the caller cannot be one, nor this node a replica; or there is no room. */
  async keep(caller: string, group: string, copy: Copy): Promise<boolean> {
    const replicas = await this.#prost.replicaSet(group, 2 * (1 + MIRRORS));
    const ids = new Set(replicas.map(({ id }) => id));
    if (!ids.has(caller) || !ids.has(this.#prost.self)) return false;
    const known = this.#byGroup.get(group);
    if (!known && this.#byGroup.size >= MAX_GROUPS) return false;
    const kept = known ?? { descriptor: null, log: new MessageLog(), atMs: 0 };
    kept.descriptor ??= copy.descriptor;
    kept.atMs = this.#prost.clock.now();
    for (const [sender, run, serial, data] of copy.messages) {
      kept.log.add({ sender, run, serial, data, isOld: true });
    }
    this.#byGroup.set(group, kept);
    return true;
  }

  /** All that is kept of a group. */
  all(group: string): Copy | null {
    const kept = this.#byGroup.get(group);
    return kept ? copyOf(kept, kept.log.all()) : null;
  }

  /** As much as an answer carries. */
  newest(group: string): Copy | null {
    const kept = this.#byGroup.get(group);
    return kept ? copyOf(kept, kept.log.newest()) : null;
  }

  /** A root that nobody uses need not be replaced before somebody does. */
  isWorthARoot(group: string): boolean {
    const kept = this.#byGroup.get(group);
    return kept !== undefined && (kept.descriptor !== null || kept.log.head > 0);
  }

  sweep(): void {
    const sinceMs = this.#prost.clock.now() - MIRROR_MS;
    for (const [group, { atMs }] of this.#byGroup) {
      if (atMs < sinceMs) this.#byGroup.delete(group);
    }
  }
}

/** What one that becomes the root gets. */
export function copyOf(
  { descriptor }: { readonly descriptor: Descriptor | null },
  messages: readonly Logged[],
): Copy {
  const wire = messages.map(({ sender, run, serial, data }): WireMessage => [
    sender,
    run,
    serial,
    data,
    true,
  ]);
  return { descriptor, messages: wire };
}
