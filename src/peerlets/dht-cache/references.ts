/** References to this peerlet on other nodes: they stay good for as long as the node is there, so they are kept. */
import type { Prost, RemotePeerlet } from "prost/sdk";
import { CALL_MS, MAX_REFERENCES } from "./limits.ts";
import type { AtNode } from "./protocol.ts";

type Ref = RemotePeerlet<AtNode>;

export class References {
  readonly #prost: Prost;
  /** In the order in which they were used. */
  readonly #kept = new Map<string, Ref>();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  /** Does something at a node. A reference that failed is made anew the next time. */
  async at<Done>(id: string, work: (there: Ref) => Promise<Done>): Promise<Done> {
    try {
      const there =
        this.#kept.get(id) ?? (await this.#prost.peerletAt<AtNode>(id, { timeoutMs: CALL_MS }));
      this.#kept.delete(id);
      this.#kept.set(id, there);
      if (this.#kept.size > MAX_REFERENCES) this.#kept.delete(this.#kept.keys().next().value!);
      return await work(there);
    } catch (error) {
      this.#kept.delete(id);
      throw error;
    }
  }
}
