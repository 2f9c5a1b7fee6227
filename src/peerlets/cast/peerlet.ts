/**
 * Group communication: multicast and anycast over trees of nodes, and broadcast
 * to all. Scribe on this overlay, per-hop: nodes on the way of a join carry the
 * group without being members.
 *
 * Plugs the parts together. What is where: `group-node.ts` a node in one tree,
 * `attachment.ts` how it finds its parent, `root.ts` what a root does, `pump.ts` how
 * messages are handed on, `groups.ts` what other nodes may ask, `clients.ts` who on
 * this node is told, `broadcast.ts` the whole ring. docs/services/cast.md has the guarantees.
 */
import { type Plain, definePeerlet } from "prost/sdk";
import { type Broadcasted, Broadcasts } from "./broadcast.ts";
import { CallRate } from "./call-rate.ts";
import { Cast } from "./cast.ts";
import { Clients, PAGE } from "./clients.ts";
import { hexOf } from "./crypto.ts";
import { Groups } from "./groups.ts";
import { RECEIVED_MESSAGES } from "./limits.ts";
import { readData } from "./protocol.ts";

/** Of a run: so many that two never meet. */
const RUN_BYTES = 8;

export default definePeerlet((prost) => {
  const run = hexOf(prost.random.bytes(RUN_BYTES));
  const clients = new Clients(prost, (client, event, detail) => {
    if (client === PAGE) prost.emit(event, detail);
  });
  const groups = new Groups(prost, run, {
    hasMembers: (group) => clients.has(group),
    heard: (group, message) => clients.heard(group, message),
    anycast: (group, sender, data) => clients.anycast(group, sender, data),
    changed: (group) => prost.emit("tree", { key: group }),
    ended: (group, why) => clients.ended(group, why),
  });
  const cast = new Cast(prost, groups, clients);
  let broadcasted: Broadcasted[] = [];
  const broadcasts = new Broadcasts(prost, run, ({ sender, serial, data }) => {
    broadcasted = [...broadcasted, { sender, serial, data }].slice(-RECEIVED_MESSAGES);
    prost.emit("broadcast", { sender, serial, data });
  });
  const rate = new CallRate(() => prost.clock.now());
  /** Every remote method counts what its caller does. */
  const counted =
    <Args extends unknown[], Answer>(method: (caller: string, ...args: Args) => Answer) =>
    (caller: string, ...args: Args) => {
      if (!rate.admits(caller)) throw new Error("this node calls too often");
      return method(caller, ...args);
    };
  const { remote } = groups;

  return {
    forward: (message) => groups.forward(message),
    deliver(message) {
      if (Broadcasts.is(message)) broadcasts.take(message);
    },
    update: () => groups.updated(),
    remote: {
      create: counted(remote.create),
      adopt: counted(remote.adopt),
      poll: counted(remote.poll),
      deliver: counted(remote.deliver),
      part: counted(remote.part),
      submit: counted(remote.submit),
      mirror: counted(remote.mirror),
      copyOf: counted(remote.copyOf),
      anycast: counted(remote.anycast),
    },
    local: {
      create: (group: unknown, options: unknown) => cast.create(PAGE, group, options),
      join: (group: unknown, options: unknown) => cast.join(PAGE, group, options),
      leave: (group: unknown) => cast.leave(PAGE, group),
      multicast: (group: unknown, data: unknown) => cast.multicast(PAGE, group, data),
      anycast: (group: unknown, data: unknown) => cast.anycast(PAGE, group, data),
      broadcast: (data: unknown) => broadcasts.send(readData(data)),
      broadcasts: () => broadcasted as unknown as Plain,
      groups: () => cast.places(PAGE),
      received: (group: unknown, options: unknown) => cast.received(PAGE, group, options),
      self: () => prost.self,
      stats: () => ({
        groups: groups.all.length,
        ...groups.counts,
        broadcastsHandedOn: broadcasts.counts.handedOn,
        broadcastsCame: broadcasts.counts.came,
        broadcastsCameTwice: broadcasts.counts.cameTwice,
        broadcastPartsLost: broadcasts.counts.partsLost,
      }),
    },
    close: () => groups.close(),
  };
});
