/** What is kept, and what goes first. */
import { expect, test } from "vitest";
import { annKey, fakeProst, message } from "./fakes.ts";
import { History } from "./history.ts";
import { MAX_MESSAGES } from "./limits.ts";

test("history is there again, takes a message once, and its marks do not go back", async () => {
  const { prost } = fakeProst();
  const history = new History(prost);
  await history.load();
  for (let i = 1; i <= 70; i++) expect(history.add("p:x", message(i))).toBe(true);
  expect(history.add("p:x", message(5))).toBe(false);
  history.add("p:x", message(100, { mark: "waiting" }));
  const id = message(100).id;
  expect(history.change("p:x", annKey, id, { mark: "read" })?.mark).toBe("read");
  expect(history.change("p:x", annKey, id, { mark: "delivered" })).toBeNull();
  await history.saved();
  const again = new History(prost);
  await again.load();
  expect(again.messages("p:x")).toEqual(history.messages("p:x"));
  expect(again.add("p:x", message(5))).toBe(false);
});

test("the oldest messages go first, and what went does not come back", async () => {
  const { prost } = fakeProst();
  const history = new History(prost);
  for (let i = 1; i <= MAX_MESSAGES + 100; i++) history.add("p:x", message(i));
  const kept = history.messages("p:x");
  expect(kept.length).toBeLessThanOrEqual(MAX_MESSAGES);
  expect(kept.at(-1)!.id).toBe(message(MAX_MESSAGES + 100).id);
  expect(history.add("p:x", message(1))).toBe(false);
  await history.saved();
  const again = new History(prost);
  await again.load();
  expect(again.add("p:x", message(1))).toBe(false);
});

test("one who writes much does not put out the others' messages", () => {
  const { prost } = fakeProst(200_000);
  const history = new History(prost);
  for (let i = 1; i <= 20; i++) history.add("p:quiet", message(i));
  for (let i = 1; i <= 300; i++) history.add("p:loud", message(i, { text: "x".repeat(500) }));
  expect(history.messages("p:quiet")).toHaveLength(20);
  expect(history.stats().historyBytes).toBeLessThanOrEqual(140_000);
});
