import { expect, test } from "vitest";
import { DEFAULT_BUDGETS, NodePolicy } from "../peer/policy.ts";
import { BUDGET_FIELDS, budgetText, readBudget } from "./budget-fields.ts";

const field = (name: string) => BUDGET_FIELDS.find((one) => one.name === name)!;

test.each([
  ["cpuShare", 0.07, "7"],
  ["storageBytes", 16 * 1024 * 1024, "16"],
  ["storageBytes", 5_000_000, "4.7683716"],
  ["bytesPerSecond", 100_000, "97.65625"],
  ["callsOpen", 16, "16"],
])("%s of %d is edited as %s, and comes back the same", (name, value, text) => {
  expect(budgetText(field(name), value)).toBe(text);
  expect(readBudget(field(name), text)).toEqual({ kind: "value", value });
});

test("a policy takes the least and the most of each, and what it has by default", () => {
  const policy = new NodePolicy([], () => {});
  for (const one of BUDGET_FIELDS) {
    for (const text of [one.least, one.most].map(String)) {
      const read = readBudget(one, text);
      if (read.kind === "invalid") throw new Error(`${one.name}: ${read.why}`);
      policy.setBudgets({ [one.name]: read.value });
      expect(policy.budgets[one.name]).toBe(read.value);
    }
    const value = DEFAULT_BUDGETS[one.name];
    expect(readBudget(one, budgetText(one, value))).toEqual({ kind: "value", value });
  }
});

test.each([
  ["cpuShare", ""],
  ["cpuShare", "ten"],
  ["cpuShare", "101"],
  ["cpuShare", "-1"],
  ["callsOpen", "1.5"],
  ["storageBytes", "1e99"],
])("for %s, %o is refused with a reason", (name, text) => {
  expect(readBudget(field(name), text)).toMatchObject({
    kind: "invalid",
    why: expect.stringMatching(/\.$/),
  });
});

test("a comma is a point", () => {
  expect(readBudget(field("storageBytes"), "2,5")).toEqual({
    kind: "value",
    value: 2.5 * 1024 * 1024,
  });
});
