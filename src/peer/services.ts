/**
 * Services: what peerlets of different applications on one node do for each
 * other. A manifest names in `uses` whom its code may call; that application is
 * installed with it, under the same policy.
 *
 * Calls stay on the node. Who calls is known by its app id, so a service can
 * keep its clients apart; whom it may tell something is who uses it.
 */
import { type Plain, plainBytes } from "../base/plain.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Entries } from "./entries.ts";
import type { Peerlet } from "./peerlet.ts";
import type { Result } from "./sandbox.ts";

export interface ServicePorts {
  readonly entries: Entries;
  readonly arrivals: Arrivals;
}

type Done = (result: Result) => void;

/** How long an application may take over what it is told, in ms. A guess: as for a message. */
const TOLD_MS = 9_000;

export class Services {
  readonly #ports: ServicePorts;

  constructor(ports: ServicePorts) {
    this.#ports = ports;
  }

  /** `name` is one of the manifest's `uses`. */
  call(
    client: Peerlet,
    name: string,
    method: string,
    args: readonly Plain[],
    timeoutMs: number,
    done: Done,
  ): void {
    const { entries, arrivals } = this.#ports;
    const entry = entries.get(client.appId);
    const uses = client.package?.manifest.uses ?? {};
    const use = Object.hasOwn(uses, name) ? uses[name] : undefined;
    if (!entry || use === undefined) {
      const why = `the manifest does not say that it uses ${JSON.stringify(name)}`;
      return done({ kind: "error", code: "no-such-method", why });
    }
    const service = arrivals.need(entry, name, use)?.peerlet;
    if (!service) {
      return done({ kind: "error", code: "refused", why: "too many applications here" });
    }
    if (service.isRunning && !service.offered.service.includes(method)) {
      const why = `${name} has no service method called ${method}`;
      return done({ kind: "error", code: "no-such-method", why });
    }
    service.call("service", [client.appId, method, args], plainBytes(args), timeoutMs, (result) =>
      done(result.kind === "error" ? { ...result, why: `${name}: ${result.why}` } : result),
    );
  }

  /** A word to an application that uses this one; it is started if need be. */
  tell(service: Peerlet, appId: string, event: string, detail: Plain, done: Done): void {
    const client = this.#ports.entries.get(appId)?.peerlet;
    const uses = Object.entries(client?.package?.manifest.uses ?? {});
    const name = uses.find(([, use]) => use.appId === service.appId)?.[0];
    if (!client || name === undefined) {
      const why = "no application with this app id on this node uses this one";
      return done({ kind: "error", code: "refused", why });
    }
    const told = (result: Result) =>
      done(result.kind === "value" ? { kind: "value", value: undefined } : result);
    if (client.isRunning && !client.offered.upcalls.includes("told")) {
      return done({ kind: "error", code: "no-such-method", why: "it does not listen" });
    }
    client.call("told", [name, event, detail], plainBytes(detail), TOLD_MS, told);
  }
}
