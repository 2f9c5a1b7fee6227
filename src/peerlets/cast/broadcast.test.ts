import { expect, test } from "vitest";
import { inArc } from "./broadcast.ts";

const key = (digit: string) => digit + "0".repeat(39);

test.each([
  { x: "3", from: "3", to: "7", inside: true, because: "it begins with its first key" },
  { x: "7", from: "3", to: "7", inside: false, because: "it ends before the other" },
  { x: "5", from: "3", to: "7", inside: true, because: "it is between them" },
  { x: "1", from: "e", to: "3", inside: true, because: "an arc may pass zero" },
  { x: "9", from: "e", to: "3", inside: false, because: "it is outside of that" },
  { x: "9", from: "4", to: "4", inside: true, because: "the whole ring is one" },
])("[$from, $to) holds $x: $inside, because $because", ({ x, from, to, inside }) => {
  expect(inArc(key(x), key(from), key(to))).toBe(inside);
});
