import { expect, test } from "vitest";
import { MAX_HOPS, MAX_QUESTION_BYTES, MAX_TTL_MS, MAX_VALUE_BYTES } from "./limits.ts";
import { decode, encode, isTtl, isValueOf } from "./protocol.ts";

const id = "0123456789abcdef".repeat(2);
const node = "a".repeat(40);
const text = (what: string) => new TextEncoder().encode(what);

test("a question is read as it was written, with as many hops as it may have", () => {
  const question = { id, hops: Array.from({ length: MAX_HOPS }, () => node) };
  expect(encode(question).length).toBeLessThanOrEqual(MAX_QUESTION_BYTES);
  expect(decode(encode(question))).toEqual(question);
});

test.each([
  { what: "nothing", data: "" },
  { what: "null", data: "null" },
  { what: "no id", data: '{"hops":[]}' },
  { what: "an id of another kind", data: JSON.stringify({ id: "x".repeat(32), hops: [] }) },
  { what: "hops that are none", data: JSON.stringify({ id, hops: [node, 1] }) },
  { what: "hops that are no list", data: JSON.stringify({ id, hops: { length: 1 } }) },
  {
    what: "too many hops",
    data: JSON.stringify({ id, hops: Array.from({ length: MAX_HOPS + 1 }, () => node) }),
  },
  {
    what: "too many bytes",
    data: JSON.stringify({ id, hops: [], more: "x".repeat(MAX_QUESTION_BYTES) }),
  },
])("$what is no question", ({ data }) => {
  expect(decode(text(data))).toBeNull();
});

test("a value is what the key is the hash of, and nothing else", () => {
  // The first 160 bits of SHA-256("hello").
  const key = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c";
  expect(isValueOf(key, text("hello"))).toBe(true);
  expect(isValueOf(key, text("hallo"))).toBe(false);
  expect(isValueOf(key, "hello")).toBe(false);
  expect(isValueOf(key, new Uint8Array(MAX_VALUE_BYTES + 1))).toBe(false);
});

test.each([
  { ttlMs: 0.5, isOne: true },
  { ttlMs: MAX_TTL_MS, isOne: true },
  { ttlMs: MAX_TTL_MS + 1, isOne: false },
  { ttlMs: 0, isOne: false },
  { ttlMs: Number.NaN, isOne: false },
  { ttlMs: "1", isOne: false },
])("$ttlMs is a time to live: $isOne", ({ ttlMs, isOne }) => {
  expect(isTtl(ttlMs)).toBe(isOne);
});
