/**
 * Who on this node is in which group: the page with its view, and other
 * applications of this node, each told of every message once. The trees below
 * know nothing of them.
 *
 * Groups of different applications never meet: the key of a group is made of the
 * application's id and the group's name. The page names groups by text, too, or
 * by the 40 hex digits of a key, as they are.
 */
import type { Plain, Prost } from "prost/sdk";
import { MAX_CLIENTS, MAX_NAME_CHARS, RECEIVED_MESSAGES } from "./limits.ts";
import type { CastMessage, Data } from "./protocol.ts";
import { isId } from "./reading.ts";

/** The page and this peerlet's view, among the clients; the others are called by their app ids. */
export const PAGE = "";

export interface Received {
  /** From 1, one more for each of the group. */
  readonly number: number;
  readonly kind: "message" | "anycast";
  readonly sender: string;
  readonly serial: number;
  readonly data: Data;
  /** As this node's clock has it. */
  readonly atMs: number;
}

interface Membership {
  /** As the client calls it. */
  readonly name: string;
  received: Received[];
  count: number;
}

/** How a client hears of what comes. */
export type Tell = (client: string, event: string, detail: Plain) => void;

export class Clients {
  readonly #prost: Prost;
  readonly #tell: Tell;
  readonly #byGroup = new Map<string, Map<string, Membership>>();

  constructor(prost: Prost, tell: Tell) {
    this.#prost = prost;
    this.#tell = tell;
  }

  /** The key of a client's group. */
  keyOf(client: string, name: unknown): string {
    if (typeof name !== "string" || name.length < 1 || name.length > MAX_NAME_CHARS) {
      throw new TypeError(
        `a group is a name of 1 to ${MAX_NAME_CHARS} characters, or a key of 40 hex digits`,
      );
    }
    if (client === PAGE && isId(name)) return name;
    return this.#prost.keyOf(`cast ${client} ${name}`);
  }

  /**
   * Takes this membership back, and no later one, unless the client left meanwhile: then it says
   * false. Null when it was in the group already.
   */
  join(client: string, group: string, name: string): (() => boolean) | null {
    const clients = this.#byGroup.get(group) ?? new Map<string, Membership>();
    if (clients.has(client)) return null;
    if (clients.size >= MAX_CLIENTS)
      throw new Error(`${MAX_CLIENTS} applications are in this group already`);
    const membership = { name, received: [], count: 0 };
    clients.set(client, membership);
    this.#byGroup.set(group, clients);
    return () => {
      if (this.#byGroup.get(group)?.get(client) !== membership) return false;
      this.leave(client, group);
      return true;
    };
  }

  leave(client: string, group: string): void {
    const clients = this.#byGroup.get(group);
    clients?.delete(client);
    if (clients?.size === 0) this.#byGroup.delete(group);
  }

  has(group: string): boolean {
    return this.#byGroup.has(group);
  }

  isIn(client: string, group: string): boolean {
    return this.#byGroup.get(group)?.has(client) === true;
  }

  nameOf(client: string, group: string): string | null {
    return this.#byGroup.get(group)?.get(client)?.name ?? null;
  }

  namesOf(client: string): string[] {
    const all = [...this.#byGroup.values()].map((clients) => clients.get(client)?.name);
    return all.filter((name) => name !== undefined);
  }

  /** A message for all clients in the group. */
  heard(group: string, message: CastMessage): void {
    for (const client of this.#byGroup.get(group)?.keys() ?? []) {
      this.#take(client, group, "message", message);
    }
  }

  /** A message for one of them; false when there is none. */
  anycast(group: string, sender: string, data: Data): boolean {
    const [client] = this.#byGroup.get(group)?.keys() ?? [];
    if (client === undefined) return false;
    this.#take(client, group, "anycast", { sender, serial: 0, data });
    return true;
  }

  /** The group wants this node no more. */
  ended(group: string, why: string): void {
    const clients = this.#byGroup.get(group);
    this.#byGroup.delete(group);
    for (const [client, { name }] of clients ?? [])
      this.#tell(client, "ended", { group: name, key: group, why });
  }

  /** What came since a number, the oldest first, as far as it is kept. */
  received(client: string, group: string, after: number): Received[] {
    const membership = this.#byGroup.get(group)?.get(client);
    return membership?.received.filter(({ number }) => number > after) ?? [];
  }

  #take(
    client: string,
    group: string,
    kind: Received["kind"],
    { sender, serial, data }: Pick<CastMessage, "sender" | "serial" | "data">,
  ): void {
    const membership = this.#byGroup.get(group)!.get(client)!;
    const number = ++membership.count;
    const received = { number, kind, sender, serial, data, atMs: this.#prost.clock.date() };
    // An application keeps what it wants; the page may be looked at later.
    if (client === PAGE)
      membership.received = [...membership.received, received].slice(-RECEIVED_MESSAGES);
    this.#tell(client, kind, { group: membership.name, key: group, ...received });
  }
}
