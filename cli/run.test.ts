/**
 * The commands, as a person calls them, in a folder of their own.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { packPeerlets } from "./peerlets.ts";
import { runCli } from "./run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prost-"));
  writeFileSync(join(folder, "my.key"), `# mine\n${"07".repeat(32)}\n`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function prost(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: string[][] = [[], []];
  const code = await runCli(args, {
    out: (line) => out!.push(line),
    err: (text) => err!.push(text),
    resolve: (path) => resolve(folder, path),
  });
  return { code, out: out!.join("\n"), err: err!.join("\n") };
}

const pack = (...args: string[]) => prost("pack", "hello", "--key", "my.key", ...args);
const read = (path: string) => readFileSync(join(folder, path), "utf8");
const write = (path: string, text: string) => writeFileSync(join(folder, path), text);

const MANIFEST = `{
  "name": "hello",
  "version": "1.0.0",
  "appType": "end-node"
}
`;
const SALTED = MANIFEST.replace('"end-node"', `"end-node",\n  "salt": "${"5a".repeat(16)}"`);
const PEERLET = `import { definePeerlet } from "prost/sdk";
export default definePeerlet((prost) => ({ deliver: () => prost.log("hello") }));
`;
const VIEW = `import { defineView } from "prost/sdk";
export default defineView(({ root }) => { root.textContent = "hello"; });
`;

/** A folder to pack. */
function author(files: Readonly<Record<string, string>> = {}): void {
  mkdirSync(join(folder, "hello"), { recursive: true });
  const all = { "manifest.json": SALTED, "peerlet.ts": PEERLET, ...files };
  for (const [name, text] of Object.entries(all)) write(`hello/${name}`, text);
}

test("a key is made, for its owner only, and never replaced", async () => {
  const made = await prost("keygen", "--out", "new/a.key");
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(statSync(join(folder, "new/a.key")).mode & 0o777).toBe(0o600);
  expect(read("new/a.key")).toContain(`publisher ${made.out}`);
  const before = read("new/a.key");
  const again = await prost("keygen", "--out", "new/a.key");
  expect(again).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringContaining("is there already"),
  });
  expect(read("new/a.key")).toBe(before);
});

test("what is packed verifies, in one file and in a folder", async () => {
  author({ "view.ts": VIEW });
  const packed = await pack();
  expect(packed).toMatchObject({ code: 0, err: "" });
  for (const path of ["hello.peerlet", "hello", "hello/manifest.json"]) {
    const verified = await prost("verify", `hello/dist/${path}`);
    expect(verified).toMatchObject({ code: 0, err: "" });
    expect(verified.out.split("\n").slice(0, 4)).toEqual([
      "good  manifest",
      "good  signature",
      "good  code",
      "good  view",
    ]);
  }
  expect(read("hello/dist/hello/peerlet.js")).not.toContain("import");
  expect(read("hello/manifest.json")).toBe(SALTED);
});

test("the first pack adds a salt to the source, and the app id stays", async () => {
  author({ "manifest.json": MANIFEST });
  const first = await pack();
  const source = read("hello/manifest.json");
  expect(source).toMatch(
    /^\{\n {2}"name": "hello",[^]*"end-node",\n {2}"salt": "[0-9a-f]{32}"\n\}\n$/,
  );
  write("hello/manifest.json", source.replace("1.0.0", "1.0.1"));
  const second = await pack();
  const appId = /app id +([0-9a-f]{32})/;
  expect(appId.exec(second.out)![1]).toBe(appId.exec(first.out)![1]);
  expect(second.out).toContain("hello 1.0.1");
});

test("the same sources and key give the same bytes, wherever they lie", async () => {
  author({ "view.ts": VIEW });
  await pack();
  const first = readFileSync(join(folder, "hello/dist/hello.peerlet"));
  const elsewhere = join(folder, "a/b/c");
  mkdirSync(elsewhere, { recursive: true });
  for (const name of ["manifest.json", "peerlet.ts", "view.ts"]) {
    writeFileSync(join(elsewhere, name), read(`hello/${name}`));
  }
  const out = join(folder, "out.peerlet");
  expect(await prost("pack", "a/b/c", "--key", "my.key", "--out", out)).toMatchObject({ code: 0 });
  expect(readFileSync(out).equals(first)).toBe(true);
});

test("--out takes a folder or a file", async () => {
  author();
  expect((await pack("--out", "public/apps")).code).toBe(0);
  expect(existsSync(join(folder, "public/apps/hello.peerlet"))).toBe(true);
  expect(existsSync(join(folder, "public/apps/hello/view.js"))).toBe(false);
  expect((await pack("--out", "x/other.peerlet")).code).toBe(0);
  expect(existsSync(join(folder, "x/other.peerlet"))).toBe(true);
  expect(existsSync(join(folder, "x/hello"))).toBe(false);
  expect(await pack("--out", ".")).toMatchObject({
    code: 1,
    err: expect.stringContaining("over the sources"),
  });
  expect(read("hello/manifest.json")).toBe(SALTED);
});

test("other content under the same version is remarked on", async () => {
  author();
  await pack();
  expect((await pack()).err).toBe("");
  write("hello/peerlet.ts", PEERLET.replace('"hello"', '"goodbye"'));
  expect((await pack()).err).toContain('raise "version"');
  write("hello/manifest.json", SALTED.replace("1.0.0", "1.1.0"));
  expect((await pack()).err).toBe("");
});

test("a manifest gets what its author left out, and keeps what was said", async () => {
  author({
    "manifest.json": SALTED.replace(
      "{",
      '{ "description": "Says hello.", "wants": { "cpuShare": 0.5 },',
    ),
  });
  await pack();
  const { out } = await prost("inspect", "hello/dist/hello.peerlet", "--json");
  expect(JSON.parse(out)).toMatchObject({
    problems: [],
    manifest: {
      api: 1,
      description: "Says hello.",
      previous: null,
      view: null,
      wants: { cpuShare: 0.5, storageBytes: 1_048_576, messagesPerSecond: 100, callsOpen: 32 },
    },
  });
});

test("what it uses is named by app id and package, in the order in which that must be", async () => {
  author({ "manifest.json": SALTED.replace("{", '{ "uses": ["base"],') });
  expect((await pack()).err).toMatch(/"uses" names "base".*base\.peerlet.*--uses FILE/);
  mkdirSync(join(folder, "base"));
  write("base/manifest.json", SALTED.replace('"hello"', '"base"').replace("5a", "5b"));
  write("base/peerlet.ts", PEERLET);
  await prost("pack", "base", "--key", "my.key", "--out", "hello/dist");
  const inspected = async (file: string) =>
    JSON.parse((await prost("inspect", file, "--json")).out) as {
      hash: string;
      manifest: { appId: string; uses: unknown };
    };
  const base = await inspected("hello/dist/base.peerlet");
  const uses = { base: { appId: base.manifest.appId, hash: base.hash } };
  expect((await pack()).code).toBe(0);
  expect((await inspected("hello/dist/hello.peerlet")).manifest.uses).toEqual(uses);
  expect((await pack("--out", "x", "--uses", "hello/dist/base.peerlet")).code).toBe(0);
  expect((await prost("inspect", "x/hello.peerlet")).out).toContain(base.hash);

  write("hello/manifest.json", SALTED.replace("{", '{ "uses": "base",'));
  expect((await pack()).err).toContain('like ["dht"]');

  // The build finds out who comes first.
  vi.stubEnv("PROST_KEY", join(folder, "my.key"));
  write("hello/manifest.json", SALTED.replace("{", '{ "uses": ["zero"],'));
  write("base/manifest.json", SALTED.replace('"hello"', '"zero"').replace("5a", "5b"));
  mkdirSync(join(folder, "sources"));
  for (const [from, to] of [
    ["hello", "a"],
    ["base", "b"],
  ] as const) {
    renameSync(join(folder, from), join(folder, "sources", to));
  }
  const options = { from: join(folder, "sources"), to: join(folder, "out"), otherKeyPath: "" };
  await packPeerlets(options);
  const { manifest } = await inspected("out/hello.peerlet");
  expect(manifest.uses).toEqual({
    zero: { appId: base.manifest.appId, hash: (await inspected("out/zero.peerlet")).hash },
  });
  write("sources/b/manifest.json", SALTED.replace("{", '{ "uses": ["hello"],'));
  await expect(packPeerlets(options)).rejects.toThrow("they use each other");
});

test("inspect tells a person what a package is", async () => {
  author({ "view.ts": VIEW });
  await pack();
  const { code, out, err } = await prost("inspect", "hello/dist/hello");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^hello 1\.0\.0$/m);
  expect(out).toMatch(/wants +10 % of one core\n +1,048,576 bytes of storage/);
  expect(out).toMatch(/verified +yes$/);
});

test.each([
  {
    what: "the manifest is no JSON",
    files: { "manifest.json": '{\n  "name": "hello"\n  "version": "1.0.0"\n}' },
    why: 'hello/manifest.json: "," or "}" is expected here (line 3, column 3)',
  },
  {
    what: "a field is unknown",
    files: { "manifest.json": MANIFEST.replace("appType", "apptype") },
    why: 'hello/manifest.json:4: unknown field "apptype". Known are name, version,',
  },
  {
    what: "the manifest was packed already",
    files: { "manifest.json": SALTED.replace("{", '{ "publisher": "ab",') },
    why: "This looks like a packed manifest",
  },
  {
    what: "a field is out of its bounds",
    files: { "manifest.json": SALTED.replace('"hello"', '"Hello World"') },
    why: 'hello/manifest.json:2: name is "Hello World": it is 1 to 32 lowercase letters',
  },
  {
    what: "a wish is absurd",
    files: { "manifest.json": SALTED.replace("{", '{ "wants":\n{ "cpuShare": 7 },') },
    why: "hello/manifest.json:2: wants.cpuShare is 7: it is above 0 and at most 1.",
  },
  {
    what: "a wish is unknown",
    files: { "manifest.json": SALTED.replace("{", '{ "wants":\n{ "gpu": 7 },') },
    why: 'hello/manifest.json:2: unknown field "wants.gpu"',
  },
  {
    what: "the salt was spoilt",
    files: { "manifest.json": SALTED.replace("5a5a", "5A5A") },
    why: "hello/manifest.json:5: salt is",
  },
  {
    what: "a field is missing",
    files: { "manifest.json": "{}" },
    why: "hello/manifest.json: appType is missing.",
  },
  {
    what: "there are two peerlets",
    files: { "peerlet.js": PEERLET },
    why: "has both peerlet.ts and peerlet.js. Keep one of them.",
  },
  {
    what: "there is no default export",
    files: { "peerlet.ts": "export const x = 1;" },
    why: "has no default export. Write: export default definePeerlet(…)",
  },
  {
    what: "a view has no default export",
    files: { "view.js": "export const x = 1;" },
    why: "view.js has no default export. Write: export default defineView(…)",
  },
  {
    what: "the code does not parse",
    files: { "peerlet.ts": "\nexport default (;" },
    why: "peerlet.ts:2:17",
  },
  {
    what: "an import leads nowhere",
    files: { "peerlet.ts": '\nimport x from "./gone.ts";\nexport default x;' },
    why: 'peerlet.ts:2: "./gone.ts" is not found.',
  },
  {
    what: "a package is not installed",
    files: { "peerlet.ts": 'import x from "no-such-package";\nexport default x;' },
    why: 'peerlet.ts:1: "no-such-package" is not found.',
  },
  {
    what: "an import is from the network",
    files: { "peerlet.ts": 'import x from "https://a.example/x.js";\nexport default x;' },
    why: "an import from the network. In a sandbox nothing can be loaded.",
  },
  {
    what: "an import is a part of Node",
    files: { "peerlet.ts": 'import { readFileSync } from "fs";\nexport default readFileSync;' },
    why: 'peerlet.ts:1: "fs" is a part of Node.',
  },
  {
    what: "an import() is left",
    files: { "peerlet.ts": "export default (name: string) => import(name);" },
    why: "an import() is left in the bundle",
  },
  {
    what: "a worker is bundled",
    files: {
      "peerlet.ts": 'import W from "./w.ts?worker";\nexport default () => new W();',
      "w.ts": "",
    },
    why: "A sandbox starts none.",
  },
  {
    what: "the code is too large",
    files: { "peerlet.js": `export default () => "${"x".repeat(524_288)}";`, "peerlet.ts": "" },
    drop: "peerlet.ts",
    why: "at most 524,288 are allowed",
  },
])("pack refuses, and writes nothing, when $what", async ({ files, drop, why }) => {
  author(files);
  if (drop !== undefined) rmSync(join(folder, "hello", drop));
  const before = read("hello/manifest.json");
  const { code, err } = await pack();
  expect(err).toContain(why);
  expect(code).toBe(1);
  expect(existsSync(join(folder, "hello/dist"))).toBe(false);
  expect(read("hello/manifest.json")).toBe(before);
});

test("pack without a key says how to get one", async () => {
  author();
  const { code, err } = await prost("pack", "hello", "--key", "none.key");
  expect(code).toBe(1);
  expect(err).toMatch(/There is no key at .*none\.key\. Make one with "prost keygen"/);
  write("bad.key", "secret");
  expect((await prost("pack", "hello", "--key", "bad.key")).err).toContain("is no PROST key");
});

test.each([
  { part: "peerlet.js", from: "hello", to: "jello", why: "BAD   code: the code's SHA-256 is" },
  { part: "peerlet.js", from: "hello", to: "hellooo", why: "BAD   code: the code has" },
  { part: "view.js", from: "hello", to: "jello", why: "BAD   view: the view's SHA-256 is" },
  { part: "manifest.json", from: "1.0.0", to: "9.0.0", why: "BAD   signature: it was not made by" },
  { part: "manifest.json", from: "5a5a", to: "5a5b", why: "does not belong to this publisher" },
  { part: "manifest.json", from: "{", to: '{"x":1,', why: 'BAD   manifest: unknown field "x"' },
])("verify finds $part changed from $from to $to", async ({ part, from, to, why }) => {
  author({ "view.ts": VIEW });
  await pack();
  const path = `hello/dist/hello/${part}`;
  expect(read(path)).toContain(from);
  write(path, read(path).replace(from, to));
  const { code, err } = await prost("verify", "hello/dist/hello");
  expect(code).toBe(1);
  expect(err).toContain(why);
});

test("verify misses a view that a folder should have, and none beside a manifest alone", async () => {
  author({ "view.ts": VIEW });
  await pack();
  rmSync(join(folder, "hello/dist/hello/view.js"));
  expect(await prost("verify", "hello/dist/hello")).toMatchObject({
    code: 1,
    err: expect.stringContaining("BAD   view: the manifest names it, and it is not there"),
  });
  expect(await prost("verify", "hello/dist/hello/manifest.json")).toMatchObject({ code: 0 });
});

test.each([
  { args: ["verify", "hello"], code: 1, why: 'is this a source folder? "prost pack" makes' },
  { args: ["verify", "none.peerlet"], code: 1, why: "there is no such file or folder" },
  { args: ["verify", "my.key"], code: 1, why: "it is no .peerlet file" },
  { args: ["verify"], code: 2, why: "verify takes one file or folder." },
  { args: ["verify", "a", "b"], code: 2, why: "verify takes one file or folder." },
  { args: ["inspect", "none.peerlet"], code: 1, why: "there is no such file or folder" },
  { args: ["pack"], code: 2, why: "pack takes one folder." },
  { args: ["pack", "none"], code: 1, why: "none is no folder" },
  { args: ["pack", "hello", "--kee", "x"], code: 2, why: "Unknown option '--kee'" },
  { args: ["keygen", "x"], code: 2, why: "Unexpected argument 'x'" },
  { args: ["sing"], code: 2, why: 'there is no command "sing"' },
  { args: ["constructor"], code: 2, why: 'there is no command "constructor"' },
])("prost $args exits with $code", async ({ args, code, why }) => {
  author();
  const result = await prost(...args);
  expect(result).toMatchObject({ code, out: "", err: expect.stringContaining(why) });
  expect(result.err).not.toMatch(/\n\s+at /);
});

test.each(["", "keygen", "pack", "verify", "inspect"])("prost %s --help explains", async (name) => {
  const { code, out } = await prost(...[name, "--help"].filter((arg) => arg !== ""));
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: prost /);
});

test("the build packs each folder, with one key, and leaves nothing old", async () => {
  vi.stubEnv("PROST_KEY", join(folder, "machine/publisher.key"));
  author();
  mkdirSync(join(folder, "sources/empty"), { recursive: true });
  renameSync(join(folder, "hello"), join(folder, "sources/hello"));
  mkdirSync(join(folder, "out"));
  write("out/old.peerlet", "");
  const options = {
    from: join(folder, "sources"),
    to: join(folder, "out"),
    otherKeyPath: join(folder, "other.key"),
  };

  await packPeerlets(options);
  expect(readdirSync(options.to)).toEqual(["hello", "hello.peerlet", "publisher.txt"]);
  const first = readFileSync(join(folder, "out/hello.peerlet"));
  const { out } = await prost("inspect", "out/hello.peerlet", "--json");
  const publisher = read("out/publisher.txt").trim();
  expect(JSON.parse(out)).toMatchObject({ problems: [], manifest: { publisher } });

  await packPeerlets(options);
  expect(readFileSync(join(folder, "out/hello.peerlet")).equals(first)).toBe(true);
});

test("the build takes another place for the key when the usual one cannot be written", async () => {
  // A file is in the way of the folder.
  vi.stubEnv("PROST_KEY", join(folder, "my.key/publisher.key"));
  const otherKeyPath = join(folder, "other.key");
  const options = { from: join(folder, "none"), to: join(folder, "out"), otherKeyPath };
  await packPeerlets(options);
  expect(read("other.key")).toContain(read("out/publisher.txt").trim());
  await packPeerlets(options);
  expect(read("other.key")).toContain(read("out/publisher.txt").trim());
});
