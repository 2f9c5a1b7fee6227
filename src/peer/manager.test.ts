/**
 * The manager alone, with a sandbox, a ring and code servers that do what a
 * test says: races that a whole simulated ring rarely meets.
 */
import { describe, expect, test } from "vitest";
import { equalBytes, utf8 } from "../base/bytes.ts";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import type {
  Forwarded,
  KeyBasedRouting,
  RouteRequest,
  RouteResult,
  Verdict,
} from "../kbr/routing.ts";
import { memoryStores } from "../sim/memory-storage.ts";
import {
  type MadePackage,
  type PackageOptions,
  makePackage,
  settled,
} from "../sim/peerlet-world.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { hashSignature } from "../sim/world.ts";
import { CODE_APP_ID, Routed, type RoutedKind } from "../wire/routed.ts";
import { PIECE_BYTES, decodeAsk, encodePackage } from "./code-messages.ts";
import { PeerletManager } from "./manager.ts";
import type { Package } from "./packages.ts";
import { verifyPackage } from "./packages.ts";
import type { Question } from "./peer.ts";
import type { Offered, Result, SandboxHost, StartRequest, Upcall } from "./sandbox.ts";

const [SELF, HOP, SOURCE, KEY] = ["self", "hop", "source", "key"].map(keyOf) as [Id, Id, Id, Id];
const ALL: Offered = {
  upcalls: ["deliver", "forward", "update"],
  remote: ["add"],
  local: ["get"],
  service: [],
};

const verify = (
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  done: (isGood: boolean) => void,
) => done(equalBytes(signature, hashSignature(key, message)));

/** One run of a peerlet; the test says when it starts and when it is over. */
class Run {
  readonly calls: { readonly upcall: Upcall; readonly done: (result: Result) => void }[] = [];
  isStopping = false;
  isOver = false;
  readonly request: StartRequest;
  readonly host: SandboxHost;

  constructor(request: StartRequest, host: SandboxHost) {
    this.request = request;
    this.host = host;
  }

  starts(offered: Offered = ALL): void {
    this.host.started(offered);
  }

  ends(kind: "closed" | "failed" | "cpu" | "lost" = "closed", isOffence = false): void {
    this.isOver = true;
    for (const { done } of this.calls) done({ kind: "error", code: "gone", why: kind });
    this.host.stopped({ kind, why: `the test says ${kind}`, isOffence });
  }
}

type Answer = "silent" | "not here" | readonly MadePackage[];

function setUp(options: { stores?: ReturnType<typeof memoryStores>; codeServers?: string[] } = {}) {
  const clock = new VirtualClock();
  const counters = new Counters();
  const runs: Run[] = [];
  /** What nodes answer when they are asked for code; `root` is whoever is responsible for a hash. */
  const nodes = new Map<Id | "root", Answer>();
  const asked: (Id | "root")[] = [];
  const fetched: string[] = [];
  const served = new Map<string, Uint8Array>();
  const events: { readonly event: string; readonly detail: unknown }[] = [];
  const heard: ((event: string, detail: unknown) => void)[] = [];
  const result = (
    receipt: RouteResult["receipt"],
    body: Uint8Array = new Uint8Array(0),
  ): RouteResult => ({
    receipt,
    trace: [],
    body,
  });
  const route = (
    { key, hint, appId, data, timeoutMs }: RouteRequest,
    done: (to: RouteResult) => void,
  ) => {
    const node = key === null ? hint! : "root";
    const ask = appId === CODE_APP_ID ? decodeAsk(data) : null;
    if (ask === null || ask.ask === "keep") return;
    asked.push(node);
    const answer = nodes.get(node) ?? "not here";
    const made =
      typeof answer === "string"
        ? undefined
        : answer.find(({ hash, appId: id }) =>
            ask.hash === null ? id === ask.appId : hash === ask.hash,
          );
    if (answer === "silent") {
      clock.after(timeoutMs, () => done(result({ kind: "timed-out", afterMs: timeoutMs })));
    } else if (!made) {
      clock.after(20, () => done(result({ kind: "refused", by: "", why: "not here" })));
    } else {
      const { manifest, code } = made.parts;
      const body =
        ask.ask === "package"
          ? encodePackage({ manifest, piece: code.subarray(0, PIECE_BYTES) })
          : code.slice(ask.offset, ask.offset + PIECE_BYTES);
      clock.after(20, () => done(result({ kind: "delivered", root: node, hops: 1 }, body)));
    }
  };
  const kbr = { id: SELF, route, replicaSet: () => [SELF], watch: () => () => {} };
  const manager = new PeerletManager({
    env: { clock, random: new SeededRandom(1), log: { debug: () => {} } },
    counters,
    identity: { id: SELF, publicKey: new Uint8Array(32), sign: () => {} },
    verify,
    sandbox: {
      start: (request, host) => {
        const run = new Run(request, host);
        runs.push(run);
        return {
          call: (upcall, _args, _timeoutMs, done) => void run.calls.push({ upcall, done }),
          stop: () => {
            run.isStopping = true;
          },
        };
      },
      openView: () => ({ emit: () => {}, close: () => {} }),
    },
    openStorage: options.stores ?? memoryStores(),
    fetchCode: async (url) => {
      fetched.push(url);
      return served.get(url.split("?")[0]!) ?? null;
    },
    codeServers: options.codeServers ?? [],
    kbr: () => kbr as unknown as KeyBasedRouting,
    emit: (event, detail) => {
      events.push({ event, detail });
      for (const hear of heard) hear(event, detail);
    },
  });
  let messages = 0;
  const message = (
    made: { appId: string; hash?: string },
    more: { locator?: string; perHop?: boolean; kind?: RoutedKind } = {},
  ) =>
    Routed.make({
      key: KEY,
      source: SOURCE,
      messageId: ++messages,
      appId: made.appId,
      perHop: more.perHop ?? false,
      wantsReceipt: true,
      traced: false,
      exact: false,
      locator: more.locator ?? (made.hash === undefined ? "" : `prost:${made.hash}`),
      data: utf8("data"),
      ...(more.kind && { kind: more.kind }),
    });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(Math.min(10, left));
      await settled();
    }
  };
  const deliver = (...args: Parameters<typeof message>): Verdict[] => {
    const verdicts: Verdict[] = [];
    manager.deliver(message(...args), HOP, (verdict) => verdicts.push(verdict));
    return verdicts;
  };
  const forward = (...args: Parameters<typeof message>): Forwarded[] => {
    const forwarded: Forwarded[] = [];
    manager.forward(message(...args), HOP, HOP, (what) => forwarded.push(what));
    return forwarded;
  };
  const state = (appId: string) => manager.get(appId)?.peerlet.state;
  const install = async (made: MadePackage, url: string | null = null) => {
    await manager.loaded;
    return manager.install(await packageOf(made), url);
  };
  /** Installed by hand, and running. */
  const installed = async (made: MadePackage): Promise<Run> => {
    expect(await install(made)).toBeNull();
    const run = runs.at(-1)!;
    run.starts();
    return run;
  };
  /** What of an application runs now. */
  const alive = (appId: string) =>
    runs.filter((run) => run.request.appId === appId && !run.isStopping && !run.isOver);
  return {
    clock,
    counters,
    runs,
    nodes,
    asked,
    fetched,
    served,
    events,
    heard,
    manager,
    pass,
    deliver,
    forward,
    state,
    install,
    installed,
    alive,
  };
}

async function packageOf({ parts }: MadePackage): Promise<Package> {
  const read = await verifyPackage(verify, parts.manifest, parts.code, parts.view);
  if (read.kind === "bad") throw new Error(read.why);
  return read.package;
}

const version = (number: string, more: Partial<PackageOptions> = {}) =>
  makePackage({ version: number, code: `// ${number}`, ...more });
const V1 = version("1.0.0");
const V2 = version("2.0.0");
const V3 = version("3.0.0");
const APP = V1.appId;
/** So many different applications of one publisher. */
const applications = (count: number) =>
  Array.from({ length: count }, (_, i) => makePackage({ code: "// it", salt: `salt ${i}` }));

describe("what happens while a peerlet is stopped to be started anew", () => {
  test("uninstalled in the middle of an upgrade it is gone, and nothing starts", async () => {
    const { runs, installed, install, manager, pass, alive, state } = setUp();
    const run = await installed(V1);
    await install(V2);
    let isOver = false;
    const over = manager.uninstall(APP, false).then(() => {
      isOver = true;
    });
    run.ends();
    await pass(10);
    await over;
    expect(isOver).toBe(true);
    expect([state(APP), alive(APP), runs.length]).toEqual([undefined, [], 1]);
  });

  test("denied in the middle of an upgrade it does not start", async () => {
    const { installed, install, manager, alive, state, pass } = setUp();
    const run = await installed(V1);
    await install(V2);
    manager.policy.deny(APP);
    run.ends();
    await pass(10);
    expect([state(APP), alive(APP)]).toEqual(["refused", []]);
    manager.policy.allow(APP);
    expect(alive(APP).map(({ request }) => request.version)).toEqual(["2.0.0"]);
  });

  test("when the node leaves in the middle of an upgrade it does not start", async () => {
    const { installed, install, manager, alive, pass } = setUp();
    const run = await installed(V1);
    await install(V2);
    manager.close();
    run.ends();
    await pass(10);
    expect(alive(APP)).toEqual([]);
  });

  test.each([
    { first: V2, second: V3, runs: "3.0.0", answer: null },
    {
      first: V3,
      second: V2,
      runs: "3.0.0",
      answer: "version 2.0.0 is older than 3.0.0, which is here",
    },
    { first: V3, second: V3, runs: "3.0.0", answer: null },
  ])(
    "of two upgrades at once the higher one runs ($first.manifest.version, then $second.manifest.version)",
    async ({ first, second, runs, answer }) => {
      const { installed, install, manager, alive, pass } = setUp();
      const run = await installed(V1);
      await install(first);
      expect(await install(second)).toBe(answer);
      run.ends();
      await pass(10);
      expect(alive(APP).map(({ request }) => request.version)).toEqual([runs]);
      expect(manager.get(APP)!.peerlet.package!.manifest.version).toBe(runs);
    },
  );

  test("a message that comes then waits, and is delivered to the new version", async () => {
    const { installed, install, alive, deliver, pass } = setUp();
    const run = await installed(V1);
    await install(V2);
    const verdicts = deliver(V2);
    run.ends();
    const [next] = alive(APP);
    next!.starts();
    next!.calls[0]!.done({ kind: "value", value: undefined });
    await pass(10);
    expect([run.calls.length, verdicts]).toEqual([0, [{ kind: "delivered" }]]);
  });

  test("what the old version has begun it may end, and what a message brings is for the new one", async () => {
    const { installed, nodes, alive, deliver, forward, pass } = setUp();
    const run = await installed(V1);
    nodes.set(HOP, [V2]);
    const begun = deliver(V1);
    const [verdicts, forwarded] = [deliver(V2), forward(V2, { perHop: true })];
    await pass(500);
    // It waits for what was begun, and the messages of the new version for the new version.
    expect([run.calls.length, run.isStopping, forwarded.length]).toEqual([1, false, 1]);
    run.calls.shift()!.done({ kind: "value", value: undefined });
    expect([begun, run.isStopping]).toEqual([[{ kind: "delivered" }], true]);
    run.ends();
    const [next] = alive(APP);
    expect(next!.request.version).toBe("2.0.0");
    next!.starts();
    for (const { done } of next!.calls.splice(0)) done({ kind: "value", value: undefined });
    expect(verdicts).toEqual([{ kind: "delivered" }]);
  });

  test("a message of a version that nobody has goes to the one that is here, and holds up no other", async () => {
    const { installed, nodes, deliver, pass } = setUp();
    const run = await installed(V1);
    nodes.set(HOP, "silent");
    nodes.set(SOURCE, "silent");
    deliver({ appId: APP, hash: "ab".repeat(32) });
    deliver(V1);
    expect(run.calls).toHaveLength(1);
    await pass(2_900);
    expect(run.calls).toHaveLength(1);
    await pass(200);
    expect(run.calls).toHaveLength(2);
  });

  test("what the old version has begun and does not end is waited for no longer than 2 s", async () => {
    const { installed, install, deliver, pass } = setUp();
    const run = await installed(V1);
    deliver(V1);
    await install(V2);
    await pass(1_900);
    expect(run.isStopping).toBe(false);
    await pass(200);
    expect(run.isStopping).toBe(true);
  });

  test("what an old version says after it was told to end counts for nothing", async () => {
    const { install, runs, state, pass } = setUp();
    await install(V1);
    await install(V2);
    runs[0]!.starts();
    await pass(10);
    expect(state(APP)).toBe("installing");
    runs[0]!.ends();
    runs[1]!.starts();
    expect([state(APP), runs[1]!.request.previousVersion]).toEqual(["running", null]);
  });

  test("a call whose signature is still being checked when it is uninstalled starts nothing", async () => {
    const { installed, manager, alive, pass } = setUp();
    const run = await installed(V1);
    const { peerlet } = manager.get(APP)!;
    const over = manager.uninstall(APP, false);
    run.ends();
    await over;
    const results: Result[] = [];
    peerlet.call("remote", [], 0, 1_000, (result) => results.push(result));
    await pass(2_000);
    expect(results).toMatchObject([{ code: "refused", why: "it was uninstalled" }]);
    expect(alive(APP)).toEqual([]);
  });

  test("after the node left nothing starts it again", async () => {
    const { installed, install, manager, alive, pass } = setUp();
    const run = await installed(V1);
    manager.close();
    run.ends();
    const results: Result[] = [];
    manager.get(APP)!.peerlet.call("local", ["get"], 0, 1_000, (result) => results.push(result));
    await pass(2_000);
    expect(results).toMatchObject([{ code: "refused", why: "this node left" }]);
    expect(await install(V2)).toBe("this node left");
    manager.policy.setBudgets({ callsOpen: 3 });
    await pass(100);
    expect(alive(APP)).toEqual([]);
  });
});

describe("what happens while code is being fetched", () => {
  test("installed by hand meanwhile it goes on running, whatever the fetch ends with", async () => {
    for (const answer of ["silent", "not here", [V1]] as const) {
      const { nodes, manager, deliver, installed, alive, state, pass } = setUp();
      nodes.set(HOP, "silent").set(SOURCE, answer);
      await manager.loaded;
      deliver(V1);
      await pass(100);
      await installed(V2);
      await pass(30_000);
      expect([answer, state(APP), alive(APP).length]).toEqual([answer, "running", 1]);
      expect(alive(APP)[0]!.request.version).toBe("2.0.0");
    }
  });

  test("a higher version installed by hand is not replaced by a lower one that was on its way", async () => {
    const { nodes, clock, deliver, installed, install, alive, pass } = setUp();
    const run = await installed(V1);
    nodes.set(HOP, "silent").set(SOURCE, [V2]);
    deliver(V2);
    await pass(100);
    await install(V3);
    run.ends();
    alive(APP)[0]!.starts();
    await pass(20_000);
    expect(alive(APP).map(({ request }) => request.version)).toEqual(["3.0.0"]);
    expect(clock.now()).toBeGreaterThan(8_000);
  });

  test("denied while another version is fetched it stops at once, and stays so", async () => {
    const { nodes, manager, deliver, installed, alive, state, pass } = setUp();
    await installed(V1);
    nodes.set(HOP, "silent").set(SOURCE, [V2]);
    deliver(V2);
    manager.policy.deny(APP);
    expect([state(APP), alive(APP)]).toEqual(["refused", []]);
    await pass(20_000);
    expect([state(APP), alive(APP)]).toEqual(["refused", []]);
  });

  test("denied while it is fetched, who waits is told at once; allowed again, the fetch goes on", async () => {
    const { nodes, asked, manager, deliver, runs, state, pass } = setUp();
    nodes.set(HOP, "silent").set(SOURCE, [V1]);
    await manager.loaded;
    const verdicts = deliver(V1);
    await pass(100);
    manager.policy.deny(APP);
    expect(verdicts).toEqual([
      { kind: "refused", why: expect.stringContaining("denied"), isOfNode: true },
    ]);
    manager.policy.allow(APP);
    expect(state(APP)).toBe("installing");
    const later = deliver(V1);
    await pass(5_000);
    runs[0]!.starts();
    expect(runs[0]!.calls).toHaveLength(1);
    runs[0]!.calls[0]!.done({ kind: "value", value: null });
    expect(later).toEqual([{ kind: "delivered" }]);
    expect(asked.filter((node) => node === HOP)).toHaveLength(1);
  });

  test("uninstalled while it is fetched, it does not come", async () => {
    const { nodes, manager, deliver, runs, state, pass } = setUp();
    nodes.set(HOP, "silent").set(SOURCE, [V1]);
    await manager.loaded;
    const verdicts = deliver(V1);
    await pass(100);
    await manager.uninstall(APP, true);
    expect(verdicts).toMatchObject([{ kind: "refused" }]);
    await pass(30_000);
    expect([state(APP), runs]).toEqual([undefined, []]);
  });

  test("when the node leaves while it is fetched, it does not start", async () => {
    const { nodes, manager, deliver, runs, pass } = setUp();
    nodes.set(HOP, [V1]);
    await manager.loaded;
    const verdicts = deliver(V1);
    manager.close();
    await pass(30_000);
    expect([verdicts.length, runs]).toEqual([1, []]);
  });

  test("whoever waits is told before a sender gives up, however long code is on its way", async () => {
    const { nodes, manager, deliver, pass } = setUp();
    for (const node of [HOP, SOURCE, "root"] as const) nodes.set(node, "silent");
    await manager.loaded;
    const waiting = [deliver(V1), deliver(V1, { kind: "lookup" })];
    await pass(9_500);
    for (const verdict of waiting) expect(verdict).toMatchObject([{ kind: "refused" }]);
  });

  test("a flood of messages for it waits within bounds: each is told, none twice", async () => {
    const { nodes, manager, deliver, runs, pass } = setUp();
    nodes.set(HOP, [V1]);
    manager.policy.setBudgets({ messagesPerSecond: 100_000 });
    await manager.loaded;
    const all = Array.from({ length: 1_000 }, () => deliver(V1));
    await pass(1_000);
    runs[0]!.starts();
    expect(runs[0]!.calls.length).toBeLessThanOrEqual(256);
    for (const { done } of runs[0]!.calls) done({ kind: "value", value: null });
    await pass(20_000);
    expect(all.every(({ length }) => length === 1)).toBe(true);
    expect(all.filter(([verdict]) => verdict!.kind === "delivered").length).toBe(
      runs[0]!.calls.length,
    );
  });

  test("code that could not be had is asked for again, but not with each message", async () => {
    const { nodes, asked, manager, deliver, runs, pass } = setUp();
    await manager.loaded;
    deliver(V1);
    await pass(200);
    const before = asked.length;
    for (let i = 0; i < 20; i++) deliver(V1);
    await pass(200);
    expect(asked).toHaveLength(before);
    nodes.set(SOURCE, [V1]);
    await pass(5_000);
    deliver(V1);
    await pass(200);
    expect(runs).toHaveLength(1);
  });

  test("messages that name versions nobody has make a node ask now and then, not each time", async () => {
    const { asked, deliver, installed, pass } = setUp();
    await installed(V1);
    for (let i = 0; i < 20; i++) {
      deliver({ appId: APP, hash: "ab".repeat(32) });
      await pass(100);
    }
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  test("the hash of another application's package starts nothing", async () => {
    const other = makePackage({ code: "// other", publisher: "other" });
    const { nodes, manager, deliver, runs, state, pass } = setUp();
    for (const node of [HOP, SOURCE, "root"] as const) nodes.set(node, [other]);
    await manager.loaded;
    const verdicts = deliver({ appId: APP, hash: other.hash });
    await pass(1_000);
    expect(verdicts).toMatchObject([{ why: expect.stringContaining("another package") }]);
    expect([state(APP), runs]).toEqual(["refused", []]);
  });
});

describe("what is here and was refused", () => {
  test("it could not run: a message starts it again, whatever version that message is of", async () => {
    const { installed, nodes, deliver, alive, state, pass } = setUp();
    const run = await installed(V2);
    run.ends("failed");
    expect(state(APP)).toBe("refused");
    nodes.set(HOP, [V1]);
    await pass(31_000);
    deliver(V1);
    await pass(1_000);
    expect(alive(APP).map(({ request }) => request.version)).toEqual(["2.0.0"]);
    expect(state(APP)).toBe("installing");
  });

  test("a version that cannot run is replaced by a higher one that comes with a message", async () => {
    const { installed, nodes, deliver, runs, pass } = setUp();
    (await installed(V1)).ends("failed");
    nodes.set(HOP, [V2]);
    await pass(31_000);
    deliver(V2);
    await pass(100);
    runs[1]!.ends();
    expect(runs.at(-1)!.request.version).toBe("2.0.0");
  });
});

describe("asking a person", () => {
  test.each(["allow", "trust", "deny"] as const)(
    "who answers %s at once, in the event, is heard",
    async (rule) => {
      const { manager, nodes, heard, events, deliver, runs, state, pass } = setUp();
      manager.policy.setDefault("ask");
      heard.push((event, detail) => {
        if (event === "ask") manager.policy[rule]((detail as Question).appId);
      });
      nodes.set(HOP, [V1]);
      await manager.loaded;
      deliver(V1);
      await pass(2_000);
      expect(events.filter(({ event }) => event === "ask")).toHaveLength(1);
      expect([state(APP), runs.length]).toEqual(
        rule === "deny" ? ["refused", 0] : ["installing", 1],
      );
    },
  );

  test("one that runs and is put in question is asked about, and an answer at once is heard", async () => {
    const { manager, nodes, heard, deliver, runs, state, pass } = setUp();
    nodes.set(HOP, [V1]);
    await manager.loaded;
    deliver(V1);
    await pass(100);
    runs[0]!.starts();
    heard.push((event, detail) => {
      if (event === "ask") manager.policy.allow((detail as Question).appId);
    });
    manager.policy.setDefault("ask");
    runs[0]!.ends();
    await pass(100);
    expect([state(APP), runs.length]).toEqual(["installing", 2]);
  });

  test("nobody is asked about what is denied, and nothing of it is fetched", async () => {
    const { manager, asked, events, deliver, pass } = setUp();
    manager.policy.setDefault("ask");
    manager.policy.deny(APP);
    await manager.loaded;
    expect(deliver(V1)).toMatchObject([{ kind: "refused", isOfNode: true }]);
    await pass(100);
    expect([asked, events.filter(({ event }) => event === "ask")]).toEqual([[], []]);
  });

  test("all is denied but one publisher's: its applications come, others' manifests are all that is fetched", async () => {
    const other = makePackage({ code: "// other", publisher: "other" });
    const { manager, nodes, deliver, runs, pass } = setUp();
    manager.policy.setDefault("deny");
    manager.policy.allow(V1.manifest.publisher);
    nodes.set(HOP, [V1, other]);
    await manager.loaded;
    deliver(V1);
    const verdicts = deliver(other);
    await pass(100);
    expect(runs.map(({ request }) => request.appId)).toEqual([APP]);
    expect(verdicts).toMatchObject([{ why: expect.stringContaining("without a rule of its own") }]);
  });
});

describe("budgets", () => {
  test("no more run at once than may, also when idle ones are started by messages", async () => {
    const { manager, installed, deliver, runs, pass } = setUp();
    manager.policy.setBudgets({ running: 2 });
    const made = applications(4);
    for (const each of made) {
      await installed(each);
      await pass(10);
      for (const run of runs) if (run.isStopping && !run.isOver) run.ends();
    }
    for (let i = 0; i < 12; i++) {
      deliver(made[i % 4]!);
      for (const run of runs) if (run.isStopping && !run.isOver) run.ends();
      runs.at(-1)!.starts();
      await pass(10);
      expect(
        runs.filter(({ isStopping, isOver }) => !isStopping && !isOver).length,
      ).toBeLessThanOrEqual(2);
    }
  });

  test("messages for what nobody has evict nothing that runs", async () => {
    const { manager, nodes, installed, install, deliver, alive, pass } = setUp();
    manager.policy.setBudgets({ running: 3 });
    await installed(V1);
    for (const node of [HOP, SOURCE, "root"] as const) nodes.set(node, "silent");
    for (const each of applications(20)) deliver(each);
    await pass(100);
    await install(makePackage({ code: "// by hand", salt: "hand" }));
    expect(alive(APP)).toHaveLength(1);
  });

  test("many that start at once stay within the budget: the others are refused for this node, and not for good", async () => {
    const { manager, nodes, deliver, runs, pass } = setUp();
    manager.policy.setBudgets({ running: 3 });
    const made = applications(8);
    nodes.set(HOP, made);
    await manager.loaded;
    const verdicts = made.map((each) => deliver(each));
    await pass(200);
    expect(runs).toHaveLength(3);
    const refused = verdicts.filter(({ length }) => length === 1);
    expect(refused).toHaveLength(5);
    for (const [verdict] of refused)
      expect(verdict).toMatchObject({ kind: "refused", isOfNode: true });
    for (const run of runs) run.starts();
    deliver(made[7]!);
    for (const run of [...runs]) if (run.isStopping) run.ends();
    await pass(100);
    expect(runs.at(-1)!.request.appId).toBe(made[7]!.appId);
  });

  test("a smaller budget takes effect at once", async () => {
    const { manager, installed, runs, pass } = setUp();
    for (const each of applications(4)) {
      await installed(each);
      await pass(10);
    }
    manager.policy.setBudgets({ running: 1 });
    const left = runs.filter(({ isStopping }) => !isStopping);
    expect(left.map(({ request }) => request.appId)).toEqual([runs.at(-1)!.request.appId]);
  });

  test("messages for endless applications do not keep others out, nor push out what is installed", async () => {
    const { manager, installed, nodes, deliver, state, pass } = setUp();
    await installed(V1);
    manager.policy.deny(APP);
    nodes.set(HOP, "not here");
    for (let i = 0; i < 600; i++) {
      deliver({ appId: i.toString(16).padStart(32, "a") });
      if (i % 100 === 99) await pass(200);
    }
    expect(manager.entries.length).toBeLessThanOrEqual(512);
    expect(state(APP)).toBe("refused");
  });

  test("quarantined code under endless app ids does not keep others out", async () => {
    const { manager, nodes, deliver, runs, state, pass } = setUp();
    const made = applications(520);
    nodes.set(HOP, [...made, V1]);
    await manager.loaded;
    deliver(made[0]!);
    for (let i = 0; i < 3; i++) {
      await pass(50);
      runs.at(-1)!.starts();
      runs.at(-1)!.ends("cpu", true);
      deliver(made[0]!);
    }
    expect(state(made[0]!.appId)).toBe("quarantined");
    for (const each of made) {
      deliver(each);
      await pass(30);
    }
    deliver(V1);
    await pass(50);
    expect(state(APP)).toBe("installing");
  }, 30_000);
});

describe("code servers", () => {
  const url = "https://stranger.example/app/manifest.json";
  const locatorOf = (made: MadePackage) => `${url}#${made.hash}`;

  test("the address in a message is not asked for the view either", async () => {
    const { manager, nodes, deliver, runs, pass } = setUp();
    nodes.set(HOP, [V1]);
    await manager.loaded;
    deliver(V1, { locator: locatorOf(V1) });
    await pass(100);
    runs[0]!.starts();
    const entry = manager.get(APP)!;
    expect(manager.urlOf(entry)).toBeNull();
    manager.policy.setCodeServers(["https://stranger.example"]);
    expect(manager.urlOf(entry)).toBe(url);
  });

  test("of what a person installed, no message changes the address", async () => {
    const { manager, nodes, install, deliver, runs, pass } = setUp();
    const own = "https://own.example/app/manifest.json";
    await install(V1, own);
    runs[0]!.starts();
    nodes.set(HOP, [V2]);
    deliver(V2, { locator: locatorOf(V2) });
    await pass(100);
    runs[0]!.ends();
    expect(runs[1]!.request.version).toBe("2.0.0");
    const entry = manager.get(APP)!;
    expect([manager.urlOf(entry), manager.locatorOf(APP)]).toEqual([own, `${own}#${V2.hash}`]);
  });

  test.each([
    "https://good.example@stranger.example/manifest.json",
    "https://good.example:pass@stranger.example/manifest.json",
    "https://good.example.stranger.example/manifest.json",
    "https://good.example\\@stranger.example/manifest.json",
    "http://good.example/manifest.json",
    "https://good.example:8443/manifest.json",
  ])("%s is not on an allowed server", async (locator) => {
    const { manager, fetched, deliver, pass } = setUp({ codeServers: ["https://good.example"] });
    await manager.loaded;
    deliver({ appId: APP }, { locator });
    await pass(1_000);
    expect(fetched).toEqual([]);
  });

  test("code is looked for at the hop, the source, those responsible, and the server: in this order", async () => {
    const good = "https://good.example/app/manifest.json";
    const { manager, asked, fetched, served, deliver, runs, pass } = setUp({
      codeServers: ["https://good.example"],
    });
    served.set(good, V1.parts.manifest).set("https://good.example/app/peerlet.js", V1.parts.code);
    await manager.loaded;
    deliver(V1, { locator: `${good}#${V1.hash}` });
    await pass(59);
    expect([asked, fetched]).toEqual([[HOP, SOURCE, "root"], []]);
    await pass(100);
    expect(fetched).toEqual([
      good,
      `https://good.example/app/peerlet.js?sha256=${V1.manifest.code.sha256}`,
    ]);
    expect(runs).toHaveLength(1);
  });
});

describe("on the way", () => {
  const PER_HOP = makePackage({ code: "// it", appType: "per-hop" });

  test("an end-node application is not shown messages on their way, whatever they claim", async () => {
    const { installed, forward } = setUp();
    const run = await installed(V1);
    expect(forward(V1, { perHop: true })).toEqual([{ kind: "go-on" }]);
    expect(run.calls).toEqual([]);
  });

  test("a message that claims an end-node application is per-hop deploys nothing", async () => {
    const { manager, nodes, forward, runs, pass } = setUp();
    nodes.set(HOP, [V1]);
    await manager.loaded;
    const forwarded = forward(V1, { perHop: true });
    await pass(1_000);
    expect([forwarded, runs]).toEqual([[{ kind: "go-on" }], []]);
  });

  test("nor does one for an app id of the overlay's own", async () => {
    const { manager, forward, deliver, asked } = setUp();
    await manager.loaded;
    expect(forward({ appId: CODE_APP_ID }, { perHop: true })).toEqual([{ kind: "go-on" }]);
    expect(deliver({ appId: `${"0".repeat(31)}7` })).toMatchObject([{ kind: "refused" }]);
    expect([manager.entries, asked]).toEqual([[], []]);
  });

  test("a message goes on when code is on its way for too long, and once only", async () => {
    const { manager, nodes, forward, runs, pass } = setUp();
    nodes.set(HOP, "silent").set(SOURCE, "silent").set("root", [PER_HOP]);
    await manager.loaded;
    const forwarded = forward(PER_HOP, { perHop: true });
    await pass(6_100);
    expect(forwarded).toEqual([{ kind: "go-on" }]);
    await pass(10_000);
    for (const run of runs) run.starts();
    await pass(10_000);
    expect(forwarded).toHaveLength(1);
  });

  test.each([
    { answer: { kind: "value", value: null }, forwarded: { kind: "stop" } },
    { answer: { kind: "value", value: { key: "nonsense" } }, forwarded: { kind: "go-on" } },
    { answer: { kind: "value", value: "nonsense" }, forwarded: { kind: "go-on" } },
    { answer: { kind: "value", value: [1] }, forwarded: { kind: "go-on" } },
    { answer: { kind: "error", code: "failed", why: "" }, forwarded: { kind: "go-on" } },
    { answer: { kind: "error", code: "gone", why: "" }, forwarded: { kind: "go-on" } },
  ] as { answer: Result; forwarded: Forwarded }[])(
    "$answer makes $forwarded",
    async ({ answer, forwarded }) => {
      const { installed, forward } = setUp();
      const run = await installed(PER_HOP);
      const resumed = forward(PER_HOP, { perHop: true });
      run.calls[0]!.done(answer);
      expect(resumed).toEqual([forwarded]);
    },
  );
});

test("a peerlet without deliver takes what is for it, also when the message started it", async () => {
  const { installed, manager, runs, deliver } = setUp();
  const run = await installed(V1);
  manager.get(APP)!.peerlet.stop("idle", "the test says so");
  run.ends();
  const verdicts = deliver(V1);
  runs[1]!.starts({ ...ALL, upcalls: [] });
  runs[1]!.calls[0]!.done({ kind: "error", code: "no-such-method", why: "" });
  verdicts.push(...deliver(V1));
  expect(verdicts).toEqual([{ kind: "delivered" }, { kind: "delivered" }]);
});

describe("offences", () => {
  test("a new version of an offender has a clean slate, the old code never has", async () => {
    const { installed, install, alive, runs, state, pass, deliver, nodes } = setUp();
    await installed(V1);
    for (let i = 0; i < 3; i++) {
      runs.at(-1)!.ends("cpu", true);
      deliver(V1);
      runs.at(-1)!.starts();
    }
    expect(state(APP)).toBe("quarantined");
    nodes.set(HOP, [V1]);
    deliver(V1);
    await pass(60_000);
    expect([state(APP), alive(APP)]).toEqual(["quarantined", []]);
    expect(await install(V2)).toBeNull();
    expect(alive(APP).map(({ request }) => request.version)).toEqual(["2.0.0"]);
  });

  test("no rule of the policy brings a quarantined one back; installing it by hand does", async () => {
    const { manager, installed, install, deliver, runs, alive, state } = setUp();
    await installed(V1);
    for (let i = 0; i < 3; i++) {
      runs.at(-1)!.ends("cpu", true);
      deliver(V1);
      runs.at(-1)!.starts();
    }
    manager.policy.deny(APP);
    manager.policy.trust(APP);
    expect([state(APP), alive(APP)]).toEqual(["quarantined", []]);
    expect(await install(V1)).toBeNull();
    expect(alive(APP)).toHaveLength(1);
  });

  test("it is started again after its process was lost five times a minute, each time later, and then no more", async () => {
    const { clock, installed, runs, state } = setUp();
    await installed(V1);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000]) {
      const before = runs.length;
      runs.at(-1)!.ends("lost");
      clock.advance(waitMs - 1);
      expect([state(APP), runs.length]).toEqual(["installing", before]);
      clock.advance(1);
      runs.at(-1)!.starts();
      expect(state(APP)).toBe("running");
    }
    runs.at(-1)!.ends("lost");
    clock.advance(60_000);
    expect([state(APP), runs.length]).toEqual(["idle", 6]);
  });
});

describe("what an earlier visit left", () => {
  test("a rule that is set before it was read holds, and so do the rules of the earlier visit", async () => {
    const stores = memoryStores();
    const before = setUp({ stores });
    await before.manager.loaded;
    before.manager.policy.deny("ab".repeat(16));
    before.manager.policy.setCodeServers([]);
    const after = setUp({ stores, codeServers: ["https://good.example"] });
    after.manager.policy.deny("cd".repeat(16));
    await after.manager.loaded;
    expect(after.manager.policy.rules).toEqual({
      ["ab".repeat(16)]: "deny",
      ["cd".repeat(16)]: "deny",
    });
    // A server that was taken off the list stays off.
    expect(after.manager.policy.codeServers).toEqual([]);
    const again = setUp({ stores });
    await again.manager.loaded;
    expect(Object.keys(again.manager.policy.rules)).toHaveLength(2);
  });

  test("rubbish in storage is no reason not to start", async () => {
    const stores = memoryStores();
    for (const [store, key] of [
      ["node", "policy"],
      ["peerlets", "offences"],
      ["peerlets", APP],
      ["packages", V1.hash],
    ] as const) {
      for (const value of [null, 7, "text", [null, 3, [1]], { hash: 1 }]) {
        await stores(store).set(key, value);
        const { manager } = setUp({ stores });
        await manager.loaded;
        expect(manager.entries).toEqual([]);
      }
    }
  });

  test("what ran runs again, within the budget; what is denied does not", async () => {
    const stores = memoryStores();
    const before = setUp({ stores });
    const made = applications(5);
    for (const each of made) await before.installed(each);
    before.manager.policy.deny(made[0]!.appId);
    before.manager.policy.setBudgets({ running: 3 });
    await settled();
    const after = setUp({ stores });
    await after.manager.loaded;
    expect(after.runs.length).toBeLessThanOrEqual(3);
    expect(after.state(made[0]!.appId)).toBe("refused");
    expect(after.manager.entries).toHaveLength(5);
  });

  test("messages that come before it was read are delivered after", async () => {
    const stores = memoryStores();
    await setUp({ stores }).installed(V1);
    const { deliver, runs, pass } = setUp({ stores });
    const verdicts = deliver(V1);
    await pass(100);
    runs[0]!.starts();
    runs[0]!.calls[0]!.done({ kind: "value", value: null });
    expect(verdicts).toEqual([{ kind: "delivered" }]);
  });
});
