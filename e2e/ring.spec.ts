/**
 * A ring of real tabs: what must hold for people who open the page, whose tabs
 * crash, whose server dies, and who reload.
 */
import type { Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";

interface Found {
  readonly key: string;
  readonly root: string;
}

/** Traces `count` keys from one tab, all at once. Rejects when one has no answer. */
async function traceKeys(tab: Tab, count: number, salt: string): Promise<Found[]> {
  return tab.page.evaluate(
    ([wanted, text]) =>
      Promise.all(
        Array.from({ length: wanted }, async (_, i) => {
          const key = prost.keyOf(`${text} ${prost.id} ${i}`);
          return { key, root: (await prost.trace(key)).root };
        }),
      ),
    [count, salt] as const,
  );
}

function expectRightRoots(found: readonly Found[], tabs: readonly Tab[]): void {
  const ids = tabs.map(({ id }) => id).toSorted();
  const wrong = found.filter(({ key, root }) => root !== (ids.find((id) => id >= key) ?? ids[0]));
  expect(wrong, "keys whose root was wrong").toEqual([]);
}

async function expectRightEverywhere(tabs: readonly Tab[], count: number, salt: string) {
  const found = await Promise.all(tabs.map((tab) => traceKeys(tab, count, salt)));
  for (const ofTab of found) expectRightRoots(ofTab, tabs);
}

test("20 tabs are one ring within 10 s of the last load, and each finds the root of 200 keys", async ({
  overlay,
}) => {
  const tabs = await overlay.open(20);
  await overlay.waitForRing();
  const tookMs = Date.now() - overlay.lastLoadMs;
  console.log(`ring of 20: ${tookMs} ms after the last load`);
  expect(tookMs).toBeLessThan(10_000);
  await expectRightEverywhere(tabs, 200, "first");
});

test("10 tabs opened in the same instant on a fresh server are one ring, not two", async ({
  overlay,
}) => {
  const tabs = await overlay.open(10);
  await overlay.waitForRing();
  await expectRightEverywhere(tabs, 50, "instant");
});

test("when 5 of 20 tabs crash, every lookup ends, and all are right again within 10 s", async ({
  overlay,
}) => {
  const tabs = await overlay.open(20);
  await overlay.waitForRing();

  await Promise.all(tabs.slice(3, 8).map((tab) => overlay.crash(tab)));
  const crashedMs = Date.now();
  // Lookups that meet the hole: each ends with a receipt, whichever.
  const meanwhile = overlay.tabs.map(({ page }) =>
    page.evaluate(async () => {
      const route = (i: number) =>
        prost.route(prost.keyOf(`hole ${i}`), "0123456789abcdef".repeat(2), new Uint8Array(8));
      const receipts = await Promise.all(Array.from({ length: 20 }, (_, i) => route(i)));
      return receipts.map(({ kind }) => kind);
    }),
  );
  await overlay.waitForRing();
  await expectRightEverywhere(overlay.tabs, 20, "after the crash");
  console.log(`right everywhere ${Date.now() - crashedMs} ms after 5 of 20 crashed`);
  expect(Date.now() - crashedMs).toBeLessThan(10_000);
  const kinds = (await Promise.all(meanwhile)).flat();
  expect(kinds).toHaveLength(15 * 20);
  // Nobody registered the application, so a root that was reached refused.
  expect(kinds.filter((kind) => kind === "refused").length).toBeGreaterThan(0);
});

test("without its server a ring routes, repairs and links on; newcomers join it when that is back", async ({
  overlay,
}) => {
  const before = await overlay.open(8);
  await overlay.waitForRing();
  await overlay.server.stop();

  await expectRightEverywhere(before, 20, "no server");
  await overlay.crash(before[2]!);
  await overlay.close(before[5]!);
  await overlay.waitForRing();
  await expectRightEverywhere(overlay.tabs, 20, "repaired");
  // New links form without it: everybody is linked to everybody again.
  const [dropper, other] = [overlay.tabs[0]!, overlay.tabs[3]!];
  await expect
    .poll(() => dropper.page.evaluate(() => prost.ring.links.map(({ id }) => id)))
    .toContain(other.id);

  await overlay.server.start();
  await overlay.open(2);
  await overlay.waitForRing(overlay.tabs, 20_000);
  await expectRightEverywhere(overlay.tabs, 20, "newcomers");
});

test("a reloaded tab is the same node in the same place; a duplicated tab is another", async ({
  overlay,
}) => {
  const tabs = await overlay.open(4);
  await overlay.waitForRing();

  const reloaded = await overlay.reload(tabs[1]!);
  expect(reloaded.id).toBe(tabs[1]!.id);
  await overlay.waitForRing();

  // A duplicated tab has a copy of its original's sessionStorage, as one opened by it has.
  const duplicate = overlay.noticeNewTab();
  await reloaded.page.evaluate(() => void window.open(location.href));
  expect((await duplicate).id).not.toBe(reloaded.id);
  await overlay.waitForRing();
  expect(new Set(overlay.tabs.map(({ id }) => id)).size).toBe(5);
});

test("rings of 1, 2, 3, 4 and 5 tabs are right, as tabs come one by one and go again", async ({
  overlay,
}) => {
  for (let count = 1; count <= 5; count++) {
    await overlay.open(1);
    await overlay.waitForRing();
    await expectRightEverywhere(overlay.tabs, 20, `ring of ${count}`);
  }
  while (overlay.tabs.length > 1) {
    await overlay.close(overlay.tabs[0]!);
    await overlay.waitForRing();
    await expectRightEverywhere(overlay.tabs, 20, `back to ${overlay.tabs.length}`);
  }
});

test("a tab that stood still is missed, and comes back as the same node", async ({ overlay }) => {
  const tabs = await overlay.open(5);
  await overlay.waitForMesh();
  const [sleeper, ...others] = tabs;
  // Its one thread is held for longer than anybody waits for a sign of life.
  const awake = sleeper!.page.evaluate(() => {
    const untilMs = performance.now() + 12_000;
    while (performance.now() < untilMs);
  });
  await overlay.waitForRing(others);
  await awake;
  await overlay.waitForRing(tabs);
  const { id, stalls } = await sleeper!.page.evaluate(() => ({
    id: prost.id,
    stalls: prost.metrics["node.stalls"],
  }));
  expect(id).toBe(sleeper!.id);
  // It noticed its own stall before it blamed anybody.
  expect(stalls).toBeGreaterThan(0);
  await expectRightEverywhere(tabs, 20, "awake again");
});
