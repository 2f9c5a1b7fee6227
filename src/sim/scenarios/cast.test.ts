/**
 * Groups on a simulated ring: what is sent comes once and in order, whoever
 * comes, goes, crashes or lies meanwhile.
 *
 * The large ones take their size from `PROST_CAST`, e.g. "nodes=1000".
 */
import { describe, expect, test } from "vitest";
import {
  type CastLocal,
  DAY_MS,
  LATE_MS,
  type Data,
  type Place,
  castOf,
  joinAll,
  made,
  ofPeers,
  placesOf,
  spread,
  textsOf,
} from "./cast-world.ts";
import { sizesFrom } from "./sizes.ts";
import { idOfBytes, sha256 } from "../../id/hash.ts";
import { inOpenClosed } from "../../id/interval.ts";
import type { NetworkConditions } from "../memory-network.ts";
import { rootOf } from "../oracle.ts";
import { type MadePackage, type PeerletWorld, makePackage } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

/** Another size than the usual one may take an hour. */
const timeout = process.env["PROST_CAST"] === undefined ? 120_000 : 7_200_000;

describe("a group", () => {
  test("what one sends, all members get, once and in order", async () => {
    const world = await ofPeers(50);
    const nodes = [...world.nodes];
    const members = nodes.slice(0, 20);
    await joinAll(world, members, "g");
    const sent: string[] = [];
    for (let i = 0; i < 10; i++) {
      sent.push(`m${i}`);
      await world.until(castOf(world, members[0]!).multicast("g", `m${i}`));
    }
    await world.pass(3_000);
    for (const member of members) {
      const received = await world.until(castOf(world, member).received("g"));
      expect(textsOf(received)).toEqual(sent);
    }
  });

  test("what was sent before one joined does not come, whoever is on the way to the root", async () => {
    const world = await ofPeers(60);
    const [first, ...others] = [...world.nodes] as [SimNode, ...SimNode[]];
    await world.until(castOf(world, first).join("g"));
    for (const text of ["a", "b"]) await world.until(castOf(world, first).multicast("g", text));
    // Some of them join at nodes that come into the tree for that, and are on their way themselves.
    const members = others.slice(0, 20);
    await joinAll(world, members, "g");
    await world.until(castOf(world, first).multicast("g", "to all"));
    await world.pass(3_000);
    for (const member of members) {
      const received = await world.until(castOf(world, member).received("g"));
      expect(textsOf(received)).toEqual(["to all"]);
    }
  });
});

describe("what goes", () => {
  /** A group whose tree has forwarders that are no members, and everybody's place in it. */
  async function small(seed: number) {
    const world = await ofPeers(60, seed);
    const nodes = [...world.nodes];
    const members = nodes.filter((_, i) => i % 4 === 0);
    await joinAll(world, members, "g");
    const key = (await world.until(castOf(world, members[0]!).groups()))[0]!.key;
    const places = await placesOf(world, nodes, key);
    const nodesThat = (is: (place: Place) => boolean) =>
      nodes.filter((_, i) => places[i] !== undefined && is(places[i]));
    return { world, members, key, nodesThat };
  }

  /** A ring with a node whose place is like that: not in every one there is. */
  async function smallWith(is: (place: Place) => boolean) {
    for (let seed = 5; seed < 20; seed++) {
      const ring = await small(seed);
      const [node] = ring.nodesThat(is);
      if (node) return { ...ring, node };
    }
    throw new Error("in none of 15 rings is there such a node");
  }

  /** Sends, and says what each of the members got of it. */
  async function sendAll(
    world: PeerletWorld,
    members: readonly SimNode[],
    from: SimNode,
    texts: readonly string[],
    expected = texts,
  ) {
    for (const text of texts) {
      await world.until(castOf(world, from).multicast("g", text), 40_000);
    }
    await world.pass(12_000);
    const all = await world.until(
      Promise.all(members.map((node) => castOf(world, node).received("g"))),
    );
    return all.map((received) =>
      textsOf(received).filter((text) => expected.includes(text as string)),
    );
  }

  const TEXTS = ["a", "b", "c", "d"];

  test.each([1, 2, 3])(
    "the root crashes: nothing that is sent then is lost (seed %i)",
    async (seed) => {
      const { world, members, nodesThat } = await small(seed);
      const [root] = nodesThat(({ role }) => role === "root");
      const left = members.filter((node) => node !== root);
      // What the root has taken is not lost with it, even if it had no time to hand it on.
      await world.until(castOf(world, left[0]!).multicast("g", "last words"));
      world.crash(root!);
      const got = await sendAll(world, left, left[0]!, TEXTS, ["last words", ...TEXTS]);
      expect(got).toEqual(left.map(() => ["last words", ...TEXTS]));
    },
  );

  test.each(["crash", "leave"] as const)(
    "forwarders that are no members %s: nothing is lost",
    async (how) => {
      const { world, members, nodesThat } = await small(4);
      const forwarders = nodesThat(({ role, isMember, children }) => {
        return role === "forwarder" && !isMember && children.length > 0;
      });
      expect(forwarders.length).toBeGreaterThan(1);
      for (const node of forwarders.slice(0, 3)) world[how](node);
      const got = await sendAll(world, members, members[0]!, TEXTS);
      expect(got).toEqual(members.map(() => TEXTS));
    },
  );

  test("a member with children leaves the group: it forwards on, and hears nothing more", async () => {
    const { world, members, node } = await smallWith(
      (place) => place.isMember && place.children.length > 0 && place.role !== "root",
    );
    await world.until(castOf(world, node).leave("g"));
    const left = members.filter((each) => each !== node);
    expect(await sendAll(world, left, left[0]!, TEXTS)).toEqual(left.map(() => TEXTS));
    expect(await world.until(castOf(world, node).received("g"))).toEqual([]);
    const [place] = await world.until(castOf(world, node).groups());
    expect(place).toMatchObject({ role: "forwarder", isMember: false });
  });

  test("when all members leave, the tree goes", async () => {
    const { world, members, key } = await small(6);
    await world.until(Promise.all(members.map((node) => castOf(world, node).leave("g"))));
    await world.pass(60_000);
    const places = await placesOf(world, [...world.nodes], key);
    expect(places.filter((place) => place && place.role !== "root")).toEqual([]);
  });

  test("a node that becomes the root takes over from the one that was", async () => {
    const { world, members, nodesThat, key } = await small(7);
    const [root] = nodesThat(({ role }) => role === "root");
    const from = members.find((node) => node !== root)!;
    await sendAll(world, members, from, ["before"]);
    // The next to come between the key and its root is found by trying: 60 nodes, some hundred ids.
    let secret = world.random.bytes(32);
    const isBetween = (id: string) => inOpenClosed(id as never, key as never, root!.id);
    for (let i = 0; i < 5_000 && !isBetween(idOfBytes(sha256(secret))); i++)
      secret = world.random.bytes(32);
    const newcomer = world.add(secret);
    await world.passUntil(() => newcomer.node.isMember);
    await world.until(world.layer(newcomer).peerlets.install(made.file));
    await world.pass(15_000);
    const [place] = await placesOf(world, [newcomer], key);
    expect(place?.role).toBe("root");
    const got = await sendAll(world, members, from, TEXTS);
    expect(got).toEqual(members.map(() => TEXTS));
    const [old] = await placesOf(world, [root!], key);
    expect(old?.role).not.toBe("root");
  });
});

describe("the root is away for a moment", () => {
  /** Between the goodbye and the end of a page that is reloaded, in ms. */
  const LAST_MS = 40;

  interface Away {
    readonly seed: number;
    /** `cut`: nobody hears it, and it goes on. */
    readonly how: "reload" | "crash" | "cut";
    readonly awayMs: number;
    /** How long messages are sent after it is back. */
    readonly laterMs: number;
    readonly everyMs?: number;
    readonly conditions?: Partial<NetworkConditions>;
  }

  /** Two members send meanwhile: what everybody that stayed has lost of what was taken, or has twice, or in another order. */
  async function goAndComeBack(away: Away) {
    const { seed, how, awayMs, laterMs, everyMs = 250, conditions = {} } = away;
    const world = await ofPeers(8, seed);
    const nodes = [...world.nodes];
    await joinAll(world, nodes, "g");
    const { key } = (await world.until(castOf(world, nodes[0]!).groups()))[0]!;
    const root = nodes.find(({ id }) => id === rootOf(key as never, world.sortedIds()))!;
    const left = nodes.filter((node) => node !== root);
    await world.pass(3_000);
    world.network.conditions = { ...world.network.conditions, ...conditions };
    const senders = left.slice(0, 2);
    const taken: string[] = [];
    const sends: Promise<unknown>[] = [];
    const sendFor = async (ms: number) => {
      const untilMs = world.clock.now() + ms;
      while (world.clock.now() < untilMs) {
        for (const [s, node] of senders.entries()) {
          const text = `${s}:${sends.length}`;
          sends.push(
            castOf(world, node)
              .multicast("g", text)
              .then(() => taken.push(text)),
          );
        }
        await world.pass(Math.min(everyMs, untilMs - world.clock.now()));
      }
    };
    await sendFor(3 * everyMs);
    await world.until(Promise.all(sends));
    const before = new Set(taken);
    if (how === "cut") root.host.part = 1;
    else {
      if (how === "reload") {
        root.membership.leave();
        await world.pass(LAST_MS);
      }
      world.crash(root);
    }
    await sendFor(awayMs);
    if (how === "cut") root.host.part = 0;
    const again = how === "cut" ? root : world.add(root.secret);
    await sendFor(laterMs);
    await world.until(Promise.all(sends), 60_000);
    await world.pass(20_000);

    // Who was reloaded gets what was sent since. Where messages are lost, it may hear late of one from before.
    const isCalm = conditions.loss === undefined;
    const got = await world.until(
      Promise.all([...left, again].map((node) => castOf(world, node).received("g"))),
    );
    return got.flatMap((received, i) => {
      const texts = textsOf(received) as string[];
      const mustHave = i < left.length || how === "cut";
      const lost = mustHave ? taken.filter((text) => !texts.includes(text)) : [];
      const twice = texts.filter((text, at) => texts.indexOf(text) !== at);
      const mixed = senders.filter((_, s) => {
        const mine = texts.filter((text) => text.startsWith(`${s}:`));
        return mine.join() !== mine.toSorted((x, y) => +x.slice(2) - +y.slice(2)).join();
      });
      const old = mustHave || !isCalm ? [] : texts.filter((text) => before.has(text));
      const isRight = lost.length + twice.length + mixed.length + old.length === 0;
      return isRight ? [] : [{ i, lost, twice, mixed: mixed.length, old }];
    });
  }

  const { seeds, first } = sizesFrom("PROST_CAST", { seeds: 2, first: 31 });
  const ofSeeds = (cases: readonly Omit<Away, "seed">[]) =>
    Array.from({ length: seeds }, (_, i) => first + i).flatMap((seed) =>
      cases.map((each) => ({ seed, ...each })),
    );

  test.each(
    ofSeeds([
      { how: "reload", awayMs: 1_000, laterMs: 5_000 },
      { how: "reload", awayMs: 1_500, laterMs: 500 },
      { how: "reload", awayMs: 2_000, laterMs: 5_000 },
      { how: "crash", awayMs: 1_000, laterMs: 5_000 },
      { how: "crash", awayMs: 2_000, laterMs: 500 },
      { how: "cut", awayMs: 2_000, laterMs: 5_000 },
      { how: "cut", awayMs: 8_000, laterMs: 500 },
      { how: "reload", awayMs: 1_500, laterMs: 500, everyMs: 40 },
      { how: "reload", awayMs: 1_500, laterMs: 3_000, conditions: { loss: 0.05, jitterMs: 100 } },
    ]),
  )(
    "$how for $awayMs ms, $laterMs ms more: nothing that was taken is lost (seed $seed)",
    async (away) => {
      expect(await goAndComeBack(away)).toEqual([]);
    },
  );
});

describe("closed groups", () => {
  test("refuse strangers, forged credentials and what strangers send", async () => {
    const world = await ofPeers(30, 8);
    const [owner, friend, stranger, forger, ...others] = [...world.nodes];
    const { credential } = await world.until(castOf(world, owner!).create("c", { closed: true }));
    expect(credential).toMatch(/^[0-9a-f]{64}$/);
    await world.until(castOf(world, owner!).join("c", { credential }));
    await world.until(castOf(world, friend!).join("c", { credential }));
    const none = castOf(world, stranger!).join("c");
    await expect(world.until(none, 60_000)).rejects.toThrow(/closed/);
    const forged = castOf(world, forger!).join("c", { credential: "5".repeat(64) });
    await expect(world.until(forged, 60_000)).rejects.toThrow(/closed/);
    await expect(world.until(castOf(world, others[0]!).multicast("c", "spam"))).rejects.toThrow(
      /closed/,
    );
    await world.until(castOf(world, owner!).multicast("c", "hello"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, friend!).received("c")))).toEqual(["hello"]);
    expect(await world.until(castOf(world, stranger!).received("c"))).toEqual([]);
    const unclear = castOf(world, owner!).create("d", { closed: "yes" });
    await expect(world.until(unclear)).rejects.toThrow(/true or false/);
    const again = castOf(world, forger!).create("c", { closed: true });
    await expect(world.until(again)).rejects.toThrow(/created before/);
  });

  test("stay closed when their root dies", async () => {
    const world = await ofPeers(30, 9);
    const [owner] = world.nodes;
    const { credential, key } = await world.until(
      castOf(world, owner!).create("c", { closed: true }),
    );
    const rootId = rootOf(key as never, world.sortedIds());
    const root = [...world.nodes].find(({ id }) => id === rootId)!;
    const [a, b, c] = [...world.nodes].filter((node) => node.id !== root.id);
    await world.until(castOf(world, a!).join("c", { credential }));
    await world.until(castOf(world, b!).join("c", { credential }));
    world.crash(root);
    await world.pass(15_000);
    await expect(world.until(castOf(world, c!).join("c"), 60_000)).rejects.toThrow(/closed/);
    await world.until(castOf(world, a!).multicast("c", "still here"), 40_000);
    await world.pass(5_000);
    expect(textsOf(await world.until(castOf(world, b!).received("c")))).toEqual(["still here"]);
  });

  test.each([1, 2, 3])(
    "stay closed when all who keep that they are closed crash at once (seed %i)",
    async (seed) => {
      const world = await ofPeers(20, seed);
      const [owner] = world.nodes;
      const { credential, key } = await world.until(
        castOf(world, owner!).create("c", { closed: true }),
      );
      const ids = world.sortedIds();
      const at = ids.indexOf(rootOf(key as never, ids));
      const kept = [0, 1, 2].map((i) => ids[(at + i) % ids.length]);
      const others = [...world.nodes].filter(({ id }) => !kept.includes(id));
      const [a, b, c] = others as [SimNode, SimNode, SimNode];
      await joinAll(world, [a, b], "c", 2, { credential });
      for (const node of [...world.nodes]) if (kept.includes(node.id)) world.crash(node);
      await world.pass(15_000);
      await expect(world.until(castOf(world, c).join("c"), 60_000)).rejects.toThrow(/closed/);
      await expect(world.until(castOf(world, c).multicast("c", "spam"))).rejects.toThrow(/closed/);
      await world.until(castOf(world, a).multicast("c", "for members"), 60_000);
      await world.pass(5_000);
      expect(textsOf(await world.until(castOf(world, b).received("c")))).toEqual(["for members"]);
    },
  );

  test("a credential closes a group that nobody created, and leads into no open one", async () => {
    const world = await ofPeers(20, 4);
    const [a, b, c, d] = [...world.nodes] as [SimNode, SimNode, SimNode, SimNode];
    const credential = "3".repeat(64);
    await joinAll(world, [a, b], "new", 1, { credential });
    await expect(world.until(castOf(world, c).join("new"))).rejects.toThrow(/closed/);
    await world.until(castOf(world, a).create("new", { credential }));
    await world.until(castOf(world, a).multicast("new", "for members"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, b).received("new")))).toEqual(["for members"]);

    await joinAll(world, [c, d], "open");
    for (const node of [a, c]) {
      await expect(world.until(castOf(world, node).join("open", { credential }))).rejects.toThrow(
        /open: join it without/,
      );
    }
    await world.until(castOf(world, c).multicast("open", "for all"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, d).received("open")))).toEqual(["for all"]);
  });

  test("do not take their root for a member because it is the root", async () => {
    const world = await ofPeers(20, 10);
    const [owner, friend, root] = [...world.nodes] as [SimNode, SimNode, SimNode];
    const credential = "1".repeat(64);
    await world.until(castOf(world, owner).create(root.id, { credential }));
    await world.until(castOf(world, owner).join(root.id, { credential }));
    await world.until(castOf(world, friend).join(root.id, { credential }));
    await expect(world.until(castOf(world, root).join(root.id))).rejects.toThrow(
      /closed: join it with its credential/,
    );
    const forged = castOf(world, root).join(root.id, { credential: "2".repeat(64) });
    await expect(world.until(forged)).rejects.toThrow(/not its credential/);
    await world.until(castOf(world, owner).multicast(root.id, "for members"));
    expect((await world.until(castOf(world, owner).anycast(root.id, "for one"))).node).toBe(
      friend.id,
    );
    await world.pass(3_000);
    expect(await world.until(castOf(world, root).received(root.id))).toEqual([]);

    await world.until(castOf(world, root).join(root.id, { credential }));
    await world.until(castOf(world, root).multicast(root.id, "from the root"));
    await world.pass(3_000);
    for (const node of [root, friend]) {
      const received = await world.until(castOf(world, node).received(root.id));
      expect(textsOf(received).at(-1)).toBe("from the root");
    }
  });

  test("keep a member that comes again with another credential, or with none", async () => {
    const world = await ofPeers(20, 11);
    const [owner, friend] = [...world.nodes].slice(5) as [SimNode, SimNode];
    const { credential } = await world.until(castOf(world, owner).create("c", { closed: true }));
    await world.until(castOf(world, friend).join("c", { credential }));
    const forged = () => castOf(world, friend).join("c", { credential: "2".repeat(64) });
    await expect(world.until(forged())).rejects.toThrow(/not its credential/);
    await world.until(castOf(world, friend).join("c"));
    await world.until(castOf(world, friend).multicast("c", "still in"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, friend).received("c")))).toEqual(["still in"]);

    // It has not forgotten the right one either.
    const again = world.restart(friend);
    await world.pass(30_000);
    await world.until(castOf(world, owner).join("c", { credential }));
    await world.until(castOf(world, owner).multicast("c", "welcome back"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, again).received("c")))).toEqual([
      "welcome back",
    ]);
  });
});

describe("bad networks", () => {
  test.each([
    { name: "reordering", conditions: { reordering: 0.5, jitterMs: 200 } },
    { name: "duplication", conditions: { duplication: 0.3 } },
    { name: "loss", conditions: { loss: 0.05, jitterMs: 100 } },
  ])("with $name each sender's messages come once and in order", async ({ conditions }) => {
    const world = await ofPeers(25, 12);
    world.network.conditions = { ...world.network.conditions, ...conditions };
    const members = [...world.nodes].slice(0, 12);
    await joinAll(world, members, "g");
    const senders = members.slice(0, 3);
    const sends = senders.flatMap((node, s) =>
      Array.from({ length: 20 }, (_, i) => castOf(world, node).multicast("g", `${s}:${i}`)),
    );
    await world.until(Promise.all(sends), 60_000);
    await world.pass(15_000);
    const all = await world.until(
      Promise.all(members.map((node) => castOf(world, node).received("g"))),
    );
    for (const received of all) {
      for (const s of senders.keys()) {
        const mine = textsOf(received).filter((text) => String(text).startsWith(`${s}:`));
        expect(mine).toEqual(Array.from({ length: 20 }, (_, i) => `${s}:${i}`));
      }
    }
  });
});

describe("many", () => {
  test(
    "the number of children is bounded, however many join at one node",
    { timeout },
    async () => {
      const { nodes: count } = sizesFrom("PROST_CAST", { nodes: 80 });
      const world = await ofPeers(count, 13);
      const nodes = [...world.nodes];
      // All at once, and straight at the root: there is no closer node for any of them.
      const root = nodes[0]!;
      await joinAll(world, nodes, root.id, count);
      await world.pass(10_000);
      const places = await placesOf(world, nodes, root.id);
      expect(places.filter((place) => place?.depth === null)).toEqual([]);
      expect(Math.max(...places.map((place) => place!.children.length))).toBeLessThanOrEqual(8);
      const depth = spread(places.map((place) => place!.depth!));
      console.log({ count, depth });
      expect(depth.max).toBeLessThanOrEqual(12);
    },
  );

  test("an anycast comes to one other member, and says when there is none", async () => {
    const world = await ofPeers(40, 14);
    const [a, b, c, d] = [...world.nodes];
    await joinAll(world, [a!, b!, c!], "g");
    const took: string[] = [];
    for (let i = 0; i < 5; i++) {
      took.push((await world.until(castOf(world, d!).anycast("g", `to one ${i}`))).node);
    }
    const ids = new Set<string>([a!, b!, c!].map(({ id }) => id));
    expect(took.filter((id) => !ids.has(id))).toEqual([]);
    const all = await world.until(
      Promise.all([a!, b!, c!].map((node) => castOf(world, node).received("g"))),
    );
    expect(all.flat().map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => "anycast"));
    const nobody = castOf(world, a!).anycast("nobody", "hello?");
    await expect(world.until(nobody)).rejects.toThrow(/no other member/);
  });
});

describe("who changes its mind", () => {
  test("joins, leaves while that is under way, and joins again: it is a member", async () => {
    const world = await ofPeers(15, 22);
    const [a, b] = [...world.nodes] as [SimNode, SimNode];
    const first = castOf(world, a)
      .join("g")
      .catch((error: Error) => error.message);
    const [, again] = [castOf(world, a).leave("g"), castOf(world, a).join("g")];
    await world.until(again);
    expect(await first).toMatch(/left the group/);
    await world.until(castOf(world, b).multicast("g", "hello"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, a).received("g")))).toEqual(["hello"]);
  });

  test("who left by the key of a group that it joined by name is no member after a reload", async () => {
    const world = await ofPeers(15, 23);
    const a = [...world.nodes][5]!;
    const { key } = await world.until(castOf(world, a).join("g"));
    await world.until(castOf(world, a).join(key));
    await world.until(castOf(world, a).leave(key));
    const again = world.restart(a);
    await world.pass(30_000);
    expect(await world.until(castOf(world, again).groups())).toEqual([]);
  });
});

describe("other applications on the same node", () => {
  const CLIENT = `
export default (prost) => {
  const cast = prost.service("cast");
  const told = [];
  return {
    told: (name, event, detail) => void told.push([event, detail.group, detail.sender, detail.data]),
    local: {
      join: (...args) => cast.join(...args),
      leave: (...args) => cast.leave(...args),
      create: (...args) => cast.create(...args),
      multicast: (...args) => cast.multicast(...args),
      anycast: (...args) => cast.anycast(...args),
      told: () => told,
    },
  };
};`;

  test("have groups of their own, and are told of each message once", async () => {
    const world = await ofPeers(15, 16);
    const [a, b] = [...world.nodes] as [SimNode, SimNode];
    const [one, other] = ["one", "other"].map((name) =>
      makePackage({ name, salt: name, code: CLIENT, uses: { cast: made } }),
    ) as [MadePackage, MadePackage];
    type Client = CastLocal & { told(): Promise<readonly Data[][]> };
    const on = (node: SimNode, { appId }: MadePackage) =>
      world.layer(node).peerlets.local(appId) as unknown as Client;
    for (const node of [a, b]) {
      for (const { file } of [one, other])
        await world.until(world.layer(node).peerlets.install(file));
      await world.until(on(node, one).join("g"));
      await world.until(castOf(world, node).join("g"));
    }
    await world.until(on(b, other).join("g"));
    await world.until(on(a, one).multicast("g", "to one"));
    await world.until(castOf(world, a).multicast("g", "to pages"));
    await world.until(on(a, other).multicast("g", "to other"));
    await world.until(on(a, one).multicast("g", "again"));
    await world.pass(3_000);
    const toOne = ["to one", "again"].map((text) => ["message", "g", a.id, text]);
    expect(await world.until(on(a, one).told())).toEqual(toOne);
    expect(await world.until(on(b, one).told())).toEqual(toOne);
    expect(await world.until(on(a, other).told())).toEqual([]);
    expect(await world.until(on(b, other).told())).toEqual([["message", "g", a.id, "to other"]]);
    expect(textsOf(await world.until(castOf(world, b).received("g")))).toEqual(["to pages"]);

    const { node } = await world.until(on(a, one).anycast("g", "to one of them"));
    expect(node).toBe(b.id);
    await world.until(on(b, one).leave("g"));
    await world.until(on(a, one).multicast("g", "b has left"));
    await world.pass(3_000);
    const told = await world.until(on(b, one).told());
    expect(told.slice(2)).toEqual([["anycast", "g", a.id, "to one of them"]]);
  });

  test("are still members after the node was reloaded", async () => {
    const world = await ofPeers(10, 17);
    const [a, b] = [...world.nodes] as [SimNode, SimNode];
    await joinAll(world, [a, b], "g");
    await world.pass(1_000);
    const again = world.restart(b);
    await world.pass(30_000);
    await world.until(castOf(world, a).multicast("g", "welcome back"));
    await world.pass(3_000);
    expect(textsOf(await world.until(castOf(world, again).received("g")))).toEqual([
      "welcome back",
    ]);
  });

  test("whose node was reloaded gives way to the root, also far from it on the ring", async () => {
    const world = await ofPeers(10, 17);
    const nodes = [...world.nodes];
    await joinAll(world, nodes, "g");
    const key = (await world.until(castOf(world, nodes[0]!).groups()))[0]!.key;
    const ids = world.sortedIds();
    const place = ids.indexOf(rootOf(key as never, ids));
    // Beyond those from whom the root would take a copy.
    const far = nodes.find(({ id }) => id === ids[(place + 8) % ids.length])!;
    const other = nodes.find((node) => node !== far)!;
    await world.pass(1_000);
    const again = world.restart(far);
    await world.pass(30_000);
    await world.until(castOf(world, other).multicast("g", "welcome back"));
    await world.until(castOf(world, again).multicast("g", "I am back"));
    await world.pass(3_000);
    for (const node of [other, again]) {
      expect(textsOf(await world.until(castOf(world, node).received("g")))).toEqual([
        "welcome back",
        "I am back",
      ]);
    }
  });

  test("a root that refuses the application is passed over", async () => {
    const world = await ofPeers(30, 18);
    const nodes = [...world.nodes];
    const { key } = await world.until(castOf(world, nodes[0]!).join("g"));
    const rootId = rootOf(key as never, world.sortedIds());
    const root = nodes.find(({ id }) => id === rootId)!;
    const members = nodes.filter((node) => node !== root).slice(0, 8);
    world.layer(root).manager.policy.deny(made.appId);
    await joinAll(world, members, "g");
    await world.pass(10_000);
    for (const text of ["a", "b"])
      await world.until(castOf(world, members[1]!).multicast("g", text), 40_000);
    await world.pass(10_000);
    const all = await world.until(
      Promise.all(members.map((node) => castOf(world, node).received("g"))),
    );
    expect(all.map(textsOf)).toEqual(members.map(() => ["a", "b"]));
  });
});

describe("strangers", () => {
  test("who claims to be a parent, names others as children, or sends nonsense gets nowhere", async () => {
    const world = await ofPeers(30, 15);
    const nodes = [...world.nodes];
    const members = nodes.slice(0, 6);
    await joinAll(world, members, "g");
    const key = (await world.until(castOf(world, members[0]!).groups()))[0]!.key;
    const [victim, stranger] = [members[3]!, nodes[20]!];
    type Any = Record<string, (...args: unknown[]) => Promise<unknown>>;
    const lookup = (id: string) =>
      world.until(world.layer(stranger).peerlets.lookup(made.appId, id)) as unknown as Promise<Any>;
    const there = await lookup(victim.id);
    const message = [victim.id, "0".repeat(16), 1, "forged", false];
    const call = (method: string, ...args: unknown[]) =>
      world.until(there[method]!(...args).catch((error: Error) => error.message));

    expect(await call("deliver", key, [stranger.id], [message], true)).toBe(false);
    expect(await call("mirror", key, { descriptor: null, messages: [message] })).toBe(false);
    expect(await call("copyOf", key, 0)).toMatch(/no replica/);
    expect(await call("poll", key)).toEqual({ kind: "stranger" });
    await call("part", key, "the group is closed");
    expect(
      await call(
        "deliver",
        key,
        [],
        Array.from({ length: 33 }, () => message),
        true,
      ),
    ).toMatch(/at most 32/);
    const long = [victim.id, "0".repeat(16), 1, "x".repeat(16_385), false];
    expect(await call("deliver", key, [], [long], true)).toMatch(/at most 16384 bytes/);
    expect(await call("adopt", "no key", { has: null, proof: "" })).toMatch(/40 hex digits/);
    expect(await call("adopt", key, { has: [["?"]], proof: "" })).toMatch(/40 hex digits/);
    expect(await call("adopt", key, null)).toMatch(/a list/);
    // A flood is refused at the door, and takes nothing from others.
    const flood = await world.until(
      Promise.all(
        Array.from({ length: 40 }, () =>
          there["poll"]!(key).then(
            () => "",
            (error: Error) => error.message,
          ),
        ),
      ),
    );
    expect(flood).toHaveLength(40);
    // A join in another's name makes nobody a child: only who calls is one.
    const before = await placesOf(world, members, key);
    await world.route(stranger, key, made.appId, "\u0001");
    expect(await placesOf(world, members, key)).toEqual(before);

    await world.until(castOf(world, members[0]!).multicast("g", "true"));
    await world.pass(3_000);
    for (const member of members) {
      expect(textsOf(await world.until(castOf(world, member).received("g")))).toEqual(["true"]);
    }
    const big = castOf(world, victim).multicast("g", "x".repeat(16_385));
    await expect(world.until(big)).rejects.toThrow(/at most 16384 bytes/);
    await expect(world.until(castOf(world, victim).join(""))).rejects.toThrow(
      /1 to 100 characters/,
    );
  });

  test("a node of the tree that refuses children keeps nobody out of an open group", async () => {
    const world = await ofPeers(40, 3);
    const [root, closed, ...others] = [...world.nodes] as [SimNode, SimNode, ...SimNode[]];
    await world.until(castOf(world, root).join(root.id));
    await world.until(castOf(world, closed).join(root.id));
    // It says to all that the root, when it is full, sends to it that the group is a closed one.
    const peerlet = world.layer(closed).sandbox.running.get(made.appId)!;
    const call = peerlet.call.bind(peerlet);
    let asked = 0;
    peerlet.call = (upcall, args, timeoutMs, done) => {
      if (upcall !== "remote" || args[1] !== "adopt") return call(upcall, args, timeoutMs, done);
      asked += 1;
      done({ kind: "value", value: { kind: "no", why: "the group is closed", isFinal: true } });
    };
    await joinAll(world, others, root.id);
    expect(asked).toBeGreaterThan(0);
    await world.until(castOf(world, root).multicast(root.id, "to all"));
    await world.pass(3_000);
    for (const node of others) {
      const received = await world.until(castOf(world, node).received(root.id));
      expect(textsOf(received)).toEqual(["to all"]);
    }
  });
});

describe("a tenth of all nodes crash at once", () => {
  test(
    "those that remain get every later message once, and most of those sent meanwhile",
    { timeout },
    async () => {
      const options = sizesFrom("PROST_CAST", {
        nodes: 100,
        seed: 5,
        share: 0.1,
        everyMs: 1_000,
        later: 10,
      });
      const { nodes: count, seed, share, everyMs, later } = options;
      const startMs = performance.now();
      const took = () => `${((performance.now() - startMs) / 1_000).toFixed(0)} s`;
      const world = await ofPeers(count, seed);
      console.log("ring", took());
      const nodes = [...world.nodes];
      await joinAll(world, nodes, "all", 25);
      console.log("joined", took());
      await world.pass(5_000);
      const key = (await world.until(castOf(world, nodes[0]!).groups()))[0]!.key;
      const places = await placesOf(world, nodes, key);
      const depth = spread(places.map((place) => place?.depth ?? 99));
      const fanOut = spread(places.map((place) => place?.children.length ?? 0));

      // Before anybody crashes: what one multicast costs nodes and links.
      const handedOn = async () => {
        const stats = await Promise.all(nodes.map((node) => castOf(world, node).stats()));
        return stats.map((each) => each["handedOn"]!);
      };
      const before = await world.until(handedOn());
      const copies = new Map<string, number>();
      const size = 5_000;
      world.network.tap = (from, to, frame) => {
        if (frame.length < size) return;
        const link = `${from.number}-${to.number}`;
        copies.set(link, (copies.get(link) ?? 0) + 1);
      };
      await world.until(castOf(world, nodes[0]!).multicast("all", "x".repeat(size)));
      await world.pass(10_000);
      world.network.tap = null;
      const perNode = (await world.until(handedOn())).map((each, i) => each - before[i]!);
      const stress = {
        nodes: spread(perNode),
        links: { used: copies.size, ...spread([...copies.values()]) },
      };

      const dead = new Set(world.sample(Math.round(count * share)));
      const alive = nodes.filter((node) => !dead.has(node));
      for (const node of dead) world.crash(node);
      const crashMs = world.clock.now();
      const from = alive[0]!;
      /** When each message was sent, in ms after the crash. */
      const sentMs: number[] = [];
      const sends: Promise<unknown>[] = [];
      let repairedMs: number | null = null;
      const idsAlive = new Set<string>(alive.map(({ id }) => id));
      const isWhole = async () => {
        const now = await placesOf(world, alive, key);
        const parents = new Map(alive.map(({ id }, i) => [id as string, now[i]]));
        const reachesRoot = (id: string) => {
          let at = id;
          for (let steps = 0; steps < 60; steps++) {
            const place = parents.get(at);
            if (!place) return false;
            if (place.role === "root") return true;
            const above = place.parent;
            if (above === null || !parents.get(above)?.children.includes(at)) return false;
            at = above;
          }
          return false;
        };
        return idsAlive.size > 0 && alive.every(({ id }) => reachesRoot(id));
      };
      while (world.clock.now() - crashMs < 40_000) {
        sentMs.push(world.clock.now() - crashMs);
        sends.push(castOf(world, from).multicast("all", `n${sentMs.length - 1}`));
        await world.pass(everyMs);
        if (repairedMs === null && (await isWhole())) repairedMs = world.clock.now() - crashMs;
        if (repairedMs !== null && world.clock.now() - crashMs - repairedMs > later * everyMs)
          break;
      }
      await world.until(Promise.all(sends), 60_000);
      await world.pass(10_000);

      const got = await world.until(
        Promise.all(alive.map((node) => castOf(world, node).received("all"))),
      );
      const expected = sentMs.map((_, i) => `n${i}`);
      let [missedDuring, missedLater, twice, unordered] = [0, 0, 0, 0];
      let during = 0;
      /** How long after it was sent a node had a message. */
      const tookMs: number[] = [];
      for (const received of got) {
        for (const { data, atMs } of received) {
          const at = expected.indexOf(String(data));
          if (at >= 0) tookMs.push(atMs - DAY_MS - crashMs - sentMs[at]!);
        }
        const texts = textsOf(received);
        const mine = texts.filter((text) => typeof text === "string" && text.startsWith("n"));
        twice += mine.length - new Set(mine).size;
        if (mine.join() !== expected.filter((text) => mine.includes(text)).join()) unordered += 1;
        expected.forEach((text, i) => {
          const isDuring = repairedMs === null || sentMs[i]! < repairedMs;
          if (isDuring) during += 1;
          if (mine.includes(text)) return;
          if (isDuring) missedDuring += 1;
          else missedLater += 1;
        });
      }
      const after = await placesOf(world, alive, key);
      const depthAfter = spread(after.map((place) => place?.depth ?? 99));
      const outcome = {
        repairedMs,
        sent: sentMs.length,
        missedDuring: `${missedDuring} of ${during}`,
        missedLater,
        late: `${tookMs.filter((ms) => ms > LATE_MS).length} of ${tookMs.length}`,
        tookMs: spread(tookMs),
        twice,
        unordered,
        depth,
        depthAfter,
        fanOut,
        stress,
      };
      console.log(options, JSON.stringify(outcome, null, 1), took());
      expect(repairedMs).not.toBeNull();
      expect(outcome).toMatchObject({ missedLater: 0, twice: 0, unordered: 0 });
      expect(fanOut.max).toBeLessThanOrEqual(8);
    },
  );
});

describe("broadcast", () => {
  test("every node gets it once, in at most 1.1 messages a node", { timeout }, async () => {
    const { nodes: count, seed } = sizesFrom("PROST_CAST", { nodes: 100, seed: 6 });
    const world = await ofPeers(count, seed);
    const nodes = [...world.nodes];
    // So large that nothing else is: each of its steps over a link is seen.
    const size = 5_000;
    let steps = 0;
    world.network.tap = (_from, _to, frame) => {
      if (frame.length >= size) steps += 1;
    };
    const { parts } = await world.until(castOf(world, nodes[0]!).broadcast("x".repeat(size)));
    await world.pass(5_000);
    world.network.tap = null;
    const got = await world.until(
      Promise.all(nodes.map((node) => castOf(world, node).broadcasts())),
    );
    const stats = await world.until(Promise.all(nodes.map((node) => castOf(world, node).stats())));
    const messages = stats.reduce((all, each) => all + each["broadcastsHandedOn"]!, 0);
    const twice = stats.reduce((all, each) => all + each["broadcastsCameTwice"]!, 0);
    console.log({ count, messages, steps, parts, twice });
    expect(got.filter((each) => each.length === 1)).toHaveLength(count);
    expect(messages).toBeLessThanOrEqual(1.1 * count);
    expect(steps).toBeLessThanOrEqual(1.1 * count);
  });
});
