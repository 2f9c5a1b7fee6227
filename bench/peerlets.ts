/**
 * Peerlets in real tabs: what it takes until a message for an application that
 * its root does not know is delivered, and what a remote call takes.
 *
 * The floors are of the same run: starting a bare sandbox (the frame, its
 * supervisor and the peerlet's worker, with a module that does nothing), and a
 * routed message with its receipt between the same two tabs.
 */
import type { Page } from "@playwright/test";
import { signedPackage } from "../e2e/fixtures/packages.ts";
import type { Peer } from "../src/peer/peer.ts";
import { median } from "./hop.ts";
import { inBrowser } from "./pages.ts";
import type { Row } from "./table.ts";

declare const prost: Peer;

const TABS = 2;
/** Cold deliveries; each is of an application of its own. */
const COLD = 12;
const CALLS = 200;
/** The page's own application, for routed round trips. */
const PLAIN_APP = "fedcba9876543210".repeat(2);

const NOTHING = "export default () => ({});";
const ECHO = `export default () => ({
  deliver() {},
  remote: { echo: (caller, value) => value },
  local: { echo: (value) => value },
});`;

export function measurePeerlets(): Promise<Row[]> {
  return inBrowser(async (browser, url) => {
    const context = await browser.newContext();
    const pages: Page[] = [];
    for (let i = 0; i < TABS; i++) {
      const page = await context.newPage();
      await page.goto(url);
      await page.waitForFunction(() => "prost" in globalThis && prost?.state === "joined");
      pages.push(page);
    }
    const [a, b] = pages as [Page, Page];
    await a.waitForFunction(() => prost.ring.links.some(({ member }) => member));

    const bare: number[] = [];
    const cold: number[] = [];
    for (let i = 0; i < COLD; i++) {
      // In turn, so that what disturbs one disturbs the other.
      bare.push(await installMs(b, NOTHING, `nothing ${i}`));
      cold.push(await coldMs(a, b, i));
    }
    const echo = signedPackage({ code: ECHO, salt: "echo" });
    await install(a, echo.file);
    await install(b, echo.file);
    const [callMs, routedMs] = [
      await remoteCallMs(a, b, echo.appId),
      await routedRoundTripMs(a, b),
    ];
    const warmMs = await warmDeliverMs(a, b, echo.appId);
    return [
      {
        what: "cold delivery: unknown application at the root, until deliver has run",
        value: median(cold),
        unit: "ms",
        floor: median(bare),
        floorIs: "install of an empty peerlet: checking it and a bare sandbox start",
      },
      {
        what: "lookupPeerlet's remote call, there and back",
        value: median(callMs),
        unit: "ms",
        floor: median(routedMs),
        floorIs: "routed message and receipt, without a sandbox",
      },
      {
        what: "warm delivery to a peerlet, with its receipt",
        value: median(warmMs),
        unit: "ms",
        floor: median(routedMs),
        floorIs: "routed message and receipt, without a sandbox",
      },
    ];
  });
}

async function install(page: Page, file: Uint8Array): Promise<void> {
  await page.evaluate((bytes) => prost.peerlets.install(Uint8Array.from(bytes)), [...file]);
}

/** Takes it away again, so that the next one finds the tab as this one did. */
async function installMs(page: Page, code: string, salt: string): Promise<number> {
  const { file } = signedPackage({ code, salt });
  return page.evaluate(
    async (bytes) => {
      const startMs = performance.now();
      const { appId } = await prost.peerlets.install(Uint8Array.from(bytes));
      const tookMs = performance.now() - startMs;
      await prost.peerlets.uninstall(appId);
      return tookMs;
    },
    [...file],
  );
}

async function coldMs(a: Page, b: Page, serial: number): Promise<number> {
  const { appId, file } = signedPackage({ code: ECHO, salt: `cold ${serial}` });
  await install(a, file);
  const key = await b.evaluate(() => prost.id);
  const tookMs = await a.evaluate(
    async ([to, id]) => {
      const startMs = performance.now();
      const receipt = await prost.route(to, id, new Uint8Array(100));
      if (receipt.kind !== "delivered") throw new Error(JSON.stringify(receipt));
      return performance.now() - startMs;
    },
    [key, appId] as const,
  );
  for (const page of [a, b]) await page.evaluate((id) => prost.peerlets.uninstall(id), appId);
  return tookMs;
}

async function remoteCallMs(a: Page, b: Page, appId: string): Promise<number[]> {
  const key = await b.evaluate(() => prost.id);
  return a.evaluate(
    async ([to, id, count]) => {
      const remote = await prost.peerlets.lookup(id, to);
      const echo = remote["echo"] as (value: string) => Promise<unknown>;
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const startMs = performance.now();
        await echo("hello");
        times.push(performance.now() - startMs);
      }
      return times;
    },
    [key, appId, CALLS] as const,
  );
}

async function warmDeliverMs(a: Page, b: Page, appId: string): Promise<number[]> {
  return routeMs(a, await b.evaluate(() => prost.id), appId);
}

async function routedRoundTripMs(a: Page, b: Page): Promise<number[]> {
  const key = await b.evaluate((app) => {
    prost.register(app, { deliver: () => {} });
    return prost.id;
  }, PLAIN_APP);
  return routeMs(a, key, PLAIN_APP);
}

function routeMs(a: Page, key: string, appId: string): Promise<number[]> {
  return a.evaluate(
    async ([to, id, count]) => {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const startMs = performance.now();
        await prost.route(to, id, new Uint8Array(100));
        times.push(performance.now() - startMs);
      }
      return times;
    },
    [key, appId, CALLS] as const,
  );
}
