/**
 * What this node knows of its neighbours, asked of the host once for each change
 * and not once for each call: a question takes a message to the page and back.
 *
 * `updated` comes with every change of the neighbour set, and what is asked here
 * follows from that set alone as soon as enough is known.
 */
import type { Prost } from "prost/sdk";
import { type Arc, inArc } from "./arcs.ts";
import { REPLICAS } from "./limits.ts";

/** How long an answer holds without a change, in ms; and one that was not complete. Guesses. */
const HOLDS_MS = 30_000;
const INCOMPLETE_HOLDS_MS = 1_000;

/** The keys whose root this node is; all have the same replica set. */
interface Own {
  readonly arc: Arc;
  readonly set: readonly string[];
  /** The keys that this node keeps. */
  readonly kept: Arc;
}

interface Held<Answer> {
  readonly answer: Promise<Answer>;
  untilMs: number;
}

export class Surroundings {
  readonly #prost: Prost;
  readonly #nearby: number;
  #own: Held<Own | null> | null = null;
  #near: Held<ReadonlySet<string>> | null = null;

  /** `nearby`: how many nodes are near. */
  constructor(prost: Prost, nearby: number) {
    this.#prost = prost;
    this.#nearby = nearby;
  }

  updated(): void {
    this.#own = null;
    this.#near = null;
  }

  /** The replica set of `key`, its root first; shorter where too little is known. */
  async replicaSet(key: string): Promise<readonly string[]> {
    const own = await this.#ownKeys();
    if (own !== null && inArc(key, own.arc)) return own.set;
    return idsOf(await this.#prost.replicaSet(key, REPLICAS));
  }

  /** False also where too little is known. */
  async keeps(key: string): Promise<boolean> {
    const own = await this.#ownKeys();
    return own !== null && inArc(key, own.kept);
  }

  /** The nearest nodes on both sides. */
  near(): Promise<ReadonlySet<string>> {
    this.#near = this.#held(
      this.#near,
      async () => new Set(idsOf(await this.#prost.neighborSet(this.#nearby))),
      () => true,
    );
    return this.#near.answer;
  }

  #ownKeys(): Promise<Own | null> {
    this.#own = this.#held(
      this.#own,
      () => this.#askOwn(),
      (own) => own?.set.length === REPLICAS,
    );
    return this.#own.answer;
  }

  async #askOwn(): Promise<Own | null> {
    const { self } = this.#prost;
    try {
      const [arc, kept, set] = await Promise.all([
        this.#prost.range(self, 1),
        this.#prost.range(self, REPLICAS),
        this.#prost.replicaSet(self, REPLICAS),
      ]);
      return { arc, kept, set: idsOf(set) };
    } catch {
      // It knows too little around itself: then each key is asked for.
      return null;
    }
  }

  #held<Answer>(
    held: Held<Answer> | null,
    ask: () => Promise<Answer>,
    isComplete: (answer: Answer) => boolean,
  ): Held<Answer> {
    const now = this.#prost.clock.now();
    if (held !== null && now < held.untilMs) return held;
    const fresh: Held<Answer> = { answer: ask(), untilMs: now + INCOMPLETE_HOLDS_MS };
    fresh.answer.then(
      (answer) => {
        if (isComplete(answer)) fresh.untilMs = now + HOLDS_MS;
      },
      () => {
        fresh.untilMs = now;
      },
    );
    return fresh;
  }
}

function idsOf(handles: readonly { readonly id: string }[]): readonly string[] {
  return handles.map(({ id }) => id);
}
