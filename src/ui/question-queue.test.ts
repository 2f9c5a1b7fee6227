import { expect, test } from "vitest";
import type { Question } from "../peer/peer.ts";
import { QuestionQueue } from "./question-queue.ts";

const WANTS = { cpuShare: 0.1, storageBytes: 0, messagesPerSecond: 1, callsOpen: 1 };

function question(appId: string, version = "1.0.0"): Question {
  const publisher = "ab".repeat(32);
  const named = { appId, name: appId, description: "", version, publisher };
  return { ...named, uses: [], wants: WANTS, source: "" };
}

test("questions are asked in the order they came, each application once", () => {
  const queue = new QuestionQueue();
  queue.add(question("a"));
  queue.add(question("b"));
  queue.add(question("a", "1.1.0"));
  expect(queue.size).toBe(2);
  expect(queue.first).toMatchObject({ appId: "a", version: "1.1.0" });
  queue.drop("a");
  expect(queue.first).toMatchObject({ appId: "b" });
});

test("a flood of questions is cut", () => {
  const queue = new QuestionQueue();
  for (let i = 0; i < 1_000; i++) queue.add(question(`app${i}`));
  expect(queue.size).toBe(20);
});

test("what the policy answers is not asked any more", () => {
  const queue = new QuestionQueue();
  for (const appId of ["a", "b"]) queue.add(question(appId));
  queue.settle({ default: "ask", rules: { a: "deny" } });
  expect(queue.first).toMatchObject({ appId: "b" });
  queue.settle({ default: "ask", rules: { ["ab".repeat(32)]: "trust" } });
  expect(queue.first).toBe(null);
});
