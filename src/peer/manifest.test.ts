import * as fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { sha256 } from "../id/hash.ts";
import { identityFromSecret, verifyEd25519 } from "../id/identity.ts";
import {
  MAX_CODE_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_VIEW_BYTES,
  type Manifest,
  type UnsignedManifest,
  appIdOf,
  checkCode,
  manifestBytes,
  readManifest,
  signingBytes,
  verifySignature,
} from "./manifest.ts";
import { readPackageFile, writePackageFile } from "./package-file.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const publisher = identityFromSecret(new Uint8Array(32).fill(7));
const salt = new Uint8Array(16).fill(9);
const code = utf8("export default () => ({});");
const view = utf8("export default () => {};");

const unsigned: UnsignedManifest = {
  api: 1,
  appId: appIdOf(publisher.publicKey, salt),
  appType: "end-node",
  code: { bytes: code.length, sha256: hex(sha256(code)) },
  description: "Counts. Zählt. 数える 👩‍🔬",
  name: "counter",
  previous: null,
  publisher: hex(publisher.publicKey),
  salt: hex(salt),
  version: "1.2.3-beta.1",
  view: { bytes: view.length, sha256: hex(sha256(view)) },
  wants: { cpuShare: 0.1, storageBytes: 65_536, messagesPerSecond: 50, callsOpen: 16 },
};

function sign(from: UnsignedManifest): Manifest {
  let signature = "";
  publisher.sign(signingBytes(from), (made) => {
    signature = hex(made);
  });
  return { ...from, signature };
}

const manifest = sign(unsigned);

function isSigned(by: Manifest): boolean {
  const answers: boolean[] = [];
  verifySignature(by, verifyEd25519, (isGood) => answers.push(isGood));
  expect(answers).toHaveLength(1);
  return answers[0]!;
}

const read = (value: unknown) => readManifest(utf8(JSON.stringify(value)));
const whyOf = (value: unknown) => (read(value) as { why?: string }).why;

test("a signed manifest is read, and its hash is that of its canonical form", () => {
  const bytes = manifestBytes(manifest);
  expect(readManifest(bytes)).toEqual({
    kind: "manifest",
    manifest,
    bytes,
    hash: hex(sha256(bytes)),
  });
  expect(isSigned(manifest)).toBe(true);
});

test("what an application uses is named, counted and checked", () => {
  const use = { appId: "ab".repeat(16), hash: "cd".repeat(32) };
  const withUses = sign({ ...unsigned, uses: { dht: use, cast: use } });
  expect(readManifest(manifestBytes(withUses))).toMatchObject({ manifest: withUses });
  expect(isSigned(withUses)).toBe(true);
  expect(isSigned({ ...withUses, uses: { dht: use } })).toBe(false);
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`app-${i}`, use]));
  for (const [uses, why] of [
    [{}, "leave it out"],
    [many, "1 to 8 applications"],
    [[], "uses is a list"],
    [null, "uses is null"],
    [{ "Not A Name": use }, "no name of an application"],
    [{ dht: { ...use, more: 1 } }, 'unknown field "uses.dht.more"'],
    [{ dht: { appId: use.appId } }, "uses.dht.hash is missing"],
    [{ dht: { ...use, appId: "x" } }, "uses.dht.appId"],
    [{ self: { ...use, appId: unsigned.appId } }, "the application itself"],
  ] as const) {
    expect(whyOf({ ...manifest, uses })).toContain(why);
  }
});

test("the canonical form is this text, to the byte", () => {
  const key = hex(publisher.publicKey);
  expect(Buffer.from(signingBytes(manifest)).toString("utf8")).toBe(
    `{"api":1,"appId":"${unsigned.appId}","appType":"end-node",` +
      `"code":{"bytes":26,"sha256":"${unsigned.code.sha256}"},` +
      `"description":"Counts. Zählt. 数える 👩‍🔬","name":"counter","previous":null,"publisher":"${key}",` +
      `"salt":"09090909090909090909090909090909","version":"1.2.3-beta.1",` +
      `"view":{"bytes":24,"sha256":"${unsigned.view!.sha256}"},` +
      `"wants":{"callsOpen":16,"cpuShare":0.1,"messagesPerSecond":50,"storageBytes":65536}}`,
  );
});

test("another spelling of the same manifest is the same package", () => {
  const spelt = JSON.stringify(
    Object.fromEntries(Object.entries(manifest).toReversed()),
    null,
    2,
  ).replace("65536", "6.5536e4");
  const other = readManifest(utf8(spelt));
  expect(other).toEqual(readManifest(manifestBytes(manifest)));
});

test("an app id belongs to its publisher and salt", () => {
  // { printf prost-app; head -c 32 /dev/zero | tr '\0' '\1'; head -c 16 /dev/zero | tr '\0' '\2'; } | sha256sum
  expect(appIdOf(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2))).toBe(
    "e4cc3349ad599e5184ec647446c91174",
  );
  const why = "the app id does not belong to this publisher and salt";
  const stranger = identityFromSecret(new Uint8Array(32).fill(8));
  expect(whyOf({ ...manifest, salt: "00".repeat(16) })).toBe(why);
  expect(whyOf({ ...manifest, publisher: hex(stranger.publicKey) })).toBe(why);
});

const { wants } = manifest;
const over = (change: Partial<Record<keyof typeof wants, unknown>>) => ({
  ...manifest,
  wants: { ...wants, ...change },
});
const without = (name: keyof Manifest) => ({ ...manifest, [name]: undefined });

const refused: readonly [unknown, string][] = [
  [{ ...manifest, foo: 1 }, 'unknown field "foo"'],
  [over({ ["gpu" as "cpuShare"]: 1 }), 'unknown field "wants.gpu"'],
  [{ ...manifest, code: { ...manifest.code, url: "x" } }, 'unknown field "code.url"'],
  [without("salt"), "salt is missing"],
  [without("previous"), "previous is missing"],
  [{ ...manifest, api: 2 }, "api is 2: it is 1, or this node is too old or too new"],
  [{ ...manifest, api: "1" }, 'api is "1": it is 1'],
  [{ ...manifest, appId: `${"0".repeat(30)}ff` }, "that is one of the overlay's own"],
  [{ ...manifest, appId: manifest.appId.toUpperCase() }, "it is 32 lowercase hex digits"],
  [{ ...manifest, appId: `${manifest.appId}\n` }, "it is 32 lowercase hex digits"],
  [{ ...manifest, appType: "both" }, 'appType is "both": it is "end-node" or "per-hop"'],
  [{ ...manifest, name: "" }, 'name is "": it is 1 to 32 lowercase letters, digits and "-"'],
  [{ ...manifest, name: "Counter" }, 'name is "Counter": it is 1 to 32'],
  [{ ...manifest, name: "../counter" }, "it is 1 to 32"],
  [{ ...manifest, name: "a".repeat(33) }, "it is 1 to 32"],
  [{ ...manifest, description: "a\nb" }, 'description is "a\\nb": it is one line'],
  [{ ...manifest, description: "safe \u202egnihton" }, "none of them invisible"],
  [
    { ...manifest, description: "a".repeat(201) },
    `"${"a".repeat(40)}…": it is one line of at most 200`,
  ],
  [{ ...manifest, version: "1.2" }, 'version is "1.2": it is like 1.2.3'],
  [{ ...manifest, previous: "ab" }, 'previous is "ab": it is 64 lowercase hex digits'],
  [{ ...manifest, publisher: null }, "publisher is null: it is 64 lowercase hex digits"],
  [{ ...manifest, signature: "ab" }, "it is 128 lowercase hex digits"],
  [{ ...manifest, code: null }, "code is null: it is an object"],
  [{ ...manifest, code: [] }, "code is a list: it is an object"],
  [
    { ...manifest, code: { bytes: MAX_CODE_BYTES + 1, sha256: manifest.code.sha256 } },
    "code.bytes is 524289: it is a whole number from 1 to 524288",
  ],
  [{ ...manifest, code: { bytes: 0, sha256: "0" } }, "code.bytes is 0"],
  [
    { ...manifest, view: { bytes: MAX_VIEW_BYTES + 1, sha256: manifest.code.sha256 } },
    "view.bytes is 1048577: it is a whole number from 1 to 1048576",
  ],
  [over({ cpuShare: 7 }), "wants.cpuShare is 7: it is above 0 and at most 1"],
  [over({ cpuShare: 0 }), "wants.cpuShare is 0"],
  [over({ cpuShare: -0.1 }), "wants.cpuShare is -0.1"],
  [over({ cpuShare: "lots" }), 'wants.cpuShare is "lots"'],
  [over({ storageBytes: 268_435_457 }), "it is a whole number from 0 to 268435456"],
  [over({ storageBytes: 1.5 }), "wants.storageBytes is 1.5"],
  [over({ storageBytes: -1 }), "wants.storageBytes is -1"],
  [over({ messagesPerSecond: 10_001 }), "it is a whole number from 1 to 10000"],
  [over({ callsOpen: 1_025 }), "it is a whole number from 1 to 1024"],
  [over({ callsOpen: {} }), "wants.callsOpen is an object"],
  [over({ callsOpen: undefined }), "wants.callsOpen is missing"],
  [[], "the manifest is a list: it is an object"],
  [null, "the manifest is null: it is an object"],
  ["x", 'the manifest is "x": it is an object'],
];

test.each(refused.map(([value, why]) => ({ value, why })))(
  "a manifest is refused: $why",
  ({ value, why }) => {
    expect(whyOf(value)).toContain(why);
  },
);

test.each([
  {
    bytes: utf8("{"),
    why: "the manifest: a field's name in quotes is expected (line 1, column 2)",
  },
  { bytes: new Uint8Array(0), why: "the manifest: it is not JSON" },
  { bytes: Uint8Array.of(0x22, 0xff, 0x22), why: "the manifest is not UTF-8 text" },
  {
    bytes: utf8(JSON.stringify(manifest).replace("{", '{"name":"other",')),
    why: 'the field "name" comes twice',
  },
  {
    bytes: utf8("".padEnd(MAX_MANIFEST_BYTES + 1)),
    why: "the manifest has 4097 bytes: it has at most 4096",
  },
  { bytes: new Uint8Array(10_000_000), why: "the manifest has 10000000 bytes" },
])("bytes are refused: $why", ({ bytes, why }) => {
  expect(readManifest(bytes)).toEqual({ kind: "bad", why: expect.stringContaining(why) });
});

test("the largest manifest fits, indented too", () => {
  const largest = sign({
    ...unsigned,
    appType: "per-hop",
    name: "a".repeat(32),
    description: "数".repeat(200),
    version: `1.0.0-${"a".repeat(26)}`,
    previous: "f".repeat(64),
    wants: { ...wants, cpuShare: 1 / 3 },
  });
  expect(readManifest(utf8(JSON.stringify(largest, null, 4))).kind).toBe("manifest");
});

test.each(["name", "version", "previous"] as const)("a signature covers %s", (field) => {
  const value = { name: "other", version: "1.2.4", previous: "0".repeat(64) }[field];
  expect(isSigned({ ...manifest, [field]: value })).toBe(false);
});

test("code is compared by size and hash, and what differs is said", () => {
  expect(checkCode(manifest, "code", code)).toBeNull();
  expect(checkCode(manifest, "view", view)).toBeNull();
  expect(checkCode(manifest, "code", view)).toBe("the code has 24 bytes, the manifest says 26");
  const tampered = code.with(3, 0x20);
  expect(checkCode(manifest, "code", tampered)).toBe(
    `the code's SHA-256 is ${hex(sha256(tampered))}, the manifest says ${manifest.code.sha256}`,
  );
  expect(checkCode({ ...manifest, view: null }, "view", view)).toBe("the manifest names no view");
});

test("no bytes make the reader throw", () => {
  const fields = fc.record(
    Object.fromEntries(
      Object.entries(manifest).map(([name, value]) => [
        name,
        fc.oneof({ weight: 9, arbitrary: fc.constant(value as unknown) }, fc.jsonValue()),
      ]),
    ),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map(utf8),
        fields.map((value) => utf8(JSON.stringify(value))),
      ),
      (bytes) => {
        const { kind } = readManifest(bytes);
        expect(["manifest", "bad"]).toContain(kind);
      },
    ),
    { numRuns: 500 },
  );
});

/** Null when all of it is good, else where it was refused. */
function refusal(file: Uint8Array): string | null {
  const parts = readPackageFile(file);
  if (parts.kind === "bad") return parts.why;
  const found = readManifest(parts.manifest);
  if (found.kind === "bad") return found.why;
  if (!isSigned(found.manifest)) return "the signature";
  return (
    checkCode(found.manifest, "code", parts.code) ??
    (parts.view === null ? "no view" : checkCode(found.manifest, "view", parts.view))
  );
}

test("any one byte of a package that is changed is noticed", () => {
  const file = writePackageFile({ manifest: manifestBytes(manifest), code, view });
  expect(refusal(file)).toBeNull();
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      expect(refusal(file.with(at, file[at]! ^ flip))).toBeTypeOf("string");
    }),
    { numRuns: 400 },
  );
});
