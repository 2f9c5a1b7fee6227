import { describe, expect, test } from "vitest";
import {
  MAX_POINTERS,
  MAX_POINTERS_OF_OBJECT,
  MAX_POINTERS_TO_PUBLISHER,
  MAX_UNCONFIRMED,
  POINTER_TTL_MS,
} from "./limits.ts";
import { PointerTable, type Sighting } from "./pointer-table.ts";

const idOf = (i: number) => i.toString(16).padStart(40, "0");
const OBJECT = idOf(0xabc);
const never = () => Number.POSITIVE_INFINITY;

function tableOf() {
  const clock = { nowMs: 0 };
  const table = new PointerTable(() => clock.nowMs);
  const sighting = (publisher: string, over: Partial<Sighting> = {}): Sighting => ({
    objectId: OBJECT,
    publisher,
    hops: 1,
    from: publisher,
    ttlMs: POINTER_TTL_MS,
    isAtRoot: false,
    ...over,
  });
  const add = (publisher: string, over: Partial<Sighting> = {}) => {
    const isAdded = table.add(sighting(publisher, over));
    if (isAdded) table.confirm(over.objectId ?? OBJECT, publisher);
    return isAdded;
  };
  const nearest = (skip: readonly string[] = [], rttMs: (id: string) => number = never) =>
    table.nearest(OBJECT, skip, rttMs).map(({ publisher }) => publisher);
  return { clock, table, sighting, add, nearest };
}

describe("which pointer is the nearest", () => {
  test("fewest hops first, then the shortest round trip, one that was never measured last", () => {
    const { add, nearest } = tableOf();
    const rtts = new Map([
      [idOf(2), 80],
      [idOf(3), 20],
    ]);
    add(idOf(1), { hops: 2 });
    add(idOf(2), { hops: 2 });
    add(idOf(3), { hops: 2 });
    add(idOf(4), { hops: 1 });
    expect(nearest([], (id) => rtts.get(id) ?? Number.POSITIVE_INFINITY)).toEqual(
      [4, 3, 2, 1].map(idOf),
    );
  });

  test("one that its publisher has not confirmed comes after all that are", () => {
    const { table, sighting, add, nearest } = tableOf();
    table.add(sighting(idOf(1), { hops: 0 }));
    add(idOf(2), { hops: 9 });
    expect(nearest()).toEqual([idOf(2), idOf(1)]);
  });

  test("those to be skipped are left out", () => {
    const { add, nearest } = tableOf();
    add(idOf(1));
    add(idOf(2));
    expect(nearest([idOf(1)])).toEqual([idOf(2)]);
  });
});

describe("how long a pointer lives", () => {
  test("for its time, and longer when it is renewed", () => {
    const { clock, table, sighting, add, nearest } = tableOf();
    add(idOf(1));
    add(idOf(2));
    clock.nowMs = POINTER_TTL_MS - 1;
    expect(table.renew(sighting(idOf(2)))).toBe(true);
    clock.nowMs = POINTER_TTL_MS;
    expect(nearest()).toEqual([idOf(2)]);
    expect(table.renew(sighting(idOf(1)))).toBe(false);
    expect(table.sweep()).toBe(1);
    expect(table.size).toBe(1);
  });

  test("no longer than the bound, whatever is claimed; and a renewal never shortens", () => {
    const { clock, table, sighting, add, nearest } = tableOf();
    add(idOf(1), { ttlMs: Number.MAX_VALUE });
    table.renew(sighting(idOf(1), { ttlMs: 1 }));
    clock.nowMs = POINTER_TTL_MS - 1;
    expect(nearest()).toEqual([idOf(1)]);
    clock.nowMs = POINTER_TTL_MS;
    expect(nearest()).toEqual([]);
  });
});

describe("bounds", () => {
  test("of one object, and those that are confirmed are not put out", () => {
    const { table, sighting, add, nearest } = tableOf();
    for (let i = 0; i < MAX_POINTERS_OF_OBJECT - 1; i++) expect(add(idOf(i))).toBe(true);
    expect(table.add(sighting(idOf(100)))).toBe(true);
    // It takes the place of the one that nobody confirmed.
    expect(add(idOf(101))).toBe(true);
    expect(nearest()).not.toContain(idOf(100));
    expect(table.add(sighting(idOf(102)))).toBe(false);
    expect(table.size).toBe(MAX_POINTERS_OF_OBJECT);
  });

  test("an expired one makes room", () => {
    const { clock, add, nearest } = tableOf();
    for (let i = 0; i < MAX_POINTERS_OF_OBJECT; i++) add(idOf(i));
    clock.nowMs = POINTER_TTL_MS;
    expect(add(idOf(100))).toBe(true);
    expect(nearest()).toEqual([idOf(100)]);
  });

  test("of one publisher", () => {
    const { add } = tableOf();
    for (let i = 0; i < MAX_POINTERS_TO_PUBLISHER; i++) add(idOf(1), { objectId: idOf(i) });
    expect(add(idOf(1), { objectId: idOf(1_000) })).toBe(false);
    expect(add(idOf(2), { objectId: idOf(1_000) })).toBe(true);
  });

  test("of those that wait for their publisher", () => {
    const { table, sighting } = tableOf();
    for (let i = 0; i < MAX_UNCONFIRMED; i++) {
      expect(table.add(sighting(idOf(i), { objectId: idOf(i) }))).toBe(true);
    }
    expect(table.add(sighting(idOf(1), { objectId: idOf(9_999) }))).toBe(false);
    table.drop(idOf(0), idOf(0));
    expect(table.add(sighting(idOf(1), { objectId: idOf(9_999) }))).toBe(true);
  });

  test("of all, until some have expired", () => {
    const { clock, table, add } = tableOf();
    for (let i = 0; i < MAX_POINTERS; i++) {
      expect(add(idOf(i % 100), { objectId: idOf(i) })).toBe(true);
    }
    expect(add(idOf(200), { objectId: OBJECT })).toBe(false);
    clock.nowMs = POINTER_TTL_MS;
    expect(add(idOf(200), { objectId: OBJECT })).toBe(true);
    expect(table.size).toBe(1);
  });

  test("what is dropped is forgotten, once", () => {
    const { table, add } = tableOf();
    add(idOf(1));
    expect(table.drop(OBJECT, idOf(1))).toBe(true);
    expect(table.drop(OBJECT, idOf(1))).toBe(false);
    expect(table.size).toBe(0);
    expect([...table.entries()]).toEqual([]);
  });
});
