import { expect, test } from "vitest";
import { groupMetrics, headlines, wordsOf } from "./metric-groups.ts";

test("counters are grouped by what stands before the first dot, in order", () => {
  const groups = groupMetrics({ "link.opened": 3, "chord.joins": 1, "link.bytesIn": 9, uptime: 4 });
  expect(
    groups.map(({ name, rows }) => [name, rows.map(({ label, value }) => [label, value])]),
  ).toEqual([
    ["chord", [["joins", 1]]],
    [
      "link",
      [
        ["bytes in", 9],
        ["opened", 3],
      ],
    ],
    ["other", [["uptime", 4]]],
  ]);
});

test.each(["messagesIn", "messages-in", "messages.in", "messages_in"])(
  "%s reads messages in",
  (name) => {
    expect(wordsOf(name)).toBe("messages in");
  },
);

test("the most telling counters are found by their words, and absent ones left out", () => {
  const found = headlines([
    "link.messagesReceived",
    "link.bytes-out",
    "link.bulk.messages.received",
    "x.y",
  ]);
  expect(found.map(({ label, unit, names }) => [label, unit, names])).toEqual([
    ["messages in", "count", ["link.messagesReceived"]],
    ["bytes out", "bytes", ["link.bytes-out"]],
  ]);
});
