/**
 * A ring of real tabs: what must hold for people who open the page.
 */
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures/overlay.ts";

/** Routes to random keys from one tab: the keys and the roots that were found. */
async function traceRandomKeys(page: Page, count: number): Promise<{ key: string; root: string }[]> {
  return page.evaluate(async (wanted) => {
    const peer = globalThis.prost;
    const keys = Array.from({ length: wanted }, (_, i) => peer.keyOf(`${peer.id} ${i} ${Date.now()}`));
    return Promise.all(keys.map(async (key) => ({ key, root: (await peer.trace(key)).root })));
  }, count);
}

function rootOf(key: string, sortedIds: readonly string[]): string {
  return sortedIds.find((id) => id >= key) ?? sortedIds[0]!;
}

test("20 tabs form one ring within 10 s, and each finds the right root of 200 keys", async ({
  overlay,
}) => {
  const tabs = await overlay.open(20);
  const startMs = Date.now();
  await overlay.waitForRing();
  console.log(`ring of 20 complete ${Date.now() - startMs} ms after the last load`);
  const ids = tabs.map(({ id }) => id).toSorted();
  for (const tab of tabs) {
    const found = await traceRandomKeys(tab.page, 200);
    for (const { key, root } of found) expect(root).toBe(rootOf(key, ids));
  }
});
