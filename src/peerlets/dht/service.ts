/**
 * What `prost.service<DhtService>("dht")` gives: the `local` methods, for other
 * applications on this node. The table is one for all of them: whoever wants a
 * part of its own derives its keys from its app id.
 */
import type { LocalMethods } from "./local.ts";

type Methods = Omit<LocalMethods, "stats">;

export type DhtService = {
  readonly [Name in keyof Methods]: (
    client: string,
    ...args: Parameters<Methods[Name]>
  ) => ReturnType<Methods[Name]>;
};

export function serviceOf(local: LocalMethods): DhtService {
  const methods = Object.entries(local) as [string, (...args: unknown[]) => unknown][];
  const named = methods.filter(([name]) => name !== "stats");
  return Object.fromEntries(
    named.map(([name, method]) => [name, (_client: string, ...args: unknown[]) => method(...args)]),
  ) as unknown as DhtService;
}
