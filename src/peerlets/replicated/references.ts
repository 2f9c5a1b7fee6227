/**
 * References to this peerlet on nearby nodes. To get one takes a message there and
 * back, and it stays good for as long as the node is there: so they are kept.
 */
import type { Prost, RemotePeerlet } from "prost/sdk";
import type { AtReplica } from "./protocol.ts";

/** How long another replica may take, in ms. A guess: a crash is known after about 4 s. */
const REPLICA_MS = 4_000;
/** Neighbours on both sides, and those that have gone. A guess. */
const MOST_KEPT = 32;

export class References {
  readonly #prost: Prost;
  /** In the order in which they were made. */
  readonly #kept = new Map<string, RemotePeerlet<AtReplica>>();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  /** Does something at a node. A reference that failed is made anew the next time. */
  async at<Done>(
    id: string,
    work: (there: RemotePeerlet<AtReplica>) => Promise<Done>,
  ): Promise<Done> {
    try {
      const known = this.#kept.get(id);
      const there =
        known ?? (await this.#prost.peerletAt<AtReplica>(id, { timeoutMs: REPLICA_MS }));
      this.#kept.set(id, there);
      if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
      return await work(there);
    } catch (error) {
      this.#kept.delete(id);
      throw error;
    }
  }
}
