import { expect, test } from "vitest";
import { readLocatorInput } from "./locator-input.ts";

const HASH = "0123456789abcdef".repeat(4);

test.each([
  { text: " ", read: { kind: "empty" } },
  { text: `prost:${HASH}`, read: { kind: "locator", locator: `prost:${HASH}` } },
  { text: ` PROST:${HASH.toUpperCase()}\n`, read: { kind: "locator", locator: `prost:${HASH}` } },
  { text: HASH, read: { kind: "locator", locator: `prost:${HASH}` } },
  {
    text: "https://example.org/counter/manifest.json",
    read: { kind: "locator", locator: "https://example.org/counter/manifest.json" },
  },
  {
    text: "example.org/counter.peerlet",
    read: { kind: "locator", locator: "https://example.org/counter.peerlet" },
  },
  { text: "counter", read: { kind: "invalid" } },
  { text: "javascript:alert(1)", read: { kind: "invalid" } },
  { text: "prost:1234", read: { kind: "invalid" } },
  { text: HASH.slice(1), read: { kind: "invalid", why: expect.stringContaining("has 63") } },
])("$text is read as $read.kind", ({ text, read }) => {
  expect(readLocatorInput(text)).toMatchObject(read);
});
