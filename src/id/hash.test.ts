import { expect, test } from "vitest";
import { idOfBytes, keyOf, sha256 } from "./hash.ts";

test.each([
  {
    name: "",
    hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    source: "FIPS 180-4, the empty message",
  },
  {
    name: "abc",
    hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    source: "FIPS 180-4, one block",
  },
  {
    name: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    hash: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    source: "FIPS 180-4, two blocks",
  },
])('the key of "$name" is the first 160 bits of its SHA-256 ($source)', ({ name, hash }) => {
  const bytes = new TextEncoder().encode(name);
  expect(Buffer.from(sha256(bytes)).toString("hex")).toBe(hash);
  expect(keyOf(name)).toBe(hash.slice(0, 40));
  expect(idOfBytes(bytes)).toBe(hash.slice(0, 40));
});

test("a name is hashed as UTF-8", () => {
  expect(keyOf("Zürich")).toBe(idOfBytes(new TextEncoder().encode("Zürich")));
});
