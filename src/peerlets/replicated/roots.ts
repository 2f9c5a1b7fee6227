/**
 * Roots that lookups found a moment ago. There is no node between a key and its
 * root, so all keys on that arc have the same one: a later call for one of them
 * goes there without a lookup.
 *
 * Somebody may join on the arc meanwhile. The old root is a replica then, answers
 * what it has, and says "later" for what it does not keep any more: then the key
 * is looked up again.
 */
import type { Prost, RemotePeerlet } from "prost/sdk";
import { type Arc, inArc } from "./arcs.ts";
import type { AtReplica } from "./protocol.ts";

type Ref = RemotePeerlet<AtReplica>;

/** How long an arc is believed, in ms. A guess: a newcomer has taken over by then. */
const BELIEVED_MS = 5_000;
/** Roots remembered. A guess. */
const MOST_ROOTS = 64;

interface Known {
  readonly arc: Arc;
  readonly there: Ref;
  readonly untilMs: number;
}

export class Roots {
  readonly #prost: Prost;
  readonly #timeoutMs: number;
  readonly #byNode = new Map<string, Known>();

  constructor(prost: Prost, timeoutMs: number) {
    this.#prost = prost;
    this.#timeoutMs = timeoutMs;
  }

  async of(key: string): Promise<Ref> {
    const now = this.#prost.clock.now();
    for (const { arc, there, untilMs } of this.#byNode.values()) {
      if (now < untilMs && inArc(key, arc)) return there;
    }
    const there = await this.lookup(key);
    const known = this.#byNode.get(there.id);
    // The longer of two arcs to the same root, while both are believed.
    const isShorter = known !== undefined && now < known.untilMs && inArc(key, known.arc);
    if (isShorter) return there;
    this.#byNode.delete(there.id);
    const arc = { from: key, to: there.id };
    this.#byNode.set(there.id, { arc, there, untilMs: now + BELIEVED_MS });
    if (this.#byNode.size > MOST_ROOTS) this.#byNode.delete(this.#byNode.keys().next().value!);
    return there;
  }

  /** It failed, or is not the root any more. */
  forget({ id }: Ref): void {
    this.#byNode.delete(id);
  }

  lookup(key: string): Promise<Ref> {
    return this.#prost.lookupPeerlet<AtReplica>(key, { timeoutMs: this.#timeoutMs });
  }
}
