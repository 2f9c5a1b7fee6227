/**
 * A node and the signaling servers it knows: in the ring, or on the way (back)
 * into it. The state that a person sees.
 */
import type { Counters } from "../base/counters.ts";
import { Emitter } from "../base/emitter.ts";
import type { Env } from "../env/env.ts";
import type { Signaling } from "../link/signaling.ts";
import { GateKeeper, type GatesParams, type ServerStatus } from "./gates.ts";
import type { ChordNode } from "./node.ts";

export type MembershipState = "joining" | "joined" | "rejoining" | "left";

export interface MembershipEvents {
  state: MembershipState;
  signaling: ServerStatus;
}

export class Membership {
  readonly events = new Emitter<MembershipEvents>();
  readonly #node: ChordNode;
  readonly #keepers: readonly GateKeeper[];
  #state: MembershipState = "joining";

  constructor(
    env: Env,
    counters: Counters,
    node: ChordNode,
    servers: readonly Signaling[],
    params: GatesParams,
  ) {
    this.#node = node;
    this.#keepers = servers.map(
      (server) =>
        new GateKeeper(env, counters, node, server, params, {
          status: (status) => this.events.emit("signaling", status),
          found: () => this.#found(),
        }),
    );
    node.events.on("isolated", ({ politely }) => this.#isolated(politely));
    node.events.on("invited", ({ reply }) => {
      reply(this.#keepers.some((keeper) => keeper.volunteer()));
    });
  }

  get state(): MembershipState {
    return this.#state;
  }

  get signaling(): ServerStatus[] {
    return this.#keepers.map((keeper) => keeper.status);
  }

  start(): void {
    this.#node.start();
    for (const keeper of this.#keepers) keeper.seek();
  }

  /** May be called twice. */
  leave(): void {
    this.#become("left");
    this.#node.leave();
    for (const keeper of this.#keepers) keeper.close();
  }

  #found(): void {
    this.#become("joined");
    for (const keeper of this.#keepers) keeper.found();
  }

  /** All others left politely: this node is the ring. They fell silent: it may be this node that is cut off. */
  #isolated(politely: boolean): void {
    if (!politely) this.#become("rejoining");
    for (const keeper of this.#keepers) keeper.seek();
  }

  #become(state: MembershipState): void {
    if (state === this.#state || this.#state === "left") return;
    this.#state = state;
    this.events.emit("state", state);
  }
}
