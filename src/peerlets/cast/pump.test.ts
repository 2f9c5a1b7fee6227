import type { Prost } from "prost/sdk";
import { expect, test } from "vitest";
import { MessageLog } from "./log.ts";
import { Pump } from "./pump.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A pump whose calls are answered by hand. */
function setUp() {
  const log = new MessageLog();
  const add = (serial: number) =>
    log.add({ sender: "a", run: "b", serial, data: "", isOld: false });
  const calls: {
    serials: number[];
    answer: (isWanted: boolean) => void;
    fail: (code: string) => void;
  }[] = [];
  let ended = 0;
  const prost = {
    clock: { after: (_ms: number, task: () => void) => setImmediate(task) },
  } as unknown as Prost;
  const pump = new Pump(0, {
    prost,
    log,
    mayRun: () => true,
    send: (messages) =>
      new Promise((resolve, reject) => {
        calls.push({
          serials: messages.map(({ serial }) => serial),
          answer: resolve,
          fail: (code) => reject(Object.assign(new Error(code), { code })),
        });
      }),
    sent: () => {},
    ended: () => {
      ended += 1;
    },
  });
  return { add, calls, pump, ended: () => ended };
}

test("one call at a time; what comes meanwhile goes with the next", async () => {
  const { add, calls, pump } = setUp();
  add(1);
  pump.run();
  for (const serial of [2, 3]) {
    add(serial);
    pump.run();
  }
  expect(calls.map(({ serials }) => serials)).toEqual([[1]]);
  calls[0]!.answer(true);
  await settled();
  expect(calls.map(({ serials }) => serials)).toEqual([[1], [2, 3]]);
});

test("what comes just as the last call ends is not forgotten", async () => {
  const { add, calls, pump } = setUp();
  pump.run();
  calls[0]!.answer(true);
  await settled();
  add(1);
  pump.run();
  await settled();
  expect(calls.map(({ serials }) => serials)).toEqual([[], [1]]);
});

test.each([
  { codes: ["gone"], calls: 1, ends: true, because: "the node is gone" },
  { codes: ["timed-out", "timed-out"], calls: 2, ends: true, because: "it was silent twice" },
  { codes: ["timed-out"], calls: 2, ends: false, because: "once is no more than slow" },
  { codes: ["too-many-calls"], calls: 2, ends: false, because: "that is this node's own fault" },
])("after $codes it ends: $ends, because $because", async (row) => {
  const { add, calls, pump, ended } = setUp();
  add(1);
  pump.run();
  for (const [i, code] of row.codes.entries()) {
    calls[i]!.fail(code);
    await settled();
    await settled();
  }
  expect(calls).toHaveLength(row.calls);
  expect(ended()).toBe(row.ends ? 1 : 0);
});

test("a node that does not want it is asked no more", async () => {
  const { add, calls, pump, ended } = setUp();
  add(1);
  pump.run();
  calls[0]!.answer(false);
  await settled();
  add(2);
  pump.run();
  expect([calls.length, ended()]).toEqual([1, 1]);
});
