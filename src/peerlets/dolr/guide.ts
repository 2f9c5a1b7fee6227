/**
 * This node on the way of messages to objects: it offers each to the nearest
 * endpoints that it knows, and sees that what they did not take goes on.
 *
 * Each endpoint that is still wanted is in one place only: with this node,
 * which tries one of its pointers; in the message that goes on; or told to the
 * sender as unmet, by the last node asked. So a sender knows when all is done.
 */
import type { ForwardDecision, Prost } from "prost/sdk";
import type { Endpoint } from "./endpoint.ts";
import {
  ENDPOINTS_PER_SECOND,
  ENDPOINT_BURST,
  ENDPOINT_MS,
  MAX_HOPS,
  MAX_SKIPPED,
} from "./limits.ts";
import type { PointerTable } from "./pointer-table.ts";
import { type Search, encode } from "./protocol.ts";
import type { Publisher } from "./publisher.ts";
import { Rate } from "./rates.ts";
import type { References } from "./references.ts";
import type { Sender } from "./sender.ts";

export interface GuideParts {
  readonly prost: Prost;
  readonly table: PointerTable;
  readonly publisher: Publisher;
  readonly endpoint: Endpoint;
  readonly references: References;
  /** This node's own, which needs no call. */
  readonly sender: Sender;
}

/** Where what is left of a message goes: on towards the root; to the node after it; nowhere. */
type Place = "on-the-way" | "root" | "after-root";

export class Guide {
  readonly #parts: GuideParts;
  readonly #rate: Rate;
  readonly counts = { guided: 0, offered: 0, taken: 0, stale: 0, sentOn: 0, unmet: 0, busy: 0 };

  constructor(parts: GuideParts) {
    this.#parts = parts;
    const { clock } = parts.prost;
    this.#rate = new Rate(() => clock.now(), ENDPOINT_BURST, ENDPOINTS_PER_SECOND);
  }

  /** A message passes; `hops` counts this try's, up to here. */
  forward(objectId: string, search: Search, hops: number): ForwardDecision | undefined {
    const picks = this.#pick(objectId, search);
    if (picks.length === 0) return undefined;
    const skip = [...search.skip, ...picks];
    const want = search.want - picks.length;
    const rest = { ...search, skip, hops: this.#hops(search, hops) };
    void this.#serve(objectId, { ...rest, want: 0 }, picks, "on-the-way");
    if (want === 0) return null;
    return { data: encode({ op: "send", search: { ...search, want, skip } }) };
  }

  /** It has come to its root. */
  deliver(objectId: string, search: Search, hops: number): void {
    this.#end(objectId, search, hops, "root");
  }

  /** The root, a neighbour, could not fill it. */
  seek(objectId: string, search: Search): void {
    this.#end(objectId, search, 1, "after-root");
  }

  #end(objectId: string, search: Search, hops: number, place: Place): void {
    const picks = this.#pick(objectId, search);
    const skip = [...search.skip, ...picks];
    const want = search.want - picks.length;
    const rest = { ...search, want, skip, hops: this.#hops(search, hops) };
    void this.#serve(objectId, rest, picks, place);
  }

  #hops(search: Search, hops: number): number {
    return Math.min(MAX_HOPS, search.hops + hops);
  }

  /** The nearest endpoints known here that were not tried; none when this node has done enough. */
  #pick(objectId: string, search: Search): string[] {
    const { prost, table, publisher, references } = this.#parts;
    const { skip, want } = search;
    const pointers = table.nearest(objectId, skip, (id) => references.rttMs(id));
    const isHere = publisher.has(objectId) && !skip.includes(prost.self);
    const all = [...(isHere ? [prost.self] : []), ...pointers.map((each) => each.publisher)];
    const picks = all.slice(0, Math.min(want, MAX_SKIPPED - skip.length));
    if (picks.length === 0) return [];
    if (!this.#rate.admits(picks.length)) {
      this.counts.busy += 1;
      return [];
    }
    this.counts.guided += 1;
    return picks;
  }

  /** Offers it to `picks`, for each that fails to another one, and hands on what is left. */
  async #serve(
    objectId: string,
    search: Search,
    picks: readonly string[],
    place: Place,
  ): Promise<void> {
    let { want, skip } = search;
    let offered = picks;
    while (offered.length > 0) {
      const answers = await Promise.all(offered.map((id) => this.#offer(objectId, id, search)));
      // An endpoint's word alone is not enough to stop for the others.
      if (answers.includes("over") && !(await this.#isWanted(search))) return;
      const failed = answers.filter((answer) => answer !== "took").length;
      offered = failed === 0 ? [] : this.#pick(objectId, { ...search, want: failed, skip });
      want += failed - offered.length;
      skip = [...skip, ...offered];
    }
    if (want > 0) await this.#handOn(objectId, { ...search, want, skip }, place);
  }

  async #offer(objectId: string, id: string, search: Search): Promise<unknown> {
    const { prost, table, endpoint, references } = this.#parts;
    const { sender, hops } = search;
    this.counts.offered += 1;
    let answer: unknown;
    try {
      answer = await (id === prost.self
        ? endpoint.offered(objectId, search.id, sender, hops)
        : references.at(id, (there) => there.obj(objectId, search.id, sender, hops), ENDPOINT_MS));
    } catch {
      answer = "no";
    }
    if (answer === "took") this.counts.taken += 1;
    if (answer === "no") {
      // Its own word, or silence: if it was only slow, its next refresh brings the pointer back.
      table.drop(objectId, id);
      this.counts.stale += 1;
    }
    return answer;
  }

  /** Asks the sender, which may be forged, gone, or content with what it has. */
  async #isWanted({ id, sender }: Search): Promise<boolean> {
    const { prost, references } = this.#parts;
    if (sender === prost.self) return this.#parts.sender.wants(id);
    const answer: unknown = await references
      .at(sender, (there) => there.wants(id))
      .catch(() => false);
    return answer === true;
  }

  async #handOn(objectId: string, search: Search, place: Place): Promise<void> {
    const { prost, references } = this.#parts;
    const isSpent = search.hops >= MAX_HOPS || search.skip.length >= MAX_SKIPPED;
    if (!isSpent && place === "on-the-way") {
      this.counts.sentOn += 1;
      const receipt = await prost.route(objectId, encode({ op: "send", search }));
      if (receipt.kind === "delivered" || receipt.kind === "refused") return;
    } else if (!isSpent && place === "root") {
      // A root that is new may know less than the node that was root before it.
      const next = await this.#afterRoot(objectId);
      this.counts.sentOn += 1;
      if (next !== null) {
        const isTaken: unknown = await references
          .at(next, (there) => there.seek(objectId, { ...search, skip: [...search.skip] }))
          .catch(() => false);
        if (isTaken === true) return;
      }
    }
    await this.#unmet(search);
  }

  async #afterRoot(objectId: string): Promise<string | null> {
    const { prost } = this.#parts;
    const replicas = await prost.replicaSet(objectId, 2).catch(() => []);
    return replicas.find(({ id }) => id !== prost.self)?.id ?? null;
  }

  async #unmet({ id, attempt, sender, want }: Search): Promise<void> {
    const { prost, references } = this.#parts;
    this.counts.unmet += want;
    if (sender === prost.self) return this.#parts.sender.unmet(id, attempt, want);
    await references.at(sender, (there) => there.unmet(id, attempt, want)).catch(() => {});
  }
}
