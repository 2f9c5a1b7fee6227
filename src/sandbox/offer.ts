/**
 * What a peerlet's setup returned, made into tables that can be called by name:
 * own properties only, without prototypes, so that no name finds anything that
 * the author did not put there.
 */
import type { Plain } from "../base/plain.ts";
import type { Offered, Upcall } from "../peer/sandbox.ts";
import { SandboxCallError } from "./call-error.ts";
import { isMethodName, MAX_METHODS } from "./messages.ts";

type Method = (...args: unknown[]) => unknown;
type Table = Readonly<Record<string, Method>>;

export interface Offer {
  readonly offered: Offered;
  /** What the method returns, a promise perhaps. Throws what it throws, or `no-such-method`. */
  run(upcall: Upcall, args: readonly Plain[]): unknown;
  close(): unknown;
}

const UPCALLS = ["deliver", "forward", "update", "told"] as const;
const TABLES = ["remote", "local", "service"] as const;
const PARTS: readonly string[] = [...UPCALLS, ...TABLES, "close"];

/** Throws an error for the author when something in it is not as the SDK says. */
export function offerOf(peerlet: unknown): Offer {
  if (typeof peerlet !== "object" || peerlet === null) {
    throw new TypeError("the setup of a peerlet returns an object");
  }
  const own = peerlet as Partial<Record<string, unknown>>;
  const unknown = Object.keys(own).find((name) => !PARTS.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`a peerlet has no part called ${unknown}, but ${PARTS.join(", ")}`);
  }
  const upcalls = Object.create(null) as Record<string, Method>;
  for (const name of [...UPCALLS, "close"]) {
    const method = own[name];
    if (method === undefined) continue;
    if (typeof method !== "function") throw new TypeError(`${name} is not a function`);
    upcalls[name] = (...args) => Reflect.apply(method, peerlet, args) as unknown;
  }
  const remote = tableOf(own["remote"], "remote");
  const local = tableOf(own["local"], "local");
  const service = tableOf(own["service"], "service");
  return {
    offered: {
      upcalls: UPCALLS.filter((name) => upcalls[name] !== undefined),
      remote: Object.keys(remote),
      local: Object.keys(local),
      service: Object.keys(service),
    },
    run(upcall, args) {
      switch (upcall) {
        case "remote": {
          const [caller, method, values] = args as [string, string, Plain[]];
          return methodOf(remote, method)(caller, ...values);
        }
        case "local": {
          const [method, values] = args as [string, Plain[]];
          return methodOf(local, method)(...values);
        }
        case "service": {
          const [caller, method, values] = args as [string, string, Plain[]];
          return methodOf(service, method)(caller, ...values);
        }
        case "deliver":
        case "forward":
        case "update":
        case "told":
          return methodOf(upcalls, upcall)(...args);
      }
    },
    close: () => upcalls["close"]?.(),
  };
}

function tableOf(methods: unknown, what: string): Table {
  const table = Object.create(null) as Record<string, Method>;
  if (methods === undefined) return table;
  if (typeof methods !== "object" || methods === null) {
    throw new TypeError(`${what} is not an object`);
  }
  const names = Object.keys(methods);
  if (names.length > MAX_METHODS) {
    throw new RangeError(`${what} has more than ${MAX_METHODS} methods`);
  }
  for (const name of names) {
    const said = `${what}.${name.slice(0, 40)}`;
    const method: unknown = Object.getOwnPropertyDescriptor(methods, name)?.value;
    if (!isMethodName(name)) throw new TypeError(`${said}: this name cannot be called`);
    if (typeof method !== "function") throw new TypeError(`${said} is not a function`);
    table[name] = (...args) => Reflect.apply(method, methods, args) as unknown;
  }
  return table;
}

function methodOf(table: Table, name: string): Method {
  const method = table[name];
  if (method !== undefined) return method;
  throw new SandboxCallError("no-such-method", `there is no method ${name}`);
}
