/**
 * References to this peerlet on other nodes, and how long their calls took. To get a
 * reference takes a message there and back, and it stays good for as long as the
 * node is there: so they are kept.
 */
import type { Prost, RemotePeerlet } from "prost/sdk";
import { CALL_MS, MAX_REFERENCES } from "./limits.ts";
import type { AtNode } from "./protocol.ts";

interface Known {
  readonly there: RemotePeerlet<AtNode>;
  /** The shortest call seen, in ms. */
  rttMs: number;
}

export class References {
  readonly #prost: Prost;
  /** In the order in which they were used. */
  readonly #known = new Map<string, Known>();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  /** Does something at a node. A reference that failed is made anew the next time. */
  async at<Done>(
    id: string,
    work: (there: RemotePeerlet<AtNode>) => Promise<Done>,
    timeoutMs = CALL_MS,
  ): Promise<Done> {
    try {
      const known = this.#known.get(id) ?? {
        there: await this.#prost.peerletAt<AtNode>(id, { timeoutMs }),
        rttMs: Number.POSITIVE_INFINITY,
      };
      this.#known.delete(id);
      this.#known.set(id, known);
      if (this.#known.size > MAX_REFERENCES) this.#known.delete(this.#known.keys().next().value!);
      return await work(known.there);
    } catch (error) {
      this.#known.delete(id);
      throw error;
    }
  }

  /** The same, for a call that the other node answers at once: what it takes is a round trip. */
  async ask<Done>(
    id: string,
    work: (there: RemotePeerlet<AtNode>) => Promise<Done>,
  ): Promise<Done> {
    return this.at(id, async (there) => {
      const startMs = this.#prost.clock.now();
      const done = await work(there);
      const known = this.#known.get(id);
      if (known) known.rttMs = Math.min(known.rttMs, this.#prost.clock.now() - startMs);
      return done;
    });
  }

  /** Infinite when it was never measured. */
  rttMs(id: string): number {
    return this.#known.get(id)?.rttMs ?? Number.POSITIVE_INFINITY;
  }
}

/** Does `work` for each, so many at a time; what fails is passed over. */
export async function eachOf<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await work(item).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
