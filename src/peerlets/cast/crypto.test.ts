import { expect, test } from "vitest";
import { isProof, proofOf, publicKeyOf } from "./crypto.ts";

const CREDENTIAL = "7".repeat(64);
const [GROUP, NODE] = ["a".repeat(40), "b".repeat(40)];

test("a proof is good for its group and node alone", () => {
  const publicKey = publicKeyOf(CREDENTIAL);
  const proof = proofOf(CREDENTIAL, GROUP, NODE);
  expect(isProof(publicKey, GROUP, NODE, proof)).toBe(true);
  expect(isProof(publicKey, NODE, NODE, proof)).toBe(false);
  expect(isProof(publicKey, GROUP, GROUP, proof)).toBe(false);
  expect(isProof(publicKeyOf("8".repeat(64)), GROUP, NODE, proof)).toBe(false);
});

test.each(["", "zz", "0".repeat(128), "f".repeat(128)])("%j is no proof", (proof) => {
  expect(isProof(publicKeyOf(CREDENTIAL), GROUP, NODE, proof)).toBe(false);
  expect(isProof("0".repeat(64), GROUP, NODE, proof)).toBe(false);
});
