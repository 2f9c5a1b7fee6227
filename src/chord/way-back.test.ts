import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import type { Link } from "../link/link.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { decode } from "../wire/codec.ts";
import { type BodyOf } from "../wire/messages.ts";
import { Routed } from "../wire/routed.ts";
import { DEFAULT_PARAMS } from "./params.ts";
import { Receipts, afterDetour } from "./receipts.ts";
import { WayBack } from "./way-back.ts";

const [SELF, SOURCE, A, B] = [keyOf("self"), keyOf("source"), keyOf("a"), keyOf("b")];

function message(attempt = 0): Routed {
  const made = Routed.make({
    key: keyOf("key"),
    source: SOURCE,
    messageId: 42,
    appId: "ab".repeat(16),
    perHop: false,
    wantsReceipt: true,
    traced: false,
    exact: false,
    locator: "",
    data: Uint8Array.of(1),
  });
  made.attempt = attempt;
  return made;
}

const receipt: BodyOf<"receipt"> = {
  messageId: 42,
  source: SOURCE,
  outcome: "delivered",
  by: B,
  hops: 3,
  why: "",
  trace: [],
  body: new Uint8Array(0),
};

/** A node that is linked to A and B; `sent` is to whom receipts went. */
function setUp() {
  const clock = new VirtualClock();
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const counters = new Counters();
  const sent: Id[] = [];
  const linkTo = (id: Id) => {
    const sendBulk = (bytes: Uint8Array) => {
      expect(decode(bytes)?.tag).toBe("receipt");
      sent.push(id);
      return true;
    };
    return [A, B].includes(id) ? ({ id, sendBulk } as unknown as Link) : undefined;
  };
  const receipts = new Receipts(
    env,
    { resendMs: 4_000, mostResends: 1, hopTimeoutMs: () => 0 },
    () => {},
  );
  const rerouted: Id[] = [];
  const wayBack = new WayBack(env, counters, SELF, DEFAULT_PARAMS, receipts, {
    linkTo,
    routeTo: (node) => rerouted.push(node),
  });
  return { wayBack, sent, rerouted, counters };
}

test("a receipt goes back where its message came from, and no second one does", () => {
  const { wayBack, sent, counters } = setUp();
  wayBack.isNew(message(), A);
  wayBack.takeReceipt(receipt);
  wayBack.takeReceipt(receipt);
  expect(sent).toEqual([A]);
  expect(counters.get("receipts.lost")).toBe(1);
});

test("a message that comes by again on a detour does not turn its way back round", () => {
  const { wayBack, sent } = setUp();
  expect(wayBack.isNew(message(), A)).toBe(true);
  expect(wayBack.isNew(message(afterDetour(0)), B)).toBe(true);
  wayBack.takeReceipt(receipt);
  // Else A and B, each of which had it from the other, would hand the receipt to and fro.
  expect(sent).toEqual([A]);
});

test("when the source sends again, the receipt takes the way of that sending", () => {
  const { wayBack, sent } = setUp();
  wayBack.isNew(message(), A);
  wayBack.takeReceipt(receipt);
  expect(wayBack.isNew(message(16), B)).toBe(true);
  wayBack.takeReceipt(receipt);
  expect(sent).toEqual([A, B]);
});

test("a root gives its receipt to every copy, and delivers once", () => {
  const { wayBack, sent } = setUp();
  wayBack.isNew(message(), A);
  expect(wayBack.isFirstDelivery(message())).toBe(true);
  wayBack.answer(message(), { outcome: "delivered" });
  // Once more over a new link, because the old one ended before it had acknowledged: the receipt went with it.
  const again = message(afterDetour(0));
  expect(wayBack.isNew(again, A)).toBe(true);
  expect(wayBack.isFirstDelivery(again)).toBe(false);
  expect(wayBack.isNew(again, B)).toBe(false);
  expect(sent).toEqual([A, A, B]);
});

test("a receipt whose way was forgotten, or lost, is routed to its source", () => {
  const { wayBack, sent, rerouted } = setUp();
  wayBack.takeReceipt(receipt);
  wayBack.isNew(message(), keyOf("no link"));
  wayBack.takeReceipt(receipt);
  expect([sent, rerouted]).toEqual([[], [SOURCE, SOURCE]]);
});
