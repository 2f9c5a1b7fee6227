import { expect, test } from "vitest";
import { Emitter } from "./emitter.ts";

interface Events {
  said: string;
  counted: number;
}

test("listeners run in the order they were added, each with the detail of its own event", () => {
  const emitter = new Emitter<Events>();
  const heard: unknown[] = [];
  emitter.on("said", (text) => heard.push(["first", text]));
  emitter.on("said", (text) => heard.push(["second", text]));
  emitter.on("counted", (count) => heard.push(["third", count]));
  emitter.emit("said", "hello");
  emitter.emit("counted", 7);
  expect(heard).toEqual([
    ["first", "hello"],
    ["second", "hello"],
    ["third", 7],
  ]);
});

test("a listener that throws does not keep the others from running", () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  emitter.on("said", () => {
    throw new Error("its own fault");
  });
  emitter.on("said", (text) => heard.push(text));
  emitter.emit("said", "hello");
  expect(heard).toEqual(["hello"]);
});

test("one function that listens twice is called twice, and stops once for each", () => {
  const emitter = new Emitter<Events>();
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  const stop = emitter.on("said", listener);
  emitter.on("said", listener);
  emitter.emit("said", "");
  expect(calls).toBe(2);
  stop();
  stop();
  emitter.emit("said", "");
  expect(calls).toBe(3);
});

test("a listener added while an event is told hears the next one only", () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  emitter.on("said", (text) => {
    if (text === "one") emitter.on("said", (later) => heard.push(later));
  });
  emitter.emit("said", "one");
  emitter.emit("said", "two");
  expect(heard).toEqual(["two"]);
});
