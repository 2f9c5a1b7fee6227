import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import type { Link } from "../link/link.ts";
import { RoundTrip } from "../link/rtt.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Routed } from "../wire/routed.ts";
import { DEFAULT_PARAMS } from "./params.ts";
import { Pending } from "./pending.ts";

/** What `Pending` asks of a link; its first time-out is a second. */
class FakeLink {
  readonly rtt = new RoundTrip();
  readonly sent: Routed[] = [];
  isFull = false;
  doubts = 0;
  doubtedMs = 0;
  heardAtMs = Number.NEGATIVE_INFINITY;
  sendBulk(bytes: Uint8Array): boolean {
    if (!this.isFull) this.sent.push(Routed.parse(bytes)!);
    return !this.isFull;
  }
  doubt(): void {
    this.doubts += 1;
  }
  get asLink(): Link {
    return this as unknown as Link;
  }
}

function message(messageId = 1): Routed {
  return Routed.make({
    key: keyOf("key"),
    source: keyOf("source"),
    messageId,
    appId: "ab".repeat(16),
    perHop: false,
    wantsReceipt: true,
    traced: false,
    exact: false,
    locator: "",
    data: Uint8Array.of(1),
  });
}

interface Again {
  readonly message: Routed;
  readonly tried: ReadonlySet<unknown> | null;
  readonly sinceMs: number;
}

function setUp(mostPending = DEFAULT_PARAMS.mostPending) {
  const clock = new VirtualClock();
  const counters = new Counters();
  /** How long this tab has stood still: its timers are as late. */
  const still = { ms: 0 };
  const tabClock = {
    now: () => clock.now() + still.ms,
    after: (delayMs: number, task: () => void) => clock.after(delayMs, task),
    soon: (task: () => void) => clock.soon(task),
  };
  const env = { clock: tabClock, random: new SeededRandom(1), log: { debug: () => {} } };
  const again: Again[] = [];
  const givenUp: Routed[] = [];
  const pending: Pending = new Pending(
    env,
    counters,
    { ...DEFAULT_PARAMS, mostPending },
    {
      // A snapshot: the set is the router's to change.
      tryAgain: (routed, tried, sinceMs) =>
        again.push({ message: routed, tried: tried && new Set(tried), sinceMs }),
      giveUp: (routed) => givenUp.push(routed),
      sent: () => {},
    },
  );
  const hand = (link: FakeLink, routed = message()) =>
    pending.handOver(routed, link.asLink, null, clock.now(), false);
  return { clock, still, counters, pending, again, givenUp, hand };
}

test("a next hop that is heard of and only busy keeps its messages for a while", () => {
  const { clock, pending, again, hand } = setUp();
  const link = new FakeLink();
  hand(link);
  for (let ms = 0; ms < 5_900; ms += 100) {
    link.heardAtMs = clock.now();
    clock.advance(100);
  }
  expect(again).toEqual([]);
  link.heardAtMs = clock.now();
  clock.advance(300);
  expect(again).toHaveLength(1);
  pending.close();
});

test("what is passed by three later acknowledgements is lost, and goes another way at once", () => {
  const { clock, pending, again, hand } = setUp();
  const link = new FakeLink();
  for (let id = 1; id <= 5; id++) hand(link, message(id));
  clock.advance(10);
  const serials = link.sent.map(({ hopSerial }) => hopSerial);
  pending.acknowledged(link.asLink, serials[1]!);
  pending.acknowledged(link.asLink, serials[2]!);
  expect(again).toEqual([]);
  pending.acknowledged(link.asLink, serials[3]!);
  expect(again.map((one) => one.message.messageId)).toEqual([1]);
  expect(again[0]!.tried).toEqual(new Set([link]));
  // It may come late all the same; and what nothing overtook is not lost.
  pending.acknowledged(link.asLink, serials[0]!);
  pending.acknowledged(link.asLink, serials[4]!);
  expect(again).toHaveLength(1);
  expect(pending.count).toBe(0);
});

test("time in which this tab stood still itself is not held against a next hop", () => {
  const { clock, still, pending, again, hand } = setUp();
  const link = new FakeLink();
  hand(link);
  clock.advance(500);
  still.ms += 2_000;
  clock.advance(100);
  expect(again).toEqual([]);
  clock.advance(600);
  expect(again).toHaveLength(1);
  pending.close();
});

test("a tab that is always late excuses a silent next hop for three time-outs at most", () => {
  const { clock, still, pending, again, hand } = setUp();
  hand(new FakeLink());
  for (let waitedMs = 0; waitedMs < 2_800; waitedMs += 400) {
    still.ms += 300;
    clock.advance(100);
  }
  expect(again).toEqual([]);
  still.ms += 300;
  clock.advance(100);
  expect(again).toHaveLength(1);
  pending.close();
});

test("a message that is handed over counts a hop and has a serial of its own", () => {
  const { hand } = setUp();
  const [link, other] = [new FakeLink(), new FakeLink()];
  for (const to of [link, other, link]) expect(hand(to)).toBe(true);
  const sent = [...link.sent, ...other.sent];
  expect(new Set(sent.map(({ hopSerial }) => hopSerial)).size).toBe(3);
  expect(sent.map(({ hopsMade }) => hopsMade)).toEqual([1, 1, 1]);
});

test("an acknowledged message is done with, and measures the round trip", () => {
  const { clock, pending, again, givenUp, hand } = setUp();
  const link = new FakeLink();
  hand(link);
  clock.advance(40);
  pending.acknowledged(link.asLink, link.sent[0]!.hopSerial);
  expect(link.rtt.smoothedMs).toBe(40);
  clock.advance(60_000);
  pending.linkClosed(link.asLink);
  expect([again, givenUp, link.doubts]).toEqual([[], [], 0]);
});

test("an acknowledgement that fits nothing, or comes from another, changes nothing", () => {
  const { clock, pending, again, hand } = setUp();
  const [link, other] = [new FakeLink(), new FakeLink()];
  hand(link);
  const serial = link.sent[0]!.hopSerial;
  pending.acknowledged(other.asLink, serial);
  pending.acknowledged(link.asLink, serial + 1);
  clock.advance(1_100);
  expect(again).toHaveLength(1);
  expect([link.rtt.smoothedMs, other.rtt.smoothedMs]).toEqual([null, null]);
});

test("a late acknowledgement still tells, once, how slow the link is", () => {
  const { clock, pending, again, hand } = setUp();
  const link = new FakeLink();
  hand(link);
  const serial = link.sent[0]!.hopSerial;
  clock.advance(1_400);
  expect(again).toHaveLength(1);
  pending.acknowledged(link.asLink, serial);
  clock.advance(1_000);
  pending.acknowledged(link.asLink, serial);
  expect(link.rtt.smoothedMs).toBe(1_400);
});

test("a link gets more only as it acknowledges; the rest waits here, in its order", () => {
  const { pending, again, hand } = setUp();
  const link = new FakeLink();
  const ids = () => link.sent.map(({ messageId }) => messageId);
  for (let id = 1; id <= 20; id++) expect(hand(link, message(id))).toBe(true);
  const first = Array.from({ length: 12 }, (_, i) => i + 1);
  expect(ids()).toEqual(first);
  expect(link.sent.map(({ hopsMade }) => hopsMade)).toEqual(first.map(() => 1));
  pending.acknowledged(link.asLink, link.sent[0]!.hopSerial);
  expect(ids()).toEqual([...first, 13, 14]);
  expect(again).toEqual([]);
});

test("what waits for a link that does not answer, or closes, goes another way and is no second try", () => {
  const { clock, counters, pending, again, hand } = setUp();
  const [silent, closing] = [new FakeLink(), new FakeLink()];
  for (let id = 1; id <= 18; id++) hand(silent, message(id));
  for (let id = 101; id <= 118; id++) hand(closing, message(id));
  const numbers = (from: number) => Array.from({ length: 18 }, (_, i) => from + i);
  const ids = () => again.map((one) => one.message.messageId);
  pending.linkClosed(closing.asLink);
  expect(ids()).toEqual(numbers(101));
  expect(new Set(again.map((one) => one.message.hopsMade))).toEqual(new Set([0]));
  expect(counters.get("routed.second-try")).toBe(12);
  silent.doubtedMs = 1_900;
  clock.advance(900);
  expect(ids()).toHaveLength(18);
  silent.doubtedMs = 2_100;
  clock.advance(200);
  expect(ids().slice(18)).toEqual(numbers(1));
  expect(counters.get("routed.second-try")).toBe(24);
});

test("a next hop that does not acknowledge in time is doubted, and the message tries another way", () => {
  const { clock, counters, again, hand } = setUp();
  const link = new FakeLink();
  clock.advance(500);
  hand(link);
  clock.advance(999);
  expect(again).toEqual([]);
  clock.advance(101);
  expect(again).toMatchObject([{ sinceMs: 500 }]);
  expect(again[0]!.tried).toEqual(new Set([link]));
  // The hop that came to nothing is taken back, in bytes of its own: those sent may still wait.
  expect(again[0]!.message.hopsMade).toBe(0);
  expect(link.sent[0]!.hopsMade).toBe(1);
  expect(link.doubts).toBe(1);
  expect(counters.get("routed.second-try")).toBe(1);
});

test("a quick link is waited for less long than a slow one", () => {
  const { clock, again, hand } = setUp();
  const [quick, slow] = [new FakeLink(), new FakeLink()];
  for (let i = 0; i < 20; i++) quick.rtt.measured(100);
  for (let i = 0; i < 20; i++) slow.rtt.measured(2_000);
  hand(quick, message(1));
  hand(slow, message(2));
  clock.advance(1_200);
  expect(again.map((one) => one.message.messageId)).toEqual([1]);
  clock.advance(2_000);
  expect(again.map((one) => one.message.messageId)).toEqual([1, 2]);
});

test("what a closed link had not acknowledged tries another way, as final as it came", () => {
  const { pending, again, hand } = setUp();
  const [link, other] = [new FakeLink(), new FakeLink()];
  hand(link, message(1));
  hand(other, message(2));
  const third = message(3);
  third.final = true;
  pending.handOver(third, link.asLink, null, 0, false);
  pending.linkClosed(link.asLink);
  pending.linkClosed(link.asLink);
  expect(again.map((one) => one.message.messageId)).toEqual([1, 3]);
  expect(again.map((one) => one.message.final)).toEqual([false, false]);
});

test("a link whose queue is full takes nothing, and the message is as it was", () => {
  const { pending, hand, again } = setUp();
  const link = new FakeLink();
  link.isFull = true;
  const routed = message();
  expect(hand(link, routed)).toBe(false);
  expect([routed.hopsMade, routed.hopsLeft]).toEqual([0, 64]);
  pending.linkClosed(link.asLink);
  expect(again).toEqual([]);
});

test("what has no way on is held, and tried again when the ring changed and ten times a second", () => {
  const { clock, counters, pending, again } = setUp();
  const link = new FakeLink();
  pending.hold(message(), new Set([link.asLink]), 0);
  expect(again).toEqual([]);
  pending.retryHeld();
  expect(again).toHaveLength(1);
  expect(again[0]!.tried).toEqual(new Set([link]));
  pending.retryHeld();
  expect(again).toHaveLength(1);

  pending.hold(message(), new Set([link.asLink]), 0);
  clock.advance(100);
  // By then a link that was slow may answer: every way is open again.
  expect(again[1]!.tried).toEqual(new Set());
  expect(counters.get("routed.held")).toBe(2);
});

test("a message that is held too long is given up, not tried again", () => {
  const { clock, pending, again, givenUp } = setUp();
  clock.advance(DEFAULT_PARAMS.holdMs);
  pending.hold(message(1), null, 1);
  expect(givenUp).toEqual([]);
  pending.hold(message(2), null, 0);
  expect(givenUp.map(({ messageId }) => messageId)).toEqual([2]);
  expect(again).toEqual([]);
});

test("a message that nobody acknowledged for too long is given up", () => {
  const { clock, pending, again, givenUp } = setUp();
  const link = new FakeLink();
  clock.advance(DEFAULT_PARAMS.holdMs);
  pending.handOver(message(), link.asLink, null, 0, false);
  clock.advance(1_100);
  expect([again.length, givenUp.length]).toEqual([0, 1]);
  expect(givenUp[0]!.hopsMade).toBe(0);
});

test("no more messages wait than the bound says, handed over and held together", () => {
  const { clock, pending, givenUp, hand } = setUp(10);
  const link = new FakeLink();
  for (let id = 0; id < 6; id++) expect(hand(link, message(id))).toBe(true);
  for (let id = 6; id < 10; id++) pending.hold(message(id), null, 0);
  expect(hand(link, message(10))).toBe(false);
  pending.hold(message(11), null, 0);
  expect(givenUp.map(({ messageId }) => messageId)).toEqual([11]);
  // What is done with makes room.
  pending.acknowledged(link.asLink, link.sent[0]!.hopSerial);
  expect(hand(link, message(12))).toBe(true);
  pending.linkClosed(link.asLink);
  clock.advance(100);
  for (let id = 20; id < 30; id++) expect(hand(link, message(id))).toBe(true);
  expect(hand(link, message(30))).toBe(false);
});

test("after the end nothing is tried again and nothing is kept", () => {
  const { clock, pending, again, givenUp, hand } = setUp();
  const link = new FakeLink();
  hand(link);
  pending.hold(message(), null, 0);
  pending.close();
  pending.close();
  pending.hold(message(), null, 0);
  clock.advance(60_000);
  pending.linkClosed(link.asLink);
  expect([again, givenUp, link.doubts]).toEqual([[], [], 0]);
});

test("a link that ends because it is doubted gives each of its messages one other try", () => {
  const { clock, pending, again, hand } = setUp(3);
  const link = new FakeLink();
  // As when the ping finds the queue full of maintenance: the link ends within `doubt`.
  link.doubt = () => pending.linkClosed(link.asLink);
  for (let id = 1; id <= 3; id++) hand(link, message(id));
  clock.advance(1_100);
  const ids = again.map((one) => one.message.messageId);
  expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  // And the table knows how many wait: three, and not one more.
  const other = new FakeLink();
  for (let id = 4; id <= 6; id++) expect(hand(other, message(id))).toBe(true);
  expect(hand(other, message(7))).toBe(false);
});
