/**
 * What an operator watches, in Prometheus' text format.
 *
 * Label values come from fixed sets of our own, or from names whose form
 * ask.ts has checked, so none needs escaping.
 */

export interface Gauges {
  readonly clients: number;
  readonly gatesByNetwork: ReadonlyMap<string, number>;
  readonly uptimeSeconds: number;
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #answers = new Map<string, number>();
  #peerServerErrors = 0;

  countRequest(route: string, status: number): void {
    add(this.#requests, `route="${route}",status="${status}"`);
  }

  countAnswer(role: string, kind: string): void {
    add(this.#answers, `role="${role}",answer="${kind}"`);
  }

  countPeerServerError(): void {
    this.#peerServerErrors += 1;
  }

  text({ clients, gatesByNetwork, uptimeSeconds }: Gauges): string {
    const gates = new Map([...gatesByNetwork].map(([name, count]) => [`network="${name}"`, count]));
    return [
      family("prost_clients", "gauge", "Connections to the PeerServer.", new Map([["", clients]])),
      family("prost_gates", "gauge", "Gates that stand, by network.", gates),
      family("prost_requests_total", "counter", "HTTP requests, by outcome.", this.#requests),
      family("prost_gate_answers_total", "counter", "Answers to POST /gates.", this.#answers),
      family(
        "prost_peer_server_errors_total",
        "counter",
        "Broken messages and sockets at the PeerServer.",
        new Map([["", this.#peerServerErrors]]),
      ),
      family("prost_uptime_seconds", "gauge", "Since the start.", new Map([["", uptimeSeconds]])),
    ].join("");
  }
}

function add(counts: Map<string, number>, labels: string): void {
  counts.set(labels, (counts.get(labels) ?? 0) + 1);
}

function family(
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: ReadonlyMap<string, number>,
): string {
  const lines = [...samples].map(([labels, value]) =>
    labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`,
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}
