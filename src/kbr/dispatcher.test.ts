import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { MAX_DATA_BYTES } from "../wire/limits.ts";
import { Routed } from "../wire/routed.ts";
import { Dispatcher, refuseUnknown } from "./dispatcher.ts";
import type { Application, ForwardDecision, Message } from "./kbr.ts";
import type { Forwarded, Verdict } from "./routing.ts";

const APP_ID = "ab".repeat(16);
const OTHER_APP_ID = "cd".repeat(16);
const [KEY, SOURCE, NEXT, OTHER] = ["key", "source", "next", "other"].map(keyOf) as [
  ReturnType<typeof keyOf>,
  ReturnType<typeof keyOf>,
  ReturnType<typeof keyOf>,
  ReturnType<typeof keyOf>,
];

function message(appId = APP_ID): Routed {
  return Routed.make({
    key: KEY,
    source: SOURCE,
    messageId: 1,
    appId,
    perHop: true,
    wantsReceipt: true,
    traced: false,
    exact: false,
    locator: "prost:there",
    data: Uint8Array.of(1, 2, 3),
  });
}

function setUp() {
  const clock = new VirtualClock();
  const counters = new Counters();
  const updates: unknown[] = [];
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const dispatcher = new Dispatcher(env, counters, refuseUnknown, (node, joined) =>
    updates.push([node, joined]),
  );
  /** What becomes of a message on its way; filled in when it is decided. */
  const forward = (routed = message()): Forwarded[] => {
    const resumed: Forwarded[] = [];
    dispatcher.forward(routed, null, NEXT, (forwarded) => resumed.push(forwarded));
    return resumed;
  };
  const deliver = (routed = message()): Verdict[] => {
    const verdicts: Verdict[] = [];
    dispatcher.deliver(routed, null, (verdict) => verdicts.push(verdict));
    return verdicts;
  };
  return { clock, counters, updates, dispatcher, forward, deliver };
}

/** Lets promises settle. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const goOn = { kind: "go-on" };
const changed = { kind: "change", key: null, data: null, nextHop: null };

test("a message is shown to the application with its app id, and to no other", () => {
  const { dispatcher, forward, deliver } = setUp();
  const shown: unknown[] = [];
  dispatcher.register(APP_ID, {
    forward: (key, shownMessage, nextHop) => void shown.push([key, { ...shownMessage }, nextHop]),
    deliver: (key, shownMessage) => void shown.push([key, { ...shownMessage }]),
  });
  dispatcher.register(OTHER_APP_ID, {
    forward: () => void shown.push("another's"),
    deliver: () => void shown.push("another's"),
  });
  const routed = message();
  routed.countHop();
  expect(forward(routed)).toEqual([goOn]);
  expect(deliver(routed)).toEqual([{ kind: "delivered" }]);
  const asShown: Message = {
    appId: APP_ID,
    appType: "per-hop",
    locator: "prost:there",
    source: SOURCE,
    hops: 1,
    data: Uint8Array.of(1, 2, 3),
  };
  expect(shown).toEqual([
    [KEY, asShown, { id: NEXT }],
    [KEY, asShown],
  ]);
});

test("a message for an app id that nobody registered passes by, and is refused at its root", () => {
  const { dispatcher, forward, deliver } = setUp();
  dispatcher.register(OTHER_APP_ID, {});
  expect(forward()).toEqual([goOn]);
  expect(deliver()).toEqual([{ kind: "refused", why: expect.stringContaining("app id") }]);
});

test("an application without upcalls lets messages pass and takes what is for it", () => {
  const { dispatcher, forward, deliver } = setUp();
  dispatcher.register(APP_ID, {});
  expect(forward()).toEqual([goOn]);
  expect(deliver()).toEqual([{ kind: "delivered" }]);
});

test("one app id is one application: a second is refused, and cannot unregister the first", () => {
  const { dispatcher, deliver } = setUp();
  const delivered: string[] = [];
  const first: Application = { deliver: () => void delivered.push("first") };
  const second: Application = { deliver: () => void delivered.push("second") };
  expect(dispatcher.register(APP_ID, first)).toBe(true);
  expect(dispatcher.register(APP_ID, second)).toBe(false);
  dispatcher.unregister(APP_ID, second);
  deliver();
  dispatcher.unregister(APP_ID, first);
  expect(deliver()).toMatchObject([{ kind: "refused" }]);
  expect(dispatcher.register(APP_ID, second)).toBe(true);
  dispatcher.unregister(APP_ID, first);
  deliver();
  expect(delivered).toEqual(["first", "second"]);
});

const newData = Uint8Array.of(9);

test.each<{ decision: unknown; forwarded: unknown; because: string }>([
  { decision: undefined, forwarded: goOn, because: "nothing was decided" },
  { decision: {}, forwarded: goOn, because: "nothing is named" },
  { decision: null, forwarded: { kind: "stop" }, because: "null ends it" },
  { decision: { nextHop: null }, forwarded: { kind: "stop" }, because: "no next hop ends it" },
  { decision: { key: OTHER }, forwarded: { ...changed, key: OTHER }, because: "the key is named" },
  {
    decision: { nextHop: OTHER },
    forwarded: { ...changed, nextHop: OTHER },
    because: "the hop is",
  },
  {
    decision: { data: newData },
    forwarded: { ...changed, data: newData },
    because: "the data are",
  },
  {
    decision: { key: OTHER, data: newData, nextHop: NEXT },
    forwarded: { kind: "change", key: OTHER, data: newData, nextHop: NEXT },
    because: "all three are named",
  },
])("$decision makes $forwarded.kind, because $because", ({ decision, forwarded }) => {
  const { dispatcher, forward, counters } = setUp();
  dispatcher.register(APP_ID, { forward: () => decision as ForwardDecision });
  expect(forward()).toEqual([forwarded]);
  expect(counters.get("upcalls.failed")).toBe(0);
});

test.each<{ what: string; decision: unknown }>([
  { what: "a key that is none", decision: { key: "home" } },
  { what: "a key that is a number", decision: { key: 7 } },
  { what: "a next hop that is none", decision: { nextHop: "F".repeat(40) } },
  { what: "data that are a text", decision: { data: "text" } },
  { what: "data over the bound", decision: { data: new Uint8Array(MAX_DATA_BYTES + 1) } },
  { what: "a good key and bad data", decision: { key: OTHER, data: [1] } },
])("$what changes nothing and is counted", ({ decision }) => {
  const { dispatcher, forward, counters } = setUp();
  dispatcher.register(APP_ID, { forward: () => decision as ForwardDecision });
  expect(forward()).toEqual([goOn]);
  expect(counters.get("upcalls.failed")).toBe(1);
});

test("other bytes put into the message go on in its place", () => {
  const { dispatcher, forward } = setUp();
  dispatcher.register(APP_ID, {
    forward: (_key, shown) => {
      shown.data = newData;
    },
  });
  expect(forward()).toEqual([{ ...changed, data: newData }]);
});

test("what is decided goes before what was put into the message", () => {
  const { dispatcher, forward } = setUp();
  dispatcher.register(APP_ID, {
    forward: (_key, shown) => {
      shown.data = Uint8Array.of(8);
      return { data: newData };
    },
  });
  expect(forward()).toEqual([{ ...changed, data: newData }]);
});

test("an application sees a copy: what it writes into the bytes changes no frame", () => {
  const { dispatcher, forward, deliver } = setUp();
  dispatcher.register(APP_ID, {
    forward: (_key, shown) => void shown.data.fill(0),
    deliver: (_key, shown) => void shown.data.fill(0),
  });
  const routed = message();
  forward(routed);
  deliver(routed);
  expect(routed.data).toEqual(Uint8Array.of(1, 2, 3));
});

test("a forward that throws is counted, and the message goes on", () => {
  const { dispatcher, forward, counters } = setUp();
  dispatcher.register(APP_ID, {
    forward: () => {
      throw new Error("its own fault");
    },
  });
  expect(forward()).toEqual([goOn]);
  expect(counters.get("upcalls.failed")).toBe(1);
});

test("a forward that rejects is counted, and the message goes on", async () => {
  const { dispatcher, forward, counters } = setUp();
  dispatcher.register(APP_ID, { forward: () => Promise.reject(new Error("its own fault")) });
  const resumed = forward();
  await settled();
  expect(resumed).toEqual([goOn]);
  expect(counters.get("upcalls.failed")).toBe(1);
});

test("a forward that answers later holds the message until then, and no longer", async () => {
  const { clock, dispatcher, forward, counters } = setUp();
  let answer = (_decision: ForwardDecision) => {};
  dispatcher.register(APP_ID, {
    forward: () =>
      new Promise<ForwardDecision>((resolve) => {
        answer = resolve;
      }),
  });
  const resumed = forward();
  await settled();
  expect(resumed).toEqual([]);
  answer({ key: OTHER });
  await settled();
  expect(resumed).toEqual([{ ...changed, key: OTHER }]);
  clock.advance(60_000);
  expect(resumed).toHaveLength(1);
  expect(counters.get("upcalls.slow")).toBe(0);
});

test("a forward that never answers holds a message up for 2 s; what it says later is not heard", async () => {
  const { clock, dispatcher, forward, counters } = setUp();
  let answer = (_decision: ForwardDecision) => {};
  dispatcher.register(APP_ID, {
    forward: (_key, shown) => {
      shown.data = newData;
      return new Promise<ForwardDecision>((resolve) => {
        answer = resolve;
      });
    },
  });
  const resumed = forward();
  clock.advance(1_999);
  expect(resumed).toEqual([]);
  clock.advance(1);
  expect(resumed).toEqual([goOn]);
  answer(null);
  await settled();
  expect(resumed).toEqual([goOn]);
  expect(counters.get("upcalls.slow")).toBe(1);
});

test("a slow message does not hold up another", async () => {
  const { dispatcher, forward } = setUp();
  let calls = 0;
  dispatcher.register(APP_ID, {
    forward: () => {
      calls += 1;
      return calls === 1 ? new Promise<ForwardDecision>(() => {}) : undefined;
    },
  });
  expect(forward()).toEqual([]);
  expect(forward()).toEqual([goOn]);
});

test.each([
  {
    what: "throws",
    deliver: () => {
      throw new Error("its own fault");
    },
  },
  { what: "rejects", deliver: () => Promise.reject(new Error("its own fault")) },
])("a message whose deliver $what counts as refused", async ({ deliver: upcall }) => {
  const { dispatcher, deliver, counters } = setUp();
  dispatcher.register(APP_ID, { deliver: upcall });
  const verdicts = deliver();
  await settled();
  expect(verdicts).toEqual([{ kind: "refused", why: expect.stringMatching(/\w/) }]);
  expect(counters.get("upcalls.failed")).toBe(1);
});

test("a message is delivered when its application is done with it", async () => {
  const { dispatcher, deliver } = setUp();
  let done = () => {};
  dispatcher.register(APP_ID, {
    deliver: () =>
      new Promise<void>((resolve) => {
        done = resolve;
      }),
  });
  const verdicts = deliver();
  await settled();
  expect(verdicts).toEqual([]);
  done();
  await settled();
  expect(verdicts).toEqual([{ kind: "delivered" }]);
});

test("every application hears of a change in the neighbour set, whatever the others do", async () => {
  const { dispatcher, updates, counters } = setUp();
  const heard: unknown[] = [];
  dispatcher.register(APP_ID, {
    update: () => {
      throw new Error("its own fault");
    },
  });
  dispatcher.register("ef".repeat(16), { update: async () => Promise.reject(new Error("late")) });
  dispatcher.register(OTHER_APP_ID, { update: (node, joined) => heard.push([node, joined]) });
  dispatcher.update(NEXT, true);
  dispatcher.update(NEXT, false);
  await settled();
  expect(heard).toEqual([
    [{ id: NEXT }, true],
    [{ id: NEXT }, false],
  ]);
  expect(updates).toEqual([
    [NEXT, true],
    [NEXT, false],
  ]);
  expect(counters.get("upcalls.failed")).toBe(4);
});

test("an upcall keeps its application's own this", () => {
  const { dispatcher, deliver } = setUp();
  class Counting implements Application {
    count = 0;
    deliver(): void {
      this.count += 1;
    }
  }
  const application = new Counting();
  dispatcher.register(APP_ID, application);
  deliver();
  expect(application.count).toBe(1);
});

test.each([
  {
    what: "throws",
    end: () => {
      throw new Error("its own fault");
    },
  },
  { what: "rejects", end: () => Promise.reject(new Error("its own fault")) },
])("a forward that $what after it put other bytes in changes nothing", async ({ end }) => {
  const { dispatcher, forward } = setUp();
  dispatcher.register(APP_ID, {
    forward: (_key, shown) => {
      shown.data = newData;
      return end();
    },
  });
  const resumed = forward();
  await settled();
  expect(resumed).toEqual([goOn]);
});
