import { expect, test } from "vitest";
import { Roots } from "./roots.ts";

const key = (digit: string) => digit.repeat(40);

/** Nodes at 4…, 8… and c…; a lookup is told. */
function setUp() {
  const [looked, clock] = [[] as string[], { ms: 0 }];
  const nodes = ["4", "8", "c"].map(key);
  /** What this node can tell by itself: nothing, until a test says otherwise. */
  const ring = { isKnown: false };
  const rootFor = (of: string) => ({ id: nodes.find((id) => id >= of) ?? nodes[0]! });
  const prost = {
    clock: { now: () => clock.ms },
    replicaSet: async (of: string) => (ring.isKnown ? [rootFor(of)] : []),
    lookupPeerlet: async (of: string) => {
      looked.push(of[0]!);
      return rootFor(of);
    },
  };
  const roots = new Roots(prost as never, 1_000);
  const rootOf = async (digit: string) => (await roots.of(key(digit))).id[0];
  return { roots, rootOf, looked, clock, ring };
}

test("between a key and its root nobody is: later keys on that arc need no lookup", async () => {
  const { rootOf, looked } = setUp();
  expect([await rootOf("5"), await rootOf("7"), await rootOf("8")]).toEqual(["8", "8", "8"]);
  expect(await rootOf("9")).toBe("c");
  expect(await rootOf("e")).toBe("4");
  expect(await rootOf("1")).toBe("4");
  expect(looked).toEqual(["5", "9", "e"]);
});

test("a key before the arc is looked up, and the longer arc is remembered", async () => {
  const { rootOf, looked } = setUp();
  for (const digit of ["7", "6", "7", "6"]) expect(await rootOf(digit)).toBe("8");
  expect(looked).toEqual(["7", "6"]);
});

test("an arc is believed for five seconds, and no more when its root failed", async () => {
  const { roots, rootOf, looked, clock } = setUp();
  await rootOf("5");
  clock.ms = 4_999;
  await rootOf("6");
  expect(looked).toEqual(["5"]);
  clock.ms = 5_000;
  await rootOf("6");
  roots.forget(await roots.of(key("6")));
  await rootOf("6");
  expect(looked).toEqual(["5", "6", "6"]);
});

test("a root that this node was in touch with and can tell by itself is not looked up", async () => {
  const { roots, rootOf, looked, clock, ring } = setUp();
  await rootOf("7");
  ring.isKnown = true;
  clock.ms = 60_000;
  expect([await rootOf("5"), await rootOf("9"), await rootOf("a")]).toEqual(["8", "c", "c"]);
  expect(looked).toEqual(["7", "9"]);
  roots.forget(await roots.of(key("5")));
  expect(await rootOf("5")).toBe("8");
  expect(looked).toEqual(["7", "9", "5"]);
});
