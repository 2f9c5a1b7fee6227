/**
 * The server as a tab and an operator see it, without a ring.
 */
import { crashPage, expect, test } from "./fixtures/overlay.ts";
import { TestServer } from "./fixtures/server.ts";

test.use({ serverArgs: ["--network", "e2e"] });

test("the server says that it is well", async ({ overlay, request }) => {
  const response = await request.get(`${overlay.server.url}/healthz`);
  expect(response.status()).toBe(200);
  expect(await response.text()).toBe("ok");
});

test("the configuration names the network, and no third party", async ({ overlay, request }) => {
  const response = await request.get(`${overlay.server.url}/config.json`);
  expect(await response.json()).toEqual({
    network: "e2e",
    iceServers: [],
    publishers: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
});

test("the page is served under a strict policy", async ({ overlay, request }) => {
  const response = await request.get(overlay.server.url);
  expect(response.status()).toBe(200);
  const headers = response.headers();
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; script-src 'self' blob: 'sha256-[^']+';/,
  );
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

test("what is not there is not found", async ({ overlay, request }) => {
  const response = await request.get(`${overlay.server.url}/nothing`);
  expect(response.status()).toBe(404);
});

test("an operator can read the metrics", async ({ overlay, request }) => {
  const response = await request.get(`${overlay.server.url}/metrics`);
  expect(await response.text()).toMatch(/^prost_clients 0$/m);
});

test("a page of another origin may ask for the gates", async ({ overlay, page }) => {
  const elsewhere = new TestServer();
  await elsewhere.start();
  await page.goto(`${elsewhere.url}/healthz`);
  const answer = await page.evaluate(async (url) => {
    const response = await fetch(`${url}/gates`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ network: "e2e", nodeId: "0".repeat(40), role: "visitor" }),
    });
    return response.json() as Promise<unknown>;
  }, overlay.server.url);
  await elsewhere.stop();
  expect(answer).toEqual({ kind: "gates", gates: [], wanted: true });
});

test("the server comes back at the port it had", async ({ overlay, request }) => {
  const { url } = overlay.server;
  await overlay.server.stop();
  await expect(request.get(`${url}/healthz`)).rejects.toThrow("ECONNREFUSED");
  await overlay.server.start();
  expect(overlay.server.url).toBe(url);
  expect((await request.get(`${url}/healthz`)).status()).toBe(200);
});

test("a tab that crashes takes no other with it", async ({ overlay }) => {
  const pages = await Promise.all(Array.from({ length: 20 }, () => overlay.newPage()));
  await Promise.all(pages.map((page) => page.goto(`${overlay.server.url}/healthz`)));
  const [victims, survivors] = [pages.slice(0, 5), pages.slice(5)];
  await Promise.all(victims.map(crashPage));
  const texts = await Promise.all(survivors.map((page) => page.innerText("body")));
  expect(texts).toEqual(survivors.map(() => "ok"));
});
