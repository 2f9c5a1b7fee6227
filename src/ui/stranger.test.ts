import { expect, test } from "vitest";
import { MAX_NAME_CHARS, lookAlike, shortKey, skeleton, tidy } from "./stranger.ts";

test.each([
  { text: "counter", shown: "counter", because: "an honest name stays" },
  { text: "  two \n lines\t", shown: "two lines", because: "it is one line" },
  { text: "a\u202Eb\u2066c", shown: "a b c", because: "direction marks are taken out" },
  { text: "a\u200B\u200Db", shown: "a b", because: "what cannot be seen is taken out" },
  { text: "\u3164\u2800", shown: "", because: "letters drawn as nothing are none" },
  {
    text: "e\u0301\u0301\u0301\u0301!",
    shown: "e\u0301\u0301!",
    because: "accents do not pile up",
  },
  { text: "<b>bold</b>", shown: "<b>bold</b>", because: "it is text, and stays text" },
])("$text is shown as $shown, because $because", ({ text, shown }) => {
  expect(tidy(text, MAX_NAME_CHARS)).toBe(shown);
});

test("a long text is cut by characters, however long it is", () => {
  expect(tidy("x".repeat(41), 40)).toBe(`${"x".repeat(39)}…`);
  expect(Array.from(tidy("😀".repeat(1_000_000), 40))).toHaveLength(40);
});

test("a key is shown by both its ends", () => {
  expect(shortKey(`01234567${"0".repeat(48)}89abcdef`)).toBe("01234567…89abcdef");
  expect(shortKey("")).toBe("");
});

test.each([
  ["counter", "c0unter"],
  ["mail", "mai1"],
  ["modern-chat", "rnodem-chat"],
  ["file-store", "filestore"],
  ["CAFÉ", "cafe"],
])("%s looks like %s", (one, other) => {
  expect(skeleton(one)).toBe(skeleton(other));
});

test("a name is a look-alike only of another publisher's", () => {
  const ours = { appId: "a", name: "counter", publisher: "alice" };
  const same = { appId: "b", name: "c0unter", publisher: "alice" };
  const theirs = { appId: "c", name: "c0unter", publisher: "mallory" };
  expect(lookAlike(same, [ours])).toBe(null);
  expect(lookAlike(theirs, [ours])).toBe(ours);
  expect(lookAlike(ours, [ours])).toBe(null);
  expect(lookAlike({ ...theirs, name: "" }, [{ ...ours, name: "" }])).toBe(null);
});
