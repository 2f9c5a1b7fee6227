import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Id } from "../id/id.ts";
import { fractionOf } from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { RingView } from "./ring-view.ts";

/** The id at `at`/256 of the ring. */
function spot(at: number): Id {
  return at.toString(16).padStart(2, "0").padEnd(40, "0") as Id;
}

const numberOf = (id: Id) => Number.parseInt(id.slice(0, 2), 16);

/** A link whose other end tells something else from time to time. */
class FakeLink {
  readonly id: Id;
  readonly at: number;
  isOpen = true;
  isMember = true;
  state: unknown = null;

  constructor(at: number) {
    this.id = spot(at);
    this.at = fractionOf(this.id);
  }

  says(links: readonly number[], successors: readonly number[] = []): Link {
    this.state = { links: links.map(spot), predecessors: [], successors: successors.map(spot) };
    return this.asLink;
  }

  get asLink(): Link {
    return this as unknown as Link;
  }
}

function setUp(self = 100) {
  const clock = new VirtualClock();
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const view = new RingView(spot(self), env, 3);
  const known = () => view.known.map(({ id }) => numberOf(id));
  return { clock, view, known };
}

test("a member is known, and so is whom it tells of, but never this node itself", () => {
  const { view, known } = setUp();
  view.told(new FakeLink(120).says([50, 100, 200], [130]));
  expect(known()).toEqual([50, 120, 130, 200]);
  expect(view.knownById(spot(120))?.link).not.toBeNull();
  expect(view.knownById(spot(50))?.link).toBeNull();
  expect(view.membersClockwise).toHaveLength(1);
});

test("who is named no more by anybody is known no more", () => {
  const { view, known } = setUp();
  const [a, b] = [new FakeLink(120), new FakeLink(150)];
  view.told(a.says([50, 60]));
  view.told(b.says([60]));
  view.told(a.says([70]));
  expect(known()).toEqual([60, 70, 120, 150]);
  view.closed(b.asLink);
  expect(known()).toEqual([70, 120]);
  view.closed(a.asLink);
  expect(known()).toEqual([]);
});

test("a node that closed is still known where another tells of it", () => {
  const { view, known } = setUp();
  const [a, b] = [new FakeLink(120), new FakeLink(150)];
  view.told(a.says([150]));
  view.told(b.says([]));
  view.closed(b.asLink);
  expect(known()).toEqual([120, 150]);
  expect(view.knownById(spot(150))?.link).toBeNull();
  expect(view.membersClockwise.map(({ id }) => numberOf(id))).toEqual([120]);
});

test("a newcomer that is no member yet does not count, nor what it says", () => {
  const { view, known } = setUp();
  const newcomer = new FakeLink(120);
  newcomer.isMember = false;
  view.told(newcomer.says([50]));
  expect([known(), view.successors]).toEqual([[], []]);
  newcomer.isMember = true;
  view.told(newcomer.says([50]));
  expect(known()).toEqual([50, 120]);
  newcomer.isMember = false;
  view.told(newcomer.says([50]));
  expect(known()).toEqual([]);
});

test("a newer link to a node is not forgotten with the older one", () => {
  const { view } = setUp();
  const [older, newer] = [new FakeLink(120), new FakeLink(120)];
  view.told(older.says([]));
  view.told(newer.says([]));
  view.closed(older.asLink);
  expect(view.knownById(spot(120))?.link).toBe(newer.asLink);
  expect(view.membersClockwise).toEqual([newer.asLink]);
});

test("who is gone is not believed in until its time is over, or it is back", () => {
  const { clock, view, known } = setUp();
  view.told(new FakeLink(120).says([50, 60], [130]));
  view.bury(spot(130), 1_000);
  view.bury(spot(50), 5_000);
  expect(known()).toEqual([60, 120]);
  expect(view.successors.map(numberOf)).toEqual([120]);
  clock.advance(1_000);
  view.forget();
  expect(known()).toEqual([60, 120, 130]);
  expect(view.successors.map(numberOf)).toEqual([120, 130]);
  view.exhume(spot(50));
  expect(known()).toEqual([50, 60, 120, 130]);
});

test("a link that is open is a sign of life: its node is known, whoever says it is gone", () => {
  const { view, known } = setUp();
  view.told(new FakeLink(120).says([]));
  view.bury(spot(120), 1_000);
  expect(known()).toEqual([120]);
});

test.each([
  { key: 100, is: true },
  { key: 91, is: true },
  { key: 90, is: false },
  { key: 101, is: false },
])("with a predecessor at 90, node 100 is the root of $key: $is", ({ key, is }) => {
  const { view } = setUp();
  view.told(new FakeLink(90).says([]));
  view.told(new FakeLink(80).says([]));
  expect(view.isRootOf(spot(key))).toBe(is);
  // Were the predecessor not there, its keys would be this node's.
  expect(view.isRootOf(spot(key), spot(90))).toBe(is || key === 90);
});

test("a lone node is the root of everything, also of its only neighbour's id without that one", () => {
  const { view } = setUp();
  expect(view.isRootOf(spot(5))).toBe(true);
  view.told(new FakeLink(90).says([]));
  expect(view.isRootOf(spot(5))).toBe(false);
  expect(view.isRootOf(spot(5), spot(90))).toBe(true);
  expect(view.successorLink(spot(90))).toBeNull();
});

test.each([
  { key: 0, at: 0 },
  { key: 50, at: 0 },
  { key: 51, at: 1 },
  { key: 120, at: 1 },
  { key: 200, at: 2 },
  { key: 201, at: 0 },
])("of 50, 120 and 200 the first at or after $key is number $at", ({ key, at }) => {
  const { view } = setUp();
  view.told(new FakeLink(120).says([50, 200]));
  expect(view.indexAtOrAfter(spot(key))).toBe(at);
});

test("a ring where both lists meet is as large as what is known", () => {
  const { view } = setUp();
  expect(view.estimatedSize()).toBe(1);
  for (const at of [20, 120, 200]) view.told(new FakeLink(at).says([]));
  expect(view.estimatedSize()).toBe(4);
});

test("a larger ring is guessed from how dense the neighbours stand", () => {
  const { view } = setUp();
  for (const at of [97, 98, 99, 101, 102, 103]) view.told(new FakeLink(at).says([]));
  // Six nodes on 6/256 of the ring.
  expect(view.estimatedSize()).toBeCloseTo(256);
});

test("what a link told last is believed for a while after its end, its own node is not", () => {
  const { clock, view, known } = setUp();
  const link = new FakeLink(120);
  view.told(link.says([50], [130, 140]));
  view.closed(link.asLink, 2_000);
  expect(known()).toEqual([50, 130, 140]);
  expect(view.successors.map(numberOf)).toEqual([130, 140]);
  clock.advance(1_999);
  view.forget();
  expect(known()).toEqual([50, 130, 140]);
  clock.advance(1);
  view.forget();
  expect([known(), view.successors]).toEqual([[], []]);
});

test("what a node told last counts no more once it is back and tells something else", () => {
  const { view, known } = setUp();
  const [older, newer] = [new FakeLink(120), new FakeLink(120)];
  view.told(older.says([50], [130]));
  view.closed(older.asLink, 2_000);
  view.told(newer.says([60]));
  expect(known()).toEqual([60, 120]);
});

test("of two that went together, the last words of one do not bring back the other", () => {
  const { clock, view, known } = setUp();
  const [a, b] = [new FakeLink(120), new FakeLink(130)];
  view.told(a.says([130], [130]));
  view.told(b.says([120], []));
  for (const link of [b, a]) {
    view.closed(link.asLink, 12_000);
    view.bury(link.id, 5_000);
  }
  clock.advance(6_000);
  view.forget();
  expect([known(), view.successors]).toEqual([[], []]);
});

test("a newcomer that knows nobody before it but from its successor does not take what is theirs", () => {
  const { view } = setUp(100);
  const [gate, successor] = [new FakeLink(20), new FakeLink(110)];
  view.told(gate.says([], [30]));
  const says = { links: [], successors: [spot(120)], predecessors: [spot(90), spot(80)] };
  Object.assign(successor, { state: says });
  view.told(successor.asLink);
  expect([50, 85, 90, 95, 100].map((key) => view.isRootOf(spot(key)))).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

test("whatever is told in whatever order, known is who is linked, or named last and not gone, and never this node", () => {
  const ids = fc.array(fc.constantFrom(10, 20, 30, 40, 100), { maxLength: 5 });
  const some = fc.constantFrom(null, null, 10, 20, 30, 40, 50);
  const says = { links: ids, successors: ids, closes: fc.boolean() };
  const step = fc.record({ who: fc.nat(3), ...says, buries: some, exhumes: some });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 16 }), (steps) => {
      const { view } = setUp(100);
      const links = [10, 20, 50, 60].map((at) => new FakeLink(at));
      const told = new Map<FakeLink, readonly number[]>();
      const gone = new Set<number>();
      for (const { who, links: named, successors, closes, buries, exhumes } of steps) {
        if (buries !== null) view.bury(spot(buries), 1_000);
        if (exhumes !== null) view.exhume(spot(exhumes));
        if (buries !== null) gone.add(buries);
        if (exhumes !== null) gone.delete(exhumes);
        const link = links[who]!;
        const { version } = view;
        const before = JSON.stringify([link.state, told.has(link)]);
        if (closes) {
          view.closed(link.asLink);
          told.delete(link);
        } else {
          view.told(link.says(named, successors));
          told.set(link, [...named, ...successors]);
        }
        const isChanged = before !== JSON.stringify([link.state, told.has(link)]);
        expect(isChanged && view.version === version).toBe(false);
        const expected = new Map<number, Set<FakeLink>>();
        const note = (at: number) => expected.get(at) ?? expected.set(at, new Set()).get(at)!;
        for (const [by, all] of told) {
          note(numberOf(by.id));
          for (const at of all) if (at !== 100) note(at).add(by);
        }
        const found = view.known.map(({ id, via }) => [numberOf(id), new Set<unknown>(via)]);
        const linked = new Set([...told.keys()].map(({ id }) => numberOf(id)));
        const believed = [...expected].filter(([at]) => linked.has(at) || !gone.has(at));
        expect(found).toEqual(believed.toSorted(([a], [b]) => a - b));
      }
    }),
  );
});
