import { expect, test } from "vitest";
import {
  clockwiseTurn,
  geodesic,
  pathOf,
  placeOf,
  pointOn,
  ringArcPath,
  turnAt,
  turnGap,
  turnOf,
} from "./ring-geometry.ts";

const id = (head: string) => head.padEnd(40, "0");

test.each([
  { head: "0", turn: 0, x: 0, y: -100, where: "the top" },
  { head: "4", turn: 0.25, x: 100, y: 0, where: "the right" },
  { head: "8", turn: 0.5, x: 0, y: 100, where: "the bottom" },
  { head: "c", turn: 0.75, x: -100, y: 0, where: "the left" },
])("id $head000… lies at $where", ({ head, turn, x, y }) => {
  expect(turnOf(id(head))).toBe(turn);
  const place = placeOf(turn, 100);
  expect(place.x).toBeCloseTo(x);
  expect(place.y).toBeCloseTo(y);
  expect(turnAt(place)).toBeCloseTo(turn);
});

test("the last id lies just before the top, not on it", () => {
  const turn = turnOf("f".repeat(40));
  expect(turn).toBeLessThan(1);
  expect(turn).toBeGreaterThan(0.999999);
});

test("distances wrap through the top", () => {
  expect(clockwiseTurn(0.9, 0.1)).toBeCloseTo(0.2);
  expect(clockwiseTurn(0.1, 0.9)).toBeCloseTo(0.8);
  expect(turnGap(0.9, 0.1)).toBeCloseTo(0.2);
  expect(turnGap(0.1, 0.9)).toBeCloseTo(0.2);
});

test.each([
  [0, 0.25],
  [0.25, 0],
  [0.95, 0.05],
  [0.05, 0.95],
  [0.3, 0.31],
  [0.1, 0.59],
  [0.7, 0.2],
])("the link from %d to %d starts and ends on its nodes and stays inside the ring", (from, to) => {
  const curve = geodesic(from, to, 100);
  expect(pointOn(curve, 0).x).toBeCloseTo(placeOf(from, 100).x);
  expect(pointOn(curve, 0).y).toBeCloseTo(placeOf(from, 100).y);
  expect(pointOn(curve, 1).x).toBeCloseTo(placeOf(to, 100).x);
  expect(pointOn(curve, 1).y).toBeCloseTo(placeOf(to, 100).y);
  for (const share of [0.25, 0.5, 0.75]) {
    const { x, y } = pointOn(curve, share);
    expect(Math.hypot(x, y)).toBeLessThan(100);
  }
});

test("a link meets the ring at a right angle", () => {
  const { from, centre } = geodesic(0.1, 0.35, 100);
  const towardsCentre = (from.x - centre!.x) * from.x + (from.y - centre!.y) * from.y;
  expect(towardsCentre).toBeCloseTo(0);
});

test("a link across the ring is a straight line", () => {
  expect(pathOf(geodesic(0, 0.5, 100))).toBe("M0 -100L0 100");
  expect(pathOf(geodesic(0, 0.25, 100))).toBe("M0 -100A100 100 0 0 0 100 0");
});

test("a stretch of the ring runs clockwise; the same place twice is the whole ring", () => {
  expect(ringArcPath(0.75, 0.25, 100)).toBe("M-100 0A100 100 0 0 1 0 -100A100 100 0 0 1 100 0");
  expect(ringArcPath(0, 0, 100)).toBe("M0 -100A100 100 0 0 1 0 100A100 100 0 0 1 0 -100");
});
