/**
 * This node as a sender: it routes a search for endpoints towards an object's
 * root, gives the message to those that come for it, at most as many as were
 * asked for, and counts them.
 *
 * What a hop took over and did not finish is lost with that hop: then, after a
 * while, the search is sent again, for those that are missing.
 */
import type { Prost } from "prost/sdk";
import {
  MAX_ENDPOINTS,
  MAX_HOPS,
  MAX_PENDING,
  MAX_TRIES,
  SEND_MS,
  TRY_AGAIN_MS,
  TRY_MS,
} from "./limits.ts";
import { type Search, encode, hexOf, isCount } from "./protocol.ts";

/** Drawn at random: who has not seen the search cannot collect the message. */
const REQUEST_ID_BYTES = 16;

export interface Sent {
  /** The nodes that took it, in the order in which they came; `hops`: from the sender to the node that pointed to it. */
  readonly endpoints: readonly { readonly node: string; readonly hops: number }[];
  /** To the first pointer that was good; 0 when nobody took it. */
  readonly hops: number;
}

interface Pending {
  readonly objectId: string;
  readonly bytes: Uint8Array;
  readonly want: number;
  /** Endpoints that were given it, and the hops that their offer told. */
  readonly given: Map<string, number>;
  /** Those of them that said they have it. */
  readonly took: Map<string, number>;
  attempt: number;
  unmet: number;
  /** Ends this try. */
  tell: (() => void) | null;
}

export class Sender {
  readonly #prost: Prost;
  readonly #pending = new Map<string, Pending>();
  readonly counts = { sent: 0, tries: 0, endpointsFound: 0, endpointsMissing: 0 };

  constructor(prost: Prost) {
    this.#prost = prost;
  }

  async send(bytes: Uint8Array, objectId: string, want: number): Promise<Sent> {
    if (this.#pending.size >= MAX_PENDING) {
      throw new RangeError(`${MAX_PENDING} messages wait already: wait for one of them`);
    }
    const id = hexOf(this.#prost.random.bytes(REQUEST_ID_BYTES));
    const took = new Map<string, number>();
    const given = new Map<string, number>();
    const pending = { objectId, bytes, want, given, took, attempt: 0, unmet: 0, tell: null };
    this.#pending.set(id, pending);
    this.counts.sent += 1;
    try {
      await this.#try(id, pending);
    } finally {
      this.#pending.delete(id);
    }
    this.counts.endpointsFound += took.size;
    this.counts.endpointsMissing += want - took.size;
    const endpoints = [...took].map(([node, hops]) => ({ node, hops }));
    const hops = endpoints.reduce((least, each) => Math.min(least, each.hops), MAX_HOPS);
    return { endpoints, hops: endpoints.length === 0 ? 0 : hops };
  }

  /** An endpoint comes for a message. `caller` is who it is; the hops are what it heard. */
  collect(
    caller: string,
    objectId: unknown,
    id: unknown,
    hops: unknown,
  ): { readonly bytes: Uint8Array } | null {
    const pending = this.#pending.get(String(id));
    if (!pending || pending.objectId !== objectId) return null;
    const { bytes, given, want } = pending;
    // The same again: its answer was lost.
    if (!given.has(caller)) {
      if (given.size >= want) return null;
      given.set(caller, isCount(hops, MAX_HOPS) ? hops : MAX_HOPS);
    }
    return { bytes };
  }

  /** An endpoint has the message that it collected. */
  took(caller: string, id: unknown): void {
    const pending = this.#pending.get(String(id));
    const hops = pending?.given.get(caller);
    if (!pending || hops === undefined || pending.took.size >= pending.want) return;
    pending.took.set(caller, hops);
    this.#check(pending);
  }

  /** Whether endpoints are still wanted. */
  wants(id: unknown): boolean {
    const pending = this.#pending.get(String(id));
    return pending !== undefined && pending.given.size < pending.want;
  }

  /** The last node asked knew nobody for so many. */
  unmet(id: unknown, attempt: unknown, count: unknown): void {
    const pending = this.#pending.get(String(id));
    if (!pending || attempt !== pending.attempt || !isCount(count, MAX_ENDPOINTS)) return;
    pending.unmet += count;
    this.#check(pending);
  }

  async #try(id: string, pending: Pending): Promise<void> {
    const { clock, self } = this.#prost;
    const untilMs = clock.now() + SEND_MS;
    const { took, want } = pending;
    for (pending.attempt = 1; pending.attempt <= MAX_TRIES; pending.attempt += 1) {
      this.counts.tries += 1;
      const { attempt } = pending;
      const skip = [...took.keys()];
      const search = { id, attempt, sender: self, want: want - took.size, skip, hops: 0 };
      pending.unmet = 0;
      // Who was given it and has not said a word may be gone: its place is free again.
      for (const node of pending.given.keys()) if (!took.has(node)) pending.given.delete(node);
      const isOver = await this.#once(pending, search, Math.min(TRY_MS, untilMs - clock.now()));
      if (took.size >= want) return;
      // All have answered, and some took it: there are no more. Where nobody is known, pointers may be on their way.
      if (isOver && (took.size > 0 || attempt > 1)) return;
      if (untilMs - clock.now() < TRY_AGAIN_MS + TRY_MS) return;
      await new Promise<void>((resolve) => clock.after(TRY_AGAIN_MS, resolve));
    }
  }

  /** True when it was said of every endpoint that was wanted whether it was found. */
  async #once(pending: Pending, search: Search, waitMs: number): Promise<boolean> {
    const { clock } = this.#prost;
    return new Promise((resolve) => {
      const end = (isOver: boolean) => {
        pending.tell = null;
        cancel();
        resolve(isOver);
      };
      const cancel = clock.after(waitMs, () => end(false));
      pending.tell = () => end(true);
      this.#prost.route(pending.objectId, encode({ op: "send", search })).then(
        (receipt) => {
          // A hop that took it over ends it: that is a refusal, too.
          const isLost = receipt.kind === "unreachable" || receipt.kind === "timed-out";
          if (isLost && pending.attempt === search.attempt) end(false);
        },
        () => end(false),
      );
    });
  }

  #check({ took, unmet, want, tell }: Pending): void {
    if (took.size + unmet >= want) tell?.();
  }
}
