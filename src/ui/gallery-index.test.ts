import { expect, test } from "vitest";
import { readGallery } from "./gallery-index.ts";

const URL_OF_INDEX = "https://example.org/prost/peerlets/index.json";

const ENTRY = {
  name: "counter",
  description: "Counts.",
  version: "1.0.0",
  appId: "0a".repeat(16),
  publisher: "0b".repeat(32),
  appType: "end-node",
  codeBytes: 1_234,
  viewBytes: null,
  manifest: "counter/manifest.json",
  package: "counter.peerlet",
  hash: "0c".repeat(32),
};

function read(entries: unknown): unknown {
  return readGallery(JSON.stringify(entries), URL_OF_INDEX);
}

test("an entry is read, its address made absolute", () => {
  expect(read([ENTRY])).toMatchObject({
    kind: "offers",
    unreadable: 0,
    entries: [
      { name: "counter", manifestUrl: "https://example.org/prost/peerlets/counter/manifest.json" },
    ],
  });
  expect(read({ packages: [ENTRY] })).toMatchObject({ entries: [{ name: "counter" }] });
});

test.each([
  { change: { name: "x".repeat(65) }, because: "its name is too long" },
  { change: { name: "" }, because: "it has no name" },
  { change: { description: 7 }, because: "its description is no text" },
  { change: { appId: "0A".repeat(16) }, because: "its id is not in small letters" },
  { change: { publisher: "0b" }, because: "its publisher's key is too short" },
  { change: { appType: "any-node" }, because: "its type is unknown" },
  { change: { codeBytes: -1 }, because: "its size is less than nothing" },
  { change: { viewBytes: "8" }, because: "its view's size is a text" },
  { change: { manifest: "https://elsewhere.example/x.json" }, because: "it is somewhere else" },
  { change: { manifest: "javascript:alert(1)" }, because: "its address is none" },
  { change: { hash: null }, because: "it has no hash" },
])("an entry is left out when $because", ({ change }) => {
  const answer = read([ENTRY, { ...ENTRY, ...change }, null]);
  expect(answer).toMatchObject({ kind: "offers", unreadable: 2, entries: [{ name: "counter" }] });
});

test.each(["", "<!doctype html>", "7", '{"packages":7}'])("%s is no gallery", (text) => {
  expect(readGallery(text, URL_OF_INDEX).kind).toBe("failed");
});

test("of too many entries the first are shown", () => {
  expect(read(Array.from({ length: 300 }, () => ENTRY))).toMatchObject({ unreadable: 100 });
});
