import { expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatMs,
  formatRate,
  groupedId,
  ordinal,
  plural,
  shortId,
} from "./format.ts";

test("an id is shown by its first eight digits, or by all in groups of four", () => {
  const id = "0123456789abcdef0123456789abcdef01234567";
  expect(shortId(id)).toBe("01234567");
  expect(groupedId(id)).toBe("0123 4567 89ab cdef 0123 4567 89ab cdef 0123 4567");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1540, "1.5 kB"],
  [9960, "10 kB"],
  [999_499, "999 kB"],
  [999_600, "1.0 MB"],
  [2_300_000_000, "2.3 GB"],
  [5_000_000_000_000, "5.0 TB"],
])("%d bytes read %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.04, "0.0 ms"],
  [0.42, "0.4 ms"],
  [0.96, "1 ms"],
  [38.4, "38 ms"],
  [1234, "1.2 s"],
])("%d ms read %s", (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});

test.each([
  [0, "0 s", "0 s"],
  [59_999, "59 s", "59 s"],
  [185_000, "3 min 5 s", "3 min"],
  [7_800_000, "2 h 10 min", "2 h"],
  [100_800_000, "1 d 4 h", "1 d"],
])("a stretch of %d ms reads %s, or %s in a narrow column", (ms, long, short) => {
  expect(formatDuration(ms)).toBe(long);
  expect(formatAge(ms)).toBe(short);
});

test.each([
  [0, "0"],
  [0.25, "0.3"],
  [9.4, "9.4"],
  [1234.4, "1,234"],
])("a rate of %d reads %s", (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

test("one is singular, everything else plural", () => {
  expect([0, 1, 2].map((count) => plural(count, "hop"))).toEqual(["0 hops", "1 hop", "2 hops"]);
});

test("ordinals know the teens", () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 22].map(ordinal)).toEqual([
    "1st",
    "2nd",
    "3rd",
    "4th",
    "11th",
    "12th",
    "13th",
    "21st",
    "22nd",
  ]);
});
