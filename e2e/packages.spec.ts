/**
 * Packages that are not what they say, and peerlets that break the rules: one
 * real tab refuses, stops and names them, and what else runs goes on.
 */
import type { UnsignedManifest } from "../src/peer/manifest.ts";
import { writePackageFile } from "../src/peer/package-file.ts";
import type { Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { type SignedPackage, signedPackage } from "./fixtures/packages.ts";

/** Anything of it that ran would be seen in what it stores and emits; it would also be "running". */
const QUIET = "export default () => ({ local: { alive: () => true } });";

const good = signedPackage({ code: QUIET, view: "export default () => {}", version: "1.1.0" });
const utf8 = new TextEncoder();

/** The manifest changed after it was signed. */
function tampered(change: (manifest: Record<string, unknown>) => void): Uint8Array {
  const manifest = JSON.parse(new TextDecoder().decode(good.manifest)) as Record<string, unknown>;
  change(manifest);
  return fileOf({ ...good, manifest: utf8.encode(JSON.stringify(manifest)) });
}

function fileOf({ manifest, code, view }: Pick<SignedPackage, "manifest" | "code" | "view">) {
  return writePackageFile({ manifest, code, view });
}

const other = signedPackage({ code: QUIET, publisher: "somebody else" });

const BAD: { what: string; file: Uint8Array; says: RegExp }[] = [
  {
    what: "tampered code",
    file: fileOf({ ...good, code: utf8.encode(QUIET.replace("true", "null")) }),
    says: /the code's SHA-256 is .*, the manifest says/,
  },
  {
    what: "a tampered view",
    file: fileOf({ ...good, view: utf8.encode("export default () => 12") }),
    says: /the view/,
  },
  {
    what: "a tampered manifest",
    file: tampered((manifest) => (manifest["version"] = "9.0.0")),
    says: /the signature is not the publisher's/,
  },
  {
    what: "the wrong publisher for the app id",
    file: tampered((manifest) => (manifest["publisher"] = other.publisher)),
    says: /the app id does not belong to this publisher/,
  },
  {
    what: "a wrong hash",
    file: tampered((manifest) => {
      manifest["code"] = { ...(manifest["code"] as object), sha256: "0".repeat(64) };
    }),
    says: /SHA-256|signature/,
  },
  {
    what: "unknown fields",
    file: tampered((manifest) => (manifest["autostart"] = true)),
    says: /unknown field "autostart"/,
  },
  {
    what: "absurd wants",
    file: tampered((manifest) => {
      manifest["wants"] = { ...(manifest["wants"] as UnsignedManifest["wants"]), cpuShare: 7 };
    }),
    says: /wants\.cpuShare is 7/,
  },
  { what: "no package at all", file: utf8.encode("hello"), says: /no \.peerlet file/ },
  {
    what: "a package that ends early",
    file: good.file.slice(0, -5),
    says: /ends too early/,
  },
];

function install(tab: Tab, file: Uint8Array): Promise<string> {
  return tab.page.evaluate(
    async (bytes) => {
      try {
        const installed = await prost.peerlets.install(Uint8Array.from(bytes));
        return installed.appId;
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return `${code}: ${message}`;
      }
    },
    [...file],
  );
}

const listed = (tab: Tab) => tab.page.evaluate(() => prost.peerlets.list());

test("what is wrong with a package is said, and nothing of it runs", async ({ overlay }) => {
  const [tab] = (await overlay.open(1)) as [Tab];
  for (const { what, file, says } of BAD) {
    const answer = await install(tab, file);
    expect(answer, what).toMatch(/^bad-package: /);
    expect(answer, what).toMatch(says);
  }
  const huge = await tab.page.evaluate(async () => {
    try {
      await prost.peerlets.install(new Uint8Array(3_000_000));
      return "installed";
    } catch (error) {
      return (error as Error).message;
    }
  });
  expect(huge).toMatch(/3000000 bytes; a package has at most/);
  expect(await listed(tab)).toEqual([]);

  expect(await install(tab, good.file)).toBe(good.appId);
  const older = signedPackage({ code: `${QUIET} // old`, version: "1.0.9" });
  expect(await install(tab, older.file)).toMatch(/^refused: .*older than 1\.1\.0/);
  expect(await listed(tab)).toMatchObject([{ version: "1.1.0", state: "running" }]);
});

test("an offender is stopped, named with the reason, and quarantined at the third time; others go on", async ({
  overlay,
}) => {
  const [tab] = (await overlay.open(1)) as [Tab];
  const bad = signedPackage({
    name: "looper",
    salt: "looper",
    code: "export default () => ({ local: { loop() { for (;;); }, alive: () => true } });",
  });
  expect(await install(tab, good.file)).toBe(good.appId);
  expect(await install(tab, bad.file)).toBe(bad.appId);
  // The longest that the page's own thread was held while all this happens.
  await tab.page.evaluate(() => {
    const longest = { ms: 0 };
    Object.assign(globalThis, { longest });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) longest.ms = Math.max(longest.ms, entry.duration);
    }).observe({ entryTypes: ["longtask"] });
  });
  for (let time = 1; time <= 3; time++) {
    const rejected = await tab.page.evaluate(async (id) => {
      try {
        await (prost.peerlets.local(id)["loop"] as () => Promise<unknown>)();
        return "it came back";
      } catch (error) {
        return (error as { code: string }).code;
      }
    }, bad.appId);
    expect(rejected).toBe("gone");
    await expect
      .poll(() => tab.page.evaluate((id) => prost.peerlets.get(id)!.offences, bad.appId))
      .toBe(time);
  }
  const offender = (await listed(tab)).find(({ appId }) => appId === bad.appId)!;
  expect(offender).toMatchObject({ name: "looper", state: "quarantined", offences: 3 });
  expect(offender.why).toContain("quarantined");
  const alive = (id: string) =>
    tab.page.evaluate(
      (appId) => (prost.peerlets.local(appId)["alive"] as () => Promise<unknown>)(),
      id,
    );
  expect(await alive(good.appId)).toBe(true);
  await expect(alive(bad.appId)).rejects.toThrow(/quarantined/);
  const longestMs = await tab.page.evaluate(
    () => (globalThis as unknown as { longest: { ms: number } }).longest.ms,
  );
  expect(longestMs, "the page's longest task, in ms").toBeLessThan(100);

  // Kept across a reload.
  const again = await overlay.reload(tab);
  await expect
    .poll(async () => (await listed(again)).map(({ name, state }) => `${name} ${state}`).toSorted())
    .toEqual(["looper quarantined", "sample running"]);
});

test("a view cannot carry anything out by navigating its frame", async ({ overlay, request }) => {
  const [tab] = (await overlay.open(1)) as [Tab];
  const asked = async () => {
    const text = await (await request.get(`${overlay.server.url}/metrics`)).text();
    return Number(/route="healthz"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const before = await asked();
  const view = `export default () => { location.href = "${overlay.server.url}/healthz?secret"; };`;
  const leaving = signedPackage({ name: "leaving", salt: "leaving", code: QUIET, view });
  expect(await install(tab, leaving.file)).toBe(leaving.appId);
  const why = await tab.page.evaluate(async (id) => {
    const element = document.body.appendChild(document.createElement("div"));
    element.style.height = "200px";
    return (await prost.peerlets.openView(id, element)).closed;
  }, leaving.appId);
  expect(why).toContain("left its own document");
  expect(await asked()).toBe(before);
  // What is counted would have been: the same address from the page itself.
  await request.get(`${overlay.server.url}/healthz`);
  expect(await asked()).toBe(before + 1);
});
