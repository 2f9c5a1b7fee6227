/**
 * The gates of every network: members of a ring that a newcomer can reach
 * through this server.
 *
 * Knows neither sockets nor HTTP. Whoever calls `join` or `stand` has made sure
 * that the address has a live connection, and calls `drop` the moment that it
 * has none any more. Each method runs to its end without waiting for anything;
 * that is what makes only one of ten simultaneous newcomers the first.
 *
 * Node ids are taken at their word here. A liar can hide a gate until that
 * gate renews its lease, and no more: nodes prove their ids to one another.
 */

export interface Gate {
  /** 40 hex digits. */
  readonly id: string;
  /** Its name at the PeerServer. */
  readonly address: string;
}

/** Who asks, and where. Well-formed; see ask.ts. */
export interface Asker {
  readonly network: string;
  readonly nodeId: string;
  readonly address: string;
}

export type GatesAnswer =
  /** Never the asker itself; in random order. `wanted`: more members should stand as gates. */
  | { readonly kind: "gates"; readonly gates: readonly Gate[]; readonly wanted: boolean }
  /** The asker is the only gate now, and begins the ring. */
  | { readonly kind: "first" }
  /** The asker is no gate any more. */
  | { readonly kind: "rested" }
  /** There are MAX_NETWORKS already. */
  | { readonly kind: "full" };

/** A gate that does not renew within this time is forgotten. Twice the time of an unlucky renewal; guess. */
export const LEASE_MS = 60_000;
/** As many as a ring needs, whatever its size (design.md, section 4); also the longest list given. */
export const WANTED_GATES = 16;
/** Beyond this nobody is listed. Twice the wanted, for those who come before the others rest; guess. */
export const MAX_GATES = 32;
/** Rings on one server. Guess: with MAX_GATES it bounds the memory to a few megabytes. */
export const MAX_NETWORKS = 1000;

interface Standing extends Gate {
  readonly untilMs: number;
}

export class Gates {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #gatesByNetwork = new Map<string, Map<string, Standing>>();
  /** An address is at most one gate, in one network. */
  readonly #standingByAddress = new Map<string, Asker>();

  /** `now` in ms, never running backwards; `random` in [0, 1). */
  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  /** Only reads. */
  visit(asker: Pick<Asker, "network" | "nodeId">): GatesAnswer {
    const gates = this.#current(asker.network);
    const others = [...gates.values()].filter((gate) => gate.id !== asker.nodeId);
    return {
      kind: "gates",
      gates: this.#shuffled(others),
      wanted: gates.size < WANTED_GATES,
    };
  }

  /**
   * Lists the gates, or makes the asker the first. Its own old address, from
   * before a reload, is no gate that it could join through.
   */
  join(asker: Asker): GatesAnswer {
    const gates = this.#current(asker.network);
    const alone = [...gates.keys()].every((id) => id === asker.nodeId);
    if (!alone) return this.visit(asker);
    return this.#list(asker) ? { kind: "first" } : { kind: "full" };
  }

  /** Lists the asker as a gate, or renews its lease. A new address replaces the old one. */
  stand(asker: Asker): GatesAnswer {
    const gates = this.#current(asker.network);
    if (!gates.has(asker.nodeId) && gates.size >= MAX_GATES) return this.visit(asker);
    return this.#list(asker) ? this.visit(asker) : { kind: "full" };
  }

  /** The asker is no gate any more. What another address stands for is left alone. */
  rest(asker: Asker): GatesAnswer {
    const standing = this.#standingByAddress.get(asker.address);
    if (standing?.network === asker.network && standing.nodeId === asker.nodeId) {
      this.drop(asker.address);
    }
    return { kind: "rested" };
  }

  /** The connection of `address` is gone, and with it the gate it was, if any. */
  drop(address: string): void {
    const standing = this.#standingByAddress.get(address);
    if (standing !== undefined) this.#remove(standing);
  }

  /** Gates that stand, for every network that has one. */
  counts(): Map<string, number> {
    for (const network of [...this.#gatesByNetwork.keys()]) this.#current(network);
    return new Map([...this.#gatesByNetwork].map(([network, gates]) => [network, gates.size]));
  }

  /** False, and nothing changed, when this would be one network too many. */
  #list(asker: Asker): boolean {
    const { network, nodeId, address } = asker;
    if (!this.#gatesByNetwork.has(network) && this.#isFull()) return false;
    this.drop(address);
    const old = this.#gatesByNetwork.get(network)?.get(nodeId);
    if (old !== undefined) this.#standingByAddress.delete(old.address);
    // After the removals: they may have taken the network's map with them.
    const gates = this.#gatesByNetwork.get(network) ?? new Map<string, Standing>();
    gates.set(nodeId, { id: nodeId, address, untilMs: this.#now() + LEASE_MS });
    this.#gatesByNetwork.set(network, gates);
    this.#standingByAddress.set(address, asker);
    return true;
  }

  #isFull(): boolean {
    return this.#gatesByNetwork.size >= MAX_NETWORKS && this.counts().size >= MAX_NETWORKS;
  }

  #remove({ network, nodeId, address }: Asker): void {
    this.#standingByAddress.delete(address);
    const gates = this.#gatesByNetwork.get(network);
    gates?.delete(nodeId);
    if (gates?.size === 0) this.#gatesByNetwork.delete(network);
  }

  /** The gates of a network whose lease has not ended. The others are forgotten here. */
  #current(network: string): ReadonlyMap<string, Standing> {
    for (const { id, address, untilMs } of [
      ...(this.#gatesByNetwork.get(network)?.values() ?? []),
    ]) {
      if (untilMs <= this.#now()) this.#remove({ network, nodeId: id, address });
    }
    return this.#gatesByNetwork.get(network) ?? new Map<string, Standing>();
  }

  /** In random order, so that no gate is everybody's first. */
  #shuffled(gates: readonly Standing[]): Gate[] {
    const rest = gates.map(({ id, address }) => ({ id, address }));
    const shuffled: Gate[] = [];
    while (rest.length > 0) {
      shuffled.push(...rest.splice(Math.floor(this.#random() * rest.length), 1));
    }
    return shuffled;
  }
}
