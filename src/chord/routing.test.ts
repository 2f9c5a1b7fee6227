import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import { fractionOf, inOpen, isNearer, placeOf } from "../id/interval.ts";
import type { Link } from "../link/link.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { rootOf } from "../sim/world.ts";
import { RingView } from "./ring-view.ts";
import { type Heading, type NextHop, nextHop } from "./routing.ts";

/** The id at `at`/256 of the ring. */
function spot(at: number): Id {
  return at.toString(16).padStart(2, "0").padEnd(40, "0") as Id;
}

interface Told {
  readonly predecessors?: readonly number[];
  readonly successors?: readonly number[];
  readonly links?: readonly number[];
  readonly rttMs?: number;
  readonly isDoubted?: boolean;
}

function linkTo(at: number, told: Told = {}): Link {
  const id = spot(at);
  const state = {
    version: 1,
    wants: "neighbour",
    member: true,
    predecessors: (told.predecessors ?? []).map(spot),
    successors: (told.successors ?? []).map(spot),
    links: (told.links ?? []).map(spot),
  };
  const rtt = { smoothedMs: told.rttMs ?? null };
  const { isDoubted = false } = told;
  const link = { id, at: fractionOf(id), isOpen: true, isMember: true, isDoubted, rtt, state };
  return link as unknown as Link;
}

const env: Env = {
  clock: new VirtualClock(),
  random: new SeededRandom(1),
  log: { debug: () => {} },
};

function viewOf(self: number, links: readonly Link[], listLength = 8): RingView {
  const view = new RingView(spot(self), env, listLength);
  for (const link of links) view.told(link);
  return view;
}

function heading(key: number, options: Partial<Heading> = {}): Heading {
  return {
    key: spot(key),
    final: false,
    except: null,
    exact: false,
    mayDetour: true,
    ...options,
  };
}

const none = () => false;

/** In words: "here", "none", or the node it goes to and whether it is the last step. */
function inWords(hop: NextHop): string {
  if (hop.kind !== "link") return hop.kind;
  return `${Number.parseInt(hop.link.id.slice(0, 2), 16)}${hop.final ? " final" : ""}`;
}

/** Node 100, between 90 and 110, with long links to 30 and 200; each tells who stands beside it. */
const neighbours = [
  linkTo(90, { predecessors: [80, 70], successors: [100, 110] }),
  linkTo(110, { predecessors: [100, 90], successors: [120, 130] }),
  linkTo(30, { predecessors: [20, 10], successors: [40, 50], links: [60] }),
  linkTo(200, { predecessors: [190, 180], successors: [210, 220] }),
];

test.each([
  { key: 100, hop: "here", because: "a node owns its own id" },
  { key: 95, hop: "here", because: "the key lies between the predecessor and this node" },
  { key: 91, hop: "here", because: "the key lies just behind the predecessor" },
  { key: 90, hop: "90 final", because: "the predecessor's id is its own, and it is linked" },
  { key: 101, hop: "110 final", because: "the linked successor says we are its predecessor" },
  { key: 110, hop: "110 final", because: "the successor owns its own id" },
  { key: 115, hop: "110", because: "the successor knows node 120" },
  { key: 85, hop: "90 final", because: "the predecessor tells of its own predecessor, 80" },
  { key: 75, hop: "90", because: "the predecessor knows both, and is nearer than this node" },
  { key: 200, hop: "200 final", because: "it is linked" },
  { key: 195, hop: "200 final", because: "node 200 says it is the root" },
  { key: 205, hop: "200", because: "node 200 knows its successor" },
  { key: 61, hop: "30", because: "node 60 is nearest, and only node 30 knows it" },
  { key: 235, hop: "200", because: "of all that is known node 220 is nearest" },
  { key: 250, hop: "30", because: "of all that is known node 10 is nearest" },
  { key: 5, hop: "30", because: "the shorter way leads through zero" },
])("from node 100 a message for $key goes to $hop, because $because", ({ key, hop }) => {
  expect(inWords(nextHop(viewOf(100, neighbours), heading(key), none))).toBe(hop);
});

test("a lone node is the root of every key", () => {
  for (const key of [0, 100, 255]) {
    expect(inWords(nextHop(viewOf(100, []), heading(key), none))).toBe("here");
  }
});

test.each([
  { key: 150, hop: "here" },
  { key: 101, hop: "here" },
  { key: 100, hop: "100 final" },
  { key: 50, hop: "100 final" },
  { key: 20, hop: "100 final" },
  { key: 10, hop: "here" },
])("of two nodes, 10 sends a message for $key to: $hop", ({ key, hop }) => {
  const view = viewOf(10, [linkTo(100, { predecessors: [10], successors: [10] })]);
  expect(inWords(nextHop(view, heading(key), none))).toBe(hop);
});

test("a link that is being tried is passed over for the next best", () => {
  const view = viewOf(100, neighbours);
  const tried = (...ats: number[]) => {
    const ids = new Set(ats.map(spot));
    return (link: Link) => ids.has(link.id);
  };
  expect(inWords(nextHop(view, heading(205), tried(200)))).toBe("30");
  expect(inWords(nextHop(view, heading(205), tried(200, 30)))).toBe("110");
  expect(inWords(nextHop(view, heading(205), tried(200, 30, 110)))).toBe("none");
  expect(inWords(nextHop(view, heading(195), tried(200, 110, 90, 30)))).toBe("none");
  // Its successor is being tried: nobody else may be taken for the root.
  expect(inWords(nextHop(view, heading(105), tried(110)))).toBe("none");
});

test("a node that asks for its own id is not its own root", () => {
  const view = viewOf(100, neighbours);
  expect(inWords(nextHop(view, heading(90, { except: spot(90) }), none))).toBe("here");
  expect(inWords(nextHop(view, heading(90), none))).toBe("90 final");
  const asked = nextHop(view, heading(200, { except: spot(200) }), none);
  expect(asked.kind === "link" && asked.link.id).not.toBe(spot(200));
});

test("a final message that is not for this node goes back towards its key, and no further", () => {
  const view = viewOf(100, neighbours);
  const final = { final: true };
  expect(inWords(nextHop(view, heading(95, final), none))).toBe("here");
  expect(inWords(nextHop(view, heading(85, final), none))).toBe("90 final");
  expect(inWords(nextHop(view, heading(25, final), none))).toBe("30 final");
  expect(inWords(nextHop(view, heading(30, final), none))).toBe("30 final");
  expect(inWords(nextHop(view, heading(210, final), none))).toBe("30 final");
  expect(inWords(nextHop(view, heading(85, final), ({ id }) => id === spot(90)))).toBe("none");
});

test("of the links that know the nearest node the quickest is taken, a doubted one last", () => {
  const links = [
    linkTo(120, { links: [160], rttMs: 80 }),
    linkTo(130, { links: [160], rttMs: 20 }),
    linkTo(125, { links: [160], rttMs: 1, isDoubted: true }),
    linkTo(135, { links: [160] }),
    linkTo(90),
  ];
  const tried = new Set<Id>();
  const order = links.map(() => {
    const hop = nextHop(viewOf(100, links), heading(161), ({ id }) => tried.has(id));
    if (hop.kind === "link") tried.add(hop.link.id);
    return inWords(hop);
  });
  // At last the one that is its root, were node 160 the last before it: for who is root no link's silence changes.
  expect(order).toEqual(["130", "120", "135", "125", "90 final"]);
});

test("a link that knows the nearest node but leads away from the key is not taken", () => {
  const links = [linkTo(90, { links: [128] }), linkTo(110)];
  expect(inWords(nextHop(viewOf(100, links), heading(129), none))).toBe("110");
});

test("a node of which others say that it is gone is no candidate", () => {
  const view = viewOf(100, neighbours);
  view.bury(spot(60), 1_000);
  // Of what is left node 70 stands nearest to 61, and it is known through node 90.
  expect(inWords(nextHop(view, heading(61), none))).toBe("90");
  view.bury(spot(110), 1_000);
  expect(inWords(nextHop(view, heading(101), none))).toBe("110 final");
});

/**
 * Node 10 of 10, 60, 120 and 210, linked to 60 alone, though 210 stands beside
 * it: whoever joined last, or lost the one between, is so for a while.
 */
const lopsided = () =>
  viewOf(10, [
    linkTo(60, { predecessors: [10, 210], successors: [120, 210], links: [10, 120, 210] }),
  ]);

test.each([
  { key: 180, hop: "60 final", because: "60 is linked to the root, though further away" },
  { key: 180, final: true, hop: "60 final", because: "the last step must not end here either" },
  { key: 210, exact: true, hop: "60", because: "60 is linked to that very node" },
  { key: 205, exact: true, hop: "60 final", because: "where nobody is, the root shall say so" },
  { key: 180, mayDetour: false, hop: "none", because: "it has gone to and fro often enough" },
  { key: 230, hop: "here", because: "60 names 210 as the one before this node" },
])("$key goes from a node that lacks a neighbour to: $hop, because $because", (row) => {
  const { key, hop, because: _because, ...options } = row;
  expect(inWords(nextHop(lopsided(), heading(key, options), none))).toBe(hop);
});

test("a detour leads over nobody who only heard of the root, or whom others say is gone", () => {
  const view = viewOf(10, [linkTo(60, { predecessors: [10, 210], links: [10] })]);
  expect(inWords(nextHop(view, heading(180), none))).toBe("none");
  const buried = lopsided();
  buried.bury(spot(210), 1_000);
  expect(inWords(nextHop(buried, heading(210, { exact: true }), none))).not.toBe("60");
});

// From here on: what must hold whatever is known, true or not.

const ats = fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 14 });
const someAts = fc.array(fc.nat(255), { maxLength: 6 });
const rumours = fc.record({ predecessors: someAts, successors: someAts, links: someAts });
const anyView = fc
  .tuple(ats, fc.array(rumours, { minLength: 14, maxLength: 14 }))
  .map(([[self, ...others], told]) =>
    viewOf(
      self!,
      others.map((at, i) => linkTo(at, told[i])),
    ),
  );

test("a next hop is an open link, not tried, not the one who asks, and strictly nearer; or the last step, or a detour", () => {
  const parts = fc.tuple(anyView, fc.nat(255), fc.boolean(), fc.nat(0xffff));
  const flags = fc.tuple(fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(parts, flags, ([view, key, isFinal, triedBits], [isOwn, mayDetour]) => {
      const to = heading(key, { final: isFinal, except: isOwn ? spot(key) : null, mayDetour });
      const links = view.membersClockwise;
      const tried = new Set(links.filter((_, i) => (triedBits >> i) & 1));
      const hop = nextHop(view, to, (link) => tried.has(link));
      if (hop.kind !== "link") return;
      const { link, final } = hop;
      expect(links).toContain(link);
      expect(tried.has(link)).toBe(false);
      const isExcept = isOwn && link.id === to.key;
      expect(isExcept).toBe(false);
      const isNearerNow = isNearer(placeOf(to.key), link, view.place);
      // Of a final message: among the nodes from the key to this one.
      const isBackTowards = link.id === to.key || inOpen(link.id, to.key, view.self);
      const isStep = to.final ? final && isBackTowards : final || isNearerNow;
      expect(hop.isDetour ? mayDetour : isStep).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

/** What every node of a ring knows when each tells the truth; `extra` are its long links. */
function ringOf(members: readonly number[], extra: (at: number) => readonly number[]) {
  const sorted = members.toSorted((a, b) => a - b);
  const around = (at: number, step: number) =>
    Array.from({ length: Math.min(3, sorted.length - 1) }, (_, i) => {
      const place = sorted.indexOf(at) + step * (i + 1);
      return sorted.at(place % sorted.length)!;
    });
  const linksOf = (at: number) => {
    const back = sorted.filter((other) => extra(other).includes(at));
    const all = new Set([...around(at, -1), ...around(at, 1), ...extra(at), ...back]);
    all.delete(at);
    return [...all];
  };
  const tell = (at: number) =>
    linkTo(at, { predecessors: around(at, -1), successors: around(at, 1), links: linksOf(at) });
  return new Map(sorted.map((at) => [spot(at), viewOf(at, linksOf(at).map(tell), 3)]));
}

test("in a ring that knows its neighbours every message reaches the true root, from everywhere", () => {
  const rings = fc.tuple(ats, fc.array(fc.tuple(fc.nat(13), fc.nat(13)), { maxLength: 10 }));
  fc.assert(
    fc.property(rings, fc.nat(255), ([members, pairs], key) => {
      const extra = (at: number) =>
        pairs.flatMap(([from, to]) => {
          const [a, b] = [members[from % members.length]!, members[to % members.length]!];
          return a === at && b !== at ? [b] : [];
        });
      const ring = ringOf(members, extra);
      const root = rootOf(spot(key), [...ring.keys()]);
      for (const source of ring.keys()) {
        if (source === spot(key)) continue;
        let at = source;
        let final = false;
        const way = [at];
        for (;;) {
          const hop = nextHop(ring.get(at)!, heading(key, { final }), none);
          expect(hop.kind).not.toBe("none");
          if (hop.kind !== "link") break;
          at = hop.link.id;
          ({ final } = hop);
          way.push(at);
          expect(way.length).toBeLessThanOrEqual(ring.size + 1);
        }
        expect(at).toBe(root);
      }
    }),
    { numRuns: 300 },
  );
});
