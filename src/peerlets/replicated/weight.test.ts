import { expect, test } from "vitest";
import { weightOf } from "./weight.ts";

test.each([
  { value: null, bytes: 1, what: "nothing" },
  { value: [true, false, undefined, 0.5, -7], bytes: 26, what: "values of one size" },
  { value: ["", "a text", new Uint8Array(9)], bytes: 35, what: "texts and bytes" },
  { value: { kind: "list", items: [{ to: "ff", count: 1 }] }, bytes: 72, what: "objects" },
])("$what weigh $bytes bytes, as on the wire", ({ value, bytes }) => {
  expect(weightOf(value)).toBe(bytes);
});
