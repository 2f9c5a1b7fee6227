/** The views of the services, used as a person uses them: on the page, by keyboard, on a phone and beside others. */
import type { FrameLocator, Page } from "@playwright/test";
import type { Tab } from "./fixtures/overlay.ts";
import { expect, test } from "./fixtures/overlay.ts";
import { install } from "./fixtures/peerlets.ts";

const PHONE = { width: 390, height: 800 };

/** Installs an application on a tab, and opens its view by its button. */
async function openView({ page, ...tab }: Tab, name: string): Promise<FrameLocator> {
  await install({ page, ...tab }, name);
  await page.getByRole("button", { name: `Open view of ${name}`, exact: true }).click();
  return page.getByTestId("view").filter({ hasText: name }).frameLocator("iframe");
}

async function expectToFit(view: FrameLocator): Promise<void> {
  const widths = await view
    .locator("html")
    .evaluate((html) => [html.scrollWidth, html.clientWidth]);
  expect(widths[0], "nothing is wider than the view").toBeLessThanOrEqual(widths[1]!);
}

/** Takes a name in im's view, by keyboard. */
async function takeName(view: FrameLocator, name: string): Promise<void> {
  await view.getByLabel("Your name", { exact: true }).fill(name);
  await view.getByLabel("Your name", { exact: true }).press("Enter");
  await expect(view.getByRole("button", { name: `You: ${name}.` })).toBeVisible({
    timeout: 30_000,
  });
}

async function say(page: Page, view: FrameLocator, text: string): Promise<void> {
  await view.getByLabel(/^Message\./).fill(text);
  await page.keyboard.press("Enter");
}

test("im: two people, by keyboard and on a phone: found, written to, counted while unread, read when seen", async ({
  overlay,
}) => {
  test.setTimeout(240_000);
  await overlay.open(4);
  await overlay.waitForRing();
  const [anns, bobs] = overlay.tabs as [Tab, Tab];
  await bobs.page.setViewportSize(PHONE);
  const ann = await openView(anns, "im");
  const bob = await openView(bobs, "im");
  await takeName(ann, "Ann");
  await takeName(bob, "Bob");

  // Ann finds Bob by his name, and writes.
  await ann.getByLabel(/^Find a person/).fill("bob");
  await anns.page.keyboard.press("Enter");
  await ann.getByRole("button", { name: "Write to them" }).press("Enter", { timeout: 30_000 });
  await say(anns.page, ann, "Hello, Bob!");
  await expect(ann.locator(".said.own .text")).toHaveText(["Hello, Bob!"]);

  // To Bob she is a stranger until he accepts.
  await bobs.page.bringToFront();
  const row = (view: FrameLocator, name: string) => view.locator("button.row", { hasText: name });
  await expect(row(bob, "Ann")).toContainText("1 unread", { timeout: 90_000 });
  await row(bob, "Ann").press("Enter");
  await bob.getByRole("button", { name: "Accept" }).press("Enter");
  await say(bobs.page, bob, "Hello, Ann!");
  await expectToFit(bob);
  await expect(ann.locator(".said:not(.own) .text")).toHaveText(["Hello, Ann!"]);
  await expect(ann.locator(".said.own")).toContainText("read");

  // Back in his list he has not seen what comes; when he opens it he has.
  await bobs.page.keyboard.press("Escape");
  await expect(row(bob, "Ann")).toBeFocused();
  await say(anns.page, ann, "Are you there?");
  await say(anns.page, ann, "Bob?");
  await expect(row(bob, "Ann")).toContainText("2 unread");
  await expectToFit(bob);
  await expect(ann.locator(".said.own").last()).not.toContainText("read");
  await bobs.page.keyboard.press("Enter");
  await expect(bob.locator(".said:not(.own) .text")).toHaveText([
    "Hello, Bob!",
    "Are you there?",
    "Bob?",
  ]);
  await expect(ann.locator(".said.own").last()).toContainText("read");

  // A room.
  await bobs.page.keyboard.press("Escape");
  for (const [{ page }, view] of [
    [bobs, bob],
    [anns, ann],
  ] as const) {
    await view.getByLabel(/^Find a person/).fill("#Lounge");
    await page.keyboard.press("Enter");
    await expect(view.getByRole("heading", { name: "# Lounge" })).toBeVisible({ timeout: 30_000 });
  }
  await say(anns.page, ann, "Who is here?");
  await expect(bob.locator(".said:not(.own) .text")).toHaveText(["Who is here?"], {
    timeout: 30_000,
  });
});

test("the explorer of the dht: a value is put, seen with its replicas, and removed by its secret", async ({
  overlay,
}) => {
  await overlay.open(5);
  await overlay.waitForRing();
  const [tab] = overlay.tabs as [Tab];
  const view = await openView(tab, "dht");
  // By keyboard: a click is aimed at where the frame was before the page moved it.
  const press = (name: string) => view.getByRole("button", { name, exact: true }).press("Enter");
  await view.getByLabel("Name or key").fill("poem");
  await view.getByLabel("Value", { exact: true }).fill("a rose is a rose");
  await view.getByLabel("Secret, to remove it").fill("thorn");
  await press("Put");
  await expect(view.getByRole("status")).toContainText("acknowledged", { timeout: 30_000 });
  // Who works by keyboard goes on where they were.
  await expect(view.getByRole("button", { name: "Put", exact: true })).toBeFocused();
  await expect(view.getByLabel("Values").getByRole("listitem")).toHaveCount(1);
  await expect(view.getByLabel("Values")).toContainText("a rose is a rose");
  const replicas = view.getByLabel("Replicas", { exact: true });
  await expect(replicas.getByRole("listitem")).toHaveCount(4);
  await expect(replicas.getByRole("listitem").first()).toContainText("the root");
  await expect(replicas.getByRole("img")).toBeVisible();
  await tab.page.setViewportSize(PHONE);
  await expectToFit(view);

  await view.getByLabel("Secret, to remove it").fill("petal");
  await press("Remove");
  await expect(view.getByRole("status")).toContainText("No value here was put with this secret");
  await view.getByLabel("Secret, to remove it").fill("thorn");
  await press("Remove");
  await expect(view.getByRole("status")).toHaveText("Removed 1.");
  await view.getByLabel("Name or key").press("Enter");
  await expect(view.getByRole("status")).toContainText("Nothing is stored under this name");
});

test("the yellow pages: an entry is registered in one tab, found and searched in another, and withdrawn", async ({
  overlay,
}) => {
  await overlay.open(5);
  await overlay.waitForRing();
  const [adas, bens] = overlay.tabs as [Tab, Tab];
  await bens.page.setViewportSize(PHONE);
  const ada = await openView(adas, "directory");
  const ben = await openView(bens, "directory");
  await ada.getByText("Register an entry", { exact: true }).click();
  await ada.getByLabel("Category", { exact: true }).fill("Food/Bakers");
  await ada.getByLabel("Name", { exact: true }).fill("Ada's bread");
  await ada.getByLabel("What you offer").fill("Rye and wheat");
  await ada.getByLabel("How to reach you").fill("1 Mill Lane");
  await ada.getByRole("button", { name: "Register", exact: true }).press("Enter");
  await expect(ada.getByRole("heading", { name: "Ada's bread" }).first()).toBeVisible({
    timeout: 30_000,
  });

  await bens.page.bringToFront();
  await ben.getByLabel("Category, or a new one").fill("food/bakers");
  await ben.getByLabel("Category, or a new one").press("Enter");
  const listed = ben.getByRole("list", { name: "Providers in food/bakers" });
  await expect(listed.getByRole("listitem")).toHaveCount(1, { timeout: 30_000 });
  await expect(listed).toContainText("1 Mill Lane");
  await expectToFit(ben);
  const search = ben.getByLabel(/^Search here/);
  await search.fill("spelt");
  await search.press("Enter");
  await expect(listed.getByRole("listitem")).toHaveCount(0);
  await search.fill("WHEAT rye");
  await search.press("Enter");
  await expect(listed.getByRole("listitem")).toHaveCount(1);

  await adas.page.bringToFront();
  await ada
    .getByRole("button", { name: /^Withdraw/ })
    .first()
    .press("Enter");
  await bens.page.bringToFront();
  await expect
    .poll(
      async () => {
        await search.press("Enter");
        return listed.getByRole("listitem").count();
      },
      { timeout: 30_000 },
    )
    .toBe(0);
});

test("the rooms board: what is said in one tab is shown in the other, with this node's place in the tree", async ({
  overlay,
}) => {
  await overlay.open(5);
  await overlay.waitForRing();
  const [first, second] = overlay.tabs as [Tab, Tab];
  await second.page.setViewportSize(PHONE);
  const views = [await openView(first, "cast"), await openView(second, "cast")] as const;
  for (const view of views) {
    await view.getByLabel("Name of a room").fill("kitchen");
    await view.getByLabel("Name of a room").press("Enter");
    await expect(view.getByRole("heading", { name: "kitchen" })).toBeVisible({ timeout: 30_000 });
  }
  await views[0].getByLabel("Message", { exact: true }).fill("dinner is ready");
  await views[0].getByLabel("Message", { exact: true }).press("Enter");
  for (const view of views) {
    await expect(view.getByRole("log")).toContainText("dinner is ready", { timeout: 30_000 });
    await expectToFit(view);
  }
  await expect(views[0].locator(".place")).toContainText(/root/i);
});

test("objects: one is published by keyboard on a phone, sent to from another tab, and withdrawn", async ({
  overlay,
}) => {
  await overlay.open(5);
  await overlay.waitForRing();
  const [printers, senders] = overlay.tabs as [Tab, Tab];
  await printers.page.setViewportSize(PHONE);
  const printer = await openView(printers, "dolr");
  const sender = await openView(senders, "dolr");
  // Longer than a phone is wide, and without a place to break.
  const name = "printer".repeat(30);

  await printers.page.bringToFront();
  const field = printer
    .getByRole("region", { name: "Publish an object here" })
    .getByLabel("Its name");
  const published = printer.getByRole("list", { name: "Published by this node" });
  await expect(published.getByRole("listitem")).toHaveText(["Nothing yet."]);
  await field.fill(name);
  await field.press("Enter");
  await expect(published.getByRole("listitem")).toHaveText([
    new RegExp(`^${name}root [0-9a-f]{8}, \\d hops? away`),
  ]);
  await expect(field).toBeFocused();
  await expectToFit(printer);

  await senders.page.bringToFront();
  const form = sender.getByRole("region", { name: "Send to an object" });
  const send = async (object: string, message: string) => {
    await form.getByLabel("Its name").fill(object);
    await form.getByLabel("Message").fill(message);
    await form.getByLabel("Endpoints").fill("2");
    await form.getByRole("button", { name: "Send" }).press("Enter");
  };
  await send(name, `two sheets, ${"please".repeat(30)}`);
  await expect(
    form.getByText(/^1 of 2 got it; the first pointer was \d hops? away\.$/),
  ).toBeVisible({
    timeout: 30_000,
  });
  await expect(form.getByRole("listitem")).toHaveText([
    new RegExp(`^${printers.id.slice(0, 8)}pointer after \\d hops?$`),
  ]);
  await expect(form.getByRole("button", { name: "Send" })).toBeFocused();
  const arrived = printer.getByRole("list", { name: "Messages, the latest first" });
  await expect(arrived.getByRole("listitem")).toHaveText([
    new RegExp(`^two sheets, .*to ${name}, from ${senders.id.slice(0, 8)}, `),
  ]);
  await expectToFit(printer);

  // From the field past its button to the one that takes the object back.
  await printers.page.bringToFront();
  await field.focus();
  await printers.page.keyboard.press("Tab");
  await printers.page.keyboard.press("Tab");
  await expect(printer.getByRole("button", { name: `Unpublish ${name}` })).toBeFocused();
  await printers.page.keyboard.press("Enter");
  await expect(published.getByRole("listitem")).toHaveText(["Nothing yet."]);
  await expect(field).toBeFocused();
  await senders.page.bringToFront();
  await send(name, "one more");
  await expect(form.getByText("Nobody publishes it.")).toBeVisible({ timeout: 30_000 });
  await expect(arrived.getByRole("listitem")).toHaveCount(1);
});
