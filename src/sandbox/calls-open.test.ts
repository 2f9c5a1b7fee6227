import { expect, test } from "vitest";
import { CallsOpen } from "./calls-open.ts";

test("an id that was used, or is lower than one that was, is bad", () => {
  const calls = new CallsOpen(4);
  expect(calls.openCall(2)).toBe("open");
  expect(calls.openCall(2)).toBe("bad-id");
  expect(calls.openCall(1)).toBe("bad-id");
  expect(calls.close(2)).toBe(true);
  expect(calls.openCall(2)).toBe("bad-id");
  expect(calls.openCall(3)).toBe("open");
});

test("no more calls are open than granted, until one is answered", () => {
  const calls = new CallsOpen(2);
  expect([1, 2, 3].map((id) => calls.openCall(id))).toEqual(["open", "open", "too-many"]);
  expect(calls.close(1)).toBe(true);
  expect(calls.openCall(4)).toBe("open");
  expect(calls.count).toBe(2);
});

test("only what was asked can be answered, and only once", () => {
  const calls = new CallsOpen(2);
  expect(calls.openUpcall(1)).toBe(true);
  expect(calls.closeUpcall(2)).toBe(false);
  expect(calls.closeUpcall(1)).toBe(true);
  expect(calls.closeUpcall(1)).toBe(false);
  expect(calls.close(1)).toBe(false);
});

test("upcalls that are never answered do not pile up", () => {
  const calls = new CallsOpen(2);
  const opened = Array.from({ length: 10 }, (_, id) => calls.openUpcall(id + 1));
  expect(opened.filter(Boolean)).toHaveLength(4);
});
