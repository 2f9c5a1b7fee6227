import { describe, expect, test } from "vitest";
import { BATCH_BYTES, BATCH_MESSAGES, LOG_BYTES, LOG_MESSAGES, MAX_DATA_BYTES } from "./limits.ts";
import { MessageLog, hasOf } from "./log.ts";

const SENDER = "a".repeat(40);
const RUN = "0".repeat(16);
const message = (serial: number, data = "", run = RUN) => {
  return { sender: SENDER, run, serial, data, isOld: false };
};

describe("a log", () => {
  test.each([
    { serials: [1, 2, 3], kept: [1, 2, 3], because: "they are in order" },
    { serials: [1, 1, 2, 2], kept: [1, 2], because: "copies are dropped" },
    { serials: [2, 1, 3], kept: [2, 3], because: "what comes after a later one is too late" },
    { serials: [5, 9], kept: [5, 9], because: "a sender's serials may have gaps" },
  ])("keeps $kept of $serials: $because", ({ serials, kept }) => {
    const log = new MessageLog();
    for (const serial of serials) log.add(message(serial));
    expect(log.all().map(({ serial }) => serial)).toEqual(kept);
  });

  test("serials begin anew with another run of the sender", () => {
    const log = new MessageLog();
    expect(log.add(message(7))).toBe(true);
    expect(log.add(message(1, "", "1".repeat(16)))).toBe(true);
  });

  test("places stay the same while older messages go", () => {
    const log = new MessageLog();
    for (let serial = 1; serial <= LOG_MESSAGES + 10; serial++) log.add(message(serial));
    expect([log.base, log.head]).toEqual([10, LOG_MESSAGES + 10]);
    expect(log.firstLacking(hasOf([[SENDER, RUN, 20]]))).toBe(20);
    expect(log.firstLacking(hasOf([[SENDER, RUN, 5]]))).toBe(10);
    expect(log.firstLacking(hasOf(log.latest()))).toBe(log.head);
    const { messages, next } = log.from(0);
    expect(messages[0]?.serial).toBe(11);
    expect([messages.length, next]).toEqual([BATCH_MESSAGES, 10 + BATCH_MESSAGES]);
  });

  test("its bytes are bounded, and those of a batch; one message always goes", () => {
    const log = new MessageLog();
    const data = "x".repeat(MAX_DATA_BYTES);
    for (let serial = 1; serial <= 40; serial++) log.add(message(serial, data));
    expect(log.head - log.base).toBe(LOG_BYTES / MAX_DATA_BYTES);
    expect(log.from(log.base).messages).toHaveLength(BATCH_BYTES / MAX_DATA_BYTES);
  });

  test("knows whether it lacks what a sender sent before", () => {
    const log = new MessageLog();
    log.add(message(5));
    expect([0, 5, 6].map((serial) => log.lacks(SENDER, RUN, serial))).toEqual([false, false, true]);
    const other = "1".repeat(16);
    expect([0, 1].map((serial) => log.lacks(SENDER, other, serial))).toEqual([false, true]);
  });

  test("somebody who has the last message of one sender may lack an earlier one of another", () => {
    const log = new MessageLog();
    const other = "1".repeat(16);
    log.add(message(1, "", other));
    log.add(message(1));
    expect(log.firstLacking(hasOf([[SENDER, RUN, 1]]))).toBe(0);
  });
});
