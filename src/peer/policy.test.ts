import { describe, expect, test } from "vitest";
import type { Rule } from "./peer.ts";
import {
  DEFAULT_BUDGETS,
  NodePolicy,
  type PolicyState,
  deniesAll,
  grantFor,
  originOf,
  ruleFor,
} from "./policy.ts";

const APP = "ab".repeat(16);
const OTHER_APP = "cd".repeat(16);
const PUBLISHER = "ef".repeat(32);

const policyOf = (
  byDefault: PolicyState["default"],
  rules: PolicyState["rules"] = {},
): PolicyState => ({ default: byDefault, rules, budgets: DEFAULT_BUDGETS, codeServers: [] });

test.each<{ app?: Rule; publisher?: Rule; byDefault: PolicyState["default"]; rule: Rule }>([
  { byDefault: "allow", rule: "allow" },
  { byDefault: "deny", rule: "deny" },
  { byDefault: "deny", publisher: "trust", rule: "trust" },
  { byDefault: "allow", publisher: "deny", rule: "deny" },
  { byDefault: "allow", publisher: "deny", app: "allow", rule: "allow" },
  { byDefault: "allow", publisher: "trust", app: "deny", rule: "deny" },
  { byDefault: "deny", publisher: "trust", app: "ask", rule: "ask" },
])(
  "application $app, publisher $publisher, default $byDefault: $rule",
  ({ app, publisher, byDefault, rule }) => {
    const rules = { ...(app && { [APP]: app }), ...(publisher && { [PUBLISHER]: publisher }) };
    expect(ruleFor(policyOf(byDefault, rules), APP, PUBLISHER)).toBe(rule);
  },
);

test("as JSON it is all that can be read and changed", () => {
  const policy = new NodePolicy(["https://host.example"], () => {});
  policy.deny(APP);
  expect(JSON.parse(JSON.stringify(policy))).toEqual({
    default: "allow",
    rules: { [APP]: "deny" },
    budgets: DEFAULT_BUDGETS,
    codeServers: ["https://host.example"],
  });
});

test("while the publisher is not known only a rule for the application counts", () => {
  const policy = policyOf("ask", { [PUBLISHER]: "deny", [APP]: "trust" });
  expect(ruleFor(policy, APP, "")).toBe("trust");
  expect(ruleFor(policy, OTHER_APP, "")).toBe("ask");
});

test.each<{ byDefault: PolicyState["default"]; rules: PolicyState["rules"]; all: boolean }>([
  { byDefault: "deny", rules: {}, all: true },
  { byDefault: "deny", rules: { [APP]: "deny" }, all: true },
  { byDefault: "deny", rules: { [PUBLISHER]: "ask" }, all: false },
  { byDefault: "deny", rules: { [PUBLISHER]: "allow" }, all: false },
  { byDefault: "ask", rules: {}, all: false },
])("default $byDefault with $rules denies all: $all", ({ byDefault, rules, all }) => {
  expect(deniesAll(policyOf(byDefault, rules))).toBe(all);
});

describe("a grant", () => {
  const wants = { cpuShare: 1, storageBytes: 1_000, messagesPerSecond: 5_000, callsOpen: 1_000 };

  test("is what is wanted, cut to the budgets", () => {
    const { running: _running, packageBytes: _bytes, ...budgets } = DEFAULT_BUDGETS;
    const grant = grantFor(policyOf("allow"), wants, "allow");
    expect(grant).toEqual({ ...budgets, storageBytes: 1_000 });
  });

  test("is up to ten times as much for the trusted, and never more than they want or than one core", () => {
    const grant = grantFor(policyOf("allow"), wants, "trust");
    expect(grant).toMatchObject({
      cpuShare: 1,
      storageBytes: 1_000,
      messagesPerSecond: 5_000,
      callsOpen: 640,
    });
  });
});

test.each([
  { address: "https://host.example", origin: "https://host.example" },
  { address: "https://host.example/", origin: "https://host.example" },
  { address: "https://HOST.example/Path?q#f", origin: "https://host.example" },
  { address: "http://localhost:8080/x", origin: "http://localhost:8080" },
  { address: "https://[::1]:8080/x", origin: "https://[::1]:8080" },
  { address: "https://host.example?x=/y", origin: "https://host.example" },
  { address: "https://user@host.example/", origin: null },
  { address: "https://user:pass@host.example/", origin: null },
  { address: "https://host.example:80@evil.example/", origin: null },
  { address: "https://host.example\\@evil.example/", origin: null },
  { address: "https://host.example\\.evil.example/", origin: null },
  { address: "https:/host.example/", origin: null },
  { address: "https:host.example", origin: null },
  { address: " https://host.example", origin: null },
  { address: "ftp://host.example/", origin: null },
  { address: "javascript://host.example/%0aalert(1)", origin: null },
  { address: "https://host.example:123456/", origin: null },
  { address: "https://höst.example/", origin: null },
  { address: "", origin: null },
  { address: null, origin: null },
  { address: 7, origin: null },
  { address: ["https://host.example"], origin: null },
])("the origin of $address is $origin", ({ address, origin }) => {
  expect(originOf(address)).toBe(origin);
});

function setUp(codeServers: readonly string[] = []) {
  let changes = 0;
  const policy = new NodePolicy(codeServers, () => {
    changes += 1;
  });
  return { policy, changes: () => changes };
}

describe("the rules of a node", () => {
  test("each change is told, and can be read back", () => {
    const { policy, changes } = setUp();
    policy.setDefault("ask");
    policy.trust(PUBLISHER);
    policy.deny(APP);
    policy.allow(APP);
    policy.ask(OTHER_APP);
    policy.setBudgets({ running: 3 });
    policy.setCodeServers(["https://A.example/path", "https://a.example"]);
    policy.forget(OTHER_APP);
    expect(changes()).toBe(8);
    expect(policy.default).toBe("ask");
    expect(policy.rules).toEqual({ [PUBLISHER]: "trust", [APP]: "allow" });
    expect(policy.budgets).toEqual({ ...DEFAULT_BUDGETS, running: 3 });
    expect(policy.codeServers).toEqual(["https://a.example"]);
  });

  test("who changes what was read changes nothing here", () => {
    const { policy } = setUp();
    (policy.rules as Record<string, Rule>)[APP] = "trust";
    (policy.budgets as { running: number }).running = 1_000;
    (policy.codeServers as string[]).push("https://evil.example");
    expect([policy.rules, policy.budgets, policy.codeServers]).toEqual([{}, DEFAULT_BUDGETS, []]);
  });

  test.each<{ what: string; change: (policy: NodePolicy) => void }>([
    { what: "trust by default", change: (policy) => policy.setDefault("trust" as "allow") },
    { what: "no rule", change: (policy) => policy.setDefault(undefined as unknown as "allow") },
    { what: "an id that is none", change: (policy) => policy.allow("constructor") },
    { what: "a node's id", change: (policy) => policy.deny("ab".repeat(20)) },
    { what: "no id", change: (policy) => policy.forget(null as unknown as string) },
    { what: "a budget of nothing", change: (policy) => policy.setBudgets({ running: 0 }) },
    { what: "half a peerlet", change: (policy) => policy.setBudgets({ running: 1.5 }) },
    {
      what: "a budget that is not a number",
      change: (policy) => policy.setBudgets({ callsOpen: NaN }),
    },
    {
      what: "a budget that is a text",
      change: (policy) => policy.setBudgets({ timers: "5" as unknown as number }),
    },
    {
      what: "a budget beyond all",
      change: (policy) => policy.setBudgets({ storageBytes: 2 ** 40 }),
    },
    { what: "no CPU", change: (policy) => policy.setBudgets({ cpuShare: 0 }) },
    { what: "two CPUs", change: (policy) => policy.setBudgets({ cpuShare: 2 }) },
    {
      what: "a budget nobody knows",
      change: (policy) => policy.setBudgets({ toString: 5 } as object),
    },
    { what: "no budgets", change: (policy) => policy.setBudgets(null as unknown as object) },
    {
      what: "one bad budget among good ones",
      change: (policy) => policy.setBudgets({ timers: 5, running: -1 }),
    },
    { what: "a server that is none", change: (policy) => policy.setCodeServers(["evil"]) },
    {
      what: "a server with a name and password",
      change: (policy) => policy.setCodeServers(["https://a:b@c.example"]),
    },
    {
      what: "servers that are no list",
      change: (policy) => policy.setCodeServers("https://a.example" as unknown as []),
    },
  ])("$what is refused and changes nothing", ({ change }) => {
    const { policy, changes } = setUp(["https://good.example"]);
    const before = policy.state;
    expect(() => change(policy)).toThrow(
      expect.objectContaining({ code: "bad-parameter" }) as Error,
    );
    expect(policy.state).toBe(before);
    expect(changes()).toBe(0);
  });

  test("there is a bound on rules, and one that is there can still be changed", () => {
    const { policy } = setUp();
    policy.restore({
      rules: Object.fromEntries(
        Array.from({ length: 10_001 }, (_, i) => [i.toString(16).padStart(32, "0"), "deny"]),
      ),
    });
    expect(Object.keys(policy.rules)).toHaveLength(10_000);
    expect(() => policy.deny(PUBLISHER)).toThrow(/10000 rules/);
    policy.allow("0".repeat(32));
    expect(policy.rules["0".repeat(32)]).toBe("allow");
  });
});

describe("what an earlier visit kept", () => {
  test("comes back as it was", () => {
    const before = setUp(["https://one.example"]);
    before.policy.setDefault("deny");
    before.policy.trust(PUBLISHER);
    before.policy.setBudgets({ running: 2, cpuShare: 0.5 });
    before.policy.setCodeServers(["https://two.example"]);
    const after = setUp(["https://one.example"]);
    after.policy.restore(structuredClone(before.policy.state));
    expect(after.policy.state).toEqual(before.policy.state);
    expect(after.changes()).toBe(0);
  });

  test.each<{ kept: unknown }>(
    [
      undefined,
      null,
      7,
      "text",
      [],
      {},
      { default: "trust" },
      { default: {}, rules: null, budgets: null, codeServers: null },
      { rules: "text", budgets: [1], codeServers: {} },
      { rules: { [APP]: "burn", short: "deny", [PUBLISHER]: null, constructor: "trust" } },
      { budgets: { running: -1, cpuShare: "1", constructor: 5, timers: Infinity, callsOpen: NaN } },
    ].map((kept) => ({ kept })),
  )("$kept changes nothing", ({ kept }) => {
    const { policy } = setUp(["https://one.example"]);
    const before = policy.state;
    policy.restore(kept);
    expect(policy.state).toEqual(before);
  });

  test("of code servers only addresses are taken, each once, as origins", () => {
    const { policy } = setUp();
    policy.restore({ codeServers: [1, null, "x", "https://A.example/b", "https://a.example"] });
    expect(policy.codeServers).toEqual(["https://a.example"]);
  });

  test("__proto__ in it does no harm", () => {
    const { policy } = setUp();
    policy.restore(
      JSON.parse(`{"rules":{"__proto__":{"${APP}":"trust"}},"__proto__":{"default":"deny"}}`),
    );
    expect(ruleFor(policy.state, APP, "")).toBe(policy.default);
    expect(policy.rules).toEqual({});
  });

  test("what was changed before it was read goes on top of it", () => {
    const { policy } = setUp();
    policy.deny(APP);
    policy.setBudgets({ running: 2 });
    const kept = {
      default: "ask",
      rules: { [APP]: "trust", [PUBLISHER]: "deny" },
      budgets: { timers: 7 },
    };
    expect(policy.restore(kept)).toBe(true);
    expect(policy.rules).toEqual({ [APP]: "deny", [PUBLISHER]: "deny" });
    expect(policy.budgets).toMatchObject({ running: 2, timers: 7 });
    expect(policy.default).toBe("ask");
  });
});
