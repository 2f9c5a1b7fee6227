import { expect, test } from "vitest";
import { LOG_MESSAGES, BATCH_MESSAGES, MAX_DATA_BYTES, MAX_DEPTH } from "./limits.ts";
import {
  readAdoption,
  readAnycastAnswer,
  readAsking,
  readData,
  readMessages,
  readPath,
  readPolled,
  readSerial,
  readSubmitted,
} from "./reading.ts";

const ID = "a".repeat(40);
const RUN = "0".repeat(16);

test.each([
  { name: "no list", value: "messages" },
  {
    name: "too many",
    value: Array.from({ length: BATCH_MESSAGES + 1 }, () => [ID, RUN, 1, "", false]),
  },
  { name: "a sender that is no node", value: [["me", RUN, 1, "", false]] },
  { name: "a run that is none", value: [[ID, "run", 1, "", false]] },
  { name: "a serial below 1", value: [[ID, RUN, 0, "", false]] },
  { name: "data that is neither text nor bytes", value: [[ID, RUN, 1, { length: 1 }, false]] },
  {
    name: "data that is too long",
    value: [[ID, RUN, 1, "é".repeat(MAX_DATA_BYTES / 2 + 1), false]],
  },
])("messages are refused: $name", ({ value }) => {
  expect(() => readMessages(value)).toThrow();
});

test("data of exactly the bound is read, as text and as bytes", () => {
  for (const data of ["x".repeat(MAX_DATA_BYTES), new Uint8Array(MAX_DATA_BYTES)]) {
    expect(readData(data)).toBe(data);
  }
});

test.each([MAX_DATA_BYTES + 1, 500_000, 4 * 2 ** 20])(
  "data of %i bytes is refused, and it is said what the bound is",
  (bytes) => {
    expect(() => readData("x".repeat(bytes))).toThrow(/at most 16384 bytes/);
    expect(() => readData(new Uint8Array(bytes))).toThrow(/at most 16384 bytes/);
  },
);

test.each([1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, "1", null])(
  "%s is no serial",
  (value) => {
    expect(() => readSerial(value)).toThrow(/whole number/);
  },
);

test.each([
  { path: [], read: [] },
  { path: [ID], read: [ID] },
  { path: null, read: null },
  { path: ["me"], read: null },
  { path: Array.from({ length: MAX_DEPTH + 1 }, () => ID), read: null },
])("a path that makes no sense is none ($path.length)", ({ path, read }) => {
  expect(readPath(path)).toEqual(read);
});

test("who asks to be a child says what it has, or nothing", () => {
  expect(readAsking({ has: null, proof: "", isMember: true })).toEqual({
    has: null,
    proof: "",
    publicKey: "",
    isMember: true,
  });
  const shown = { proof: "f".repeat(128), publicKey: "e".repeat(64) };
  expect(readAsking({ has: null, ...shown })).toMatchObject(shown);
  expect(() => readAsking({ has: null, proof: "", publicKey: "e" })).toThrow(/32 bytes/);
  const has = [[ID, RUN, 3]];
  expect(readAsking({ has, proof: "f".repeat(128) }).has).toEqual(has);
  expect(() => readAsking({ has: [[ID, RUN]], proof: "" })).toThrow();
  const long = Array.from({ length: LOG_MESSAGES + 1 }, () => has[0]);
  expect(() => readAsking({ has: long, proof: "" })).toThrow(/at most 128/);
  expect(() => readAsking({ has: null, proof: "f" })).toThrow(/64 bytes/);
  expect(() => readAsking(undefined)).toThrow();
});

test.each([null, undefined, 7, "adopted", {}, { kind: "?" }, []])(
  "an answer that makes no sense is a no (%j)",
  (value) => {
    expect(readAdoption(value)).toEqual({ kind: "no", why: "", isFinal: false });
    expect(readPolled(value)).toEqual({ kind: "stranger" });
    expect(readSubmitted(value)).toEqual({ kind: "later" });
    expect(readAnycastAnswer(value)).toEqual({ isTaken: false, next: [] });
  },
);
