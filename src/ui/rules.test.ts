import { expect, test } from "vitest";
import type { Rule } from "../peer/peer.ts";
import { holdingRule, holdingWords, readRuleTarget } from "./rules.ts";

const APP = "0f".repeat(16);
const KEY = "ab".repeat(32);

test.each([
  { rules: { [APP]: "deny", [KEY]: "trust" }, holds: { rule: "deny", of: "application" } },
  { rules: { [KEY]: "trust" }, holds: { rule: "trust", of: "publisher" } },
  { rules: {}, holds: { rule: "allow", of: "default" } },
] as const)("of $rules, $holds.rule holds, of the $holds.of", ({ rules, holds }) => {
  const policy = { rules: rules as Readonly<Record<string, Rule>>, default: "allow" as const };
  expect(holdingRule(policy, APP, KEY)).toEqual(holds);
});

test("what an object inherits is no rule", () => {
  expect(holdingRule({ rules: {}, default: "ask" }, "constructor", "toString").of).toBe("default");
});

test("every rule has words that say whose it is", () => {
  expect(holdingWords({ rule: "trust", of: "publisher" })).toContain("publisher is trusted");
  expect(holdingWords({ rule: "ask", of: "default" })).toContain("by default");
});

test.each([
  { text: APP.toUpperCase(), target: { kind: "application", id: APP } },
  { text: ` ${KEY.replace(/(.{4})/g, "$1 ")}\n`, target: { kind: "publisher", id: KEY } },
  { text: "", target: { kind: "invalid" } },
  { text: "alice", target: { kind: "invalid" } },
  {
    text: "ab".repeat(20),
    target: { kind: "invalid", why: expect.stringContaining("this has 40") },
  },
])("$text is read as $target.kind", ({ text, target }) => {
  expect(readRuleTarget(text)).toMatchObject(target);
});
