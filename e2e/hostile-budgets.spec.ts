/**
 * Peerlets that take too much: time, memory, messages. Each ends with the right
 * reason; a neighbour lives on, or is lost for no fault of its own and starts again.
 */
import type { Grant } from "../src/peer/grant.ts";
import type { Stopped } from "../src/peer/sandbox.ts";
import { type Lab, type LabPeerlet, expect, test } from "./fixtures/hostile-lab.ts";

const NEIGHBOUR = `export default () => ({ local: { alive: () => true } })`;

interface Attack {
  readonly what: string;
  /** Statements in an async local method, with `prost` at hand. */
  readonly body: string;
  readonly kinds: readonly Stopped["kind"][];
  readonly why: RegExp;
  readonly grant?: Partial<Grant>;
}

async function runAttack(lab: Lab, attack: Attack): Promise<Stopped> {
  const peerlet = await lab.start(
    `export default (prost) => ({ local: { async attack() { ${attack.body} } } })`,
    attack.grant === undefined ? {} : { grant: attack.grant },
  );
  // Nobody waits for its answer.
  void peerlet.call("local", ["attack", []], 60_000).catch(() => {});
  return peerlet.stopped();
}

function expectStopped(attack: Attack, stopped: Stopped): void {
  expect(attack.kinds, attack.what).toContain(stopped.kind);
  expect(stopped.isOffence, attack.what).toBe(true);
  expect(stopped.why, attack.what).toMatch(attack.why);
}

/** Alive all along, or lost and started again: both are no fault of its own. */
async function expectToLive(lab: Lab, neighbour: LabPeerlet): Promise<void> {
  const result = await neighbour.call("local", ["alive", []]);
  if (result.kind === "value") return;
  expect(await neighbour.stopped()).toMatchObject({ kind: "lost", isOffence: false });
  const again = await lab.start(NEIGHBOUR, { name: "neighbour" });
  expect(await again.local("alive")).toBe(true);
}

const TIME: readonly Attack[] = [
  { what: "loops", body: `for (;;);`, kinds: ["hung"], why: /no sign of life/ },
  {
    what: "loops in a regular expression",
    body: `/^(a+)+$/.test("a".repeat(60) + "b");`,
    kinds: ["hung"],
    why: /no sign of life/,
  },
  {
    what: "loops in sort",
    body: `for (;;) Array.from({ length: 1e6 }, Math.random).sort();`,
    kinds: ["hung"],
    why: /no sign of life/,
  },
  {
    what: "loops in microtasks",
    body: `for (;;) await null;`,
    kinds: ["hung"],
    why: /no sign of life/,
  },
  {
    what: "repeats queueMicrotask",
    body: `const again = () => queueMicrotask(again); again();`,
    kinds: ["hung"],
    why: /no sign of life/,
  },
];

const SLICES: Attack = {
  what: "computes in slices",
  body: `
      const slice = () => { const end = performance.now() + 40; while (performance.now() < end); };
      setInterval(slice, 4);`,
  kinds: ["cpu"],
  why: /10 % are granted/,
  grant: { cpuShare: 0.1 },
};

const MESSAGES: readonly Attack[] = [
  {
    what: "floods its log",
    body: `for (;;) prost.log("x");`,
    kinds: ["messages"],
    why: /more than 100 messages a second/,
    grant: { messagesPerSecond: 100 },
  },
  {
    what: "floods its host with calls",
    body: `for (;;) { prost.storage.get("x").catch(() => {}); await null; }`,
    kinds: ["messages", "hung"],
    why: /more than 100 messages a second|no sign/,
    grant: { messagesPerSecond: 100 },
  },
  {
    what: "floods its host with bytes",
    body: `for (;;) prost.emit("x", new Uint8Array(200_000));`,
    kinds: ["bytes"],
    why: /more than 1000000 bytes a second/,
    grant: { bytesPerSecond: 1_000_000 },
  },
  {
    what: "sends a huge message past its own checks",
    body: `
      const huge = "x".repeat(100_000_000);
      const push = Array.prototype.push;
      Array.prototype.push = function () { return push.call(this, huge); };
      Object.defineProperty(Array.prototype, "0", { set(v) { Object.defineProperty(this, 0, { value: huge, enumerable: true }); } });
      prost.emit("x", [1]);`,
    kinds: ["malformed", "hung", "memory", "messages"],
    why: /./,
  },
];

const MEMORY: readonly Attack[] = [
  {
    what: "fills its memory with objects",
    body: `const all = []; for (;;) all.push({ a: all.length, b: [all.length] });`,
    kinds: ["memory", "hung"],
    why: /memory|no sign/,
  },
  {
    what: "fills its memory with texts",
    body: `const all = []; for (let i = 0; ; i++) { const s = ("x" + i).repeat(1e6); all.push(s); s.at(i); new TextEncoder().encode(s); }`,
    kinds: ["memory", "hung"],
    why: /memory|no sign/,
  },
  {
    what: "fills its memory with bytes",
    body: `const all = []; for (;;) { try { all.push(new Uint8Array(5e7).fill(1)); } catch {} }`,
    kinds: ["memory", "hung"],
    why: /memory|no sign/,
  },
];

test("peerlets that take all the time are stopped, each of them, and their neighbour is not", async ({
  lab,
}) => {
  const neighbour = await lab.start(NEIGHBOUR, { name: "neighbour" });
  // All at once, on however few cores there are.
  const stopped = await Promise.all(TIME.map((attack) => runAttack(lab, attack)));
  for (const [i, attack] of TIME.entries()) expectStopped(attack, stopped[i]!);
  await expectToLive(lab, neighbour);
});

test("a peerlet that computes more than its share is stopped", async ({ lab }) => {
  expectStopped(SLICES, await runAttack(lab, SLICES));
});

for (const attack of [...MESSAGES, ...MEMORY]) {
  test(`a peerlet that ${attack.what} is stopped, and its neighbour is not`, async ({ lab }) => {
    const neighbour = await lab.start(NEIGHBOUR, { name: "neighbour" });
    expectStopped(attack, await runAttack(lab, attack));
    await expectToLive(lab, neighbour);
  });
}

const SETUPS: readonly { what: string; code: string; kind: Stopped["kind"]; why: RegExp }[] = [
  { what: "throws", code: `throw new Error("not today")`, kind: "failed", why: /not today/ },
  { what: "does not parse", code: `export default {{{`, kind: "failed", why: /./ },
  { what: "exports nothing", code: `0`, kind: "failed", why: /default export/ },
  { what: "loops", code: `for (;;);`, kind: "hung", why: /no sign of life/ },
  {
    what: "rejects",
    code: `export default async () => { throw new Error("not today"); }`,
    kind: "failed",
    why: /not today/,
  },
  {
    what: "never ends",
    code: `export default () => new Promise(() => {})`,
    kind: "hung",
    why: /setup did not end/,
  },
  {
    what: "imports",
    code: `import "./other.js"; export default () => ({})`,
    kind: "failed",
    why: /./,
  },
];

test("a module that does not start says why", async ({ lab }) => {
  const peerlets = await Promise.all(SETUPS.map(({ code }) => lab.launch(code)));
  for (const [i, { what, kind, why }] of SETUPS.entries()) {
    const stopped = await peerlets[i]!.stopped();
    expect(stopped.kind, what).toBe(kind);
    expect(stopped.why, what).toMatch(why);
  }
});

test("a peerlet gets no more timers than it is granted, and none too fast", async ({ lab }) => {
  const peerlet = await lab.start(
    `export default () => ({ local: { async attack() {
      let set = 0;
      let why = "";
      try { for (; set < 1e6; set++) setTimeout(() => {}, 1e6); } catch (error) { why = error.message; }
      return [set, why];
    }, async rate() {
      let count = 0;
      const timer = setInterval(() => count++, 0);
      await new Promise((done) => setTimeout(done, 200));
      clearInterval(timer);
      return count;
    } } })`,
    { grant: { timers: 20 } },
  );
  expect(await peerlet.local("rate")).toBeLessThanOrEqual(50);
  expect(await peerlet.local("attack")).toEqual([20, expect.stringContaining("20 timers")]);
});

test("a peerlet has no more calls open than it is granted", async ({ lab }) => {
  const peerlet = await lab.start(
    `export default (prost) => ({ local: { async attack() {
      const calls = Array.from({ length: 20 }, () => prost.storage.get("k").then(() => "ok", (e) => e.code));
      return Promise.all(calls);
    }, slow: () => new Promise(() => {}) } })`,
    { grant: { callsOpen: 5 } },
  );
  const codes = (await peerlet.local("attack")) as string[];
  expect(codes.filter((code) => code === "ok")).toHaveLength(5);
  expect(codes.filter((code) => code === "too-many-calls")).toHaveLength(15);
  const open = Array.from({ length: 8 }, () => peerlet.call("local", ["slow", []], 300));
  const results = await Promise.all(open);
  const rejected = results.map((result) => result.kind === "error" && result.code);
  expect(rejected.filter((code) => code === "too-many-calls")).toHaveLength(3);
  expect(rejected.filter((code) => code === "timed-out")).toHaveLength(5);
});

test("a peerlet that tries again and again what its policy forbids is stopped", async ({ lab }) => {
  const peerlet = await lab.start(`
    export default () => {
      setInterval(() => {
        for (let i = 0; i < 20; i++) import("https://example.org/" + Math.random()).catch(() => {});
      }, 20);
      return {};
    };`);
  expect(await peerlet.stopped()).toMatchObject({ kind: "malformed", isOffence: true });
});
