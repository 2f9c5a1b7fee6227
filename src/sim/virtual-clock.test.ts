import * as fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

test("tasks run at their time, and those of the same time in the order they were set", () => {
  const delays = fc.array(fc.nat(20), { maxLength: 60 });
  fc.assert(
    fc.property(delays, (all) => {
      const clock = new VirtualClock();
      const ran: [number, number][] = [];
      all.forEach((delayMs, i) => clock.after(delayMs, () => ran.push([clock.now(), i])));
      clock.advance(20);
      const expected = all.map((delayMs, i): [number, number] => [delayMs, i]);
      expect(ran).toEqual(expected.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
    }),
  );
});

test("time stops where it was told to, and nothing later has run", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(10, () => ran.push("at 10"));
  clock.after(11, () => ran.push("at 11"));
  clock.advance(10);
  expect(clock.now()).toBe(10);
  expect(ran).toEqual(["at 10"]);
  clock.advance(0.5);
  expect(ran).toEqual(["at 10"]);
  clock.advance(0.5);
  expect(ran).toEqual(["at 10", "at 11"]);
});

test("what a task sets runs in the same advance when it is due, and sees its own time", () => {
  const clock = new VirtualClock();
  const times: number[] = [];
  const tick = () => {
    times.push(clock.now());
    clock.after(4, tick);
  };
  clock.after(1, tick);
  clock.advance(10);
  expect(times).toEqual([1, 5, 9]);
});

test("a delay below zero is none: time never runs backwards", () => {
  const clock = new VirtualClock();
  clock.advance(5);
  const times: number[] = [];
  clock.after(-3, () => times.push(clock.now()));
  clock.advance(0);
  expect(times).toEqual([5]);
});

test("a cancelled task does not run, however late and often it is cancelled", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const cancel = clock.after(5, () => ran.push("cancelled before"));
  cancel();
  cancel();
  const cancelPeer = clock.after(6, () => ran.push("cancelled by another task of that moment"));
  clock.after(5, () => cancelPeer());
  const cancelDone = clock.after(7, () => ran.push("ran"));
  clock.advance(10);
  cancelDone();
  clock.advance(10);
  expect(ran).toEqual(["ran"]);
});

test("what is to run soon runs when the task is over, before any other, and what that adds too", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(1, () => {
    clock.soon(() => {
      ran.push("soon");
      clock.soon(() => ran.push("soon after"));
    });
    ran.push("first");
  });
  clock.after(1, () => ran.push("second"));
  clock.advance(1);
  expect(ran).toEqual(["first", "soon", "soon after", "second"]);
});

test("what was set to run soon outside a task runs first of all when time goes on", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(0, () => ran.push("due"));
  clock.soon(() => ran.push("soon"));
  expect(ran).toEqual([]);
  clock.advance(0);
  expect(ran).toEqual(["soon", "due"]);
});

test("an observer sees the world after every event, its soon tasks done", () => {
  const clock = new VirtualClock();
  let done = 0;
  const seen: [number, number][] = [];
  for (const delayMs of [1, 1, 3]) {
    clock.after(delayMs, () => clock.soon(() => (done += 1)));
  }
  clock.after(2, () => {})();
  clock.advance(5, () => seen.push([clock.now(), done]));
  expect(seen).toEqual([
    [1, 1],
    [1, 2],
    [3, 3],
  ]);
});

test("an advance that is stopped ends after that event, and the next one goes on from there", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(1, () => {
    clock.soon(() => ran.push("soon"));
    clock.stop();
  });
  clock.after(1, () => ran.push("same moment"));
  clock.advance(10);
  expect([clock.now(), ran]).toEqual([1, ["soon"]]);
  clock.advance(10);
  expect([clock.now(), ran]).toEqual([11, ["soon", "same moment"]]);
});

test("near and far, at once or in steps: what is due has run in order, the cancelled never", () => {
  const task = fc.record({
    delayMs: fc.double({ min: 0, max: 50_000, noNaN: true }),
    isCancelled: fc.boolean(),
  });
  const steps = fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(task, { maxLength: 40 }), steps, (tasks, waits) => {
      const clock = new VirtualClock();
      const ran: number[] = [];
      const set: { atMs: number; i: number }[] = [];
      const start = () => {
        for (const { delayMs, isCancelled } of tasks) {
          const i = set.length;
          set.push({ atMs: isCancelled ? Number.POSITIVE_INFINITY : clock.now() + delayMs, i });
          const cancel = clock.after(delayMs, () => ran.push(i));
          if (isCancelled) cancel();
        }
      };
      start();
      for (const waitMs of waits) {
        clock.advance(waitMs);
        start();
        const due = set.filter(({ atMs }) => atMs <= clock.now());
        clock.advance(0);
        expect(ran).toEqual(due.toSorted((a, b) => a.atMs - b.atMs || a.i - b.i).map(({ i }) => i));
      }
    }),
  );
});
