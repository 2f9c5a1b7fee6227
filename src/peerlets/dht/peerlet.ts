/**
 * A distributed hash table: values by key, each on the replica set of its key.
 *
 * Plugs the parts together and checks what callers on this node pass. What is
 * where: `records.ts` what is right, `store.ts` what holds, `replica.ts` what
 * other nodes may ask, `anti-entropy.ts` how copies are kept, `client.ts` how
 * one reads and writes. docs/services/dht.md has the guarantees.
 */
import { definePeerlet } from "prost/sdk";
import { AntiEntropy } from "./anti-entropy.ts";
import { CallRate } from "./call-rate.ts";
import { Client } from "./client.ts";
import { FairUse } from "./fair-use.ts";
import { localMethods } from "./local.ts";
import { STORAGE_SHARE } from "./limits.ts";
import { References } from "./references.ts";
import { Replica } from "./replica.ts";
import { Shelf } from "./shelf.ts";
import { serviceOf } from "./service.ts";
import { RecordStore } from "./store.ts";

export default definePeerlet((prost) => {
  const shelf = new Shelf(prost);
  const fairUse = new FairUse(prost.grant.storageBytes * STORAGE_SHARE);
  const store = new RecordStore(
    fairUse,
    () => prost.clock.date(),
    (slot, key, kept) => shelf.put(slot, key, kept),
  );
  const references = new References(prost);
  const replica = new Replica(prost, store, references, {
    keeps: (key) => antiEntropy.keeps(key),
    isCovered: (key) => antiEntropy.isCovered(key),
  });
  const antiEntropy = new AntiEntropy(prost, store, references, (plain, bringer) =>
    replica.accept(plain, bringer),
  );
  const client = new Client(prost);
  const rate = new CallRate(() => prost.clock.now());
  const admit = (caller: string) => {
    if (!rate.admits(caller)) throw new Error("this node calls too often");
  };
  /** Every remote method counts what its caller does. */
  const counted =
    <Args extends unknown[], Answer>(method: (caller: string, ...args: Args) => Answer) =>
    (caller: string, ...args: Args) => {
      admit(caller);
      return method(caller, ...args);
    };

  const local = localMethods(prost, client, () => ({
    records: store.size,
    bytes: fairUse.usedBytes,
    capacityBytes: fairUse.capacityBytes,
    failedWrites: shelf.failedWrites,
    ...antiEntropy.counts,
    ...replica.counts,
    ...client.counts,
  }));

  // What an earlier run left is a help, not a condition.
  shelf
    .load(store)
    .catch((error: unknown) => prost.log("what was stored cannot be read", String(error)))
    .finally(() => antiEntropy.start());

  return {
    update: () => antiEntropy.updated(),
    remote: {
      put: counted((caller, record: unknown, write: unknown) => replica.put(caller, record, write)),
      remove: counted((caller, key: unknown, secret: unknown, valueHash: unknown, write: unknown) =>
        replica.remove(caller, key, secret, valueHash, write),
      ),
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
    local,
    service: serviceOf(local),
    close: () => antiEntropy.close(),
  };
});
