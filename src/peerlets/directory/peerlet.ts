/**
 * The yellow pages: categories of services, and who provides them. The PROST
 * paper's sample application, with the replication that it left open.
 *
 * A category is kept by the replica set of its key, and this peerlet is on those
 * nodes and on those of who uses it: a new category brings it to the nodes
 * responsible for it. What is where: `records.ts` what is right, `rules.ts` how
 * it is asked for, `provider.ts` and `own.ts` this node's own entries,
 * `../replicated/` all that keeps copies. docs/services/directory.md has the
 * guarantees.
 */
import { definePeerlet } from "prost/sdk";
import { replicatedNode } from "../replicated/node.ts";
import { RecordStore } from "../replicated/store.ts";
import { ChangeTeller } from "./change-teller.ts";
import { localMethods } from "./local.ts";
import { Own } from "./own.ts";
import { Provider } from "./provider.ts";
import { directoryRules } from "./rules.ts";

export default definePeerlet((prost) => {
  const rules = directoryRules(() => prost.clock.date());
  const teller = new ChangeTeller(prost);
  const { client, ...node } = replicatedNode(prost, {
    rules,
    makeStore: (fairUse, now, changed) =>
      new RecordStore(rules, fairUse, now, (slot, key, kept) => {
        changed(slot, key, kept);
        teller.changed(kept?.record);
      }),
  });
  const own = new Own(prost);
  const provider = new Provider(prost, client, own);
  provider.start();

  return {
    update: node.updated,
    remote: node.remote,
    local: localMethods({ prost, client, own, provider, stats: node.stats }),
    close: () => {
      provider.close();
      teller.close();
      return node.close();
    },
  };
});
