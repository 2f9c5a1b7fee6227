/**
 * The simulation's signaling server, with the rules of `signaling/gates.ts`,
 * and its clients. It stands on a host of its own, so a partition may leave it
 * on either side.
 */
import type { Id } from "../id/id.ts";
import type { Gate, Signaling, SignalingEvents } from "../link/signaling.ts";
import type { Host, MemoryNetwork } from "./memory-network.ts";

/** About so many gates; the server wants more below that, and lists nobody beyond the second. */
const GATES_WANTED = 16;
const GATES_AT_MOST = 32;
/** How long it takes to be sure that nobody is there, in ms. */
const AWAY_MS = 200;

interface Client {
  readonly id: Id;
  readonly host: Host;
  readonly address: string;
  events: SignalingEvents | null;
  isGate: boolean;
}

export class MemorySignalingServer {
  readonly host: Host;
  readonly #network: MemoryNetwork;
  readonly #clients = new Map<string, Client>();
  #serial = 0;
  #isUp = true;

  constructor(network: MemoryNetwork) {
    this.#network = network;
    this.host = network.newHost();
  }

  get gateCount(): number {
    return this.#gates().length;
  }

  /** Nodes that hold a connection to it, gates or not. */
  get clientCount(): number {
    return [...this.#clients.values()].filter(({ host }) => host.isUp).length;
  }

  stop(): void {
    this.#isUp = false;
    this.#disconnect([...this.#clients.values()]);
  }

  start(): void {
    this.#isUp = true;
  }

  /** Ends the connections that a partition has cut; a real server's pings take a while to see that. */
  dropUnheard(): void {
    this.#disconnect([...this.#clients.values()].filter(({ host }) => !this.#hears(host)));
  }

  #disconnect(clients: readonly Client[]): void {
    for (const client of clients) {
      this.#clients.delete(client.address);
      client.isGate = false;
    }
    for (const { host, events } of clients) if (host.isUp) events?.lost("the server went away");
  }

  #hears(host: Host): boolean {
    return this.#isUp && this.#network.canHear(this.host, host);
  }

  clientOf(id: Id, host: Host): Signaling {
    const address = `client-${this.#serial++}`;
    const client: Client = { id, host, address, events: null, isGate: false };
    const network = this.#network;
    const later = (task: () => void) => {
      network.clock.after(2 * network.latency(), () => {
        if (host.isUp) task();
      });
    };
    const rest = () => {
      client.isGate = false;
      this.#clients.delete(client.address);
    };
    return {
      url: "memory:",
      attach: (events) => {
        client.events = events;
      },
      ask: (role, done) => {
        if (!this.#hears(host)) {
          network.clock.after(AWAY_MS, () => host.isUp && done({ kind: "away", why: "no server" }));
          return;
        }
        if (role !== "visitor") this.#clients.set(client.address, client);
        if (role === "gate" && this.gateCount < GATES_AT_MOST) client.isGate = true;
        const gates = this.#gates().filter((gate) => gate !== client && gate.id !== id);
        const isFirst = role === "newcomer" && gates.length === 0;
        if (isFirst) client.isGate = true;
        const wanted = this.gateCount < GATES_WANTED;
        const listed = this.#shuffled(gates).map((gate) => ({
          id: gate.id,
          address: gate.address,
        }));
        later(() => done(isFirst ? { kind: "first" } : { kind: "gates", gates: listed, wanted }));
      },
      connect: (gate, events) => {
        let isOver = false;
        later(() => {
          if (!isOver) this.#connect(host, gate, events);
        });
        return {
          close: () => {
            isOver = true;
          },
        };
      },
      rest,
      close: rest,
    };
  }

  #connect(host: Host, gate: Gate, events: Parameters<Signaling["connect"]>[1]): void {
    const client = this.#clients.get(gate.address);
    if (!this.#hears(host) || !client || !this.#network.canHear(host, client.host)) {
      return events.failed("no such gate");
    }
    const [near, far] = this.#network.connect(host, client.host);
    client.events?.knocked(far);
    events.opened(near);
  }

  #gates(): Client[] {
    return [...this.#clients.values()].filter(({ isGate, host }) => isGate && host.isUp);
  }

  #shuffled<T>(items: readonly T[]): T[] {
    const keyed = items.map((item) => ({ item, at: this.#network.random.next() }));
    return keyed.toSorted((a, b) => a.at - b.at).map(({ item }) => item);
  }
}
