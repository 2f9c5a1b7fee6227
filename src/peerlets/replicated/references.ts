/**
 * References to this peerlet on other nodes. To get one takes a message there and
 * back, and it stays good for as long as the node is there: so they are kept.
 */
import type { Prost, RemotePeerlet } from "prost/sdk";

export class References<Methods> {
  readonly #prost: Prost;
  readonly #callMs: number;
  readonly #mostKept: number;
  /** In the order in which they were made. */
  readonly #kept = new Map<string, RemotePeerlet<Methods>>();

  /** `callMs`: how long the lookup, and each call, may take. */
  constructor(prost: Prost, callMs: number, mostKept: number) {
    this.#prost = prost;
    this.#callMs = callMs;
    this.#mostKept = mostKept;
  }

  /** Does something at a node. A reference that failed is made anew the next time. */
  async at<Done>(
    id: string,
    work: (there: RemotePeerlet<Methods>) => Promise<Done>,
  ): Promise<Done> {
    try {
      const there =
        this.#kept.get(id) ??
        (await this.#prost.peerletAt<Methods>(id, { timeoutMs: this.#callMs }));
      this.#kept.set(id, there);
      if (this.#kept.size > this.#mostKept) this.#kept.delete(this.#kept.keys().next().value!);
      return await work(there);
    } catch (error) {
      this.#kept.delete(id);
      throw error;
    }
  }
}
