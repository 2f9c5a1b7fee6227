import { expect, test } from "vitest";
import { Surroundings } from "./surroundings.ts";

const key = (digit: string) => digit.repeat(40);
const handles = (...digits: readonly string[]) => digits.map((digit) => ({ id: key(digit) }));

/** A node at 8…, after 6…, 4…, 2… and 1…, before a…, c… and e…; what the host is asked is told. */
function setUp() {
  const [asked, clock, state] = [[] as string[], { ms: 0 }, { fails: false, isShort: false }];
  const first: Readonly<Record<number, string>> = { 1: "6", 4: "1" };
  const ask = <Answer>(what: string, answer: Answer) => {
    asked.push(what);
    return state.fails ? Promise.reject<Answer>(new Error("busy")) : Promise.resolve(answer);
  };
  const prost = {
    self: key("8"),
    clock: { now: () => clock.ms },
    range: (_node: string, rank: number) =>
      ask(`range ${rank}`, { from: `${key(first[rank]!).slice(1)}7`, to: key("8") }),
    replicaSet: (of: string) =>
      ask(`set ${of[0]}`, state.isShort ? handles("8") : handles("8", "a", "c", "e")),
    neighborSet: () => ask("near", handles("6", "a")),
  };
  return { surroundings: new Surroundings(prost as never, 16), asked, clock, state };
}

const OWN = ["range 1", "range 4", "set 8"];

test("of its own keys it asks once, of others each time", async () => {
  const { surroundings, asked } = setUp();
  for (const own of ["7", "8", "7"])
    expect(await surroundings.replicaSet(key(own))).toHaveLength(4);
  expect(await surroundings.keeps(key("2"))).toBe(true);
  expect(await surroundings.keeps(key("9"))).toBe(false);
  expect(asked).toEqual(OWN);
  await surroundings.replicaSet(key("b"));
  await surroundings.replicaSet(key("b"));
  expect(asked).toEqual([...OWN, "set b", "set b"]);
});

test("a change of the neighbour set, and half a minute, make it ask again", async () => {
  const { surroundings, asked, clock } = setUp();
  await surroundings.near();
  surroundings.updated();
  await surroundings.near();
  clock.ms = 29_999;
  await surroundings.near();
  expect(asked).toEqual(["near", "near"]);
  clock.ms = 30_000;
  expect(await surroundings.near()).toEqual(new Set([key("6"), key("a")]));
  expect(asked).toEqual(["near", "near", "near"]);
});

test("what is not complete is asked again after a second, what failed at once", async () => {
  const { surroundings, asked, clock, state } = setUp();
  state.isShort = true;
  await surroundings.replicaSet(key("8"));
  clock.ms = 999;
  await surroundings.replicaSet(key("8"));
  expect(asked).toEqual(OWN);
  clock.ms = 1_000;
  await surroundings.replicaSet(key("8"));
  expect(asked).toEqual([...OWN, ...OWN]);
  state.fails = true;
  await expect(surroundings.near()).rejects.toThrow("busy");
  state.fails = false;
  expect(await surroundings.near()).toHaveProperty("size", 2);
});
