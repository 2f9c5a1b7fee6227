/** Tabs to measure, and the floor beside them: a raw data channel between two pages. */
import { type Browser, type BrowserContext, type Page, chromium } from "@playwright/test";
import { TestServer } from "../e2e/fixtures/server.ts";
import { chromiumArgs, findChromium } from "../scripts/chromium.mjs";
import type { Peer } from "../src/peer/peer.ts";

declare const prost: Peer;

/** Measures with a server and a browser of its own, which end with it. */
export async function inBrowser<Measured>(
  measure: (browser: Browser, url: string) => Promise<Measured>,
): Promise<Measured> {
  const server = new TestServer();
  await server.start();
  const executablePath = await findChromium();
  const browser = await chromium.launch({
    ...(executablePath !== null && { executablePath }),
    args: chromiumArgs(),
  });
  try {
    return await measure(browser, server.url);
  } finally {
    await browser.close();
    await server.stop();
  }
}

export async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => "prost" in globalThis && prost !== undefined);
  return page;
}

/** A raw channel between two pages; their ends are `globalThis.raw`. */
export async function rawPair(a: Page, b: Page): Promise<{ setUpMs: number }> {
  const startMs = performance.now();
  const offer = await a.evaluate(async () => {
    const connection = new RTCPeerConnection();
    const channel = connection.createDataChannel("raw", { negotiated: true, id: 0 });
    channel.binaryType = "arraybuffer";
    Object.assign(globalThis, { raw: channel, rawConnection: connection });
    await connection.setLocalDescription();
    await new Promise<void>((resolve) => {
      connection.addEventListener("icecandidate", () => resolve(), { once: true });
    });
    return connection.localDescription!.sdp;
  });
  const answer = await b.evaluate(async (sdp) => {
    const connection = new RTCPeerConnection();
    const channel = connection.createDataChannel("raw", { negotiated: true, id: 0 });
    channel.binaryType = "arraybuffer";
    let count = 0;
    channel.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
      count += 1;
      // Small ones are round trips; the last of a flood is told of.
      if (data.byteLength < 100 || data.byteLength === 1_000) channel.send(data);
      Object.assign(globalThis, { rawCount: count });
    });
    Object.assign(globalThis, { raw: channel, rawConnection: connection });
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription();
    await new Promise<void>((resolve) => {
      connection.addEventListener("icecandidate", () => resolve(), { once: true });
    });
    return connection.localDescription!.sdp;
  }, offer);
  await a.evaluate(async (sdp) => {
    const { raw, rawConnection } = globalThis as unknown as {
      raw: RTCDataChannel;
      rawConnection: RTCPeerConnection;
    };
    await rawConnection.setRemoteDescription({ type: "answer", sdp });
    if (raw.readyState === "open") return;
    await new Promise<void>((resolve) =>
      raw.addEventListener("open", () => resolve(), { once: true }),
    );
  }, answer);
  return { setUpMs: performance.now() - startMs };
}

/** Runs in the first of them. */
export async function rawRoundTripMs(count: number): Promise<number[]> {
  const { raw } = globalThis as unknown as { raw: RTCDataChannel };
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    const back = new Promise<void>((resolve) =>
      raw.addEventListener("message", () => resolve(), { once: true }),
    );
    raw.send(new Uint8Array(50));
    await back;
    times.push(performance.now() - startMs);
  }
  return times;
}
