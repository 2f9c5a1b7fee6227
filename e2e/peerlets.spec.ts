/**
 * Peerlets in real tabs: one drop on one page, and the application is where its
 * messages go; with policy, without a code server, after a reload.
 */
import { keyOf } from "../src/id/hash.ts";
import type { Overlay, Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { signedPackage } from "./fixtures/packages.ts";
import { install, local, stateOf, where } from "./fixtures/peerlets.ts";

/** The root of a key first. */
function replicasOf(overlay: Overlay, key: string, count: number): string[] {
  const ids = overlay.tabs.map(({ id }) => id).toSorted();
  const at = Math.max(
    0,
    ids.findIndex((id) => id >= key),
  );
  return [...ids.slice(at), ...ids.slice(0, at)].slice(0, count);
}

function rootOf(overlay: Overlay, key: string): string {
  return replicasOf(overlay, key, 1)[0]!;
}

/** A name whose key has its root at this tab. */
function nameAt(overlay: Overlay, tab: Tab, salt = "name"): string {
  for (let i = 0; ; i++) {
    if (rootOf(overlay, keyOf(`${salt} ${i}`)) === tab.id) return `${salt} ${i}`;
  }
}

/** Routes a message of the application to the root of a name. */
function send(tab: Tab, appId: string, name: string) {
  return tab.page.evaluate(
    ([id, text]) => prost.route(prost.keyOf(text), id, new TextEncoder().encode(text)),
    [appId, name] as const,
  );
}

/** Opens the view in an element of its own; the name of its error, or "open". */
function openView(tab: Tab, appId: string): Promise<string> {
  return tab.page.evaluate(async (id) => {
    const element = document.body.appendChild(document.createElement("div"));
    try {
      const view = await prost.peerlets.openView(id, element);
      return view.isOpen ? "open" : "closed";
    } catch (error) {
      element.remove();
      return (error as { code?: string }).code ?? String(error);
    }
  }, appId);
}

test("20 tabs: counter dropped on one is deployed to the root of a count, without its view, and to no other", async ({
  overlay,
}) => {
  await overlay.open(20);
  await overlay.waitForRing();
  const first = overlay.tabs[0]!;
  const appId = await install(first, "counter");
  const hash = await first.page.evaluate((id) => prost.peerlets.get(id)!.hash, appId);
  // The nodes that keep the package for everybody have its view, too.
  const keepers = replicasOf(overlay, hash.slice(0, 40), 3);
  const seventh = overlay.tabs.slice(6).find(({ id }) => !keepers.includes(id))!;
  const name = nameAt(overlay, seventh);

  expect(await send(first, appId, name)).toMatchObject({ kind: "delivered", root: seventh.id });

  expect(await where(overlay, appId)).toEqual([first.id, seventh.id].toSorted());
  const there = await seventh.page.evaluate((id) => prost.peerlets.get(id), appId);
  expect(there).toMatchObject({ installedBy: "message", hasView: true, viewFetched: false });
  expect(await local(seventh, appId, "held")).toMatchObject([{ name, count: 1 }]);
  expect(await local(first, appId, "add", name)).toMatchObject({ count: 2, root: seventh.id });

  // Its view: fetched when it is opened, and only where the peerlet is.
  expect(await openView(seventh, appId)).toBe("open");
  expect(await seventh.page.evaluate((id) => prost.peerlets.get(id)?.viewFetched, appId)).toBe(
    true,
  );
  expect(await openView(first, appId)).toBe("open");
  const others = overlay.tabs.filter((tab) => tab !== first && tab !== seventh);
  expect(new Set(await Promise.all(others.map((tab) => openView(tab, appId))))).toEqual(
    new Set(["not-found"]),
  );
  await install(others[0]!, "counter");
  expect(await openView(others[0]!, appId)).toBe("open");
});

test("tracer is deployed to exactly the nodes on the way; one that denies it is passed", async ({
  overlay,
}) => {
  await overlay.open(20);
  await overlay.waitForRing();
  const first = overlay.tabs[0]!;
  const appId = await install(first, "tracer");
  // A ring of 20 is nearly a mesh: the way over a tab between is what a hint makes.
  const [hop, end] = [overlay.tabs[5]!, overlay.tabs[11]!];
  const name = nameAt(overlay, end);
  const through = (hint: string) =>
    first.page.evaluate(
      ([id, text, via]) => prost.route(prost.keyOf(text), id, new Uint8Array(0), { hint: via }),
      [appId, name, hint] as const,
    );

  expect(await through(hop.id)).toMatchObject({ kind: "delivered", root: end.id });
  const last = (await local(end, appId, "last")) as { hops: string[] };
  expect(last.hops.slice(0, 2)).toEqual([first.id, hop.id]);
  expect(last.hops.at(-1)).toBe(end.id);
  // A young ring may lead a message past a node twice.
  expect(await where(overlay, appId)).toEqual([...new Set(last.hops)].toSorted());

  const denying = overlay.tabs.find(({ id }) => !last.hops.includes(id))!;
  await denying.page.evaluate((id) => prost.policy.deny(id), appId);
  expect(await through(denying.id)).toMatchObject({ kind: "delivered", root: end.id });
  const passed = (await local(end, appId, "last")) as { hops: string[] };
  expect(passed.hops).not.toContain(denying.id);
  expect(await stateOf(denying, appId)).toBe("refused");
});

test("with its code server stopped a peerlet still reaches new nodes, and survives reloads", async ({
  overlay,
}) => {
  await overlay.open(6);
  await overlay.waitForRing();
  const first = overlay.tabs[0]!;
  const appId = await first.page.evaluate(async () => {
    const installed = await prost.peerlets.install(
      new URL("peerlets/counter/manifest.json", location.href).href,
    );
    return installed.appId;
  });
  await overlay.server.stop();

  const names = overlay.tabs.map((tab) => nameAt(overlay, tab));
  for (const name of names) {
    const receipt = await send(first, appId, name);
    expect(receipt, JSON.stringify(receipt)).toMatchObject({ kind: "delivered" });
  }
  const everywhere = overlay.tabs.map(({ id }) => id).toSorted();
  expect(await where(overlay, appId)).toEqual(everywhere);

  await overlay.server.start();
  for (const tab of overlay.tabs) await overlay.reload(tab);
  await overlay.waitForRing(overlay.tabs, 20_000);
  await expect.poll(() => where(overlay, appId)).toEqual(everywhere);
  for (const [i, tab] of overlay.tabs.entries()) {
    expect(await local(tab, appId, "held")).toEqual([{ name: names[i], count: 1, root: tab.id }]);
  }
});

test("a higher version replaces a lower one where its messages go, keeps its state, and loses no message", async ({
  overlay,
}) => {
  await overlay.open(3);
  await overlay.waitForMesh();
  const [first, second] = overlay.tabs as [Tab, Tab];
  const code = `export default (prost) => {
    let last = Promise.resolve();
    const add = async () => prost.storage.set("n", ((await prost.storage.get("n")) ?? 0) + 1);
    return {
      deliver: () => (last = last.then(add)),
      local: { seen: async () => ({ n: await prost.storage.get("n"), version: prost.version }) },
    };
  };`;
  const [old, next] = ["1.0.0", "2.0.0"].map((version) =>
    signedPackage({ name: "lived", salt: "lived", code: `${code} // ${version}`, version }),
  ) as [ReturnType<typeof signedPackage>, ReturnType<typeof signedPackage>];
  const drop = (tab: Tab, { file }: { readonly file: Uint8Array }) =>
    tab.page.evaluate(
      async (bytes) => (await prost.peerlets.install(Uint8Array.from(bytes))).version,
      [...file],
    );
  const name = nameAt(overlay, second);
  await drop(first, old);
  expect(await send(first, old.appId, name)).toMatchObject({ kind: "delivered", root: second.id });
  expect(await drop(first, next)).toBe("2.0.0");
  const receipts = await Promise.all(Array.from({ length: 5 }, () => send(first, old.appId, name)));
  expect(receipts.map(({ kind }) => kind)).toEqual(Array<string>(5).fill("delivered"));
  expect(await local(second, old.appId, "seen")).toEqual({ n: 6, version: "2.0.0" });
  // Never back: neither by hand nor by a message of a node that has the older one.
  await expect(drop(second, old)).rejects.toThrow(/older than 2\.0\.0/);
  const third = overlay.tabs[2]!;
  await drop(third, old);
  expect(await send(third, old.appId, name)).toMatchObject({ kind: "delivered", root: second.id });
  expect(await local(second, old.appId, "seen")).toEqual({ n: 7, version: "2.0.0" });
});

test("a root that denies is as one that failed; when all deny, the sender is told who and why", async ({
  overlay,
}) => {
  await overlay.open(6);
  await overlay.waitForMesh();
  const first = overlay.tabs[0]!;
  const appId = await install(first, "counter");
  const root = overlay.tabs.find((tab) => tab !== first)!;
  const name = nameAt(overlay, root);
  await root.page.evaluate((id) => prost.policy.deny(id), appId);

  const receipt = await send(first, appId, name);
  const [, second] = await root.page.evaluate(
    (text) => prost.replicaSet(prost.keyOf(text), 2).map(({ id }) => id),
    name,
  );
  expect(receipt).toMatchObject({ kind: "delivered", root: second });

  for (const { page } of overlay.tabs) await page.evaluate((id) => prost.policy.deny(id), appId);
  const refused = await send(first, appId, name);
  expect(refused).toMatchObject({ kind: "refused", why: expect.stringContaining("denied") });
});
