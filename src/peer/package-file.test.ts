import * as fc from "fast-check";
import { expect, test } from "vitest";
import { concat, utf8 } from "../base/bytes.ts";
import { MAX_CODE_BYTES, MAX_MANIFEST_BYTES, MAX_VIEW_BYTES } from "./manifest.ts";
import { MAX_PACKAGE_FILE_BYTES, readPackageFile, writePackageFile } from "./package-file.ts";

const parts = { manifest: utf8("{}"), code: utf8("1;"), view: utf8("2;;") };
const file = writePackageFile(parts);
const whyOf = (bytes: Uint8Array) => (readPackageFile(bytes) as { why?: string }).why;

test("the file is these bytes", () => {
  expect(Buffer.from(file).toString("latin1")).toBe(
    "PEERLET\u0001\0\0\0\u0002{}\0\0\0\u00021;\0\0\0\u00032;;",
  );
  expect(readPackageFile(file)).toEqual({ kind: "package", ...parts });
});

test("a package may have no view", () => {
  const withoutView = writePackageFile({ ...parts, view: null });
  expect(readPackageFile(withoutView)).toEqual({ kind: "package", ...parts, view: null });
});

test("a part does not keep the memory of the file", () => {
  const read = readPackageFile(file);
  if (read.kind === "bad") throw new Error(read.why);
  expect(read.code.buffer.byteLength).toBe(parts.code.length);
});

const length = (value: number) =>
  Uint8Array.of(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);

test.each([
  {
    bytes: utf8("PK\u0003\u0004 a zip"),
    why: 'it is no .peerlet file: those start with "PEERLET"',
  },
  { bytes: new Uint8Array(0), why: "it is no .peerlet file" },
  { bytes: utf8("PEERLET"), why: "ends too early" },
  { bytes: file.with(7, 2), why: "of format 2; this program knows format 1" },
  { bytes: file.slice(0, -1), why: "ends too early" },
  { bytes: concat(file, Uint8Array.of(0)), why: "has 1 bytes after its end" },
  {
    bytes: concat(file.slice(0, 8), length(MAX_MANIFEST_BYTES + 1)),
    why: "the manifest has 4097 bytes: it has at most 4096",
  },
  {
    bytes: concat(file.slice(0, 8), length(0), length(MAX_CODE_BYTES + 1)),
    why: "the code has 524289 bytes",
  },
  {
    bytes: concat(file.slice(0, 8), length(0), length(0), length(MAX_VIEW_BYTES + 1)),
    why: "the view has 1048577 bytes",
  },
  { bytes: concat(file.slice(0, 8), length(0xffffffff)), why: "the manifest has 4294967295 bytes" },
])("bytes are refused: $why", ({ bytes, why }) => {
  expect(whyOf(bytes)).toContain(why);
});

test("the largest file is as large as the bound says", () => {
  const largest = writePackageFile({
    manifest: new Uint8Array(MAX_MANIFEST_BYTES),
    code: new Uint8Array(MAX_CODE_BYTES),
    view: new Uint8Array(MAX_VIEW_BYTES),
  });
  expect(largest).toHaveLength(MAX_PACKAGE_FILE_BYTES);
  expect(readPackageFile(largest).kind).toBe("package");
});

test("no bytes make the reader throw, and what it takes it writes again", () => {
  const near = fc
    .tuple(fc.nat(file.length), fc.uint8Array({ maxLength: 20 }), fc.nat(file.length))
    .map(([from, middle, to]) => concat(file.slice(0, from), middle, file.slice(to)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), near), (bytes) => {
      const read = readPackageFile(bytes);
      const again = read.kind === "package" ? writePackageFile(read) : bytes;
      expect(again).toEqual(bytes);
    }),
    { numRuns: 1000 },
  );
});
