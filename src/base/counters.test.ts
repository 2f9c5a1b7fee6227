import { expect, test } from "vitest";
import { Counters } from "./counters.ts";

test("a counter begins at 0 and adds up", () => {
  const counters = new Counters();
  expect(counters.get("a.b")).toBe(0);
  counters.add("a.b");
  counters.add("a.b", 41);
  expect(counters.get("a.b")).toBe(42);
});

test("a snapshot is sorted by name and does not change later", () => {
  const counters = new Counters();
  counters.add("b");
  counters.add("a", 2);
  const snapshot = counters.snapshot();
  counters.add("a");
  expect(Object.entries(snapshot)).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
});
