/**
 * Key-based routing through the public interface, between real tabs.
 */
import { expect, test } from "./fixtures/overlay.ts";

const APP = "0123456789abcdef".repeat(2);

test("a message reaches the application at the root of its key, with its data and its source", async ({
  overlay,
}) => {
  const tabs = await overlay.open(6);
  await overlay.waitForMesh();
  for (const { page } of tabs) {
    await page.evaluate((app) => {
      const got: unknown[] = [];
      Object.assign(globalThis, { got });
      prost.register(app, {
        deliver: (key, { data, source, hops, appType }) => {
          got.push({ key, text: new TextDecoder().decode(data), source, hops, appType });
        },
      });
    }, APP);
  }
  const source = tabs[0]!;
  for (const root of tabs) {
    // A node's own id is a key of its own.
    const receipt = await source.page.evaluate(
      ([app, key]) => prost.route(key, app, new TextEncoder().encode("grüß dich")),
      [APP, root.id] as const,
    );
    expect(receipt).toEqual({ kind: "delivered", root: root.id, hops: root === source ? 0 : 1 });
    const got = await root.page.evaluate(() => (globalThis as unknown as { got: unknown[] }).got);
    expect(got).toContainEqual({
      key: root.id,
      text: "grüß dich",
      source: source.id,
      hops: root === source ? 0 : 1,
      appType: "end-node",
    });
  }
});

test("large data arrives whole, and more than the bound is refused with the bound named", async ({
  overlay,
}) => {
  const tabs = await overlay.open(3);
  await overlay.waitForMesh();
  const [source, root] = tabs as [(typeof tabs)[0], (typeof tabs)[0]];
  await root.page.evaluate((app) => {
    prost.register(app, {
      deliver: async (_key, { data }) => {
        const digest = await crypto.subtle.digest("SHA-256", data.slice());
        Object.assign(globalThis, { digest: [...new Uint8Array(digest)].join() });
      },
    });
  }, APP);
  const sent = await source.page.evaluate(
    async ([app, key]) => {
      const data = Uint8Array.from({ length: 262_144 }, (_, i) => i * 31 + (i >> 8));
      const receipt = await prost.route(key, app, data);
      const digest = await crypto.subtle.digest("SHA-256", data);
      const tooMuch = await prost
        .route(key, app, new Uint8Array(262_145))
        .then(String, (error: Error & { code: string }) => `${error.code}: ${error.message}`);
      return { receipt, digest: [...new Uint8Array(digest)].join(), tooMuch };
    },
    [APP, root.id] as const,
  );
  expect(sent.receipt).toMatchObject({ kind: "delivered", root: root.id });
  expect(sent.tooMuch).toBe("bad-parameter: data is at most 262144 bytes, not 262145");
  const digest = await root.page.evaluate(
    () => (globalThis as unknown as { digest: string }).digest,
  );
  expect(digest).toBe(sent.digest);
});

test("forward sees a per-hop message at every hop, and may change its data, its key, or end it", async ({
  overlay,
}) => {
  const tabs = await overlay.open(4);
  await overlay.waitForMesh();
  for (const { page } of tabs) {
    await page.evaluate((app) => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      prost.register(app, {
        forward: (_key, message, nextHop) => {
          const text = new TextDecoder().decode(message.data);
          seen.push(`forward ${text} to ${nextHop.id}`);
          if (text === "stop" && nextHop.id !== prost.id) return null;
          if (text === "change") return { data: new TextEncoder().encode("changed") };
          return undefined;
        },
        deliver: (_key, message) => {
          seen.push(`deliver ${new TextDecoder().decode(message.data)}`);
        },
      });
    }, APP);
  }
  const [source, root] = tabs as [(typeof tabs)[0], (typeof tabs)[0]];
  const send = (text: string, type: "per-hop" | "end-node") =>
    source.page.evaluate(
      ([app, key, content, appType]) =>
        prost.route(key, app, new TextEncoder().encode(content), { type: appType }),
      [APP, root.id, text, type] as const,
    );
  const seenBy = ({ page }: (typeof tabs)[0]) =>
    page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen.splice(0));

  expect(await send("change", "per-hop")).toMatchObject({ kind: "delivered", root: root.id });
  expect(await seenBy(source)).toEqual([`forward change to ${root.id}`]);
  expect(await seenBy(root)).toEqual([`forward changed to ${root.id}`, "deliver changed"]);

  expect(await send("stop", "per-hop")).toMatchObject({ kind: "refused", by: source.id });
  expect(await seenBy(root)).toEqual([]);

  await seenBy(source);
  expect(await send("quiet", "end-node")).toMatchObject({ kind: "delivered", root: root.id });
  expect(await seenBy(source)).toEqual([]);
  expect(await seenBy(root)).toEqual(["deliver quiet"]);
});

test("a hint is the first hop, and alone the destination; a node that is not there is unreachable", async ({
  overlay,
}) => {
  const tabs = await overlay.open(4);
  await overlay.waitForMesh();
  for (const { page } of tabs) {
    await page.evaluate((app) => {
      prost.register(app, { deliver: () => {} });
    }, APP);
  }
  const [source, middle, root] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]];
  const route = (key: string | null, hint: string) =>
    source.page.evaluate(
      ([app, to, first]) => prost.route(to, app, new Uint8Array(1), { hint: first }),
      [APP, key, hint] as const,
    );
  expect(await route(root.id, middle.id)).toEqual({ kind: "delivered", root: root.id, hops: 2 });
  expect(await route(null, middle.id)).toEqual({ kind: "delivered", root: middle.id, hops: 1 });
  expect(await route(null, "0".repeat(40))).toEqual({ kind: "unreachable", why: "no such node" });
});

test("replicaSet, range, neighborSet and localLookup agree with the ring; update tells of changes", async ({
  overlay,
}) => {
  const tabs = await overlay.open(5);
  await overlay.waitForMesh();
  const ids = tabs.map(({ id }) => id).toSorted();
  const [tab, leaver] = tabs as [(typeof tabs)[0], (typeof tabs)[0]];
  const answers = await tab.page.evaluate((app) => {
    const updates: unknown[] = [];
    Object.assign(globalThis, { updates });
    prost.register(app, { update: ({ id }, joined) => void updates.push({ id, joined }) });
    const keys = Array.from({ length: 50 }, (_, i) => prost.keyOf(`key ${i}`));
    return {
      neighbours: prost.neighborSet(8).map(({ id }) => id),
      keys: keys.map((key) => ({
        key,
        replicas: prost.replicaSet(key, 3).map(({ id }) => id),
        next: prost.localLookup(key, 1, false)[0]?.id,
      })),
      ranges: [prost.id, ...prost.neighborSet(8).map(({ id }) => id)].map((id) => ({
        id,
        range: prost.range(id, 1, id),
      })),
    };
  }, APP);
  expect(answers.neighbours.toSorted()).toEqual(ids.filter((id) => id !== tab.id));
  for (const { key, replicas, next } of answers.keys) {
    const at = Math.max(
      0,
      ids.findIndex((id) => id >= key),
    );
    expect(replicas).toEqual([0, 1, 2].map((rank) => ids[(at + rank) % 5]));
    expect(next).toBe(replicas[0]);
  }
  for (const { id, range } of answers.ranges) {
    const before = ids.at(ids.indexOf(id) - 1)!;
    const from = ((BigInt(`0x${before}`) + 1n) % (1n << 160n)).toString(16).padStart(40, "0");
    expect(range).toEqual({ from, to: id });
  }
  await overlay.close(leaver);
  await expect
    .poll(() => tab.page.evaluate(() => (globalThis as unknown as { updates: unknown[] }).updates))
    .toContainEqual({ id: leaver.id, joined: false });
});
