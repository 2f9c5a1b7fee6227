/**
 * What the sandbox does for a view that means well.
 */
import { expect, test } from "./fixtures/hostile-lab.ts";

test("a view draws, calls its peerlet, hears its events and the theme, and closes", async ({
  lab,
}) => {
  const view = await lab.openView(`
    export default async (view) => {
      view.root.textContent = "hello from the view";
      view.on("count", (detail) => view.local.say("heard", detail));
      view.onTheme((theme) => view.local.say("theme", theme));
      await view.local.say("echoed", await view.local.echo(1, "two", new Uint8Array([3])));
      const wrong = await view.local.echo(() => {}).catch(({ code }) => code);
      await view.local.say("wrong", wrong);
    };`);
  const frame = lab.page.frameLocator('iframe[title="hostile view"]');
  await expect(frame.getByText("hello from the view")).toBeVisible();
  expect(await view.says("echoed")).toEqual([1, "two", new Uint8Array([3])]);
  expect(await view.says("wrong")).toBe("bad-parameter");
  await view.emit("count", { now: 5 });
  expect(await view.says("heard")).toEqual({ now: 5 });
  await lab.page.evaluate(() => document.documentElement.setAttribute("data-theme", "dark"));
  expect(await view.says("theme")).toBe("dark");
  await view.close();
  expect(await view.stopped()).toEqual({ kind: "closed", why: "it was closed", isOffence: false });
  await expect(lab.page.locator("iframe")).toHaveCount(0);
});

test("a view that throws says what", async ({ lab }) => {
  const view = await lab.launchView(`export default () => { throw new Error("no luck") }`);
  expect(await view.started()).toEqual({ kind: "failed", why: "no luck", isOffence: false });
});
