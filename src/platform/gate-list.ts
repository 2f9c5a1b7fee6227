/**
 * The server's list of gates: one HTTP request at a time, and what this
 * browser profile remembers of earlier lists.
 *
 * Knows nothing of connections; `gate-client.ts` says under which address we
 * are connected.
 */
import type { Id } from "../id/id.ts";
import type { Role, SignalingAnswer } from "../link/signaling.ts";
import { readGatesAnswer, readRefusal } from "./gate-messages.ts";
import type { RememberedGates } from "./remembered-gates.ts";

/** One request, in ms. A guess: the server answers from memory. */
const HTTP_LIMIT_MS = 5_000;

export type ListAnswer =
  | SignalingAnswer
  /** The server knows no connection under our address. */
  | { readonly kind: "unconnected"; readonly why: string };

export class GateList {
  readonly #url: string;
  readonly #network: string;
  readonly #self: Id;
  readonly #remembered: RememberedGates;

  constructor(url: string, network: string, self: Id, remembered: RememberedGates) {
    this.#url = url;
    this.#network = network;
    this.#self = self;
    this.#remembered = remembered;
  }

  /** One request. `address` is null for a visitor, who needs none. Never rejects. */
  async ask(role: Role, address: string | null, signal: AbortSignal): Promise<ListAnswer> {
    try {
      const response = await fetch(`${this.#url}/gates`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          network: this.#network,
          nodeId: this.#self,
          address: address ?? "",
          role,
        }),
        credentials: "omit",
        signal: AbortSignal.any([signal, AbortSignal.timeout(HTTP_LIMIT_MS)]),
      });
      const text = await response.text();
      if (!response.ok) {
        const why = `the server says ${response.status}: ${readRefusal(text)}`;
        return { kind: response.status === 409 ? "unconnected" : "away", why };
      }
      const answer = readGatesAnswer(text, this.#self);
      if (answer !== null) return this.#remember(role, answer);
      return { kind: "away", why: "what it answers makes no sense: is this a PROST server?" };
    } catch (error) {
      const isLate = error instanceof Error && error.name === "TimeoutError";
      return {
        kind: "away",
        why: isLate ? "the server did not answer in time" : "the server cannot be reached",
      };
    }
  }

  /** Keeps the gates listed; a newcomer also gets those remembered from before, last. */
  #remember(role: Role, answer: SignalingAnswer): SignalingAnswer {
    if (answer.kind !== "gates") return answer;
    const older = this.#remembered.missingFrom(answer.gates);
    this.#remembered.add(answer.gates);
    if (role !== "newcomer") return answer;
    const others = older.filter((gate) => gate.id !== this.#self);
    return { ...answer, gates: [...answer.gates, ...others] };
  }
}
