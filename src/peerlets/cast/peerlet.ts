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
import { definePeerlet } from "prost/sdk";
import { type Broadcasted, Broadcasts } from "./broadcast.ts";
import { CallRate } from "../replicated/call-rate.ts";
import { Cast } from "./cast.ts";
import { Clients, PAGE } from "./clients.ts";
import { hexOf } from "./crypto.ts";
import { Groups } from "./groups.ts";
import { RECEIVED_MESSAGES } from "./limits.ts";
import { Memberships } from "./memberships.ts";
import { readData } from "./reading.ts";
import { remoteOf } from "./remote.ts";
import { serviceOf } from "./service.ts";
import { Telling } from "./telling.ts";

/** Of a run: so many that two never meet. */
const RUN_BYTES = 8;

export default definePeerlet((prost) => {
  const run = hexOf(prost.random.bytes(RUN_BYTES));
  const telling = new Telling(prost, (client) => cast.leaveAll(client));
  const clients = new Clients(prost, (client, event, detail) => {
    if (client === PAGE) prost.emit(event, detail);
    else telling.tell(client, event, detail);
  });
  const groups = new Groups(prost, run, {
    hasMembers: (group) => clients.has(group),
    heard: (group, message) => clients.heard(group, message),
    anycast: (group, sender, data) => clients.anycast(group, sender, data),
    changed: (group) => prost.emit("tree", { key: group }),
    ended: (group, why) => clients.ended(group, why),
  });
  const memberships = new Memberships(prost);
  const cast = new Cast(prost, groups, clients, memberships);
  let broadcasted: Broadcasted[] = [];
  const broadcasts = new Broadcasts(prost, run, ({ sender, serial, data }) => {
    broadcasted = [...broadcasted, { sender, serial, data }].slice(-RECEIVED_MESSAGES);
    prost.emit("broadcast", { sender, serial, data });
  });
  const rate = new CallRate(() => prost.clock.now());
  const remote = remoteOf(prost, groups);
  void memberships.restore(({ client, name, credential }) =>
    cast.join(client, name, { credential }),
  );

  return {
    forward: (message) => groups.forward(message),
    deliver(message) {
      if (Broadcasts.is(message)) broadcasts.take(message);
    },
    update: () => groups.updated(),
    remote: counted(remote, rate),
    local: {
      create: (group: unknown, options: unknown) => cast.create(PAGE, group, options),
      join: (group: unknown, options: unknown) => cast.join(PAGE, group, options),
      leave: (group: unknown) => cast.leave(PAGE, group),
      multicast: (group: unknown, data: unknown) => cast.multicast(PAGE, group, data),
      anycast: (group: unknown, data: unknown) => cast.anycast(PAGE, group, data),
      broadcast: (data: unknown) => broadcasts.send(readData(data)),
      broadcasts: () => broadcasted,
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
    service: serviceOf(cast),
    close: () => groups.close(),
  };
});

/** Every remote method counts what its caller does. */
function counted(remote: ReturnType<typeof remoteOf>, rate: CallRate): typeof remote {
  const methods = Object.entries(remote).map(([name, method]) => [
    name,
    (caller: string, ...args: unknown[]) => {
      if (!rate.admits(caller)) throw new Error("this node calls too often");
      return method(caller, ...args);
    },
  ]);
  return Object.fromEntries(methods) as typeof remote;
}
