import { expect, test } from "vitest";
import type { Id } from "../id/id.ts";
import type { Link } from "../link/link.ts";
import { neighbourLists } from "./successor-list.ts";

/** The id at `at`/256 of the ring. */
function spot(at: number): Id {
  return at.toString(16).padStart(2, "0").padEnd(40, "0") as Id;
}

const numberOf = (id: Id) => Number.parseInt(id.slice(0, 2), 16);

interface Told {
  readonly at: number;
  readonly predecessors?: readonly number[];
  readonly successors?: readonly number[];
}

function linkTo({ at, predecessors = [], successors = [] }: Told): Link {
  const state = { predecessors: predecessors.map(spot), successors: successors.map(spot) };
  return { id: spot(at), state } as unknown as Link;
}

test.each<{
  why: string;
  self: number;
  linked: readonly Told[];
  dead?: readonly number[];
  successors: readonly number[];
  predecessors: readonly number[];
}>([
  { why: "a lone node has none", self: 10, linked: [], successors: [], predecessors: [] },
  {
    why: "of two nodes each is both to the other",
    self: 10,
    linked: [{ at: 20, predecessors: [10], successors: [10] }],
    successors: [20],
    predecessors: [20],
  },
  {
    why: "both lists go all the way round a small ring",
    self: 20,
    linked: [{ at: 30 }, { at: 10 }],
    successors: [30, 10],
    predecessors: [10, 30],
  },
  {
    why: "what the nearest live member says of what follows it is taken in, to the length",
    self: 10,
    linked: [{ at: 20, successors: [30, 40, 50], predecessors: [10, 5] }, { at: 5 }],
    successors: [20, 30, 40],
    predecessors: [5, 20],
  },
  {
    why: "a live member in between comes first, though the successor does not know it yet",
    self: 10,
    linked: [
      { at: 15, successors: [] },
      { at: 20, successors: [30, 40] },
    ],
    successors: [15, 20, 30],
    predecessors: [20, 15],
  },
  {
    why: "the third nearest is not asked: what it says may be old",
    self: 10,
    linked: [{ at: 20 }, { at: 30 }, { at: 40, successors: [50] }],
    successors: [20, 30, 40],
    predecessors: [40, 30, 20],
  },
  {
    why: "a node is not believed about what lies before it, as seen from here",
    self: 10,
    linked: [{ at: 20, successors: [200, 10, 15], predecessors: [15, 10, 5] }],
    successors: [20, 200],
    predecessors: [20, 15],
  },
  {
    why: "who is dead is in no list, whoever still names it",
    self: 10,
    linked: [
      { at: 20, successors: [30, 40] },
      { at: 5, predecessors: [250, 240] },
    ],
    dead: [30, 250],
    successors: [20, 40, 5],
    predecessors: [5, 240, 20],
  },
  {
    why: "a ring is read clockwise, through zero",
    self: 250,
    linked: [
      { at: 5, successors: [9], predecessors: [250] },
      { at: 240, predecessors: [230], successors: [250] },
    ],
    successors: [5, 9, 240],
    predecessors: [240, 230, 5],
  },
])("$why", ({ self, linked, dead = [], successors, predecessors }) => {
  const clockwise = linked.toSorted((a, b) => ((a.at - self) & 255) - ((b.at - self) & 255));
  const isAlive = (id: Id) => id !== spot(self) && !dead.includes(numberOf(id));
  const lists = neighbourLists(spot(self), clockwise.map(linkTo), 3, isAlive);
  expect(lists.toTell.successors.map(numberOf)).toEqual(successors);
  expect(lists.toTell.predecessors.map(numberOf)).toEqual(predecessors);
});

const everyone = () => true;

test("this node itself also uses what it heard on the other side, which in a small ring is true", () => {
  const clockwise = [linkTo({ at: 20, successors: [30] }), linkTo({ at: 5, predecessors: [240] })];
  const lists = neighbourLists(spot(10), clockwise, 5, everyone);
  expect(lists.successors.map(numberOf)).toEqual([20, 30, 240, 5]);
  expect(lists.predecessors.map(numberOf)).toEqual([5, 240, 30, 20]);
  expect(lists.toTell.successors.map(numberOf)).toEqual([20, 30, 5]);
  expect(lists.toTell.predecessors.map(numberOf)).toEqual([5, 240, 20]);
});

test.each([
  { isBack: false, successors: [30, 40], because: "its node is gone, but not those behind it" },
  { isBack: true, successors: [20, 30, 40], because: "its node has come back already" },
])("the last words of a closed link still count: $successors, because $because", (row) => {
  const closed = new Map([[linkTo({ at: 20, successors: [30, 40] }), { isBack: row.isBack }]]);
  const lists = neighbourLists(spot(10), [linkTo({ at: 30 })], 5, everyone, closed);
  expect(lists.successors.map(numberOf)).toEqual(row.successors);
});
