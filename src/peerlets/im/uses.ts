/**
 * The services that this application uses, as far as this node lets it: a policy
 * may deny one, and then what needs it says so instead of waiting for ever.
 */
import type { CallError, Prost } from "prost/sdk";
import type { CastService } from "../cast/service.ts";
import { SERVICE_MS } from "./limits.ts";
import type { Dht } from "./owned.ts";

export type UsedService = "dht" | "cast";

export class Uses {
  readonly #clock: Prost["clock"];
  readonly #refusals = new Map<UsedService, string>();
  readonly #asks: Readonly<Record<UsedService, () => Promise<unknown>>>;
  /** A service is refused, or is not any more. */
  onChange: () => void = () => {};

  constructor(prost: Prost, dht: Dht) {
    this.#clock = prost.clock;
    const cast = prost.service<CastService>("cast");
    // What costs least: they stay on this node.
    this.#asks = { dht: () => dht.keyOf(""), cast: () => cast.groups() };
  }

  /** Why this node does not do it; null when it does, as far as is known. */
  problemOf(name: UsedService): string | null {
    return this.#refusals.get(name) ?? null;
  }

  /** Rejects when this node refuses one of them. One that is slow to start is not waited for. */
  async need(...names: readonly UsedService[]): Promise<void> {
    await this.look(...names);
    const problem = names.map((name) => this.problemOf(name)).find((why) => why !== null);
    if (problem !== undefined) throw new Error(problem);
  }

  async look(...names: readonly UsedService[]): Promise<void> {
    let cancel = () => {};
    const enough = new Promise<void>((resolve) => {
      cancel = this.#clock.after(SERVICE_MS, resolve);
    });
    await Promise.race([enough, Promise.all(names.map((name) => this.#ask(name)))]);
    cancel();
  }

  async #ask(name: UsedService): Promise<void> {
    const before = this.problemOf(name);
    try {
      await this.#asks[name]();
      this.#refusals.delete(name);
    } catch (error) {
      const { code, message } = error as CallError;
      // Anything else passes.
      if (code !== "refused") return;
      this.#refusals.set(name, `${message}: allow it on this node, messages need it`);
    }
    if (this.problemOf(name) !== before) this.onChange();
  }
}
