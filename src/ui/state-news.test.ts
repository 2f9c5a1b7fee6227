import { expect, test, vi } from "vitest";
import { StateNews, newsWords } from "./state-news.ts";

test("few changes are named, many are counted", () => {
  expect(newsWords(["a runs", "b is refused"])).toBe("a runs. b is refused.");
  expect(newsWords(["a", "b", "c"])).toBe("3 applications changed their state.");
});

test("what happens at once is said once, and waking again is no news", () => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  const said: string[] = [];
  const news = new StateNews((text) => said.push(text));
  const tell = (state: "running" | "idle" | "installing" | "uninstalled") =>
    news.add({ appId: "a", state, why: "" }, "counter");
  for (const state of ["installing", "running", "idle", "running"] as const) tell(state);
  vi.advanceTimersByTime(5_000);
  for (const state of ["idle", "running", "idle", "running"] as const) tell(state);
  vi.advanceTimersByTime(5_000);
  expect(said).toEqual(["counter runs."]);
  tell("uninstalled");
  vi.advanceTimersByTime(5_000);
  expect(said).toHaveLength(2);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
