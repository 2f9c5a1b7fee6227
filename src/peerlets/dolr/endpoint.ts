/**
 * This node as an endpoint: somebody who has a pointer to it offers a message to
 * an object that it publishes, and it gets the message from its sender.
 *
 * The offer is hearsay; what was collected is not: the sender's node id is the
 * one that was called, and the sender knows who called. A message is taken once.
 */
import { MAX_HOPS, MAX_MESSAGE_BYTES, MAX_SEEN } from "./limits.ts";
import { type Answered, isCount, isId, isObject, isRequestId } from "./protocol.ts";
import type { References } from "./references.ts";
import type { Sender } from "./sender.ts";

export interface EndpointParts {
  readonly self: string;
  readonly references: References;
  readonly sender: Sender;
  publishes(objectId: string): boolean;
  arrived(objectId: string, sender: string, bytes: Uint8Array): void;
}

export class Endpoint {
  readonly #parts: EndpointParts;
  /** Messages that came, or are coming; the oldest first. */
  readonly #seen = new Set<string>();
  readonly counts = { arrived: 0, refused: 0, twice: 0 };

  constructor(parts: EndpointParts) {
    this.#parts = parts;
  }

  async offered(objectId: unknown, id: unknown, sender: unknown, hops: unknown): Promise<Answered> {
    const isSound = isId(objectId) && isRequestId(id) && isId(sender) && isCount(hops, MAX_HOPS);
    if (!isSound) throw new TypeError("an offer has an object, a message's id, a sender and hops");
    if (!this.#parts.publishes(objectId)) {
      this.counts.refused += 1;
      return "no";
    }
    const what = `${sender}/${id}`;
    if (this.#seen.has(what)) {
      this.counts.twice += 1;
      return "had";
    }
    this.#seen.add(what);
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.values().next().value!);
    const bytes = await this.#collect(objectId, id, sender, hops);
    // Unpublished meanwhile: then nobody here wants it any more.
    if (!bytes || !this.#parts.publishes(objectId)) {
      this.#seen.delete(what);
      return bytes ? "no" : "over";
    }
    this.counts.arrived += 1;
    this.#parts.arrived(objectId, sender, bytes);
    this.#acknowledge(id, sender);
    return "took";
  }

  /** Nobody waits for this: without it the sender looks for another endpoint. */
  #acknowledge(id: string, sender: string): void {
    const { self, references } = this.#parts;
    if (sender === self) return this.#parts.sender.took(self, id);
    void references.at(sender, (there) => there.took(id)).catch(() => {});
  }

  /** Null when the sender does not have it for this node: it is forged, it is over, or the sender is gone. */
  async #collect(
    objectId: string,
    id: string,
    sender: string,
    hops: number,
  ): Promise<Uint8Array | null> {
    const { self, references } = this.#parts;
    const answer: unknown =
      sender === self
        ? this.#parts.sender.collect(self, objectId, id, hops)
        : await references
            .at(sender, (there) => there.collect(objectId, id, hops))
            .catch(() => null);
    if (!isObject(answer)) return null;
    const { bytes } = answer;
    return bytes instanceof Uint8Array && bytes.length <= MAX_MESSAGE_BYTES ? bytes : null;
  }
}
