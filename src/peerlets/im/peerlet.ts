/**
 * Instant messaging between people, the papers' first sample application: names,
 * presence, direct messages sealed from end to end, rooms, marks, history.
 *
 * All that waits for somebody is on the dht's replicas; this peerlet runs only
 * where people are. docs/services/im.md says what it guarantees, and what not.
 */
import { type Prost, definePeerlet } from "prost/sdk";
import { carrierOf } from "./carrier.ts";
import type { DhtService } from "../dht/service.ts";
import { invite } from "./invitations.ts";
import { ALL_HANDS_BURST, ALL_HANDS_PER_SECOND, HANDS_PER_SECOND, HAND_BURST } from "./limits.ts";
import { localOf } from "./local.ts";
import { imported, loadPerson, savePerson } from "./person.ts";
import { Rates } from "./rates.ts";
import { Session } from "./session.ts";
import { Uses } from "./uses.ts";

/** Of calls of the dht, in ms: it tries for 24 s itself. */
const DHT_MS = 26_000;

export default definePeerlet(async (prost: Prost) => {
  const dht = prost.service<DhtService>("dht", { timeoutMs: DHT_MS });
  const carrier = carrierOf(prost);
  const uses = new Uses(prost, dht);
  const rates = new Rates(prost.clock, HAND_BURST, HANDS_PER_SECOND);
  const all = new Rates(prost.clock, ALL_HANDS_BURST, ALL_HANDS_PER_SECOND);
  let session = new Session(prost, dht, carrier, uses, await loadPerson(prost));
  await session.load();
  session.start();

  const importKey = async (text: string) => {
    const keys = imported(text);
    const person = { keys, name: "", since: 0 };
    if (session.isUsed) {
      throw new Error("somebody uses this tab already: import the key in a new tab");
    }
    session.close();
    await session.history.wipe();
    await session.roster.wipe();
    await savePerson(prost, person);
    session = new Session(prost, dht, carrier, uses, person);
    await session.load();
    session.start();
    await session.takeOver();
  };

  return {
    /** An invitation: its coming was all. */
    deliver: () => {},
    remote: {
      /** A sealed letter for the person here, from whatever node. */
      hand: (caller: string, letter: Uint8Array) => {
        if (!rates.take(caller) || !all.take(""))
          throw new Error("too many letters: wait a second");
        return session.receive(caller, letter);
      },
      /** From a contact who wants to know whether this tab is still here: then theirs is, too. */
      there: (caller: string) => {
        session.tabs.heard(caller);
        return session.isUsed;
      },
    },
    told: (_name: string, event: string, detail: unknown) =>
      carrier.told(event, detail, (group, data) => session.rooms.receive(group, data)),
    local: { ...localOf(() => session, importKey), invite: (count = 8) => invite(prost, count) },
    /** A neighbour on the ring came or went, and may be somebody's tab. */
    update: ({ id }: { readonly id: string }, joined: boolean) => {
      if (joined || !session.tabs.isGone(id)) session.tabs.doubt(id);
    },
    close: () => session.presence.leave().catch(() => {}),
  };
});
