/**
 * The gates this browser profile has seen at one server, in localStorage: a
 * last hope for a newcomer when those the server lists do not answer.
 *
 * What is read back is checked like anything from outside. Storage that is
 * missing, full or refused is the same as an empty memory.
 */
import type { Gate } from "../link/signaling.ts";
import { readGates } from "./gate-messages.ts";

/** As many as a ring has gates. */
const MAX_REMEMBERED = 16;

export class RememberedGates {
  readonly #storage: Pick<Storage, "getItem" | "setItem"> | undefined;
  readonly #name: string;

  /** An address means something at one server only, so each has a memory of its own. */
  constructor(
    storage: Pick<Storage, "getItem" | "setItem"> | undefined,
    network: string,
    url: string,
  ) {
    this.#storage = storage;
    this.#name = `prost.gates.${network}.${url}`;
  }

  all(): Gate[] {
    try {
      return readGates(JSON.parse(this.#storage?.getItem(this.#name) ?? "[]")) ?? [];
    } catch {
      return [];
    }
  }

  /** The newest come first; each node is kept once, at its latest address. */
  add(gates: readonly Gate[]): void {
    if (gates.length === 0) return;
    const kept = [...gates, ...this.missingFrom(gates)].slice(0, MAX_REMEMBERED);
    try {
      this.#storage?.setItem(this.#name, JSON.stringify(kept));
    } catch {
      // Full or refused.
    }
  }

  missingFrom(gates: readonly Gate[]): Gate[] {
    return this.all().filter((old) => gates.every((gate) => gate.id !== old.id));
  }
}
