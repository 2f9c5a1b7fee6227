/**
 * Roots that lookups found. There is no node between a key and its root, so all
 * keys on that arc have the same one: for a moment, a later call for one of them
 * goes there without a lookup. So does a call for any key whose root this node
 * can tell by what it knows of the ring, when it was in touch with that root.
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
  readonly there: Ref;
  readonly arc: Arc;
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
    const there = (await this.#knownHere(key)) ?? (await this.lookup(key));
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

  /** A root that this node was in touch with, by what it knows of the ring: in a small one that is all of it. */
  async #knownHere(key: string): Promise<Ref | null> {
    const [root] = this.#byNode.size > 0 ? await this.#prost.replicaSet(key, 1) : [];
    return root ? (this.#byNode.get(root.id)?.there ?? null) : null;
  }

  /** It failed, or is not the root any more. */
  forget({ id }: Ref): void {
    this.#byNode.delete(id);
  }

  lookup(key: string): Promise<Ref> {
    return this.#prost.lookupPeerlet<AtReplica>(key, { timeoutMs: this.#timeoutMs });
  }
}
