/**
 * The code store and its finder against nodes that answer whatever they like: rubbish, another
 * package, too much, nothing at all.
 */
import { describe, expect, test } from "vitest";
import { equalBytes } from "../base/bytes.ts";
import { Counters } from "../base/counters.ts";
import { keyOf } from "../id/hash.ts";
import type { Id } from "../id/id.ts";
import type { KeyBasedRouting, RouteRequest, RouteResult, Verdict } from "../kbr/routing.ts";
import { memoryStores } from "../sim/memory-storage.ts";
import { makePackage, settled } from "../sim/peerlet-world.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { hashSignature } from "../sim/world.ts";
import { CODE_APP_ID, Routed } from "../wire/routed.ts";
import { CodeFinder, type Obtained } from "./code-finder.ts";
import {
  type CodeAsk,
  PIECE_BYTES,
  decodeAsk,
  decodePackage,
  encodeAsk,
  encodePackage,
} from "./code-messages.ts";
import type { Wanted } from "./code-sources.ts";
import { CodeStore } from "./code-store.ts";
import { Packages, verifyPackage } from "./packages.ts";

const [SELF, HOP, SOURCE, THIRD] = ["self", "hop", "source", "third"].map(keyOf) as [
  Id,
  Id,
  Id,
  Id,
];
const LONG = makePackage({
  code: `// ${"long ".repeat(80_000)}`,
  view: `// ${"view ".repeat(60_000)}`,
});
const SHORT = makePackage({ code: "// short", publisher: "other" });

const verify: ConstructorParameters<typeof Packages>[2] = (key, message, signature, done) =>
  done(equalBytes(signature, hashSignature(key, message)));

/** What a node answers; null refuses, "silent" says nothing. */
type Answers = (ask: CodeAsk) => Uint8Array | null | "silent";

const honest =
  (made: typeof LONG): Answers =>
  (ask) => {
    const { manifest, code, view } = made.parts;
    if (ask.ask === "package")
      return encodePackage({ manifest, piece: code.subarray(0, PIECE_BYTES) });
    if (ask.ask === "keep") return null;
    return (ask.part === "code" ? code : view!).slice(ask.offset, ask.offset + PIECE_BYTES);
  };

function setUp(options: { budget?: number; isWelcome?: boolean; keepers?: readonly Id[] } = {}) {
  const clock = new VirtualClock();
  const nodes = new Map<Id | "root", Answers>();
  /** Of single nodes; others answer after 20 ms. */
  const latencyMs = new Map<Id | "root", number>();
  const asked: { readonly node: Id | "root"; readonly ask: CodeAsk; readonly atMs: number }[] = [];
  const fetched: string[] = [];
  const served = new Map<string, Uint8Array>();
  const kbr = {
    id: SELF,
    replicaSet: () => [...(options.keepers ?? [SELF, HOP, SOURCE])],
    route: ({ key, hint, data, timeoutMs }: RouteRequest, done: (result: RouteResult) => void) => {
      const node = key === null ? hint! : "root";
      const ask = decodeAsk(data)!;
      asked.push({ node, ask, atMs: clock.now() });
      const body = nodes.get(node)?.(ask) ?? null;
      const end = (receipt: RouteResult["receipt"], answer: Uint8Array = new Uint8Array(0)) =>
        done({ receipt, trace: [], body: answer });
      if (body === "silent") {
        clock.after(timeoutMs, () => end({ kind: "timed-out", afterMs: timeoutMs }));
      } else if (body === null) {
        clock.after(20, () => end({ kind: "refused", by: "", why: "" }));
      } else
        clock.after(latencyMs.get(node) ?? 20, () =>
          end({ kind: "delivered", root: node, hops: 1 }, body),
        );
    },
  };
  const packages = new Packages(
    clock,
    memoryStores()("packages"),
    verify,
    () => options.budget ?? 2 ** 26,
  );
  const ports = {
    clock,
    counters: new Counters(),
    packages,
    kbr: () => kbr as unknown as KeyBasedRouting,
  };
  const codeFinder = new CodeFinder({
    ...ports,
    verify,
    fetchCode: async (url) => {
      fetched.push(url);
      return served.get(url.split("?")[0]!) ?? null;
    },
  });
  const isWelcome = () => options.isWelcome ?? true;
  const store = new CodeStore({ ...ports, codeFinder, isWelcome });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(10);
      await settled();
    }
  };
  const obtain = async (wanted: Partial<Wanted> = {}, mostMs = 60_000) => {
    const all: Obtained[] = [];
    const { appId, hash } = LONG;
    void codeFinder
      .obtain({ appId, hash, nodes: [HOP, SOURCE], url: null, ...wanted }, () => null)
      .then((what) => all.push(what));
    const startMs = clock.now();
    while (all.length === 0 && clock.now() - startMs < mostMs) await pass(10);
    return { obtained: all[0] ?? null, tookMs: clock.now() - startMs };
  };
  const serve = (ask: CodeAsk | Uint8Array, source = HOP): Verdict => {
    const verdicts: Verdict[] = [];
    const message = Routed.make({
      key: SELF,
      source,
      messageId: 1,
      appId: CODE_APP_ID,
      perHop: false,
      wantsReceipt: true,
      traced: false,
      exact: true,
      locator: "",
      data: ask instanceof Uint8Array ? ask : encodeAsk(ask),
    });
    store.serve(message, (verdict) => verdicts.push(verdict));
    expect(verdicts).toHaveLength(1);
    return verdicts[0]!;
  };
  const add = async (made: typeof LONG, isOwn = true) => {
    const { manifest, code, view } = made.parts;
    const read = await verifyPackage(verify, manifest, code, view);
    if (read.kind === "package") packages.keep(read.package, isOwn);
  };
  return {
    clock,
    nodes,
    latencyMs,
    asked,
    fetched,
    served,
    packages,
    store,
    pass,
    obtain,
    serve,
    add,
  };
}

const { manifest: MANIFEST, code: CODE } = LONG.parts;
const first = CODE.subarray(0, PIECE_BYTES);
const changed = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte));

describe("a package comes from the next source when one answers", () => {
  const pieces =
    (piece: (offset: number) => Uint8Array | null | "silent"): Answers =>
    (ask) =>
      ask.ask === "piece" ? piece(ask.offset) : encodePackage({ manifest: MANIFEST, piece: first });

  test.each<{ what: string; answers: Answers; withinMs: number }>([
    { what: "nothing at all", answers: () => "silent", withinMs: 1_700 },
    { what: "that it is not there", answers: () => null, withinMs: 200 },
    { what: "an empty body", answers: () => new Uint8Array(0), withinMs: 200 },
    { what: "rubbish", answers: () => Uint8Array.of(9, 9, 9), withinMs: 200 },
    { what: "another package", answers: honest(SHORT), withinMs: 200 },
    {
      what: "a manifest that was changed",
      answers: () => encodePackage({ manifest: changed(MANIFEST), piece: first }),
      withinMs: 200,
    },
    {
      what: "a manifest with another's signature",
      answers: () => {
        const text = new TextDecoder()
          .decode(MANIFEST)
          .replace(/"signature":"../, '"signature":"00');
        return encodePackage({ manifest: new TextEncoder().encode(text), piece: first });
      },
      withinMs: 200,
    },
    {
      what: "a manifest that is too long",
      answers: () => encodePackage({ manifest: new Uint8Array(200_000), piece: first }),
      withinMs: 200,
    },
    {
      what: "a first piece that is too long",
      answers: () =>
        encodePackage({ manifest: MANIFEST, piece: CODE.subarray(0, PIECE_BYTES + 1) }),
      withinMs: 200,
    },
    { what: "the manifest, and no pieces", answers: pieces(() => null), withinMs: 200 },
    {
      what: "the manifest, and keeps the pieces back",
      answers: pieces(() => "silent"),
      withinMs: 4_300,
    },
    { what: "empty pieces", answers: pieces(() => new Uint8Array(0)), withinMs: 200 },
    {
      what: "pieces without end",
      answers: pieces(() => new Uint8Array(PIECE_BYTES)),
      withinMs: 200,
    },
    {
      what: "pieces that are too long",
      answers: pieces(() => new Uint8Array(PIECE_BYTES + 1)),
      withinMs: 200,
    },
    {
      what: "code in which one bit is wrong",
      answers: (ask) => {
        const answer = honest(LONG)(ask) as Uint8Array;
        return ask.ask === "piece" ? changed(answer) : answer;
      },
      withinMs: 200,
    },
  ])("$what", async ({ answers, withinMs }) => {
    const { nodes, obtain } = setUp();
    nodes.set(HOP, answers).set(SOURCE, honest(LONG));
    const { obtained, tookMs } = await obtain();
    expect(obtained).toMatchObject({ kind: "package", package: { hash: LONG.hash } });
    expect(tookMs).toBeLessThanOrEqual(withinMs);
  });

  test("two silent ones: those responsible for the hash are asked in time for who waits", async () => {
    const { nodes, obtain } = setUp();
    nodes
      .set(HOP, () => "silent")
      .set(SOURCE, () => "silent")
      .set("root", honest(LONG));
    const { obtained, tookMs } = await obtain();
    expect(obtained!.kind).toBe("package");
    expect(tookMs).toBeLessThan(4_000);
  });

  test("one that is slower than its turn is heard all the same", async () => {
    const { nodes, latencyMs, obtain } = setUp();
    nodes.set(HOP, honest(LONG));
    latencyMs.set(HOP, 3_000);
    const { obtained } = await obtain({ nodes: [HOP, SOURCE] });
    expect(obtained!.kind).toBe("package");
  });

  test("nobody has it now, somebody later", async () => {
    const { nodes, obtain } = setUp();
    expect((await obtain()).obtained).toMatchObject({ kind: "missing" });
    nodes.set("root", honest(LONG));
    expect((await obtain()).obtained).toMatchObject({ kind: "package" });
  });

  test("when all lie it ends all the same, in a bounded time and with few questions", async () => {
    const { nodes, asked, obtain } = setUp();
    const liar = pieces(() => "silent");
    for (const node of [HOP, SOURCE, "root"] as const) nodes.set(node, liar);
    const { obtained, tookMs } = await obtain();
    expect(obtained).toMatchObject({ kind: "missing" });
    expect(tookMs).toBeLessThan(15_000);
    expect(asked.length).toBeLessThan(20);
  });
});

test("without a hash the newest of the application is asked for; another application's is not taken", async () => {
  const { nodes, asked, obtain } = setUp();
  nodes.set(HOP, honest(SHORT)).set(SOURCE, honest(LONG));
  expect((await obtain({ hash: null })).obtained).toMatchObject({ package: { hash: LONG.hash } });
  // Nobody is responsible for no hash.
  expect(asked.filter(({ node }) => node === "root")).toEqual([]);
});

test("this node is not asked over the ring, and nobody twice for the manifest", async () => {
  const { asked, obtain } = setUp();
  await obtain({ nodes: [SELF, HOP, HOP], hash: null });
  expect(asked.map(({ node }) => node)).toEqual([HOP]);
});

test.each([
  { url: "https://a.example/app/manifest.json", code: "https://a.example/app/peerlet.js" },
  { url: "https://a.example/manifest.json?v=/other/1", code: "https://a.example/peerlet.js" },
  { url: "https://a.example", code: "https://a.example/peerlet.js" },
  { url: "https://a.example?https://b.example/x", code: "https://a.example/peerlet.js" },
])("the code lies beside $url", async ({ url, code }) => {
  const { served, fetched, obtain } = setUp();
  served.set(url.split("?")[0]!, MANIFEST).set(code, CODE);
  const { obtained } = await obtain({ url });
  expect(fetched).toEqual([url, `${code}?sha256=${LONG.manifest.code.sha256}`]);
  expect(obtained!.kind).toBe("package");
});

describe("serving", () => {
  test.each<{ what: string; bytes: Uint8Array }>([
    { what: "nothing", bytes: new Uint8Array(0) },
    { what: "rubbish", bytes: Uint8Array.of(255, 1, 2) },
    { what: "no such question", bytes: encodeAsk({ ask: "burn" } as unknown as CodeAsk) },
    { what: "no hash", bytes: encodeAsk({ ask: "piece", hash: "x", part: "code", offset: 0 }) },
    {
      what: "a hash and an app id",
      bytes: encodeAsk({ ask: "package", hash: LONG.hash, appId: LONG.appId }),
    },
    {
      what: "an offset before the start",
      bytes: encodeAsk({ ask: "piece", hash: LONG.hash, part: "code", offset: -1 }),
    },
    {
      what: "half an offset",
      bytes: encodeAsk({ ask: "piece", hash: LONG.hash, part: "code", offset: 0.5 }),
    },
    {
      what: "no part",
      bytes: encodeAsk({ ask: "piece", hash: LONG.hash, part: "key" as "code", offset: 0 }),
    },
  ])("$what is refused", async ({ bytes }) => {
    const { serve, add } = setUp();
    await add(LONG);
    expect(serve(bytes).kind).toBe("refused");
  });

  test("pieces end where the part ends", async () => {
    const { serve, add } = setUp();
    await add(LONG);
    const ask = { ask: "piece", hash: LONG.hash, part: "code" } as const;
    expect(serve({ ...ask, offset: CODE.length - 7 })).toMatchObject({ body: CODE.slice(-7) });
    expect(serve({ ...ask, offset: CODE.length }).kind).toBe("refused");
    expect(serve({ ...ask, offset: 2 ** 31 - 1 }).kind).toBe("refused");
  });

  test("what is served is what was put in", async () => {
    const { serve, add } = setUp();
    await add(LONG);
    const verdict = serve({ ask: "package", hash: null, appId: LONG.appId });
    const found = decodePackage((verdict as { body: Uint8Array }).body)!;
    expect([found.manifest, found.piece]).toEqual([MANIFEST, first]);
  });

  test("a flood of questions is answered within the rate, and again later", async () => {
    const { serve, add, clock } = setUp();
    await add(LONG);
    const ask = { ask: "piece", hash: LONG.hash, part: "code", offset: 0 } as const;
    const kinds = Array.from({ length: 200 }, () => serve(ask).kind);
    const served = kinds.filter((kind) => kind === "delivered").length;
    expect(served * PIECE_BYTES).toBeLessThanOrEqual(8 * 1024 * 1024);
    clock.advance(1_000);
    expect(serve(ask).kind).toBe("delivered");
  });
});

describe("keeping for others", () => {
  test("what falls to this node is fetched from who says so, with its view, and kept", async () => {
    const { nodes, serve, packages, pass } = setUp();
    nodes.set(THIRD, honest(LONG));
    expect(serve({ ask: "keep", hash: LONG.hash, spread: false }, THIRD)).toEqual({
      kind: "delivered",
    });
    await pass(1_000);
    // Not toEqual: it takes seconds over so many bytes.
    expect(equalBytes(packages.get(LONG.hash)!.view!, LONG.parts.view!)).toBe(true);
  });

  test.each([
    { because: "it does not fall to this node", options: { keepers: [HOP, SOURCE] } },
    { because: "the policy does not welcome it", options: { isWelcome: false } },
    { because: "there is no room", options: { budget: 1_000 } },
  ])("not kept, because $because", async ({ options }) => {
    const { nodes, serve, packages, pass } = setUp(options);
    nodes.set(THIRD, honest(LONG));
    serve({ ask: "keep", hash: LONG.hash, spread: false }, THIRD);
    await pass(1_000);
    expect(packages.hashes).toEqual([]);
  });

  test("a flood of requests to keep what nobody has makes few fetches at once", async () => {
    const { nodes, asked, serve, pass } = setUp();
    nodes.set(THIRD, () => "silent");
    for (let i = 0; i < 300; i++) {
      const hash = i.toString(16).padStart(64, "0");
      expect(serve({ ask: "keep", hash, spread: false }, THIRD).kind).toBe("delivered");
    }
    expect(new Set(asked.map(({ ask }) => ask.hash)).size).toBeLessThanOrEqual(4);
    await pass(60_000);
    // It is over: others have their turn.
    nodes.set(THIRD, honest(LONG));
    serve({ ask: "keep", hash: LONG.hash, spread: false }, THIRD);
    await pass(1_000);
    expect(asked.at(-1)!.ask.hash).toBe(LONG.hash);
  });

  test("told to tell the others it tells them once, and they tell nobody", () => {
    const { asked, serve } = setUp();
    serve({ ask: "keep", hash: LONG.hash, spread: true }, THIRD);
    const told = asked.filter(({ ask }) => ask.ask === "keep");
    expect(told.map(({ node }) => node)).toEqual([HOP, SOURCE]);
    expect(told.every(({ ask }) => ask.ask === "keep" && !ask.spread)).toBe(true);
  });
});
