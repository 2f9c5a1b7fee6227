/**
 * Removal by secret, which is the hash table's own: the one method that its
 * nodes may call on each other beside those of every replica.
 *
 * | method   | called by              | does                                               |
 * | -------- | ---------------------- | -------------------------------------------------- |
 * | `remove` | who removes, at the root | turns values into removals, here and at the others |
 */
import type { Plain } from "prost/sdk";
import { isKey } from "../replicated/arcs.ts";
import { MAX_PAGE_RECORDS } from "../replicated/limits.ts";
import type { AtReplica, Written } from "../replicated/protocol.ts";
import type { Replica } from "../replicated/replica.ts";
import { type DhtRecord, type Query, isHash, isSecret } from "./records.ts";
import type { RecordStore } from "./store.ts";

export interface AtDht extends AtReplica {
  remove(
    caller: string,
    key: string,
    secret: Uint8Array,
    valueHash: string | null,
    write: number,
  ): Promise<Plain>;
}

export async function removeHere(
  replica: Replica<DhtRecord, Query>,
  store: RecordStore,
  [key, secret, valueHash, write]: readonly unknown[],
): Promise<Written> {
  if (!isKey(key) || !isSecret(secret) || !(valueHash === null || isHash(valueHash))) {
    return { kind: "refused", why: "it makes no sense" };
  }
  const query = { key, recordKind: "value", after: "", limit: MAX_PAGE_RECORDS } as const;
  return replica.change({ ...query, withRemoved: true }, write, () => {
    const removed = store.remove(key, secret, valueHash);
    // A caller that asks again finds what its first try removed.
    return removed.length > 0 ? removed : store.removals(key, secret);
  });
}
