/**
 * The page, as a person finds it: alone, in company, without a server, in a
 * browser that lacks something, with a keyboard, on a phone.
 */
import { TestServer } from "./fixtures/server.ts";
import { expect, test } from "./fixtures/overlay.ts";

test("the first tab says that it is alone; with a second, both show the ring", async ({
  overlay,
}) => {
  const [first] = await overlay.open(1);
  await expect(first!.page.getByTestId("state")).toHaveText("Alone in the ring");
  const [second] = await overlay.open(1);
  await expect(first!.page.getByTestId("state")).toHaveText("In the ring");
  await expect(second!.page.getByTestId("state")).toHaveText("In the ring");
});

test("a name is traced to its root with the keyboard alone, hop by hop", async ({ overlay }) => {
  const tabs = await overlay.open(5);
  await overlay.waitForRing();
  const { page } = tabs[0]!;
  const form = page.getByTestId("trace-form");
  await form.getByRole("textbox").focus();
  await page.keyboard.type("moby dick");
  await page.keyboard.press("Enter");
  const { root } = await page.evaluate(() => prost.trace(prost.keyOf("moby dick")));
  await expect(page.getByTestId("trace-hops")).toContainText(root.slice(0, 6));
  await expect(page.getByTestId("announcer")).not.toBeEmpty();
});

test("with its server away at the start a tab says so, keeps trying, and joins when it is back", async ({
  overlay,
}) => {
  const other = new TestServer();
  await other.start();
  await other.stop();
  const [tab] = await overlay.open(1, `?signaling=${encodeURIComponent(other.url)}`);
  await expect(tab!.page.getByTestId("notice")).toBeVisible();
  await expect(tab!.page.getByTestId("state")).toHaveText("Looking for the ring");
  expect(await tab!.page.evaluate(() => prost.signaling[0]!.state)).toMatch(/away|asking/);
  await other.start();
  await expect(tab!.page.getByTestId("state")).toHaveText("Alone in the ring", { timeout: 20_000 });
  await other.stop();
});

test("tabs of different networks are different rings", async ({ overlay }) => {
  const red = await overlay.open(2, "?network=red");
  const blue = await overlay.open(2, "?network=blue");
  await overlay.waitForRing(red);
  await overlay.waitForRing(blue);
});

for (const [lack, script] of [
  ["WebRTC", "delete globalThis.RTCPeerConnection"],
  ["https", "Object.defineProperty(globalThis, 'isSecureContext', { value: false })"],
] as const) {
  test(`a page without ${lack} says what to do`, async ({ overlay }) => {
    const page = await overlay.newPage();
    await page.addInitScript(script);
    await page.goto(overlay.server.url);
    await expect(page.getByTestId("notice")).toContainText(lack);
    await expect(page.getByTestId("state")).toHaveText("Cannot start");
  });
}

test("on a phone nothing is wider than the screen", async ({ overlay }) => {
  const [tab] = await overlay.open(1);
  await overlay.open(3);
  await overlay.waitForRing();
  await tab!.page.setViewportSize({ width: 360, height: 740 });
  const overflow = await tab!.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});
