import { expect, test } from "vitest";
import { MAX_LOCATOR_BYTES } from "../wire/limits.ts";
import { readLocator, writeLocator } from "./locator.ts";

const HASH = "ab".repeat(32);
const URL = "https://host.example/app/manifest.json";
const LONG = `https://host.example/${"a".repeat(MAX_LOCATOR_BYTES - 21)}`;

test.each([
  { text: `prost:${HASH}`, url: null, hash: HASH },
  { text: URL, url: URL, hash: null },
  { text: `${URL}#${HASH}`, url: URL, hash: HASH },
  { text: "http://localhost:8080/x.peerlet", url: "http://localhost:8080/x.peerlet", hash: null },
  { text: "https://[::1]:8080/m.json?a=b&c", url: "https://[::1]:8080/m.json?a=b&c", hash: null },
  { text: LONG, url: LONG, hash: null },
])("$text is the locator ($url, $hash)", ({ text, url, hash }) => {
  expect(readLocator(text)).toEqual({ url, hash });
});

test.each([
  { text: "", because: "it is empty" },
  { text: "prost:", because: "the hash is missing" },
  { text: `prost:${HASH.slice(1)}`, because: "the hash is too short" },
  { text: `prost:${HASH}0`, because: "the hash is too long" },
  { text: `prost:${HASH.toUpperCase()}`, because: "hashes are lowercase" },
  { text: `PROST:${HASH}`, because: "schemes are lowercase" },
  { text: HASH, because: "there is no scheme" },
  { text: "https://", because: "there is no host" },
  { text: `${URL}#${HASH.slice(1)}`, because: "what follows the # is no hash" },
  { text: `${URL}##${HASH}`, because: "there are two #" },
  { text: `${URL}#`, because: "there is nothing after the #" },
  { text: "javascript:alert(1)", because: "it is no address of a server" },
  { text: "data:application/json,{}", because: "it is no address of a server" },
  { text: "ftp://host.example/m.json", because: "it is no web server" },
  { text: "//host.example/m.json", because: "there is no scheme" },
  { text: "https://host.example/a b", because: "there is a space in it" },
  { text: `${URL}\n`, because: "there is a line break behind it" },
  { text: "https://hoſt.example/", because: "it is not ASCII" },
  { text: `${LONG}a`, because: "it is too long" },
])("$text is none, because $because", ({ text }) => {
  expect(readLocator(text)).toBeNull();
});

test.each([
  { url: null, text: `prost:${HASH}`, because: "there is no address" },
  { url: URL, text: `${URL}#${HASH}`, because: "both fit" },
  { url: LONG, text: `prost:${HASH}`, because: "the address is too long to travel with the hash" },
])("with the address $url it is written as $text, because $because", ({ url, text }) => {
  expect(writeLocator(url, HASH)).toBe(text);
  expect(readLocator(text)?.hash).toBe(HASH);
});
