/**
 * A distributed hash table: values by key, each on the replica set of its key.
 *
 * Plugs the parts together. What is where: `records.ts` what is right,
 * `store.ts` and `removal.ts` how values are removed, `local.ts` what one calls
 * on this node, and `../replicated/` all that keeps copies, which other
 * applications use as well. docs/services/dht.md has the guarantees.
 */
import { definePeerlet } from "prost/sdk";
import { replicatedNode } from "../replicated/node.ts";
import { localMethods } from "./local.ts";
import { dhtRules } from "./records.ts";
import { removeHere } from "./removal.ts";
import { serviceOf } from "./service.ts";
import { RecordStore } from "./store.ts";

export default definePeerlet((prost) => {
  const node = replicatedNode(prost, {
    rules: dhtRules,
    isSparse: false,
    makeStore: (fairUse, now, changed) => new RecordStore(fairUse, now, changed),
  });
  const { client, replica, store } = node;
  const local = localMethods(prost, client, node.stats);
  return {
    update: node.updated,
    remote: {
      ...node.remote,
      remove: node.counted((_caller, ...args: unknown[]) => removeHere(replica, store, args)),
    },
    local,
    service: serviceOf(local),
    close: node.close,
  };
});
