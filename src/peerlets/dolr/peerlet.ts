/**
 * Decentralised object location and routing: nodes publish objects, and a message
 * to an object goes to the nearest of them.
 *
 * Plugs the parts together. What is where: `publisher.ts` lays pointers,
 * `learner.ts` and `pointer-table.ts` keep them, `guide.ts` leads messages along
 * them, `sender.ts` and `endpoint.ts` are the two ends, `handover.ts` is what a
 * root does for its successor, `clients.ts` whom all this is for.
 * docs/services/dolr.md has the guarantees.
 *
 * Sources: Dabek et al., "Towards a common API for structured peer-to-peer
 * overlays", IPTPS 2003 (the interface); Zhao et al., "Tapestry", JSAC 2004
 * (pointers along the path, soft state).
 */
import { type PeerletMessage, definePeerlet } from "prost/sdk";
import { Clients } from "./clients.ts";
import { Endpoint } from "./endpoint.ts";
import { Guide } from "./guide.ts";
import { Handover } from "./handover.ts";
import { Learner } from "./learner.ts";
import {
  MAX_CALL_OBJECTS,
  MAX_CALL_POINTERS,
  MAX_HOPS,
  MAX_SHOWN,
  POINTER_TTL_MS,
} from "./limits.ts";
import { PointerTable } from "./pointer-table.ts";
import { decode, encode, isId, readIds, readSearch, readTold } from "./protocol.ts";
import { Publisher } from "./publisher.ts";
import { CallRate } from "./rates.ts";
import { References } from "./references.ts";
import { Sender } from "./sender.ts";

export default definePeerlet((prost) => {
  const { self } = prost;
  const references = new References(prost);
  const table = new PointerTable(() => prost.clock.now());
  const learner = new Learner(prost, table, references);
  const handover = new Handover(prost, table, references);
  const publisher = new Publisher(prost, references);
  const sender = new Sender(prost);
  const clients = new Clients(prost, publisher, sender);
  const endpoint = new Endpoint({
    self,
    references,
    sender,
    publishes: (objectId) => publisher.has(objectId),
    arrived: (objectId, from, bytes) => clients.arrived(objectId, from, bytes),
  });
  const guide = new Guide({ prost, table, publisher, endpoint, references, sender });

  const passes = (message: PeerletMessage, from: string, isAtRoot: boolean) => {
    const { key: objectId, source: publisherId, hops } = message;
    const sighting = { objectId, publisher: publisherId, hops, from, ttlMs: POINTER_TTL_MS };
    if (!isId(objectId) || !isId(publisherId) || hops > MAX_HOPS) return;
    if (learner.passes({ ...sighting, isAtRoot }) && isAtRoot) handover.learnt();
  };

  const rate = new CallRate(() => prost.clock.now());
  /** Every remote method counts what its caller does. */
  const counted =
    <Args extends unknown[], Answer>(method: (caller: string, ...args: Args) => Answer) =>
    (caller: string, ...args: Args) => {
      if (!rate.admits(caller)) throw new Error("this node calls too often: wait a second");
      return method(caller, ...args);
    };

  return {
    forward(message, nextHop) {
      // The root's own turn comes with `deliver`.
      if (nextHop.id === self) return undefined;
      const routed = decode(message.data);
      if (!routed || !isId(message.key)) return undefined;
      if (routed.op === "send") return guide.forward(message.key, routed.search, message.hops);
      passes(message, routed.from, false);
      return { data: encode({ op: "publish", from: self }) };
    },
    deliver(message) {
      const routed = decode(message.data);
      if (!routed || !isId(message.key)) throw new TypeError("this is no message of dolr");
      if (routed.op === "publish") passes(message, routed.from, true);
      else guide.deliver(message.key, routed.search, message.hops);
    },
    update(node, joined) {
      publisher.updated(joined ? node.id : null);
      handover.updated();
    },
    remote: {
      holds: counted((caller, objectIds: unknown) => publisher.holds(caller, objectIds)),
      withdraw: counted((caller, said: unknown) => {
        const objectIds = readIds(said, MAX_CALL_OBJECTS);
        if (!objectIds) throw new TypeError(`at most ${MAX_CALL_OBJECTS} ids of objects`);
        for (const objectId of objectIds) table.drop(objectId, caller);
      }),
      learn: counted((caller, said: unknown) => {
        if (!Array.isArray(said) || said.length > MAX_CALL_POINTERS) {
          throw new TypeError(`at most ${MAX_CALL_POINTERS} pointers`);
        }
        for (const each of said.map(readTold)) {
          if (!each) throw new TypeError("this is no pointer");
          const isNew = learner.sees({ ...each, from: caller, isAtRoot: false });
          if (isNew) handover.learnt();
        }
      }),
      seek: counted((_caller, objectId: unknown, said: unknown) => {
        const search = readSearch(said);
        if (!search || !isId(objectId)) throw new TypeError("this is no search");
        guide.seek(objectId, search);
        return true;
      }),
      obj: counted((_caller, objectId: unknown, id: unknown, from: unknown, hops: unknown) =>
        endpoint.offered(objectId, id, from, hops),
      ),
      collect: counted((caller, objectId: unknown, id: unknown, hops: unknown) =>
        sender.collect(caller, objectId, id, hops),
      ),
      took: counted((caller, id: unknown) => sender.took(caller, id)),
      wants: counted((_caller, id: unknown) => sender.wants(id)),
      unmet: counted((_caller, id: unknown, attempt: unknown, count: unknown) =>
        sender.unmet(id, attempt, count),
      ),
    },
    service: clients.service(),
    local: {
      ...clients.local(),
      /** What this node knows of others' objects. */
      pointers: () =>
        [...table.entries()].slice(0, MAX_SHOWN).map(([objectId, pointer]) => {
          const { untilMs, ...rest } = pointer;
          return { objectId, ...rest, ttlMs: untilMs - prost.clock.now() };
        }),
      stats: () => ({
        pointers: table.size,
        published: publisher.size,
        ...learner.counts,
        ...publisher.counts,
        ...handover.counts,
        ...guide.counts,
        ...endpoint.counts,
        ...sender.counts,
      }),
    },
    close() {
      publisher.close();
      learner.close();
      handover.close();
    },
  };
});
