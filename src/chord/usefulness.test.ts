import { expect, test } from "vitest";
import type { Id } from "../id/id.ts";
import { fractionOf } from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import type { Links } from "../link/links.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { DEFAULT_PARAMS } from "./params.ts";
import { RingView } from "./ring-view.ts";
import { Usefulness } from "./usefulness.ts";

/** The id at `at`/256 of the ring. */
function spot(at: number): Id {
  return at.toString(16).padStart(2, "0").padEnd(40, "0") as Id;
}

/** A node at 100, linked to members two apart on both sides, and what its links are worth to it. */
function setUp() {
  const clock = new VirtualClock();
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const view = new RingView(spot(100), env, DEFAULT_PARAMS.listLength);
  const byId = new Map<Id, Link>();
  const link = (at: number, isMember: boolean) => {
    const nobody = { links: [], predecessors: [], successors: [] };
    const made = {
      id: spot(at),
      at: fractionOf(spot(at)),
      isOpen: true,
      isMember,
      state: isMember ? { wants: "nothing", ...nobody } : null,
      wants: "nothing",
      openedAtMs: clock.now(),
    } as unknown as Link;
    byId.set(made.id, made);
    if (isMember) view.told(made);
  };
  for (let i = 1; i <= 8; i++) for (const at of [100 + 2 * i, 100 - 2 * i]) link(at, true);
  const links = { get: (id: Id) => byId.get(id), version: 0 } as unknown as Links;
  const usefulness = new Usefulness(
    view,
    DEFAULT_PARAMS,
    () => links,
    () => clock.now(),
  );
  return { clock, view, link, worth: (at: number) => usefulness.worthOf(spot(at)), usefulness };
}

test.each([
  { at: 102, worth: 1_000, because: "it is the successor" },
  { at: 98, worth: 1_000, because: "it is the predecessor" },
  { at: 106, worth: 998, because: "it is the third on its side" },
  { at: 101, worth: 1_000, because: "it would be the successor" },
  { at: 93, worth: 997, because: "it would be the fourth on its side" },
  { at: 115, worth: 993, because: "it would still be in the list" },
  { at: 117, worth: 50, because: "it would not" },
  { at: 228, worth: 50, because: "it is on the other side of the ring" },
])("a link to $at is worth $worth: $because", ({ at, worth }) => {
  expect(setUp().worth(at)).toBe(worth);
});

test("who is held to be gone is worth no less for it: it may stand at the door", () => {
  const { view, worth } = setUp();
  view.bury(spot(101), 30_000);
  expect(worth(101)).toBe(1_000);
});

test("nobody takes a newcomer's place while it joins; after that it is worth less and less", () => {
  const { clock, link, usefulness } = setUp();
  link(228, false);
  const guest = usefulness.worthOf(spot(229), true);
  expect(usefulness.worthOf(spot(228))).toBe(guest);
  clock.advance(6_000);
  expect(usefulness.worthOf(spot(228))).toBeLessThan(guest);
  expect(usefulness.worthOf(spot(228))).toBeGreaterThan(usefulness.worthOf(spot(229)));
  clock.advance(30_000);
  expect(usefulness.worthOf(spot(228))).toBe(0);
});
