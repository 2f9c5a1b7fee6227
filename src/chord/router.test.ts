import { expect, test } from "vitest";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import type { RouteResult, Upcalls, Verdict } from "../kbr/routing.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { DEFAULT_PARAMS } from "./params.ts";
import { RingView } from "./ring-view.ts";
import { Router } from "./router.ts";

/** What a lone node answers itself, when its application gives this verdict. */
function answered(verdict: Verdict): RouteResult[] {
  const clock = new VirtualClock();
  const env = { clock, random: new SeededRandom(1), log: { debug: () => {} } };
  const upcalls: Upcalls = {
    forward: (_message, _from, _nextHop, resume) => resume({ kind: "go-on" }),
    deliver: (_message, _from, done) => done(verdict),
    update: () => {},
  };
  const view = new RingView(keyOf("self"), env, DEFAULT_PARAMS.listLength);
  const router = new Router(env, new Counters(), view, DEFAULT_PARAMS, {
    linkTo: () => undefined,
    isMember: () => true,
    replicaSet: () => [],
    system: () => {},
    linkFirst: (_id, done) => done(null),
    upcalls: () => upcalls,
  });
  const results: RouteResult[] = [];
  const request = {
    key: keyOf("key"),
    hint: null,
    appId: "ab".repeat(16),
    perHop: false,
    locator: "",
    data: new Uint8Array(0),
    timeoutMs: 10_000,
  };
  router.route(request, (result) => results.push(result));
  expect(results).toEqual([]);
  clock.advance(100);
  return results;
}

test("a message to a key while alone is delivered here, but never before route() returns", () => {
  const [result] = answered({ kind: "delivered" });
  expect(result?.receipt).toEqual({ kind: "delivered", root: keyOf("self"), hops: 0 });
});

test.each([
  { script: "none", why: "" },
  { script: "Latin", why: "w".repeat(300) },
  { script: "Greek", why: "ω".repeat(300) },
  { script: "Chinese", why: "語".repeat(300) },
  { script: "emoji", why: "😀".repeat(300) },
])("a reason of any length reaches the one who asked, cut if need be ($script)", ({ why }) => {
  const [result] = answered({ kind: "refused", why });
  const receipt = result!.receipt as { kind: string; why: string };
  expect(receipt.kind).toBe("refused");
  expect(why.startsWith(receipt.why)).toBe(true);
  expect(receipt.why.length).toBeGreaterThanOrEqual(Math.min(50, why.length));
});
