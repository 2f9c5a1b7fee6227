/** The life of one peerlet: every order in which start, stop and calls may come. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { makePackage } from "../sim/peerlet-world.ts";
import { DEFAULT_BUDGETS } from "./policy.ts";
import { Peerlet } from "./peerlet.ts";
import type { Result, SandboxHost, Stopped } from "./sandbox.ts";

const { appId, parts, hash, manifest } = makePackage({ code: "// it" });
const PACKAGE = {
  hash,
  manifest: { ...manifest, signature: "" },
  manifestBytes: parts.manifest,
  code: parts.code,
  view: null,
};
const CLOSED: Stopped = { kind: "closed", why: "stopped", isOffence: false };

function setUp(options: { refuses?: () => string | null } = {}) {
  const clock = new VirtualClock();
  const sandboxes: {
    host: SandboxHost;
    isTold: boolean;
    isOver: boolean;
    open: ((result: Result) => void)[];
  }[] = [];
  const states: string[] = [];
  const ended: Stopped[] = [];
  const peerlet: Peerlet = new Peerlet(appId, {
    clock,
    self: "self",
    sandbox: {
      start: (_request, host) => {
        const sandbox = {
          host,
          isTold: false,
          isOver: false,
          open: [] as ((result: Result) => void)[],
        };
        sandboxes.push(sandbox);
        return {
          call: (_upcall, _args, _timeoutMs, done) => void sandbox.open.push(done),
          stop: () => {
            sandbox.isTold = true;
          },
        };
      },
      openView: () => ({ emit: () => {}, close: () => {} }),
    },
    grant: () => DEFAULT_BUDGETS,
    refusesToStart: options.refuses ?? (() => null),
    hostCall: () => {},
    changed: ({ state }) => states.push(state),
    runs: () => {},
    ended: (_peerlet, stopped) => {
      ended.push(stopped);
      peerlet.stop("idle", stopped.why);
    },
  });
  /** The newest sandbox. */
  const last = () => sandboxes.at(-1)!;
  const over = (stopped = CLOSED) => {
    const sandbox = last();
    if (sandbox.isOver) return;
    sandbox.isOver = true;
    for (const done of sandbox.open.splice(0)) done({ kind: "error", code: "gone", why: "over" });
    sandbox.host.stopped(stopped);
  };
  const starts = () => {
    if (!last().isOver)
      last().host.started({
        upcalls: ["deliver"],
        remote: [],
        local: [],
        service: [],
      });
  };
  const call = (bytes = 0, timeoutMs = 5_000): Result[] => {
    const results: Result[] = [];
    peerlet.call("deliver", [], bytes, timeoutMs, (result) => results.push(result));
    return results;
  };
  return { clock, peerlet, sandboxes, states, ended, last, over, starts, call };
}

test("what came before it ran is handed over in its order, with the time that is left", () => {
  const { clock, peerlet, last, starts, call } = setUp();
  peerlet.fetching("fetching");
  const [short, long] = [call(0, 1_000), call(0, 5_000)];
  clock.advance(2_000);
  expect(short).toMatchObject([{ kind: "error", code: "timed-out" }]);
  peerlet.package = PACKAGE;
  peerlet.start();
  starts();
  expect(last().open).toHaveLength(1);
  last().open[0]!({ kind: "value", value: 1 });
  clock.advance(60_000);
  expect(long).toEqual([{ kind: "value", value: 1 }]);
});

test("what waits is bounded in number and in bytes, and room that is free again can be used", () => {
  const { clock, peerlet, call } = setUp();
  peerlet.fetching("fetching");
  const full = { kind: "error", code: "too-many-calls" };
  expect(call(5 * 1024 * 1024)).toMatchObject([full]);
  const large = call(4 * 1024 * 1024, 1_000);
  expect([large, call(1)]).toMatchObject([[], [full]]);
  clock.advance(1_500);
  const many = Array.from({ length: 300 }, () => call(1));
  expect(many.filter(({ length }) => length === 1)).toHaveLength(44);
});

test("a sandbox that never starts is given up, and those who wait are told", () => {
  const { clock, peerlet, last, over, call, sandboxes } = setUp();
  peerlet.package = PACKAGE;
  peerlet.start();
  const results = call(0, 60_000);
  clock.advance(15_000);
  expect([peerlet.state, last().isTold]).toEqual(["idle", true]);
  expect(results).toMatchObject([{ kind: "error", code: "gone" }]);
  over();
  expect(sandboxes).toHaveLength(1);
});

test("one that may not start says why, and who waits for it", () => {
  let why: string | null = "no room";
  const { peerlet, call, sandboxes } = setUp({ refuses: () => why });
  peerlet.package = PACKAGE;
  peerlet.restart("by hand");
  const results = call();
  expect([peerlet.state, peerlet.why, results]).toMatchObject([
    "idle",
    "no room",
    [{ code: "refused", why: "no room" }],
  ]);
  why = null;
  call();
  expect(sandboxes).toHaveLength(1);
});

test("whoever hears that it starts may stop it: nothing starts then", () => {
  const { peerlet, sandboxes, states } = setUp();
  peerlet.package = PACKAGE;
  const push = states.push.bind(states);
  states.push = (state) => {
    if (state === "installing") peerlet.stop("refused", "no");
    return push(state);
  };
  peerlet.stop("idle", "");
  peerlet.start();
  peerlet.restart("again");
  expect([peerlet.state, sandboxes]).toEqual(["refused", []]);
});

test("a call while it is being made idle starts it again when that is over", () => {
  const { peerlet, sandboxes, over, starts, last, call } = setUp();
  peerlet.package = PACKAGE;
  peerlet.start();
  starts();
  peerlet.stop("idle", "evicted");
  const results = call();
  expect(sandboxes).toHaveLength(1);
  over();
  starts();
  last().open[0]!({ kind: "value", value: 2 });
  expect([sandboxes.length, results]).toEqual([2, [{ kind: "value", value: 2 }]]);
});

test("it is told that it ended by itself only when nobody stopped it", () => {
  const { peerlet, over, starts, ended, call } = setUp();
  peerlet.package = PACKAGE;
  peerlet.start();
  starts();
  over({ kind: "cpu", why: "busy", isOffence: true });
  expect(ended).toHaveLength(1);
  call();
  peerlet.stop("idle", "enough");
  over({ kind: "cpu", why: "busy", isOffence: true });
  expect(ended).toHaveLength(1);
});

test("whatever comes in whatever order: every call ends once, one sandbox at a time, none that was told to end goes on", () => {
  const step = fc.constantFrom(
    "call",
    "start",
    "restart",
    "idle",
    "refuse",
    "starts",
    "over",
    "crash",
    "wait",
    "answer",
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, peerlet, sandboxes, last, over, starts, call } = setUp();
      peerlet.package = PACKAGE;
      const all: Result[][] = [];
      let overs = 0;
      let stops = 0;
      for (const what of steps) {
        if (what === "call") all.push(call());
        if (what === "start") peerlet.start();
        if (what === "restart") peerlet.restart("again");
        if (what === "idle" || what === "refuse") {
          stops += 1;
          peerlet.stop(what === "idle" ? "idle" : "refused", what, () => {
            overs += 1;
          });
        }
        if (what === "wait") clock.advance(1_000);
        if (sandboxes.length > 0) {
          if (what === "starts") starts();
          if (what === "over" && last().isTold) over();
          if (what === "crash") over({ kind: "lost", why: "lost", isOffence: false });
          if (what === "answer") last().open.shift()?.({ kind: "value", value: null });
        }
        expect(sandboxes.filter(({ isOver }) => !isOver).length).toBeLessThanOrEqual(1);
        expect(peerlet.isRunning && (last().isTold || last().isOver)).toBe(false);
      }
      peerlet.stop("refused", "the end");
      if (sandboxes.length > 0) over();
      clock.advance(60_000);
      expect(all.every(({ length }) => length === 1)).toBe(true);
      expect([overs, peerlet.hasSandbox, peerlet.state]).toEqual([stops, false, "refused"]);
    }),
    { numRuns: 500 },
  );
});
