/**
 * Who was in which group, across a reload of the page or a restart of this
 * peerlet: applications that joined are not asked to do so again.
 */
import type { Plain, Prost } from "prost/sdk";
import { MAX_MEMBERSHIPS, MOST_REJOINS } from "./limits.ts";

interface Kept {
  readonly client: string;
  readonly name: string;
  readonly credential: string;
}

const KEY = "memberships";

export class Memberships {
  readonly #prost: Prost;
  #kept: readonly Kept[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  /** Joins what was joined before, in the background. */
  async restore(join: (kept: Kept) => Promise<unknown>): Promise<void> {
    const stored = await this.#prost.storage.get(KEY).catch(() => undefined);
    const earlier = Array.isArray(stored) ? (stored as unknown as readonly Kept[]) : [];
    const isNew = ({ client, name }: Kept) =>
      !this.#kept.some((each) => each.client === client && each.name === name);
    this.#kept = [...earlier.filter(isNew), ...this.#kept];
    for (const kept of earlier) void this.#rejoin(kept, join);
  }

  add(kept: Kept): void {
    this.#write([...this.#without(kept), kept].slice(-MAX_MEMBERSHIPS));
  }

  remove(client: string, name: string): void {
    this.#write(this.#without({ client, name }));
  }

  #without({ client, name }: Pick<Kept, "client" | "name">): readonly Kept[] {
    return this.#kept.filter((kept) => kept.client !== client || kept.name !== name);
  }

  /** The page may not be in the ring yet. */
  async #rejoin(kept: Kept, join: (kept: Kept) => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < MOST_REJOINS && this.#kept.includes(kept); tries++) {
      const isDone = await join(kept).then(
        () => true,
        () => false,
      );
      if (isDone) return;
    }
  }

  #write(kept: readonly Kept[]): void {
    this.#kept = kept;
    const plain = kept.map((each) => ({ ...each })) as Plain;
    // A full storage: then it is not remembered.
    this.#last = this.#last.then(() => this.#prost.storage.set(KEY, plain)).catch(() => {});
  }
}
