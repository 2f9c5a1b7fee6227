import { expect, test } from "vitest";
import { readCodeServers } from "./code-servers.ts";

test("origins are read one in a line, without their paths, each once", () => {
  const text =
    "https://a.example/peerlets/\n\n b.example:8443\nhttp://localhost:8080 https://a.example";
  expect(readCodeServers(text)).toEqual({
    kind: "origins",
    origins: ["https://a.example", "https://b.example:8443", "http://localhost:8080"],
  });
});

test("none at all is fine", () => {
  expect(readCodeServers(" \n")).toEqual({ kind: "origins", origins: [] });
});

test.each(["ftp://a.example", "https://", "javascript://x", "<b>", "two..dots/..%"])(
  "%s is no server",
  (text) => {
    const read = readCodeServers(text);
    expect(read.kind === "invalid" || read.origins.every((origin) => origin !== text)).toBe(true);
  },
);

test("a flood of servers is refused", () => {
  const text = Array.from({ length: 33 }, (_, i) => `s${i}.example`).join("\n");
  expect(readCodeServers(text).kind).toBe("invalid");
});
