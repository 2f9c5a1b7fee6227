import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodePlain } from "../wire/plain-codec.ts";
import {
  type CodeAsk,
  PIECE_BYTES,
  decodeAsk,
  decodePackage,
  encodeAsk,
  encodePackage,
} from "./code-messages.ts";
import { MAX_MANIFEST_BYTES } from "./manifest.ts";

const HASH = "ab".repeat(32);
const APP = "cd".repeat(16);

test.each<CodeAsk>([
  { ask: "package", hash: HASH, appId: null },
  { ask: "package", hash: null, appId: APP },
  { ask: "piece", hash: HASH, part: "view", offset: 131_072 },
  { ask: "keep", hash: HASH, spread: true },
])("%j is read as it was written", (ask) => {
  expect(decodeAsk(encodeAsk(ask))).toEqual(ask);
});

test.each<{ fields: object; because: string }>([
  { fields: {}, because: "nothing is asked" },
  { fields: { ask: "toString" }, because: "nobody knows that question" },
  { fields: { ask: "package", hash: null, appId: null }, because: "neither is named" },
  { fields: { ask: "package", hash: HASH, appId: APP }, because: "both are named" },
  { fields: { ask: "package", hash: HASH }, because: "one is missing" },
  { fields: { ask: "package", hash: null, appId: HASH }, because: "that is no app id" },
  { fields: { ask: "package", hash: HASH.toUpperCase(), appId: null }, because: "that is no hash" },
  { fields: { ask: "package", hash: [HASH], appId: null }, because: "a hash is a text" },
  {
    fields: { ask: "piece", hash: HASH, part: "code", offset: 2 ** 31 },
    because: "nothing is so long",
  },
  { fields: { ask: "piece", hash: HASH, part: "code", offset: NaN }, because: "that is no offset" },
  { fields: { ask: "piece", hash: HASH, part: "manifest", offset: 0 }, because: "that is no part" },
  { fields: { ask: "keep", hash: HASH, spread: 1 }, because: "yes or no was asked" },
])("$fields is no question, because $because", ({ fields }) => {
  expect(decodeAsk(encodePlain({ ...fields }))).toBeNull();
});

test("a package answer is read as it was written, up to its bounds", () => {
  const answer = {
    manifest: new Uint8Array(MAX_MANIFEST_BYTES),
    piece: new Uint8Array(PIECE_BYTES),
  };
  expect(decodePackage(encodePackage(answer))).toEqual(answer);
  const longer = { ...answer, manifest: new Uint8Array(MAX_MANIFEST_BYTES + 1) };
  expect(decodePackage(encodePackage(longer))).toBeNull();
  expect(
    decodePackage(encodePackage({ ...answer, piece: new Uint8Array(PIECE_BYTES + 1) })),
  ).toBeNull();
  expect(decodePackage(encodePlain({ manifest: "text", piece: new Uint8Array(1) }))).toBeNull();
  expect(decodePackage(encodePlain([answer.manifest, answer.piece]))).toBeNull();
});

test("any bytes are a question and an answer or none, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(() => [decodeAsk(bytes), decodePackage(bytes)]).not.toThrow();
    }),
  );
});
