import { expect, test } from "vitest";
import { readTraceInput } from "./trace-input.ts";

const KEY = "0123456789abcdef0123456789abcdef01234567";

test.each([
  { text: KEY, read: { kind: "key", key: KEY } },
  { text: ` ${KEY.toUpperCase()}\n`, read: { kind: "key", key: KEY } },
  { text: KEY.replace(/(.{4})/g, "$1 "), read: { kind: "key", key: KEY } },
  { text: "  alice ", read: { kind: "name", name: "alice" } },
  { text: "two words", read: { kind: "name", name: "two words" } },
  { text: "cafe", read: { kind: "name", name: "cafe" } },
  { text: "   ", read: { kind: "empty" } },
  { text: "", read: { kind: "empty" } },
])("$text is read as $read.kind", ({ text, read }) => {
  expect(readTraceInput(text)).toEqual(read);
});

test.each([39, 41])("a key of %d digits is a slip, and said to be one", (length) => {
  const read = readTraceInput("a".repeat(length));
  expect(read).toMatchObject({
    kind: "invalid",
    why: expect.stringContaining(`this has ${length}`),
  });
});
