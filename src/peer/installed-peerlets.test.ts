/** The page's peerlets, on nodes of a simulated ring. */
import { describe, expect, test } from "vitest";
import { ProstError } from "../base/errors.ts";
import { keyOf } from "../id/hash.ts";
import { PeerletWorld, makePackage } from "../sim/peerlet-world.ts";
import { encodePlain } from "../wire/plain-codec.ts";
import { MAX_PACKAGE_FILE_BYTES } from "./package-file.ts";

const CODE = `
export default (prost) => ({
  remote: { echo: (caller, value) => value },
  local: { echo: (value) => value, size: (value) => value.length, previous: () => prost.previousVersion, never: () => new Promise(() => {}) },
});`;
const MADE = makePackage({ name: "echo", code: CODE, view: "export default () => {}" });
const URL = "https://host.example/echo/manifest.json";

async function setUp(count = 1) {
  const world = await PeerletWorld.ofPeers(count, { seed: 3 });
  const [node] = world.nodes;
  return { world, ...world.layer(node!), node: node! };
}

const serve = ({ served }: PeerletWorld, made = MADE) => {
  served.set(URL, made.parts.manifest);
  served.set(URL.replace("manifest.json", "peerlet.js"), made.parts.code);
  if (made.parts.view) served.set(URL.replace("manifest.json", "view.js"), made.parts.view);
};

describe("installing", () => {
  test("from a file, its bytes, a URL, and a locator", async () => {
    const { world, peerlets } = await setUp();
    serve(world);
    world.served.set("https://host.example/echo.peerlet", MADE.file);
    const blob = { size: MADE.file.length, arrayBuffer: async () => MADE.file.slice().buffer };
    for (const source of [
      MADE.file,
      MADE.file.slice().buffer,
      blob,
      URL,
      ` ${URL}#${MADE.hash} `,
      "https://host.example/echo.peerlet",
      `https://host.example/echo.peerlet#${MADE.hash}`,
    ]) {
      const installed = await world.until(peerlets.install(source));
      expect(installed).toMatchObject({ state: "running", hash: MADE.hash, installedBy: "hand" });
      await world.until(peerlets.uninstall(MADE.appId));
    }
    await world.until(peerlets.install(`prost:${MADE.hash}`));
    expect(peerlets.list()).toHaveLength(1);
  });

  const other = makePackage({ code: "// other", publisher: "other" });
  const changed = MADE.file.map((byte, i) => (i === MADE.file.length - 1 ? byte ^ 1 : byte));

  test.each<{ what: string; source: unknown; code: string; why: RegExp }>([
    { what: "nothing", source: undefined, code: "bad-parameter", why: /a URL, a locator/ },
    { what: "null", source: null, code: "bad-parameter", why: /a URL, a locator/ },
    { what: "an empty text", source: "", code: "bad-parameter", why: /no address/ },
    { what: "a path", source: "/echo/manifest.json", code: "bad-parameter", why: /no address/ },
    { what: "a script", source: "javascript:alert(1)", code: "bad-parameter", why: /no address/ },
    { what: "an empty file", source: new Uint8Array(0), code: "bad-package", why: /PEERLET/ },
    {
      what: "a file that was cut",
      source: MADE.file.slice(0, -9),
      code: "bad-package",
      why: /too early/,
    },
    { what: "a file that was changed", source: changed, code: "bad-package", why: /SHA-256/ },
    {
      what: "a file that is too large",
      source: new Uint8Array(MAX_PACKAGE_FILE_BYTES + 1),
      code: "bad-package",
      why: /at most/,
    },
    {
      what: "a server that is away",
      source: "https://away.example/manifest.json",
      code: "not-found",
      why: /nobody/,
    },
    {
      what: "a file that is away",
      source: "https://away.example/x.peerlet",
      code: "not-found",
      why: /cannot be had/,
    },
    {
      what: "a file on a server that is too large",
      source: "https://large.example/x.peerlet",
      code: "bad-package",
      why: /a package has at most/,
    },
    {
      what: "a manifest on a server that is too large",
      source: "https://large.example/manifest.json",
      code: "bad-package",
      why: /the manifest is too large/,
    },
    {
      what: "code on a server that is too large",
      source: "https://large.example/code/manifest.json",
      code: "bad-package",
      why: /the code is too large/,
    },
    {
      what: "a manifest on a server without its code",
      source: "https://large.example/alone/manifest.json",
      code: "not-found",
      why: /nobody who was asked has its code/,
    },
    {
      what: "a hash nobody has",
      source: `prost:${"00".repeat(32)}`,
      code: "not-found",
      why: /nobody/,
    },
    {
      what: "another package than the address says",
      source: `${URL}#${other.hash}`,
      code: "bad-package",
      why: /another package/,
    },
    {
      what: "another file than the address says",
      source: `https://host.example/echo.peerlet#${other.hash}`,
      code: "bad-package",
      why: /another package/,
    },
  ])("$what is refused ($code), and nothing is there after", async ({ source, code, why }) => {
    const { world, peerlets } = await setUp();
    serve(world);
    world.served.set("https://host.example/echo.peerlet", MADE.file);
    const huge = new Uint8Array(MAX_PACKAGE_FILE_BYTES + 1);
    for (const path of ["x.peerlet", "manifest.json", "code/peerlet.js"]) {
      world.served.set(`https://large.example/${path}`, huge);
    }
    for (const path of ["code", "alone"]) {
      world.served.set(`https://large.example/${path}/manifest.json`, MADE.parts.manifest);
    }
    const installed = world.until(peerlets.install(source as string));
    const error = await installed.then(
      () => null,
      (what: unknown) => what as ProstError,
    );
    expect(error).toBeInstanceOf(ProstError);
    expect([error!.code, why.test(error!.message)]).toEqual([code, true]);
    expect(peerlets.list()).toEqual([]);
  });

  test("what does not load says why, and is there as refused", async () => {
    const { world, peerlets } = await setUp();
    const broken = makePackage({ name: "broken", code: "throw new Error('my own fault')" });
    await expect(world.until(peerlets.install(broken.file))).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("my own fault") as unknown,
    });
    expect(peerlets.get(broken.appId)).toMatchObject({
      state: "refused",
      why: expect.stringContaining("my own fault") as unknown,
    });
  });

  test("what the policy denies is refused by hand, too, and says so", async () => {
    const { world, peerlets, manager } = await setUp();
    manager.policy.deny(MADE.manifest.publisher);
    await expect(world.until(peerlets.install(MADE.file))).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("echo: denied") as unknown,
    });
  });

  test("twice at once it is installed once", async () => {
    const { world, peerlets, sandbox } = await setUp();
    const both = await world.until(
      Promise.all([peerlets.install(MADE.file), peerlets.install(MADE.file)]),
    );
    expect(both.map(({ state }) => state)).toEqual(["running", "running"]);
    expect([peerlets.list().length, sandbox.running.size]).toEqual([1, 1]);
  });
});

describe("a node's own peerlet", () => {
  test("its local methods can be called, names that are none cannot", async () => {
    const { world, peerlets } = await setUp();
    await world.until(peerlets.install(MADE.file));
    const local = peerlets.local(MADE.appId) as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    expect(await world.until(local["echo"]!({ a: [1, new Uint8Array(2)] }))).toEqual({
      a: [1, new Uint8Array(2)],
    });
    expect([local["then"], local["id"]]).toEqual([undefined, world.sortedIds()[0]]);
    for (const name of ["constructor", "__proto__", "toString", "nothing"]) {
      await expect(world.until(local[name]!())).rejects.toMatchObject({ code: "no-such-method" });
    }
    for (const bad of [() => {}, Symbol("s"), new Map(), 1n]) {
      await expect(world.until(local["echo"]!(bad))).rejects.toMatchObject({
        code: "bad-parameter",
      });
    }
  });

  test("calls of the page wait for their turn, however many at once", async () => {
    const code = `
      export default (prost) => {
        let [open, most] = [0, 0];
        return { local: {
          async work(i) {
            most = Math.max(most, ++open);
            await new Promise((done) => prost.clock.after(20, done));
            open--;
            return i;
          },
          most: () => most,
        } };
      };`;
    const made = makePackage({ name: "busy", code, wants: { callsOpen: 16 } });
    const { world, peerlets } = await setUp();
    await world.until(peerlets.install(made.file));
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    const call = (method: string, ...args: number[]) =>
      (peerlets.local(made.appId)[method] as (...args: number[]) => Promise<unknown>)(...args);
    const worked = await world.until(Promise.all(numbers.map((i) => call("work", i))));
    expect(worked).toEqual(numbers);
    // The other half is for what other nodes ask.
    expect(await world.until(call("most"))).toBe(8);
  });

  test("a long line ends with its peerlet", async () => {
    const { world, peerlets } = await setUp();
    await world.until(peerlets.install(MADE.file));
    const never = peerlets.local(MADE.appId)["never"] as () => Promise<unknown>;
    const ends = Promise.allSettled(Array.from({ length: 20_000 }, () => never()));
    await world.until(peerlets.uninstall(MADE.appId));
    const reasons = (await world.until(ends)).map((end) => (end as PromiseRejectedResult).reason);
    expect(new Set(reasons.map(({ code }) => code as string))).toEqual(new Set(["gone"]));
  });

  test("arguments too large for any message come to it, so that it can say what it takes", async () => {
    const { world, peerlets } = await setUp();
    await world.until(peerlets.install(MADE.file));
    const size = peerlets.local(MADE.appId)["size"] as (value: Uint8Array) => Promise<number>;
    expect(await world.until(size(new Uint8Array(2_000_000)))).toBe(2_000_000);
  });

  test("when it is uninstalled a call that is open ends", async () => {
    const { world, peerlets } = await setUp();
    await world.until(peerlets.install(MADE.file));
    const never = (peerlets.local(MADE.appId)["never"] as () => Promise<unknown>)();
    never.catch(() => {});
    await world.until(peerlets.uninstall(MADE.appId));
    await expect(world.until(never)).rejects.toMatchObject({ code: "gone" });
    const again = (peerlets.local(MADE.appId)["never"] as () => Promise<unknown>)();
    await expect(world.until(again)).rejects.toMatchObject({ code: "gone" });
    await expect(world.until(peerlets.uninstall(MADE.appId))).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test.each([undefined, null, 7, "", "AB".repeat(16), "ab".repeat(20)])(
    "%j is no app id",
    async (appId) => {
      const { world, peerlets } = await setUp();
      const wrong = { code: "bad-parameter" };
      expect(() => peerlets.local(appId as string)).toThrow(
        expect.objectContaining(wrong) as Error,
      );
      await expect(world.until(peerlets.uninstall(appId as string))).rejects.toMatchObject(wrong);
      await expect(world.until(peerlets.openView(appId as string, {}))).rejects.toMatchObject(
        wrong,
      );
      await expect(world.until(peerlets.lookup(appId as string, keyOf("k")))).rejects.toMatchObject(
        wrong,
      );
    },
  );
});

test("looking at the list costs no storage of applications that are not here", async () => {
  const { world, peerlets, manager, node } = await setUp(3);
  const appId = "ab".repeat(16);
  const remote = [...world.nodes].find((other) => other !== node)!;
  await world.route(remote, node.id, appId);
  expect(peerlets.list()).toMatchObject([{ appId, state: "refused", usage: { storageBytes: 0 } }]);
  expect(manager.storedBytesOf(appId)).toBe(0);
});

test("a node that answers a lookup with a method called then does not make it hang", async () => {
  const { world, peerlets, node } = await setUp(3);
  await world.until(peerlets.install(MADE.file));
  const liar = [...world.nodes].find((other) => other !== node)!;
  world.layer(liar).manager.remoteCallee.lookupAnswer = () =>
    encodePlain([new Uint8Array(16), ["then", "id", "echo"]]);
  const remote = await world.until(peerlets.lookup(MADE.appId, liar.id));
  expect(Object.keys(remote)).toEqual(["echo", "id"]);
  expect(remote.id).toBe(liar.id);
});

test("what is stored shows in its usage, also after a reload", async () => {
  const { world, peerlets, node } = await setUp();
  const made = makePackage({
    code: `export default (prost) => ({ local: { put: (value) => prost.storage.set("key", value) } });`,
  });
  await world.until(peerlets.install(made.file));
  await world.until(
    (peerlets.local(made.appId)["put"] as (value: string) => Promise<unknown>)("value"),
  );
  const bytes = peerlets.get(made.appId)!.usage.storageBytes;
  expect(bytes).toBeGreaterThan(0);
  const again = world.layer(world.restart(node)).peerlets;
  expect(await world.passUntil(() => again.get(made.appId)?.usage.storageBytes === bytes)).toBe(
    true,
  );
});
