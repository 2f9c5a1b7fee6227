/** Signs of life, asked for on a clock of the test's own. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DEFAULT_BUDGETS } from "../peer/policy.ts";
import { Watch } from "./watch.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The peerlet answers after `tookMs`, the idle thread after `idleMs`; null: not at all. */
function watched(cpuShare = 0.1) {
  const says = { tookMs: 0 as number | null, idleMs: 0 as number | null };
  const ends: string[] = [];
  const watch = new Watch({
    grant: { ...DEFAULT_BUDGETS, cpuShare },
    ask: (token) => {
      if (says.tookMs !== null) setTimeout(() => watch.answered(token), says.tookMs);
    },
    askIdle: (token) => {
      if (says.idleMs !== null) setTimeout(() => watch.idleAnswered(token), says.idleMs);
    },
    busy: () => {},
    stuck: () => {},
    end: (kind) => {
      ends.push(kind);
      watch.close();
    },
  });
  return { watch, says, ends };
}

test("the time that the browser takes to start a worker is not the peerlet's", () => {
  const { watch, says, ends } = watched();
  says.tookMs = 6_000;
  watch.start();
  vi.advanceTimersByTime(5_000);
  expect([ends, watch.isUp]).toEqual([[], false]);
  says.tookMs = 0;
  vi.advanceTimersByTime(3_000);
  expect([ends, watch.isUp, watch.share()]).toEqual([[], true, 0]);
});

test("once it is up, one that gives no sign of life is ended after 3 s", () => {
  const { watch, says, ends } = watched();
  watch.start();
  vi.advanceTimersByTime(1_000);
  says.tookMs = null;
  vi.advanceTimersByTime(2_900);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(ends).toEqual(["hung"]);
});

test("one that is late all the time is ended, one that is late when the idle thread is not", () => {
  const { watch, says, ends } = watched();
  watch.start();
  vi.advanceTimersByTime(1_000);
  Object.assign(says, { tookMs: 40, idleMs: 39 });
  vi.advanceTimersByTime(20_000);
  expect([ends, watch.share()]).toEqual([[], 0]);
  says.idleMs = 0;
  vi.advanceTimersByTime(20_000);
  expect(ends).toEqual(["cpu"]);
});

test("what keeps the idle thread alone waiting, before or after its own answer, is taken off", () => {
  const { watch, says, ends } = watched();
  watch.start();
  vi.advanceTimersByTime(1_000);
  const turns = [{ tookMs: 30, idleMs: 0 }, {}, { tookMs: 0, idleMs: 30 }, {}];
  for (let i = 0; i < 200; i++) {
    Object.assign(says, { tookMs: 0, idleMs: 0 }, turns[i % turns.length]);
    vi.advanceTimersByTime(100);
  }
  expect(ends).toEqual([]);
});
