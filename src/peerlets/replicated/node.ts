/**
 * The parts of a peerlet that replicates, put together: what one node keeps of
 * an application, and the `remote` methods that its nodes call on each other.
 */
import type { Prost } from "prost/sdk";
import { AntiEntropy } from "./anti-entropy.ts";
import { CallRate } from "./call-rate.ts";
import { Client } from "./client.ts";
import { FairUse } from "./fair-use.ts";
import { STORAGE_SHARE } from "./limits.ts";
import type { AtReplica } from "./protocol.ts";
import { References } from "./references.ts";
import { NEAR, Replica } from "./replica.ts";
import type { BaseQuery, BaseRecord, Rules } from "./rules.ts";
import { Shelf } from "./shelf.ts";
import { type Kept, RecordStore } from "./store.ts";
import { Surroundings } from "./surroundings.ts";

/** How long another replica may take, in ms. A guess: a crash is known after about 4 s. */
const REPLICA_MS = 4_000;
/** Neighbours on both sides, and those that have gone. A guess. */
const MOST_REFERENCES = 32;

type Changed<R> = (slot: string, key: string, kept: Kept<R> | null) => void;

export interface NodeOptions<R extends BaseRecord, Q extends BaseQuery, Store> {
  readonly makeStore: (fairUse: FairUse, now: () => number, changed: Changed<R>) => Store;
  readonly rules: Rules<R, Q>;
}

export function replicatedNode<
  R extends BaseRecord,
  Q extends BaseQuery,
  Store extends RecordStore<R, Q>,
>(prost: Prost, { rules, makeStore }: NodeOptions<R, Q, Store>) {
  let isLoaded = false;
  const shelf = new Shelf(prost, rules);
  const fairUse = new FairUse(prost.grant.storageBytes * STORAGE_SHARE);
  const store = makeStore(
    fairUse,
    () => prost.clock.date(),
    (slot, key, kept) => shelf.put(slot, key, kept),
  );
  const references = new References<AtReplica>(prost, REPLICA_MS, MOST_REFERENCES);
  const surroundings = new Surroundings(prost, 2 * NEAR);
  const replica: Replica<R, Q> = new Replica(prost, rules, store, references, surroundings, {
    isCovered: (key) => antiEntropy.isCovered(key),
    began: (key) => antiEntropy.began(key),
    settled: (key) => antiEntropy.settled(key),
    doubted: (key) => antiEntropy.doubted(key),
    isLoaded: () => isLoaded,
    written: () => shelf.flush(),
  });
  const antiEntropy: AntiEntropy<R, Q> = new AntiEntropy(
    prost,
    rules,
    store,
    references,
    (plain, bringer) => replica.accept(plain, bringer),
  );
  const client = new Client(prost, rules);
  const rate = new CallRate(() => prost.clock.now());
  /** Every remote method counts what its caller does. */
  const counted =
    <Args extends unknown[], Answer>(method: (caller: string, ...args: Args) => Answer) =>
    (caller: string, ...args: Args) => {
      if (!rate.admits(caller)) throw new Error("this node calls too often");
      return method(caller, ...args);
    };

  // What an earlier run left is a help, not a condition.
  shelf
    .load(store)
    .catch((error: unknown) => prost.log("what was stored cannot be read", String(error)))
    .finally(() => {
      isLoaded = true;
      antiEntropy.start();
    });

  return {
    store,
    replica,
    client,
    counted,
    remote: {
      put: counted((caller, record: unknown, write: unknown) => replica.put(caller, record, write)),
      get: counted((caller, query: unknown) => replica.get(caller, query)),
      page: counted((caller, query: unknown) => replica.page(caller, query)),
      store: counted((caller, records: unknown) => replica.store(caller, records)),
      compare: counted((_caller, low: unknown, high: unknown, count: unknown, digest: unknown) =>
        replica.compare(low, high, count, digest),
      ),
      fetch: counted((_caller, slots: unknown) => replica.fetch(slots)),
      lacks: counted((_caller, items: unknown) => replica.lacks(items)),
      holds: counted((_caller, key: unknown) => replica.holds(key)),
    },
    stats: () => ({
      records: store.size,
      bytes: fairUse.usedBytes,
      capacityBytes: fairUse.capacityBytes,
      failedWrites: shelf.failedWrites,
      ...antiEntropy.counts,
      ...replica.counts,
      ...client.counts,
    }),
    updated: () => {
      surroundings.updated();
      antiEntropy.updated();
    },
    close: () => {
      antiEntropy.close();
      return shelf.flush();
    },
  };
}
