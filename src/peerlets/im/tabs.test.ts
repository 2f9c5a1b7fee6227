/** Which tabs are there: by what they answer, what they do not, and what comes from them. */
import type { Prost } from "prost/sdk";
import { expect, test } from "vitest";
import { ASKS_PER_SECOND, ASK_BURST, ASK_MOST_MS, SILENT_MS } from "./limits.ts";
import { Tabs } from "./tabs.ts";

type Answer = boolean | "silent" | "gone" | "failed" | "refused";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function tabsOf(answers: Readonly<Record<string, Answer>>) {
  let nowMs = 0;
  let timers: { atMs: number; task: () => void }[] = [];
  const asked: string[] = [];
  const there = (node: string) => {
    asked.push(node);
    const answer = answers[node] ?? true;
    if (answer === "silent") return new Promise(() => {});
    if (typeof answer === "boolean") return Promise.resolve(answer);
    return Promise.reject(Object.assign(new Error(answer), { code: answer }));
  };
  const after = (ms: number, task: () => void) => {
    const timer = { atMs: nowMs + ms, task };
    timers.push(timer);
    return () => {
      timers = timers.filter((each) => each !== timer);
    };
  };
  const prost = {
    clock: { now: () => nowMs, after },
    random: { next: () => 0.5 },
    peerletAt: async (node: string) => ({ there: () => there(node) }),
  } as unknown as Prost;
  const tabs = new Tabs(prost);
  const pass = async (ms: number) => {
    for (const end = nowMs + ms; nowMs < end; nowMs += 500) {
      for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) {
        timers = timers.filter((each) => each !== timer);
        timer.task();
      }
      tabs.ask();
      await settled();
    }
  };
  return { tabs, pass, asked };
}

test("a tab is there when it answers, and not before; asked again after some seconds", async () => {
  const { tabs, pass, asked } = tabsOf({ unused: false });
  tabs.keep(["one", "unused"]);
  expect([tabs.isThere("one"), tabs.isGone("one")]).toEqual([false, false]);
  await pass(500);
  expect([tabs.isThere("one"), tabs.isGone("unused")]).toEqual([true, true]);
  await pass(ASK_MOST_MS + 500);
  expect(asked).toEqual(["one", "unused", "one"]);
  tabs.keep([]);
  expect(tabs.isThere("one")).toBe(false);
});

test("who is heard of is not asked", async () => {
  const { tabs, pass, asked } = tabsOf({});
  tabs.keep(["one"]);
  for (let i = 0; i < 20; i++) {
    tabs.heard("one");
    await pass(1_000);
  }
  expect(asked).toEqual([]);
  expect(tabs.isThere("one")).toBe(true);
});

test("gone is who left, or was silent twice; not who says no", async () => {
  const answers: Record<string, Answer> = { left: "gone", dumb: "silent", busy: "failed" };
  const { tabs, pass, asked } = tabsOf(answers);
  tabs.keep(["left", "dumb", "busy"]);
  tabs.heard("dumb");
  await pass(1_000);
  expect(tabs.isGone("left")).toBe(true);
  expect(tabs.isThere("busy")).toBe(true);
  await pass(ASK_MOST_MS + SILENT_MS);
  expect(tabs.isThere("dumb")).toBe(true);
  await pass(SILENT_MS + 1_000);
  expect(tabs.isGone("dumb")).toBe(true);
  const times = asked.length;
  await pass(2_000);
  expect(asked.slice(times)).not.toContain("left");
  // It calls: it is back. Another is doubted, and answers.
  tabs.heard("dumb");
  expect(tabs.isThere("dumb")).toBe(true);
  answers["left"] = true;
  tabs.doubt("left");
  await pass(500);
  expect(tabs.isThere("left")).toBe(true);
});

test("however many there are, so many are asked a second", async () => {
  const { tabs, pass, asked } = tabsOf({});
  tabs.keep(Array.from({ length: 300 }, (_, i) => `node ${i}`));
  await pass(10_000);
  expect(asked.length).toBeLessThanOrEqual(ASK_BURST + 10 * ASKS_PER_SECOND);
  await pass(60_000);
  expect(new Set(asked).size).toBe(300);
});
