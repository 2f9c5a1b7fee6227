/**
 * Remote calls between two nodes, with a hop between them that can read,
 * repeat, change and forge whatever passes.
 */
import { describe, expect, test } from "vitest";
import { concat, equalBytes } from "../base/bytes.ts";
import { idOfBytes, sha256 } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import type { Identity, Verify } from "../id/identity.ts";
import type { KeyBasedRouting, RouteRequest, RouteResult, Verdict } from "../kbr/routing.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { hashSignature } from "../sim/world.ts";
import { MAX_ANSWER_BYTES } from "../wire/limits.ts";
import { decodePlain, encodePlain } from "../wire/plain-codec.ts";
import { Routed } from "../wire/routed.ts";
import { type CallIn, RemoteCallee } from "./remote-callee.ts";
import { type Found, RemoteCaller } from "./remote-caller.ts";
import type { Result } from "./sandbox.ts";

const APP = "ab".repeat(16);
const APPLICATION = { appId: APP, perHop: false, locator: "" };

function identityOf(name: string): Identity {
  const publicKey = sha256(new TextEncoder().encode(name));
  return {
    id: idOfBytes(publicKey),
    publicKey,
    sign: (message, done) => done(hashSignature(publicKey, message)),
  };
}

const verify: Verify = (key, message, signature, done) =>
  done(equalBytes(signature, hashSignature(key, message)));

/** Several nodes; `passing` sees each message before it arrives, and may answer in its place. */
function setUp() {
  const clock = new VirtualClock();
  const nodes = new Map<Id, RemoteCallee>();
  const ran: CallIn[] = [];
  const gone = new Map<Id, () => void>();
  const hop: { passing: (message: Routed, deliver: () => Verdict[]) => Verdict | null | "lost" } = {
    passing: () => null,
  };
  /** What the callee's peerlet answers; null: nothing, ever. */
  const callee: { answers: (call: CallIn) => Result | null } = {
    answers: ({ args }) => ({ kind: "value", value: args[0] }),
  };
  let messages = 0;
  const routedOf = (request: RouteRequest, source: Id) =>
    Routed.make({
      ...request,
      key: request.key ?? request.hint!,
      source,
      messageId: ++messages,
      wantsReceipt: true,
      traced: false,
      exact: true,
    });
  const deliver = (to: Id, message: Routed): Verdict[] => {
    const verdicts: Verdict[] = [];
    const node = nodes.get(to)!;
    if (message.kind === "lookup") return [{ kind: "delivered", body: node.lookupAnswer(["add"]) }];
    node.take(
      message,
      (call, answer) => {
        ran.push(call);
        const result = callee.answers(call);
        if (result) answer(result);
      },
      (verdict) => verdicts.push(verdict),
    );
    return verdicts;
  };
  const join = (name: string, seed: number) => {
    const identity = identityOf(name);
    const kbr = {
      id: identity.id,
      watch: (node: Id, isGone: () => void) => {
        gone.set(node, isGone);
        return () => gone.delete(node);
      },
      route: (request: RouteRequest, done: (result: RouteResult) => void) => {
        const to = request.hint ?? request.key!;
        const message = routedOf(request, identity.id);
        const end = (receipt: RouteResult["receipt"], body: Uint8Array = new Uint8Array(0)) =>
          done({ receipt, trace: [], body });
        let isOver = false;
        const cancel = clock.after(request.timeoutMs, () => {
          isOver = true;
          end({ kind: "timed-out", afterMs: request.timeoutMs });
        });
        clock.after(10, () => {
          const inPlace = hop.passing(message, () => deliver(to, message));
          if (inPlace === "lost") return;
          const verdict = inPlace ?? deliver(to, message)[0];
          if (!verdict || isOver) return;
          cancel();
          if (verdict.kind === "delivered")
            end({ kind: "delivered", root: to, hops: 1 }, verdict.body);
          else end({ kind: "refused", by: to, why: verdict.why });
        });
      },
    };
    const env = { clock, random: new SeededRandom(seed), log: { debug: () => {} } };
    nodes.set(identity.id, new RemoteCallee(env.random, identity.id, verify));
    const remote = new RemoteCaller(env, identity, () => kbr as unknown as KeyBasedRouting);
    return { remote, identity };
  };
  const a = join("a", 1);
  const b = join("b", 2);
  const call = (value: unknown = 1, timeoutMs = 5_000, from = a): Result[] => {
    const results: Result[] = [];
    from.remote.call(APPLICATION, b.identity.id, "add", [value as number], timeoutMs, (result) =>
      results.push(result),
    );
    return results;
  };
  return { clock, ran, gone, hop, callee, a, b, call, deliver, routedOf, join };
}

const good = (value: unknown) => ({ kind: "value", value });
const failed = (code: string) => ({ kind: "error", code });

describe("a call", () => {
  test("looks the node up first, then runs there once, with the caller that signed it", () => {
    const { clock, ran, a, call } = setUp();
    const results = [call(1), call("two"), call({ three: [new Uint8Array(3)] })];
    clock.advance(1_000);
    expect(results).toEqual([[good(1)], [good("two")], [good({ three: [new Uint8Array(3)] })]]);
    expect(ran.map(({ caller }) => caller)).toEqual([a.identity.id, a.identity.id, a.identity.id]);
  });

  test.each<{ what: string; answers: (call: CallIn) => Result | null; code: string }>([
    { what: "never answers", answers: () => null, code: "timed-out" },
    {
      what: "fails",
      answers: () => ({ kind: "error", code: "failed", why: "x" }),
      code: "failed",
    },
    {
      what: "answers more than a message takes",
      answers: () => good(new Uint8Array(MAX_ANSWER_BYTES)) as Result,
      code: "bad-parameter",
    },
  ])("to a method that $what ends once", ({ answers, code }) => {
    const { clock, callee, call } = setUp();
    callee.answers = answers;
    const results = call();
    clock.advance(60_000);
    expect(results).toMatchObject([failed(code)]);
  });

  test("with more than a message takes is refused before it is sent", () => {
    const { clock, ran, call } = setUp();
    const results = call(new Uint8Array(300_000));
    clock.advance(1_000);
    expect([results.length, ran.length]).toEqual([1, 0]);
    expect(results).toMatchObject([failed("bad-parameter")]);
  });

  test("ends at once when the node goes, and not again when its answer comes", () => {
    const { clock, gone, b, call } = setUp();
    const results = call();
    clock.advance(15);
    gone.get(b.identity.id)!();
    clock.advance(60_000);
    expect(results).toMatchObject([failed("gone")]);
  });

  test("stops watching when it has ended", () => {
    const { clock, gone, call } = setUp();
    call();
    clock.advance(1_000);
    expect(gone.size).toBe(0);
  });

  test.each<{ what: string; body: Uint8Array }>([
    { what: "nothing", body: new Uint8Array(0) },
    { what: "rubbish", body: Uint8Array.of(255) },
    { what: "no list", body: encodePlain({}) },
    { what: "an error with a code nobody knows", body: encodePlain([1, "burn", 7]) },
    { what: "a kind nobody knows", body: encodePlain([9, 9]) },
  ])("answered with $what fails", ({ body }) => {
    const { clock, hop, call } = setUp();
    hop.passing = ({ kind }) => (kind === "call" ? { kind: "delivered", body } : null);
    const results = call();
    clock.advance(60_000);
    expect(results).toMatchObject([failed("failed")]);
  });

  test.each<{ what: string; body: Uint8Array }>([
    { what: "nothing", body: new Uint8Array(0) },
    { what: "a token that is too short", body: encodePlain([new Uint8Array(3), []]) },
    {
      what: "methods without end",
      body: encodePlain([new Uint8Array(16), Array.from({ length: 300 }, () => "a")]),
    },
    { what: "no methods", body: encodePlain([new Uint8Array(16), "add"]) },
  ])("a lookup answered with $what fails", ({ body }) => {
    const { clock, hop, a, b } = setUp();
    hop.passing = () => ({ kind: "delivered", body });
    const found: Found[] = [];
    a.remote.lookup(APPLICATION, { node: b.identity.id }, 1_000, (what) => found.push(what));
    clock.advance(5_000);
    expect(found).toMatchObject([failed("failed")]);
  });

  test("only names that can be methods are believed to be some", () => {
    const { clock, hop, a, b } = setUp();
    const names = ["add", "__proto__", "a b", "", 7, "x".repeat(33), "then", "id", "constructor"];
    hop.passing = () => ({ kind: "delivered", body: encodePlain([new Uint8Array(16), names]) });
    const found: Found[] = [];
    a.remote.lookup(APPLICATION, { node: b.identity.id }, 1_000, (what) => found.push(what));
    clock.advance(5_000);
    expect(found).toMatchObject([{ kind: "found", methods: ["add", "constructor"] }]);
  });

  test("to a node that says stale for ever ends", () => {
    const { clock, hop, call, ran } = setUp();
    hop.passing = ({ kind }) =>
      kind === "call" ? { kind: "delivered", body: encodePlain([2]) } : null;
    const results = call();
    clock.advance(60_000);
    expect(results).toMatchObject([failed("failed")]);
    expect(ran).toEqual([]);
  });
});

describe("a hop in between", () => {
  test("that repeats a call makes it run no second time", () => {
    const { clock, hop, ran, call } = setUp();
    const answers: Verdict[] = [];
    hop.passing = ({ kind }, deliver) => {
      if (kind !== "call") return null;
      const [first] = deliver();
      for (let i = 0; i < 10; i++) answers.push(...deliver());
      return first!;
    };
    const results = call();
    clock.advance(10_000);
    expect([results, ran.length]).toEqual([[good(1)], 1]);
    expect(answers).toHaveLength(10);
  });

  test("that lets a copy go first cannot make the caller send it anew: at most once, always", () => {
    const { clock, hop, ran, call } = setUp();
    // The node is known already.
    call();
    clock.advance(1_000);
    hop.passing = ({ kind }, deliver) => {
      if (kind === "call") deliver();
      return null;
    };
    const results = call();
    clock.advance(60_000);
    expect(ran).toHaveLength(2);
    expect(results).toMatchObject([failed("failed")]);
  });

  test.each<{
    what: string;
    change: (
      message: Routed,
      a: Identity,
      b: Identity,
    ) => Partial<{ data: Uint8Array; appId: string }>;
  }>([
    {
      what: "one bit of the call",
      change: ({ data }) => ({
        data: data.map((byte, i) => (i === data.length - 1 ? byte ^ 1 : byte)),
      }),
    },
    {
      what: "the public key",
      change: ({ data }) => ({ data: data.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) }),
    },
    {
      what: "the signature",
      change: ({ data }) => ({ data: data.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) }),
    },
    { what: "the application", change: () => ({ appId: "cd".repeat(16) }) },
    { what: "its length", change: ({ data }) => ({ data: data.slice(0, 50) }) },
    { what: "all of it", change: () => ({ data: new Uint8Array(0) }) },
  ])("that changes $what makes nothing run", ({ change }) => {
    const { clock, hop, ran, a, b, call, deliver } = setUp();
    const verdicts: Verdict[] = [];
    hop.passing = (message) => {
      if (message.kind !== "call") return null;
      const fields = {
        key: message.key,
        source: message.source,
        messageId: 77,
        appId: message.appId,
        perHop: false,
        wantsReceipt: true,
        traced: false,
        exact: true,
        locator: "",
        data: message.data.slice(),
        kind: "call" as const,
      };
      const changed = Routed.make({ ...fields, ...change(message, a.identity, b.identity) });
      verdicts.push(...deliver(b.identity.id, changed));
      return verdicts[0]!;
    };
    const results = call();
    clock.advance(10_000);
    expect(ran).toEqual([]);
    expect(verdicts).toMatchObject([{ kind: "refused" }]);
    expect(results).toMatchObject([failed("refused")]);
  });

  test("cannot send a call for one node to another", () => {
    const { clock, hop, ran, call, join, deliver } = setUp();
    const c = join("c", 3);
    let taken: Verdict[] = [];
    hop.passing = (message) => {
      if (message.kind === "call") taken = deliver(c.identity.id, message);
      return null;
    };
    call();
    clock.advance(1_000);
    expect(taken).toMatchObject([{ kind: "refused" }]);
    expect(ran).toHaveLength(1);
  });

  test("with a token it made up gets nowhere", () => {
    const { ran, b, deliver, routedOf } = setUp();
    const stranger = identityOf("stranger");
    const payload = encodePlain([new Uint8Array(16), "0".repeat(16), 1, 1_000, "add", [1]]);
    const head = new Uint8Array(0);
    const request = {
      key: null,
      hint: b.identity.id,
      ...APPLICATION,
      kind: "call" as const,
      timeoutMs: 1,
    };
    // Signed with the wrong context too: it does not even get so far as the token.
    const data = concat(
      stranger.publicKey,
      hashSignature(stranger.publicKey, concat(head, payload)),
      payload,
    );
    expect(deliver(b.identity.id, routedOf({ ...request, data }, stranger.id))).toMatchObject([
      { kind: "refused" },
    ]);
    expect(ran).toEqual([]);
  });
});

test("a call that was answered is no call again after the caller was forgotten for others", () => {
  const { clock, hop, ran, call, join } = setUp();
  let replay: (() => Verdict[]) | null = null;
  hop.passing = (message, deliver) => {
    if (message.kind === "call") replay ??= deliver;
    return null;
  };
  call();
  clock.advance(1_000);
  expect(ran).toHaveLength(1);
  // More callers than are known at once: all begin anew, with another token.
  for (let i = 0; i < 4_200; i++) call(i, 5_000, join(`caller ${i}`, i + 10));
  clock.advance(10_000);
  const before = ran.length;
  const [verdict] = replay!();
  expect(ran).toHaveLength(before);
  expect(decodePlain((verdict as { body: Uint8Array }).body)!.value).toEqual([2]);
  // Nobody's call was lost over it, the first caller's next one neither.
  expect(new Set(ran.map(({ caller }) => caller)).size).toBe(4_201);
  const results = call("again");
  clock.advance(1_000);
  expect(results).toEqual([good("again")]);
});
