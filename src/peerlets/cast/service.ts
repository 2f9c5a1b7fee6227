/**
 * What `prost.service<CastService>("cast")` gives to other applications on this
 * node. Each has groups of its own, and is told `message`, `anycast` and `ended`:
 * see `clients.ts`.
 */
import type { Cast, Created, Place } from "./cast.ts";

export type CastService = {
  create(client: string, group: string, options?: CreateOptions): Promise<Created>;
  join(client: string, group: string, options?: JoinOptions): Promise<{ readonly key: string }>;
  leave(client: string, group: string): void;
  multicast(
    client: string,
    group: string,
    data: string | Uint8Array,
  ): Promise<{ readonly serial: number }>;
  anycast(
    client: string,
    group: string,
    data: string | Uint8Array,
  ): Promise<{ readonly node: string; readonly asked: number }>;
  groups(client: string): readonly Place[];
};

export interface CreateOptions {
  readonly closed?: boolean;
  /** One that was drawn elsewhere: 64 hex digits. The group is closed then, whether `closed` says so or not. */
  readonly credential?: string;
}

export interface JoinOptions {
  readonly credential?: string;
}

export function serviceOf(cast: Cast): CastService {
  return {
    create: (client, group, options) => cast.create(client, group, options),
    join: (client, group, options) => cast.join(client, group, options),
    leave: (client, group) => cast.leave(client, group),
    multicast: (client, group, data) => cast.multicast(client, group, data),
    anycast: (client, group, data) => cast.anycast(client, group, data),
    groups: (client) => cast.places(client).filter(({ name }) => name !== null),
  };
}
