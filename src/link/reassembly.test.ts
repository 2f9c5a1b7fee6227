import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_MESSAGE_BYTES } from "../wire/limits.ts";
import { Reassembly } from "./reassembly.ts";

const piece = (count: number, byte = 1) => new Uint8Array(count).fill(byte);

function chunksOf(whole: Uint8Array, pieceBytes: number, transfer: number) {
  const count = Math.ceil(whole.length / pieceBytes);
  return Array.from({ length: count }, (_, index) => ({
    transfer,
    index,
    count,
    piece: whole.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  }));
}

test("a message comes out whole with its last piece, and one may follow another", () => {
  const messages = fc.array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 9 })),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(messages, (wholes) => {
      const reassembly = new Reassembly();
      wholes.forEach(([whole, pieceBytes], transfer) => {
        const chunks = chunksOf(whole, pieceBytes, transfer);
        const results = chunks.map((chunk) => reassembly.take(chunk));
        expect(results.at(-1)).toEqual(whole);
        expect(results.slice(0, -1).every((result) => result === null)).toBe(true);
      });
    }),
  );
});

test("what comes out is a copy: the frames it came in may go", () => {
  const part = piece(3);
  const whole = new Reassembly().take({ transfer: 1, index: 0, count: 1, piece: part });
  expect(whole).toEqual(part);
  expect((whole as Uint8Array).buffer).not.toBe(part.buffer);
});

const first = { transfer: 1, index: 0, count: 3, piece: piece(2) };

test.each([
  { what: "a piece of no transfer", chunks: [{ ...first, index: 1 }] },
  { what: "a piece left out", chunks: [first, { ...first, index: 2 }] },
  { what: "a piece twice", chunks: [first, { ...first, index: 1 }, { ...first, index: 1 }] },
  { what: "a piece of another transfer", chunks: [first, { ...first, transfer: 2, index: 1 }] },
  { what: "another count than at first", chunks: [first, { ...first, index: 1, count: 4 }] },
  { what: "an empty piece", chunks: [first, { ...first, index: 1, piece: piece(0) }] },
  { what: "an empty first piece", chunks: [{ ...first, piece: piece(0) }] },
])("$what ends the transfer as malformed", ({ chunks }) => {
  const reassembly = new Reassembly();
  expect(chunks.map((chunk) => reassembly.take(chunk)).at(-1)).toBe("malformed");
  // Nothing of it is left: its rest does not count, and a new one does.
  expect(reassembly.take({ ...first, index: 2 })).toBe("malformed");
  expect(reassembly.take({ ...first, count: 1 })).toEqual(first.piece);
});

test("a sender that starts another transfer has given the first up", () => {
  const reassembly = new Reassembly();
  expect(reassembly.take(first)).toBeNull();
  expect(reassembly.take({ transfer: 2, index: 0, count: 1, piece: piece(4, 9) })).toEqual(
    piece(4, 9),
  );
  expect(reassembly.take({ ...first, index: 1 })).toBe("malformed");
});

test("the first piece that leads over the bound of a message ends it", () => {
  const reassembly = new Reassembly();
  const half = piece(MAX_MESSAGE_BYTES / 2);
  const chunk = { transfer: 1, count: 3, piece: half };
  expect(reassembly.take({ ...chunk, index: 0 })).toBeNull();
  expect(reassembly.take({ ...chunk, index: 1 })).toBeNull();
  expect(reassembly.take({ ...chunk, index: 2, piece: piece(1) })).toBe("malformed");
});

test.each([
  { what: "no pieces", count: 0 },
  { what: "more pieces than the largest message has", count: 18 },
  { what: "65,535 pieces, each of which may hold a whole frame", count: 65_535 },
])("a transfer of $what is malformed from its first piece", ({ count }) => {
  expect(new Reassembly().take({ ...first, count })).toBe("malformed");
});
