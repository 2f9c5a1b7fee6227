import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ID_BYTES, hexOf, isId, readId, writeHex } from "./id.ts";

test.each([
  { value: "0".repeat(40), is: true, because: "zero is an id" },
  { value: "0123456789abcdef0123456789abcdef01234567", is: true, because: "any 40 digits are" },
  { value: "f".repeat(39), is: false, because: "a digit is missing" },
  { value: "f".repeat(41), is: false, because: "there is a digit too many" },
  {
    value: "F".repeat(40),
    is: false,
    because: "ids compare as texts, so there is one way to write one",
  },
  { value: `${"f".repeat(39)}g`, is: false, because: "g is no digit" },
  { value: `${"f".repeat(40)}\n`, is: false, because: "a line end is no digit" },
  { value: "", is: false, because: "nothing is no id" },
  { value: null, is: false, because: "null is no text" },
  { value: 7, is: false, because: "a number is no text" },
  { value: ["f".repeat(40)], is: false, because: "a list is no text" },
])("$value is an id: $is, because $because", ({ value, is }) => {
  expect(isId(value)).toBe(is);
});

test("ids that differ in any byte are told apart, however often they are read", () => {
  const bytes = new Uint8Array(ID_BYTES);
  const plain = "0".repeat(2 * ID_BYTES);
  for (let i = 0; i < ID_BYTES; i++) {
    for (const value of [1, 0x40, 0x80]) {
      bytes[i] = value;
      const digits = value.toString(16).padStart(2, "0");
      expect(readId(bytes, 0)).toBe(plain.slice(0, 2 * i) + digits + plain.slice(2 * i + 2));
      bytes[i] = 0;
      expect(readId(bytes, 0)).toBe(plain);
    }
  }
});

test("an id survives the way to bytes and back, at any offset", () => {
  const bytes20 = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES });
  fc.assert(
    fc.property(bytes20, fc.nat(9), (bytes, offset) => {
      const id = readId(bytes, 0);
      expect(isId(id)).toBe(true);
      expect(id).toBe(Buffer.from(bytes).toString("hex"));
      const into = new Uint8Array(ID_BYTES + 10);
      writeHex(id, into, offset);
      expect(readId(into, offset)).toBe(id);
      expect(into.reduce((sum, byte) => sum + byte, 0)).toBe(
        bytes.reduce((sum, byte) => sum + byte, 0),
      );
    }),
  );
});

test("hexOf writes as many bytes as asked for, from where it is told", () => {
  expect(hexOf(Uint8Array.of(0, 0x0a, 0xb0, 0xff), 1, 2)).toBe("0ab0");
  expect(hexOf(Uint8Array.of(1, 2), 1, 0)).toBe("");
});
