import { expect, test } from "vitest";
import { equalBytes } from "../base/bytes.ts";
import { memoryStores } from "../sim/memory-storage.ts";
import { type MadePackage, makePackage, settled } from "../sim/peerlet-world.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { hashSignature } from "../sim/world.ts";
import { type Package, Packages, SIGNATURE, verifyPackage } from "./packages.ts";

const verify: ConstructorParameters<typeof Packages>[2] = (key, message, signature, done) =>
  done(equalBytes(signature, hashSignature(key, message)));

function setUp(budget = 100_000, stores = memoryStores()) {
  const clock = new VirtualClock();
  const storage = stores("packages");
  let mostBytes = budget;
  const packages = new Packages(clock, storage, verify, () => mostBytes);
  const keep = async (made: MadePackage, isOwn = false) => {
    clock.advance(1);
    return packages.keep(await packageOf(made), isOwn);
  };
  const setBudget = (bytes: number) => {
    mostBytes = bytes;
    packages.makeRoom();
  };
  return { clock, storage, packages, keep, setBudget };
}

async function packageOf({ parts: { manifest, code, view } }: MadePackage): Promise<Package> {
  const read = await verifyPackage(verify, manifest, code, view);
  if (read.kind === "bad") throw new Error(read.why);
  return read.package;
}

/** Different packages of about so many bytes. */
const some = (count: number, bytes = 10_000) =>
  Array.from({ length: count }, (_, i) =>
    makePackage({ code: `// ${i} ${"x".repeat(bytes)}`, salt: `${i}` }),
  );

test("what is longest unused of others' goes first, what is this node's own never", async () => {
  const { packages, keep, clock } = setUp(45_000);
  const [own, a, b, c, d] = some(5);
  await keep(own!, true);
  for (const made of [a, b, c]) await keep(made!);
  clock.advance(1);
  packages.get(a!.hash);
  await keep(d!);
  expect(packages.hashes.toSorted()).toEqual([own!.hash, a!.hash, c!.hash, d!.hash].toSorted());
});

test("nothing is dropped for a package that has no room even then", async () => {
  const { packages, keep } = setUp(45_000);
  const [own, a, b] = some(3);
  const [large] = some(1, 40_000);
  await keep(own!, true);
  await keep(a!);
  await keep(b!);
  expect(await keep(large!)).toBe(false);
  expect(packages.hashes).toHaveLength(3);
});

test("one's own is kept whatever the budget says, and the others make room", async () => {
  const { packages, keep } = setUp(15_000);
  const [a, own, other] = some(3);
  await keep(a!);
  expect(await keep(own!, true)).toBe(true);
  expect(await keep(other!, true)).toBe(true);
  expect(packages.hashes).toEqual([own!.hash, other!.hash]);
});

test("a smaller budget takes effect at once, on the disk too", async () => {
  const { packages, keep, setBudget, storage } = setUp();
  for (const made of some(5)) await keep(made);
  setBudget(25_000);
  expect(packages.hashes).toHaveLength(2);
  await settled();
  expect(await storage.entries()).toHaveLength(2);
});

test("views count: what is added later makes room as well", async () => {
  const { packages, keep } = setUp(40_000);
  const view = `// ${"v".repeat(20_000)}`;
  const [a, b] = some(2);
  const seen = makePackage({ code: "// it", view, salt: "seen" });
  await keep(a!);
  await keep(b!);
  const { parts } = seen;
  await keep({ ...seen, parts: { ...parts, view: null } });
  packages.addView(seen.hash, parts.view!);
  expect(packages.hashes).toEqual([b!.hash, seen.hash]);
  expect(packages.get(seen.hash)!.view).toEqual(parts.view);
});

test("a flood of tiny packages does not make an endless list", async () => {
  const { packages, keep } = setUp(100_000_000);
  const [own] = some(1);
  await keep(own!, true);
  for (const made of some(400, 1).slice(1)) await keep(made);
  expect(packages.hashes.length).toBeLessThanOrEqual(257);
  expect(packages.hashes).toContain(own!.hash);
});

test("kept again it keeps its view, and stays one's own", async () => {
  const { packages, keep } = setUp(15_000);
  const made = makePackage({ code: "// it", view: "// view" });
  await keep(made, true);
  await keep({ ...made, parts: { ...made.parts, view: null } }, false);
  expect(packages.get(made.hash)!.view).toEqual(made.parts.view);
  for (const other of some(3)) await keep(other);
  expect(packages.hashes).toContain(made.hash);
});

test("the newest of an application is the one of the highest version, however they came", async () => {
  const { packages, keep } = setUp();
  for (const version of ["1.9.0", "1.10.0", "1.10.0-rc.1"]) {
    await keep(makePackage({ code: `// ${version}`, version }));
  }
  const { appId } = makePackage({ code: "" });
  expect(packages.newestOf(appId)!.manifest.version).toBe("1.10.0");
  expect(packages.newestOf("00".repeat(16))).toBeUndefined();
});

test("what is in storage is checked as if a stranger had sent it", async () => {
  const stores = memoryStores();
  const { keep, storage } = setUp(100_000, stores);
  const [good, changed, cut] = some(3);
  await keep(good!, true);
  await storage.set(changed!.hash, { ...changed!.parts, code: changed!.parts.code.map(() => 65) });
  await storage.set(cut!.hash, {
    manifest: cut!.parts.manifest.slice(0, 99),
    code: cut!.parts.code,
  });
  for (const [i, rubbish] of [null, 7, "x", [], {}, { manifest: 1, code: 2 }].entries()) {
    await storage.set(`rubbish ${i}`, rubbish);
  }
  const again = setUp(100_000, stores);
  await again.packages.load();
  expect(again.packages.hashes).toEqual([good!.hash]);
});

test.each([
  {
    what: "code that was changed",
    change: { code: new Uint8Array(3) },
    why: /the code has 3 bytes/,
  },
  { what: "another view", change: { view: new Uint8Array(3) }, why: /the view has 3 bytes/ },
])("$what is no package", async ({ change, why }) => {
  const { manifest, code, view } = {
    ...makePackage({ code: "// it", view: "// view" }).parts,
    ...change,
  };
  expect(await verifyPackage(verify, manifest, code, view)).toMatchObject({
    kind: "bad",
    why: expect.stringMatching(why) as unknown,
  });
});

test("nor is one that another signed", async () => {
  const { parts } = makePackage({ code: "// it" });
  const text = new TextDecoder().decode(parts.manifest);
  const forged = new TextEncoder().encode(
    text.replace(/"signature":".{8}/, '"signature":"00000000'),
  );
  expect(await verifyPackage(verify, forged, parts.code, null)).toEqual({
    kind: "bad",
    why: SIGNATURE,
  });
});
