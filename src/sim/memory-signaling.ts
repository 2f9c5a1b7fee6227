/** The simulation's signaling server, with the rules of `signaling/gates.ts`, and its clients. */
import type { Id } from "../id/id.ts";
import type { Gate, Signaling, SignalingEvents } from "../link/signaling.ts";
import type { Host, MemoryNetwork } from "./memory-network.ts";

/** About so many gates; the server wants more below that. */
const GATES_WANTED = 16;
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
  readonly #network: MemoryNetwork;
  readonly #clients = new Map<string, Client>();
  #serial = 0;
  #isUp = true;

  constructor(network: MemoryNetwork) {
    this.#network = network;
  }

  get gateCount(): number {
    return this.#gates().length;
  }

  stop(): void {
    this.#isUp = false;
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) {
      client.isGate = false;
      if (client.host.isUp) client.events?.lost("the server went away");
    }
  }

  start(): void {
    this.#isUp = true;
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
        if (!this.#isUp) {
          network.clock.after(AWAY_MS, () => host.isUp && done({ kind: "away", why: "no server" }));
          return;
        }
        if (role !== "visitor") this.#clients.set(client.address, client);
        if (role === "gate") client.isGate = true;
        const gates = this.#gates().filter((gate) => gate !== client && gate.id !== id);
        const isFirst = role === "newcomer" && gates.length === 0;
        if (isFirst) client.isGate = true;
        const wanted = this.#gates().length < GATES_WANTED;
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
    if (!this.#isUp || !client || !this.#network.canHear(host, client.host)) {
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
