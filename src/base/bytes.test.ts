import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Malformed, Reader, Writer, concat, equalBytes, textOfUtf8, utf8 } from "./bytes.ts";

const anyBytes = fc.uint8Array({ maxLength: 40 });
const anyText = fc.string({ unit: "binary", maxLength: 20 });

function ownText(bytes: Uint8Array): string | null {
  try {
    return textOfUtf8(bytes);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

test("the UTF-8 of any text, lone surrogates included, is that of the platform's encoder", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 12 }), (units) => {
      const text = String.fromCharCode(...units);
      expect(utf8(text)).toEqual(new TextEncoder().encode(text));
    }),
  );
});

test("a text survives the way to UTF-8 and back", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(textOfUtf8(utf8(text))).toBe(text);
    }),
  );
});

test.each([0, 1, 4_095, 4_096, 4_097, 10_000])(
  "a text of %i characters is read to its end, whatever comes after them",
  (count) => {
    const text = "abcdefg".repeat(count / 7 + 1).slice(0, count);
    for (const whole of [text, `${text}ü`, `${text}ü${text}`]) {
      expect(textOfUtf8(new TextEncoder().encode(whole))).toBe(whole);
    }
    expect(() => textOfUtf8(Uint8Array.of(...utf8(text), 0xff))).toThrow(Malformed);
  },
);

test.each([
  { hex: "", text: "", what: "nothing" },
  { hex: "00", text: "\0", what: "a zero" },
  { hex: "7f", text: "\u007F", what: "the last of one byte" },
  { hex: "c280", text: "\u0080", what: "the first of two bytes" },
  { hex: "dfbf", text: "\u07FF", what: "the last of two bytes" },
  { hex: "e0a080", text: "\u0800", what: "the first of three bytes" },
  { hex: "ed9fbf", text: "\uD7FF", what: "the last before the surrogates" },
  { hex: "ee8080", text: "\uE000", what: "the first after the surrogates" },
  { hex: "efbbbf", text: "\uFEFF", what: "a byte order mark, which is kept" },
  { hex: "efbfbf", text: "\uFFFF", what: "the last of three bytes" },
  { hex: "f0908080", text: "\u{10000}", what: "the first of four bytes" },
  { hex: "f48fbfbf", text: "\u{10FFFF}", what: "the last of all" },
])("$hex is $what", ({ hex, text }) => {
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  expect(textOfUtf8(bytes)).toBe(text);
  expect(utf8(text)).toEqual(bytes);
});

test.each([
  { hex: "80", why: "it begins with a continuation" },
  { hex: "c3", why: "it ends within a character" },
  { hex: "e282", why: "it ends within a character of three" },
  { hex: "f09f98", why: "it ends within a character of four" },
  { hex: "c328", why: "the second byte continues nothing" },
  { hex: "e228a1", why: "the second byte of three continues nothing" },
  { hex: "e28228", why: "the third byte continues nothing" },
  { hex: "c080", why: "it is an overlong zero" },
  { hex: "c1bf", why: "it is overlong in two bytes" },
  { hex: "e09fbf", why: "it is overlong in three bytes" },
  { hex: "f08fbfbf", why: "it is overlong in four bytes" },
  { hex: "eda080", why: "it is the first surrogate" },
  { hex: "edbfbf", why: "it is the last surrogate" },
  { hex: "f4908080", why: "it lies beyond Unicode" },
  { hex: "f5808080", why: "no character begins so" },
  { hex: "f9908080", why: "no character begins so, though the rest would do" },
  { hex: "fe", why: "no character begins so" },
  { hex: "ff", why: "no character begins so" },
])("$hex is refused, because $why", ({ hex }) => {
  expect(ownText(new Uint8Array(Buffer.from(hex, "hex")))).toBeNull();
});

test("fields read back as they were written, big-endian, at any growth of the writer", () => {
  const writer = new Writer(1);
  writer.uint8(0xab);
  writer.uint16(0x0102);
  writer.uint32(0xfffefdfc);
  writer.bytes(Uint8Array.of(9, 8, 7));
  const at = writer.reserve(2);
  writer.written().set([5, 6], at);
  const bytes = writer.written();
  expect(Buffer.from(bytes).toString("hex")).toBe("ab0102fffefdfc0908070506");

  const reader = new Reader(bytes);
  expect(reader.uint8()).toBe(0xab);
  expect(reader.uint16()).toBe(0x0102);
  expect(reader.uint32()).toBe(0xfffefdfc);
  expect(reader.take(3)).toEqual(Uint8Array.of(9, 8, 7));
  expect(reader.skip(2)).toBe(at);
  expect(reader.left).toBe(0);
});

test.each([
  { what: "uint8", read: (from: Reader) => from.uint8(), bytes: 1 },
  { what: "uint16", read: (from: Reader) => from.uint16(), bytes: 2 },
  { what: "uint32", read: (from: Reader) => from.uint32(), bytes: 4 },
  { what: "take(5)", read: (from: Reader) => from.take(5), bytes: 5 },
  { what: "skip(6)", read: (from: Reader) => from.skip(6), bytes: 6 },
])("$what needs $bytes bytes and moves nothing when there are fewer", ({ read, bytes }) => {
  const short = new Reader(new Uint8Array(bytes - 1));
  expect(() => read(short)).toThrow(Malformed);
  expect(short.left).toBe(bytes - 1);
  const enough = new Reader(new Uint8Array(bytes));
  read(enough);
  expect(enough.left).toBe(0);
});

test("a reader of a part of a buffer sees that part alone", () => {
  const part = Uint8Array.of(1, 2, 3, 4, 5, 6).subarray(2, 4);
  const reader = new Reader(part);
  expect(reader.uint16()).toBe(0x0304);
  expect(() => reader.uint8()).toThrow(Malformed);
});

test("what is taken is a view, not a copy", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(new Reader(bytes).take(2).buffer).toBe(bytes.buffer);
});

test("concatenation keeps order and equality looks at every byte", () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 5 }), anyBytes, (parts, other) => {
      expect(concat(...parts)).toEqual(Uint8Array.from(parts.flatMap((part) => [...part])));
      const first = parts[0] ?? other;
      expect(equalBytes(first, other)).toBe(Buffer.from(first).equals(other));
      expect(equalBytes(first, first.slice())).toBe(true);
    }),
  );
});

/** What the platform makes of the bytes; null where it refuses them. The core itself has no TextDecoder. */
function platformText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

test("bytes are refused exactly where the platform's decoder refuses them", () => {
  // Junk is seldom close to a character: most bytes begin or continue one.
  const byte = fc.oneof(
    fc.nat(255),
    fc.integer({ min: 0x80, max: 0xbf }),
    fc.integer({ min: 0xc0, max: 0xff }),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), (list) => {
      const bytes = Uint8Array.from(list);
      expect(ownText(bytes)).toBe(platformText(bytes));
    }),
    { numRuns: 5_000 },
  );
});

test("a writer that grows loses nothing, whatever field it grows at", () => {
  for (let room = 0; room < 8; room++) {
    const writer = new Writer(room);
    for (let i = 1; i <= 8; i++) writer.uint8(i);
    expect([...writer.written()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  }
});
