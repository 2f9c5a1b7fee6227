import { expect, test } from "vitest";
import { memoryStores } from "../sim/memory-storage.ts";
import { settled } from "../sim/peerlet-world.ts";
import { type PeerletRecord, Records } from "./records.ts";

const APP = "ab".repeat(16);
const CODE = "cd".repeat(32);
const RECORD: PeerletRecord = {
  hash: CODE,
  url: null,
  installedBy: "hand",
  wasRunning: true,
  stateVersion: "1.0.0",
};

function setUp(stores = memoryStores()) {
  const storage = stores("peerlets");
  return { storage, stores, records: new Records(storage) };
}

test("what was saved is there again, what was erased is not", async () => {
  const { stores, records } = setUp();
  records.save(APP, RECORD);
  records.save("00".repeat(16), RECORD);
  records.erase("00".repeat(16));
  await settled();
  expect([...(await setUp(stores).records.load())]).toEqual([[APP, RECORD]]);
});

test.each<{ what: string; key?: string; value: unknown }>([
  { what: "nothing", value: null },
  { what: "a number", value: 7 },
  { what: "a text", value: "text" },
  { what: "a list", value: [RECORD] },
  { what: "another key", key: "constructor", value: RECORD },
  { what: "a hash that is none", value: { ...RECORD, hash: "x" } },
  { what: "an address that is a number", value: { ...RECORD, url: 7 } },
  { what: "a word nobody knows", value: { ...RECORD, installedBy: "magic" } },
  { what: "half a record", value: { hash: CODE } },
])("$what is left out", async ({ key = APP, value }) => {
  const { storage, records } = setUp();
  await storage.set(key, value);
  expect([...(await records.load())]).toEqual([]);
});

test("offences are counted by code, kept, and pardoned", async () => {
  const { stores, records } = setUp();
  expect([records.offend(CODE), records.offend(CODE), records.offencesOf(CODE)]).toEqual([1, 2, 2]);
  await settled();
  const again = setUp(stores).records;
  await again.load();
  expect(again.offencesOf(CODE)).toBe(2);
  again.pardon(CODE);
  await settled();
  const third = setUp(stores).records;
  await third.load();
  expect(third.offencesOf(CODE)).toBe(0);
});

test("the offenders longest quiet are forgotten first", () => {
  const { records } = setUp();
  const codes = Array.from({ length: 1_001 }, (_, i) => i.toString(16).padStart(64, "0"));
  for (const code of codes.slice(0, 1_000)) records.offend(code);
  records.offend(codes[0]!);
  records.offend(codes[1_000]!);
  expect(codes.slice(0, 2).map((code) => records.offencesOf(code))).toEqual([2, 0]);
});

test.each([
  [null],
  [7],
  [{}],
  [[null, 7, "x", {}]],
  [[[CODE], [CODE, "3"], [CODE, NaN], [CODE, 1.5], ["x", 3], [null, 3]]],
])("offences that make no sense (%j) count for nothing", async (value) => {
  const { storage, records } = setUp();
  await storage.set("offences", value);
  await records.load();
  expect(records.offencesOf(CODE)).toBe(0);
});
