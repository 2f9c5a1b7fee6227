/**
 * Real tabs against raw data channels, in one browser and one run: how long a
 * lookup takes for each hop it makes, how many messages a second pass between
 * two tabs, and how long it takes to join.
 *
 * The floors use RTCPeerConnection and nothing else, between pages that are
 * open at the same time.
 */
import type { Page } from "@playwright/test";
import type { Peer } from "../src/peer/peer.ts";
import { median } from "./hop.ts";
import { inBrowser, openTab, rawPair, rawRoundTripMs } from "./pages.ts";
import type { Row } from "./table.ts";

declare const prost: Peer;

const TABS = 12;
const LOOKUPS = 200;
const MESSAGES = 5_000;
const APP = "0123456789abcdef".repeat(2);

export function measureTabs(): Promise<Row[]> {
  return inBrowser(async (browser, url) => {
    const context = await browser.newContext();
    const joinMs: number[] = [];
    const pages: Page[] = [];
    for (let i = 0; i < TABS; i++) {
      const page = await openTab(context, url);
      joinMs.push(await page.evaluate(joined));
      pages.push(page);
    }
    await Promise.all(
      pages.map((page) =>
        page.waitForFunction((most) => prost.ring.links.length >= most, TABS - 1),
      ),
    );
    const [a, b] = pages as [Page, Page];
    const raw = await rawPair(a, b);
    const lookups = await a.evaluate(lookupMs, LOOKUPS);
    const roundTripMs = await a.evaluate(rawRoundTripMs, LOOKUPS);
    const routed = await routedPerSecond(a, b);
    const rawRate = await rawPerSecond(a);
    return [
      {
        what: "lookup latency for each hop and back, real tabs",
        value: median(lookups.filter(({ hops }) => hops > 0).map(({ ms, hops }) => ms / hops)),
        unit: "ms",
        floor: median(roundTripMs),
        floorIs: "raw data channel round trip",
      },
      {
        what: "routed messages of 1 KiB, tab to tab, with receipts",
        value: routed,
        unit: "messages/s",
        floor: rawRate,
        floorIs: "raw data channel",
      },
      {
        what: "joining a ring, from the peer to membership",
        value: median(joinMs.slice(1)),
        unit: "ms",
        floor: raw.setUpMs,
        floorIs: "raw connection set-up",
      },
    ];
  });
}

/** Runs in a page: ms from having a peer to being a member. */
function joined(): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const look = () => {
      if (prost.state === "joined") resolve(performance.now() - startMs);
    };
    prost.on("state", look);
    look();
  });
}

async function lookupMs(count: number): Promise<{ ms: number; hops: number }[]> {
  const found: { ms: number; hops: number }[] = [];
  for (let i = 0; i < count; i++) {
    const { ms, hops } = await prost.trace(prost.keyOf(`lookup ${i}`));
    found.push({ ms, hops: hops.length - 1 });
  }
  return found;
}

async function routedPerSecond(a: Page, b: Page): Promise<number> {
  const key = await b.evaluate((app) => {
    prost.register(app, { deliver: () => {} });
    return prost.id;
  }, APP);
  return a.evaluate(
    async ([to, app, count]) => {
      const startMs = performance.now();
      let delivered = 0;
      // As many under way at once as a queue holds.
      for (let sent = 0; sent < count; sent += 500) {
        const receipts = await Promise.all(
          Array.from({ length: 500 }, () => prost.route(to, app, new Uint8Array(1_024))),
        );
        delivered += receipts.filter(({ kind }) => kind === "delivered").length;
      }
      if (delivered !== count) throw new Error(`${delivered} of ${count} were delivered`);
      return (count * 1_000) / (performance.now() - startMs);
    },
    [key, APP, MESSAGES] as const,
  );
}

async function rawPerSecond(a: Page): Promise<number> {
  return a.evaluate(async (count) => {
    const { raw } = globalThis as unknown as { raw: RTCDataChannel };
    const startMs = performance.now();
    for (let sent = 0; sent < count; sent += 500) {
      const back = new Promise<void>((resolve) =>
        raw.addEventListener("message", () => resolve(), { once: true }),
      );
      for (let i = 0; i < 499; i++) raw.send(new Uint8Array(1_024));
      // Answered by the other page: all before it have arrived.
      raw.send(new Uint8Array(1_000));
      await back;
    }
    return (count * 1_000) / (performance.now() - startMs);
  }, MESSAGES);
}
