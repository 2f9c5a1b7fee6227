import { expect, test } from "vitest";
import { movements } from "./ring-traffic.ts";

test("a link moves when more than a heartbeat passed, each way for itself; a new one has not moved yet", () => {
  const before = [
    { id: "a", sentBytes: 10, receivedBytes: 10 },
    { id: "b", sentBytes: 10, receivedBytes: 10 },
    { id: "gone", sentBytes: 10, receivedBytes: 10 },
  ];
  const now = [
    { id: "a", sentBytes: 90, receivedBytes: 210 },
    { id: "b", sentBytes: 34, receivedBytes: 34 },
    { id: "new", sentBytes: 500, receivedBytes: 500 },
  ];
  expect(movements(before, now)).toEqual([
    { id: "a", direction: "out", bytes: 80 },
    { id: "a", direction: "in", bytes: 200 },
  ]);
});
