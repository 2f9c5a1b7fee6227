import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Id } from "./id.ts";
import {
  clockwiseDistance,
  clockwiseFraction,
  clockwiseFrom,
  fractionOf,
  inOpen,
  inOpenClosed,
  isNearer,
  placeOf,
  plus,
  ringDistance,
} from "./interval.ts";

const RING = 1n << 160n;

function toId(value: bigint): Id {
  return (((value % RING) + RING) % RING).toString(16).padStart(40, "0") as Id;
}

function numberOf(id: Id): bigint {
  return BigInt(`0x${id}`);
}

const anyNumber = fc.bigInt({ min: 0n, max: RING - 1n });
const anyId = anyNumber.map(toId);
/** Ids that lie so close to another one that 52 bits cannot tell them apart. */
const smallStep = fc.oneof(
  fc.constantFrom(-2n, -1n, 0n, 1n, 2n),
  fc.bigInt({ min: -(1n << 110n), max: 1n << 110n }),
);

test.each([
  { x: 5n, low: 1n, high: 9n, inside: true, because: "it is in between" },
  { x: 9n, low: 1n, high: 9n, inside: true, because: "the high end belongs to it" },
  { x: 1n, low: 1n, high: 9n, inside: false, because: "the low end does not" },
  { x: 0n, low: 1n, high: 9n, inside: false, because: "it comes before" },
  { x: 10n, low: 1n, high: 9n, inside: false, because: "it comes after" },
  { x: 2n, low: -3n, high: 4n, inside: true, because: "it may wrap through zero" },
  { x: -1n, low: -3n, high: 4n, inside: true, because: "before zero is inside, too" },
  { x: 0n, low: -3n, high: 4n, inside: true, because: "zero itself is inside" },
  { x: 4n, low: -3n, high: 4n, inside: true, because: "the high end belongs to it when it wraps" },
  { x: -3n, low: -3n, high: 4n, inside: false, because: "the low end does not when it wraps" },
  { x: 5n, low: -3n, high: 4n, inside: false, because: "it lies on the other side" },
  { x: 0n, low: -1n, high: 0n, inside: true, because: "one step may lead to zero" },
  { x: -1n, low: -1n, high: 0n, inside: false, because: "the low end does not at the very end" },
  { x: 9n, low: 7n, high: 7n, inside: true, because: "a lone node owns every key" },
  { x: 7n, low: 7n, high: 7n, inside: true, because: "a lone node owns its own id" },
])("($low, $high] holds $x: $inside, because $because", ({ x, low, high, inside }) => {
  expect(inOpenClosed(toId(x), toId(low), toId(high))).toBe(inside);
});

test.each([
  { x: 5n, low: 1n, high: 9n, inside: true, because: "it is in between" },
  { x: 9n, low: 1n, high: 9n, inside: false, because: "the high end does not belong to it" },
  { x: 1n, low: 1n, high: 9n, inside: false, because: "the low end does not" },
  { x: 10n, low: 1n, high: 9n, inside: false, because: "it comes after" },
  { x: 2n, low: -3n, high: 4n, inside: true, because: "it may wrap through zero" },
  { x: -1n, low: -3n, high: 4n, inside: true, because: "before zero is inside, too" },
  { x: 4n, low: -3n, high: 4n, inside: false, because: "the high end does not when it wraps" },
  { x: -3n, low: -3n, high: 4n, inside: false, because: "the low end does not when it wraps" },
  { x: 5n, low: -3n, high: 4n, inside: false, because: "it lies on the other side" },
  { x: 3n, low: 3n, high: 4n, inside: false, because: "nothing lies between neighbours" },
  { x: 9n, low: 7n, high: 7n, inside: true, because: "round a lone node lies all the ring" },
  { x: 7n, low: 7n, high: 7n, inside: false, because: "but not that node itself" },
])("($low, $high) holds $x: $inside, because $because", ({ x, low, high, inside }) => {
  expect(inOpen(toId(x), toId(low), toId(high))).toBe(inside);
});

test("an interval holds what a walk clockwise from its low end meets", () => {
  const near = fc.bigInt({ min: -3n, max: 3n });
  const oneOfFew = fc.oneof(anyNumber, near, near).map(toId);
  fc.assert(
    fc.property(oneOfFew, oneOfFew, oneOfFew, (x, low, high) => {
      const walk = (numberOf(x) - numberOf(low) + RING) % RING;
      const whole = (numberOf(high) - numberOf(low) + RING) % RING || RING;
      expect(inOpenClosed(x, low, high)).toBe((walk === 0n ? RING : walk) <= whole);
      expect(inOpen(x, low, high)).toBe(walk !== 0n && walk < whole);
    }),
    { numRuns: 500 },
  );
});

test.each([
  { from: 3n, to: 3n, distance: 0n },
  { from: 3n, to: 10n, distance: 7n },
  { from: 10n, to: 3n, distance: RING - 7n },
  { from: -1n, to: 0n, distance: 1n },
])("clockwise from $from to $to it is $distance", ({ from, to, distance }) => {
  expect(clockwiseDistance(toId(from), toId(to))).toBe(distance);
});

test("going a distance clockwise leads where the distance says, also backwards", () => {
  fc.assert(
    fc.property(anyId, anyId, fc.bigInt({ min: -2n * RING, max: 2n * RING }), (a, b, distance) => {
      expect(plus(a, clockwiseDistance(a, b))).toBe(b);
      expect(plus(plus(a, distance), -distance)).toBe(a);
      expect(plus(a, distance)).toMatch(/^[0-9a-f]{40}$/);
    }),
  );
});

test("the ring distance is the same both ways and never over half the ring", () => {
  fc.assert(
    fc.property(anyId, anyId, (a, b) => {
      const distance = ringDistance(a, b);
      expect(distance).toBe(ringDistance(b, a));
      expect(distance).toBeLessThanOrEqual(RING / 2n);
      expect([plus(a, distance), plus(a, -distance)]).toContain(b);
    }),
  );
});

test("nearer means a smaller ring distance, to the last bit", () => {
  const spread = fc.oneof(anyNumber, fc.bigInt({ min: -(1n << 112n), max: 1n << 112n }));
  /** Where `a` and `b` stand, seen from the key: close to it, across from it, or mirrored. */
  const pairs = fc
    .tuple(spread, smallStep, smallStep, fc.constantFrom(1n, -1n), fc.boolean())
    .map(([offset, step, other, side, isAcross]) => {
      const from = isAcross ? RING / 2n : 0n;
      return [from + offset + step, from + side * offset + other] as const;
    });
  fc.assert(
    fc.property(anyNumber, pairs, (key, [a, b]) => {
      const [k, x, y] = [toId(key), toId(key + a), toId(key + b)];
      const nearer = isNearer(placeOf(k), placeOf(x), placeOf(y));
      expect(nearer).toBe(ringDistance(k, x) < ringDistance(k, y));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  { key: 1n, a: 0n, b: 3n, nearer: true, because: "1 is less than 2" },
  { key: 1n, a: 0n, b: 2n, nearer: false, because: "equally far is not nearer" },
  { key: 1n, a: 1n, b: 0n, nearer: true, because: "nothing is nearer than the key itself" },
  { key: 0n, a: -1n, b: 2n, nearer: true, because: "the shorter way may lead through zero" },
  { key: 0n, a: RING / 2n, b: RING / 2n + 1n, nearer: false, because: "half the ring is farthest" },
  { key: 0n, a: RING / 2n - 1n, b: RING / 2n, nearer: true, because: "it is one less than half" },
])("to key $key, $a is nearer than $b: $nearer, because $because", ({ key, a, b, nearer }) => {
  expect(isNearer(placeOf(toId(key)), placeOf(toId(a)), placeOf(toId(b)))).toBe(nearer);
});

test.each([
  { value: 0n, fraction: 0 },
  { value: RING / 4n, fraction: 0.25 },
  { value: RING / 2n, fraction: 0.5 },
  { value: RING - 1n, fraction: 1 - 2 ** -52 },
])("$value stands at $fraction of the ring", ({ value, fraction }) => {
  expect(fractionOf(toId(value))).toBe(fraction);
});

test("a clockwise fraction is the clockwise distance, to 52 bits", () => {
  fc.assert(
    fc.property(anyId, anyId, (from, to) => {
      const exact = Number(clockwiseDistance(from, to)) / Number(RING);
      const difference = Math.abs(clockwiseFraction(from, to) - exact);
      // Two ids with equal fractions may be a whole turn apart in truth.
      expect(Math.min(difference, 1 - difference)).toBeLessThan(2 ** -50);
    }),
  );
});

test("ids sort clockwise from any of them, that one first", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyId, { minLength: 1, maxLength: 12 }), anyId, (ids, from) => {
      const sorted = [from, ...ids].toSorted(clockwiseFrom(from));
      expect(sorted[0]).toBe(from);
      const distances = sorted.map((id) => clockwiseDistance(from, id));
      expect(distances).toEqual(distances.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    }),
  );
});
