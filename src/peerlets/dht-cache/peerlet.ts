/**
 * Path caching for the hash table: a `get` of a content-hash record is answered by
 * the first node on the way that has a copy.
 *
 * Content-hash records alone: they cannot change, and a copy proves itself. What is
 * where: `asker.ts` the source, `hop.ts` nodes on the way and the root, `copies.ts`
 * and `asked.ts` what they keep. docs/services/dht.md, "Path caching", has the rest.
 */
import { definePeerlet } from "prost/sdk";
import type { DhtService } from "../dht/service.ts";
import { CallRate } from "../replicated/call-rate.ts";
import { Asked } from "./asked.ts";
import { Asker, type Got } from "./asker.ts";
import { Copies } from "./copies.ts";
import { Hop } from "./hop.ts";
import { DHT_MS, MAX_COPIES_BYTES } from "./limits.ts";
import { References } from "./references.ts";

/** What `prost.service<DhtCacheService>("dht-cache")` gives. */
export interface DhtCacheService {
  /** The content-hash record under a key; null when there is none. */
  get(client: string, key: string): Promise<Got | null>;
}

export default definePeerlet((prost) => {
  const now = () => prost.clock.now();
  const dht = prost.service<DhtService>("dht", { timeoutMs: DHT_MS });
  const copies = new Copies(now, MAX_COPIES_BYTES);
  const asked = new Asked(now);
  const asker = new Asker(prost, dht, copies);
  const hop = new Hop({ prost, dht, copies, asked, references: new References(prost), asker });
  const rate = new CallRate(now);
  const admit = (caller: string) => {
    if (!rate.admits(caller)) throw new Error("this node calls too often");
  };

  return {
    forward: (message, nextHop) => hop.forward(message, nextHop),
    deliver: (message) => hop.deliver(message),
    remote: {
      wants(caller: string, key: string, id: string): boolean {
        admit(caller);
        return asker.awaits(key, id) || (asked.has(key) && !copies.has(key));
      },
      found(
        caller: string,
        key: string,
        id: string,
        value: unknown,
        ttlMs: unknown,
        hops: unknown,
      ) {
        admit(caller);
        asker.found(caller, key, id, value, ttlMs, hops);
      },
      keep(caller: string, key: string, value: unknown, ttlMs: unknown) {
        admit(caller);
        hop.keep(key, value, ttlMs);
      },
    },
    local: {
      /** The content-hash record under a key; null when there is none. */
      get: (key: string) => asker.get(key),
      stats: () => ({ ...asker.counts, ...hop.counts, copies: copies.size, bytes: copies.bytes }),
    },
    service: { get: (_client: string, key: string) => asker.get(key) },
  };
});
