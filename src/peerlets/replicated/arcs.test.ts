import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inArc, isKey, keyAfter, keyBefore, piecesOf } from "./arcs.ts";

const at = (start: string) => start.padEnd(40, "0");
const [LOWEST, HIGHEST] = ["0".repeat(40), "f".repeat(40)];

describe("arcs", () => {
  test.each([
    { key: "5", from: "1", to: "5", isIn: true, because: "the far end belongs to it" },
    { key: "1", from: "1", to: "5", isIn: true, because: "the near end, too" },
    { key: "6", from: "1", to: "5", isIn: false, because: "it is beyond" },
    { key: "0", from: "e", to: "2", isIn: true, because: "it passes zero" },
    { key: "7", from: "e", to: "2", isIn: false, because: "it is on the other side" },
  ])("[$from, $to] holds $key: $isIn, because $because", ({ key, from, to, isIn }) => {
    expect(inArc(at(key), { from: at(from), to: at(to) })).toBe(isIn);
  });

  test("the keys beside zero are the last and the first", () => {
    expect(keyAfter(HIGHEST)).toBe(LOWEST);
    expect(keyBefore(LOWEST)).toBe(HIGHEST);
  });

  const anyKey = fc
    .bigInt({ min: 0n, max: 2n ** 160n - 1n })
    .map((place) => place.toString(16).padStart(40, "0"));

  test("pieces hold what their arc holds, and pass zero never", () => {
    fc.assert(
      fc.property(anyKey, anyKey, anyKey, (key, from, to) => {
        const pieces = piecesOf({ from, to });
        const inPieces = pieces.filter(({ low, high }) => low <= key && key <= high).length;
        expect(inPieces).toBe(inArc(key, { from, to }) ? 1 : 0);
        expect(pieces.every(({ low, high }) => low <= high)).toBe(true);
        expect(keyBefore(keyAfter(key))).toBe(key);
        expect(isKey(keyAfter(key))).toBe(true);
      }),
    );
  });
});
