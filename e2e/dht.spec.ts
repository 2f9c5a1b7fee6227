/** The hash table on real tabs: what is written is read, while tabs crash and come. */
import type { Overlay, Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { install } from "./fixtures/peerlets.ts";

interface Dht {
  put(key: string, value: string, options?: object): Promise<{ nodes: string[] }>;
  get(key: string): Promise<{ values: { value: Uint8Array }[] }>;
  stats(): Promise<{ records: number }>;
}

const VALUES = 500;
const REPLICAS = 4;
/** Calls of one tab at once. */
const AT_ONCE = 16;

/** Writes value `i` under key `i`, from one tab; resolves with the median time of a put, in ms. */
function putAll(tab: Tab, appId: string): Promise<number> {
  return tab.page.evaluate(
    async ([id, count, atOnce]) => {
      const dht = prost.peerlets.local(id) as unknown as Dht;
      const took: number[] = [];
      let next = 0;
      const worker = async () => {
        while (next < count) {
          const i = next++;
          const startMs = performance.now();
          await dht.put(prost.keyOf(`value ${i}`), `it is ${i}`);
          took.push(performance.now() - startMs);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return took.toSorted((a, b) => a - b)[count >> 1]!;
    },
    [appId, VALUES, AT_ONCE] as const,
  );
}

/** Reads them all, once each; the numbers of those that were not what was written, with what came instead. */
function wrongOf(tab: Tab, appId: string): Promise<{ wrong: string[]; medianMs: number }> {
  return tab.page.evaluate(
    async ([id, count, atOnce]) => {
      const dht = prost.peerlets.local(id) as unknown as Dht;
      const [wrong, took]: [string[], number[]] = [[], []];
      let next = 0;
      const worker = async () => {
        while (next < count) {
          const i = next++;
          const startMs = performance.now();
          const read = await dht.get(prost.keyOf(`value ${i}`)).then(
            ({ values }) => values.map(({ value }) => new TextDecoder().decode(value)).join(", "),
            (error: unknown) => String(error),
          );
          took.push(performance.now() - startMs);
          if (read !== `it is ${i}`) wrong.push(`${i}: ${read}`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return { wrong, medianMs: took.toSorted((a, b) => a - b)[count >> 1]! };
    },
    [appId, VALUES, AT_ONCE] as const,
  );
}

/** Copies of the values on all tabs together. */
async function copies(overlay: Overlay, appId: string): Promise<number> {
  const counts = await Promise.all(
    overlay.tabs.map(({ page }) =>
      page.evaluate(async (id) => {
        if (prost.peerlets.get(id)?.state !== "running") return 0;
        return (await (prost.peerlets.local(id) as unknown as Dht).stats()).records;
      }, appId),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Waits until each value has its copies again; resolves with how long that took, in ms. */
async function repaired(overlay: Overlay, appId: string): Promise<number> {
  const startMs = Date.now();
  await expect
    .poll(() => copies(overlay, appId), { timeout: 60_000, intervals: [500] })
    .toBeGreaterThanOrEqual(REPLICAS * VALUES);
  return Date.now() - startMs;
}

test("24 tabs, 500 values: 8 crash and 8 come, one after another, then 3 crash at once: nothing is lost", async ({
  overlay,
}) => {
  test.setTimeout(300_000);
  await overlay.open(24);
  await overlay.waitForRing();
  const first = overlay.tabs[0]!;
  const appId = await install(first, "dht");
  const putMs = await putAll(first, appId);
  const firstMs = await repaired(overlay, appId);
  console.log(`a put: ${putMs.toFixed(1)} ms (median); all copies ${firstMs} ms after the last`);

  for (let round = 0; round < 8; round++) {
    await overlay.crash(overlay.tabs[1 + round]!);
    await overlay.open(1);
    await overlay.waitForRing();
    console.log(`round ${round}: ${await repaired(overlay, appId)} ms until all copies`);
  }
  await Promise.all([2, 9, 16].map((at) => overlay.tabs[at]!).map((tab) => overlay.crash(tab)));
  await overlay.waitForRing();
  const { wrong, medianMs } = await wrongOf(first, appId);
  console.log(`a get: ${medianMs.toFixed(1)} ms (median)`);
  expect(wrong).toEqual([]);
  console.log(`${await repaired(overlay, appId)} ms until all copies`);
});

test("3 tabs that are all reloaded in the moment after a put have every value", async ({
  overlay,
}) => {
  await overlay.open(3);
  await overlay.waitForRing();
  const appId = await install(overlay.tabs[0]!, "dht");
  await putAll(overlay.tabs[0]!, appId);
  await Promise.all(overlay.tabs.map((tab) => overlay.reload(tab)));
  await overlay.waitForRing();
  expect((await wrongOf(overlay.tabs[2]!, appId)).wrong).toEqual([]);
});
