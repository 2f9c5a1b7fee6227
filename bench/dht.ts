/**
 * The hash table in real tabs: what a put and a get take, beside the hops to
 * the root of their key times a raw data channel's round trip, in the same run.
 */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import type { Peer } from "../src/peer/peer.ts";
import { median } from "./hop.ts";
import { inBrowser, openTab, rawPair, rawRoundTripMs } from "./pages.ts";
import type { Row } from "./table.ts";

declare const prost: Peer;

const TABS = 12;
const VALUES = 100;
const ROUND_TRIPS = 200;

interface Dht {
  put(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
}

interface Took {
  readonly hops: number;
  readonly putMs: number;
  readonly getMs: number;
}

export function measureDht(): Promise<Row[]> {
  return inBrowser(async (browser, url) => {
    const context = await browser.newContext();
    const pages: Page[] = [];
    for (let i = 0; i < TABS; i++) pages.push(await openTab(context, url));
    for (const page of pages) {
      await page.waitForFunction((most) => prost.ring.links.length >= most, TABS - 1);
    }
    const [a, b] = pages as [Page, Page];
    await rawPair(a, b);
    const file = [...readFileSync("dist/peerlets/dht.peerlet")];
    // The first round brings the peerlet to every replica, and is not measured.
    await a.evaluate(work, { file, count: VALUES, salt: "cold" });
    const took = await a.evaluate(work, { file, count: VALUES, salt: "warm" });
    const roundTripMs = median(await a.evaluate(rawRoundTripMs, ROUND_TRIPS));
    const away = took.filter(({ hops }) => hops > 0);
    const floor = median(away.map(({ hops }) => hops * roundTripMs));
    const floorIs = "hops to the root × a raw data channel round trip";
    return [
      {
        what: "dht put, 2 replicas acknowledged",
        value: median(away.map(({ putMs }) => putMs)),
        unit: "ms",
        floor,
        floorIs,
      },
      {
        what: "dht get",
        value: median(away.map(({ getMs }) => getMs)),
        unit: "ms",
        floor,
        floorIs,
      },
    ];
  });
}

/** Runs in a page: one after the other. */
async function work(options: { file: number[]; count: number; salt: string }): Promise<Took[]> {
  const { appId } = await prost.peerlets.install(Uint8Array.from(options.file));
  const dht = prost.peerlets.local(appId) as unknown as Dht;
  const timed = async (call: () => Promise<unknown>) => {
    const startMs = performance.now();
    await call();
    return performance.now() - startMs;
  };
  const took: Took[] = [];
  for (let i = 0; i < options.count; i++) {
    const key = prost.keyOf(`${options.salt} ${i}`);
    const hops = (await prost.trace(key)).hops.length - 1;
    const putMs = await timed(() => dht.put(key, "a value of some bytes"));
    const getMs = await timed(() => dht.get(key));
    took.push({ hops, putMs, getMs });
  }
  return took;
}
