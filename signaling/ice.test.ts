import { expect, test } from "vitest";
import { parseIceServers } from "./ice.ts";

test("takes one url or several, with and without credentials", () => {
  const turn = { urls: ["turn:t.example:3478", "turns:t.example"], username: "u", credential: "c" };
  expect(parseIceServers(JSON.stringify([{ urls: "stun:s.example" }, turn]))).toEqual([
    { urls: ["stun:s.example"] },
    turn,
  ]);
});

test.each([
  "",
  "{}",
  "[null]",
  "[{}]",
  '[{"urls":"http://s.example"}]',
  '[{"urls":["stun:s.example",7]}]',
  JSON.stringify(Array.from({ length: 17 }, () => ({ urls: "stun:s.example" }))),
])("refuses %j", (json) => {
  expect(() => parseIceServers(json)).toThrow();
});
