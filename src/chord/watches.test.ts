import { expect, test } from "vitest";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Watches } from "./watches.ts";

const [NODE, OTHER] = ["node", "other"].map(keyOf) as [Id, Id];

function setUp() {
  const clock = new VirtualClock();
  const linked = new Set<Id>();
  const buried = new Set<Id>();
  /** Questions under way, with their answers. */
  const asked: { readonly id: Id; readonly answer: (found: boolean) => void }[] = [];
  const watches = new Watches(clock, {
    isLinked: (id) => linked.has(id),
    isGone: (id) => buried.has(id),
    find: (id, answer) => void asked.push({ id, answer }),
  });
  const told: string[] = [];
  const watch = (name: string, id = NODE) => watches.watch(id, () => told.push(name));
  return { clock, linked, buried, asked, watches, told, watch };
}

test("a node that says goodbye is gone at once", () => {
  const { linked, buried, watches, told, watch } = setUp();
  linked.add(NODE);
  watch("first");
  watch("second");
  linked.delete(NODE);
  buried.add(NODE);
  watches.linkClosed(NODE);
  watches.linkClosed(NODE);
  expect(told).toEqual(["first", "second"]);
});

test("a link that only closed is no sign: the node is asked for over the ring", () => {
  const { linked, asked, watches, told, watch } = setUp();
  linked.add(NODE);
  watch("it");
  linked.delete(NODE);
  watches.linkClosed(NODE);
  expect([asked.length, told]).toEqual([1, []]);
  asked[0]!.answer(false);
  expect(told).toEqual(["it"]);
});

test("a link that was replaced is no sign at all", () => {
  const { linked, asked, watches, told, watch } = setUp();
  linked.add(NODE);
  watch("it");
  watches.linkClosed(NODE);
  expect([asked, told]).toEqual([[], []]);
});

test("a node without a link is asked for now and then, one question at a time, for all who watch", () => {
  const { clock, asked, told, watch } = setUp();
  watch("first");
  watch("second");
  clock.advance(60_000);
  expect(asked).toHaveLength(1);
  asked[0]!.answer(true);
  clock.advance(2_000);
  expect(asked).toHaveLength(2);
  asked[1]!.answer(false);
  expect(told).toEqual(["first", "second"]);
  clock.advance(60_000);
  expect(asked).toHaveLength(2);
});

test("a node that was linked while it was asked for is there, whatever the ring says", () => {
  const { clock, linked, asked, told, watch } = setUp();
  watch("it");
  clock.advance(2_000);
  linked.add(NODE);
  asked[0]!.answer(false);
  expect(told).toEqual([]);
});

test("who stopped watching is not told, and nobody is asked any more", () => {
  const { clock, linked, buried, asked, watches, told, watch } = setUp();
  const stop = watch("it");
  stop();
  stop();
  buried.add(NODE);
  linked.delete(NODE);
  watches.linkClosed(NODE);
  clock.advance(60_000);
  expect([asked, told]).toEqual([[], []]);
});

test("who is stopped by another that is told is not told", () => {
  const { buried, watches, told, watch } = setUp();
  let stop = () => {};
  watches.watch(NODE, () => {
    told.push("first");
    stop();
  });
  stop = watch("second");
  buried.add(NODE);
  watches.linkClosed(NODE);
  expect(told).toEqual(["first"]);
});

test("an answer that comes after the last one stopped watching is not for who watches since", () => {
  const { clock, asked, told, watch } = setUp();
  const stop = watch("before");
  clock.advance(2_000);
  stop();
  watch("after");
  asked[0]!.answer(false);
  expect(told).toEqual([]);
});

test("one node's end is not another's", () => {
  const { buried, watches, told, watch } = setUp();
  watch("it");
  watch("other", OTHER);
  buried.add(NODE);
  watches.linkClosed(NODE);
  expect(told).toEqual(["it"]);
});

test("when this node leaves all are told; who watches after that is told too, but never at once", () => {
  const { clock, watches, told, asked, watch } = setUp();
  // Who is told tries again.
  watches.watch(NODE, () => {
    told.push("it");
    watch("again");
  });
  watch("other", OTHER);
  watches.close();
  expect(told).toEqual(["it", "other"]);
  const stop = watch("stopped");
  stop();
  clock.advance(60_000);
  expect([told, asked]).toEqual([["it", "other", "again"], []]);
});
