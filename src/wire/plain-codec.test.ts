import * as fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import type { Plain } from "../base/plain.ts";
import { hexOf } from "../id/id.ts";
import { decodePlain, encodePlain } from "./plain-codec.ts";

const { plain } = fc.letrec<{ plain: Plain }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, undefined, true, false),
    fc.double(),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie("plain"), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      tie("plain"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
}));

test("what was written is read again", () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodePlain(encodePlain(value))).toEqual({ value });
    }),
  );
});

test.each([
  { value: null, hex: "00" },
  { value: true, hex: "03" },
  { value: 1.5, hex: "043ff8000000000000" },
  { value: "hé", hex: "050000000368c3a9" },
  { value: [undefined, new Uint8Array([7])], hex: "070000000201060000000107" },
  { value: { a: false }, hex: "0800000001000000016102" },
])("$value is $hex", ({ value, hex }) => {
  const bytes = encodePlain(value);
  expect(hexOf(bytes, 0, bytes.length)).toBe(hex);
});

test("any bytes are a value or null, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(() => decodePlain(bytes)).not.toThrow();
    }),
  );
});

test.each([
  { because: "it ends too early", bytes: [5, 0, 0, 0, 9, 65] },
  { because: "there is more behind it", bytes: [0, 0] },
  {
    because: "an array of four thousand million values is not there",
    bytes: [7, 255, 255, 255, 255],
  },
  {
    because: "a name is __proto__",
    bytes: [8, 0, 0, 0, 1, 0, 0, 0, 9, ...utf8("__proto__"), 0],
  },
  {
    because: "it is nested too deeply",
    bytes: Array.from({ length: 300 }, (_, i) => [7, 0, 0, 0, 1][i % 5]!),
  },
])("refused, because $because", ({ bytes }) => {
  expect(decodePlain(Uint8Array.from(bytes))).toBeNull();
});
