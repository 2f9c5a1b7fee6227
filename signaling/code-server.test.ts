import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { utf8 } from "../src/base/bytes.ts";
import { sha256 } from "../src/id/hash.ts";
import { identityFromSecret } from "../src/id/identity.ts";
import {
  type UnsignedManifest,
  appIdOf,
  manifestBytes,
  signingBytes,
} from "../src/peer/manifest.ts";
import { writePackageFile } from "../src/peer/package-file.ts";
import { CodeServer } from "./code-server.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const key = identityFromSecret(new Uint8Array(32).fill(3));
const salt = new Uint8Array(16).fill(4);
const code = utf8("export default () => ({});");
const view = utf8("export default () => {};");
const codeHash = hex(sha256(code));

let folder: string;
let nowMs: number;
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prost-"));
  nowMs = 0;
  warnings = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

function packageFile(change: Partial<UnsignedManifest> = {}, withView = true): Uint8Array {
  const unsigned: UnsignedManifest = {
    api: 1,
    appId: appIdOf(key.publicKey, salt),
    appType: "end-node",
    code: { bytes: code.length, sha256: codeHash },
    description: "Counts.",
    name: "counter",
    previous: null,
    publisher: hex(key.publicKey),
    salt: hex(salt),
    version: "1.0.0",
    view: withView ? { bytes: view.length, sha256: hex(sha256(view)) } : null,
    wants: { cpuShare: 0.1, storageBytes: 0, messagesPerSecond: 10, callsOpen: 1 },
    ...change,
  };
  let signature = "";
  key.sign(signingBytes(unsigned), (made) => {
    signature = hex(made);
  });
  const manifest = manifestBytes({ ...unsigned, signature });
  return writePackageFile({ manifest, code, view: withView ? view : null });
}

const serve = (...folders: string[]) =>
  new CodeServer(
    folders,
    () => nowMs,
    (line) => warnings.push(line),
  );

const gallery = (server: CodeServer) =>
  JSON.parse(String(server.find("index.json", null)!.body)).packages;

test("a package is served whole and in parts, and the gallery says where", () => {
  const file = packageFile();
  writeFileSync(join(folder, "counter.peerlet"), file);
  const server = serve(folder);
  const [entry, ...others] = gallery(server);
  expect(others).toEqual([]);
  expect(entry).toEqual({
    name: "counter",
    version: "1.0.0",
    description: "Counts.",
    appId: appIdOf(key.publicKey, salt),
    appType: "end-node",
    publisher: hex(key.publicKey),
    codeBytes: code.length,
    viewBytes: view.length,
    hash: hex(sha256(server.find("counter/manifest.json", null)!.body)),
    manifest: "counter/manifest.json",
    package: "counter.peerlet",
  });
  expect(server.find("counter.peerlet", null)!.body).toEqual(Buffer.from(file));
  expect(server.find("counter/peerlet.js", null)!.body).toEqual(Buffer.from(code));
  expect(server.find("counter/view.js", null)!.body).toEqual(Buffer.from(view));
  expect(warnings).toEqual([]);
});

test.each([
  { path: "index.json", type: "application/json" },
  { path: "counter.peerlet", type: "application/octet-stream" },
  { path: "counter/manifest.json", type: "application/json" },
  { path: "counter/peerlet.js", type: "text/javascript; charset=utf-8" },
  { path: "counter/view.js", type: "text/javascript; charset=utf-8" },
])("$path is $type and asked for again", ({ path, type }) => {
  writeFileSync(join(folder, "counter.peerlet"), packageFile());
  expect(serve(folder).find(path, null)!.headers).toEqual({
    "Content-Type": type,
    "Cache-Control": "no-cache",
    ETag: expect.stringMatching(/^"[\w-]{22}"$/),
  });
});

test("code that is asked for by its hash may be kept for good, by another hash it is not there", () => {
  writeFileSync(join(folder, "counter.peerlet"), packageFile());
  const server = serve(folder);
  const byHash = server.find("counter/peerlet.js", codeHash)!;
  expect(byHash.body).toEqual(Buffer.from(code));
  expect(byHash.headers["Cache-Control"]).toBe("public, max-age=31536000, immutable");
  expect(server.find("counter/peerlet.js", "0".repeat(64))).toBeUndefined();
  expect(server.find("counter/view.js", codeHash)).toBeUndefined();
  expect(server.find("counter/manifest.json", codeHash)).toBeUndefined();
});

test.each([
  "",
  "counter",
  "counter/",
  "other.peerlet",
  "counter/other.js",
  "counter.peerlet/peerlet.js",
  "../secret",
  "__proto__/manifest.json",
])("there is nothing at %j", (path) => {
  writeFileSync(join(folder, "counter.peerlet"), packageFile());
  writeFileSync(join(folder, "secret"), "not yours");
  expect(serve(folder).find(path, null)).toBeUndefined();
});

test("a package without a view has none to serve", () => {
  writeFileSync(join(folder, "counter.peerlet"), packageFile({}, false));
  const server = serve(folder);
  expect(gallery(server)).toMatchObject([{ viewBytes: null }]);
  expect(server.find("counter/view.js", null)).toBeUndefined();
});

test("what is added, changed or taken away is so at the next look", () => {
  const server = serve(join(folder, "later"));
  expect(gallery(server)).toEqual([]);

  mkdirSync(join(folder, "later"));
  const path = join(folder, "later/counter.peerlet");
  writeFileSync(path, packageFile());
  nowMs += 1000;
  expect(gallery(server)).toMatchObject([{ version: "1.0.0" }]);

  writeFileSync(path, packageFile({ version: "1.0.1" }));
  utimesSync(path, 1, 1);
  nowMs += 1000;
  expect(gallery(server)).toMatchObject([{ version: "1.0.1" }]);

  rmSync(path);
  nowMs += 1000;
  expect(gallery(server)).toEqual([]);
  expect(server.find("counter.peerlet", null)).toBeUndefined();
});

test("of two packages of one name, the earlier folder's is served", () => {
  for (const version of ["1.0.0", "2.0.0"]) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, "counter.peerlet"), packageFile({ version }));
  }
  const server = serve(join(folder, "1.0.0"), join(folder, "2.0.0"));
  expect(gallery(server)).toMatchObject([{ version: "1.0.0" }]);
});

const good = packageFile();
test.each([
  { what: "no package", bytes: utf8("hello, world"), why: "it is no .peerlet file" },
  {
    what: "code that was changed",
    bytes: good.with(good.length - 40, 0x21),
    why: "the code's SHA-256 is",
  },
  {
    what: "a view that was changed",
    bytes: good.with(good.length - 1, 0x20),
    why: "the view's SHA-256 is",
  },
  {
    what: "another version written in",
    bytes: new Uint8Array(
      Buffer.from(Buffer.from(good).toString("latin1").replace("1.0.0", "9.0.0"), "latin1"),
    ),
    why: "the signature is not its publisher's",
  },
  { what: "absurd wishes", bytes: packageFile({ api: 2 as 1 }), why: "api is 2" },
  { what: "a view that is missing", bytes: withoutView(), why: "its view is missing" },
  { what: "too many bytes", bytes: new Uint8Array(2_000_000), why: "it is too large" },
])("a file with $what is not served, and the operator is told once", ({ bytes, why }) => {
  writeFileSync(join(folder, "bad.peerlet"), bytes);
  const server = serve(folder);
  expect(gallery(server)).toEqual([]);
  nowMs += 1000;
  expect(server.find("bad.peerlet", null)).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining(`bad.peerlet: ${why}`)]);
});

function withoutView(): Uint8Array {
  const bytes = good.slice(0, -view.length);
  bytes.set([0, 0, 0, 0], bytes.length - 4);
  return bytes;
}

test("no more than 128 packages are served", () => {
  const file = packageFile();
  for (let i = 0; i < 130; i++) writeFileSync(join(folder, `p${i}.peerlet`), file);
  expect(gallery(serve(folder))).toHaveLength(128);
  expect(warnings).toEqual(["only 128 of 130 packages are served"]);
});
