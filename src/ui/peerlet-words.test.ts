import { expect, test } from "vitest";
import { ProstError } from "../base/errors.ts";
import { NO_USAGE } from "../peer/grant.ts";
import {
  failureWords,
  formatPercent,
  meters,
  sentence,
  shareWords,
  wantsWords,
} from "./peerlet-words.ts";

test.each([
  [1, "a whole core"],
  [0.1, "a tenth of one core"],
  [0.07, "7% of one core"],
  [0.005, "0.5% of one core"],
])("a share of %d is %s", (share, words) => {
  expect(shareWords(share)).toBe(words);
});

test.each([
  [0, "0%"],
  [0.0002, "under 0.1%"],
  [0.0234, "2%"],
  [1, "100%"],
])("%d is %s", (share, text) => {
  expect(formatPercent(share)).toBe(text);
});

test("what it wants is said in plain words", () => {
  const wants = { cpuShare: 0.1, storageBytes: 5_000_000, messagesPerSecond: 50, callsOpen: 1 };
  expect(wantsWords(wants)).toEqual([
    "up to a tenth of one core",
    "5 MB of storage",
    "50 messages a second",
    "1 call at once",
  ]);
  expect(wantsWords({ ...wants, storageBytes: 0 })).toContain("no storage");
});

test("a meter never shows more than full, nor divides by nothing", () => {
  const grant = {
    cpuShare: 0.1,
    storageBytes: 0,
    messagesPerSecond: 50,
    callsOpen: 16,
    bytesPerSecond: 1,
    messageBytes: 1,
    timers: 1,
    memoryBytes: 1,
  };
  const usage = { ...NO_USAGE, cpuShare: 0.3, storageBytes: 10, messagesPerSecond: 12.5 };
  expect(meters(usage, grant)).toEqual([
    { label: "CPU", ratio: 1, text: "30% of 10%" },
    { label: "Storage", ratio: 0, text: "10 B of 0 B" },
    { label: "Messages", ratio: 0.25, text: "13 of 50/s" },
    { label: "Calls", ratio: 0, text: "0 of 16" },
  ]);
});

test("a reason becomes a sentence", () => {
  expect(sentence("the code is too large")).toBe("The code is too large.");
  expect(sentence("Done!")).toBe("Done!");
  expect(sentence(" ")).toBe("");
});

test.each([
  ["bad-package", "nothing of it ran: the view is missing."],
  ["refused", "Refused by this node: the view is missing."],
  ["not-found", "Not found: the view is missing."],
  ["closed", "left the ring"],
] as const)("the error %s says %s", (code, words) => {
  expect(failureWords(new ProstError(code, "the view is missing"))).toContain(words);
});
