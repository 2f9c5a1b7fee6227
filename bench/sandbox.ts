/**
 * What the sandbox costs, in a real browser: starting one against starting a
 * bare worker, and an upcall against a bare round trip to a worker in such a
 * frame. Floors are measured in the same page, in turns.
 */
import { scriptOf } from "../e2e/fixtures/page-script.ts";
import { median } from "./hop.ts";
import { inBrowser } from "./pages.ts";
import type { SandboxBench } from "./sandbox-page.ts";
import type { Row } from "./table.ts";

declare const sandboxBench: SandboxBench;

const STARTS = 20;
const CALLS = 500;

export function measureSandbox(): Promise<Row[]> {
  return inBrowser(async (browser, url) => {
    const page = await browser.newPage();
    await page.goto(`${url}/healthz`);
    await page.evaluate(await scriptOf("bench/sandbox-page.ts"));
    // The first of everything warms up.
    await page.evaluate(() => sandboxBench.startMs(2));
    const workers = await page.evaluate((count) => sandboxBench.workerStartMs(count), STARTS);
    const starts = await page.evaluate((count) => sandboxBench.startMs(count), STARTS);
    await page.evaluate(() => sandboxBench.roundTripMs(100));
    const trips = await page.evaluate((count) => sandboxBench.roundTripMs(count), CALLS);
    const delivers = await page.evaluate((n) => sandboxBench.upcallMs("deliver", n), CALLS);
    const forwards = await page.evaluate((n) => sandboxBench.upcallMs("forward", n), CALLS);
    const trip = { floor: median(trips), floorIs: "bare round trip, worker in a frame" };
    return [
      {
        what: "starting a peerlet's sandbox",
        value: median(starts),
        unit: "ms",
        floor: median(workers),
        floorIs: "starting a blob worker",
      },
      { what: "a warm deliver upcall, 1 KiB", value: median(delivers), unit: "ms", ...trip },
      { what: "a warm forward upcall, 1 KiB", value: median(forwards), unit: "ms", ...trip },
    ];
  });
}
