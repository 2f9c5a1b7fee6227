/**
 * References to this peerlet on other nodes. To get one takes a message there and
 * back, and it stays good for as long as the node is there: so they are kept.
 */
import type { Prost, RemotePeerlet } from "prost/sdk";
import { CALL_MS } from "./limits.ts";
import type { AtNode } from "./protocol.ts";

/** Parents and children of the trees, and those that have gone. A guess. */
const MOST_KEPT = 64;

export class References {
  readonly #prost: Prost;
  /** In the order in which they were made. */
  readonly #kept = new Map<string, RemotePeerlet<AtNode>>();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  /** Does something at a node. A reference that failed is made anew the next time. */
  async at<Done>(id: string, work: (there: RemotePeerlet<AtNode>) => Promise<Done>): Promise<Done> {
    try {
      const known = this.#kept.get(id);
      const there = known ?? (await this.#prost.peerletAt<AtNode>(id, { timeoutMs: CALL_MS }));
      this.#kept.set(id, there);
      if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
      return await work(there);
    } catch (error) {
      this.#kept.delete(id);
      throw error;
    }
  }
}
