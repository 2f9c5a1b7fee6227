/**
 * What a person does with peerlets on the page: drops one, opens its view,
 * picks one from the gallery, answers a question, changes the policy.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures/overlay.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** As a person drops a file from their desktop, on whatever is in the middle of the page. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([file, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(content)], file));
      return transfer;
    },
    [name, [...bytes]] as const,
  );
  const main = page.getByRole("main");
  await main.dispatchEvent("dragover", { dataTransfer });
  await expect(page.getByTestId("drop-zone")).toBeVisible();
  await main.dispatchEvent("drop", { dataTransfer });
  await expect(page.getByTestId("drop-zone")).toBeHidden();
}

function dropPackage(page: Page, name: string): Promise<void> {
  return drop(page, `${name}.peerlet`, readFileSync(`${ROOT}dist/peerlets/${name}.peerlet`));
}

function rowOf(page: Page, name: string) {
  return page.getByTestId("peerlet").filter({ hasText: name });
}

test("a dropped peerlet runs, its view is used, and closes with the reason when it is denied", async ({
  overlay,
}) => {
  const [tab] = await overlay.open(1);
  const { page } = tab!;
  await overlay.waitForRing();
  await expect(page.getByTestId("no-peerlets")).toBeVisible();

  await dropPackage(page, "counter");
  const row = rowOf(page, "counter");
  await expect(row.getByTestId("peerlet-state")).toHaveText("Running");
  await expect(row).toContainText("installed by hand");

  await row.getByRole("button", { name: "Open view of counter" }).click();
  const view = page.getByTestId("view");
  await view.frameLocator("iframe").getByRole("button", { name: "Add one" }).click();
  await expect(view.frameLocator("iframe").getByRole("status")).toHaveText("1");

  await row.getByRole("button", { name: "Details of counter" }).click();
  await row.getByLabel("Rule for this application").selectOption("deny");
  await expect(row.getByTestId("peerlet-state")).toHaveText("Refused");
  await expect(view).toContainText("The view closed.");
  await expect(view.locator("iframe")).toHaveCount(0);

  await row.getByLabel("Rule for this application").selectOption("");
  await expect(row.getByTestId("peerlet-state")).toHaveText("Running");
  await row.getByRole("button", { name: "Uninstall counter" }).click();
  await row.getByRole("button", { name: "Erase its data" }).click();
  await expect(row).toHaveCount(0);
});

test("a file that is no package is refused where it was dropped, and the page stays", async ({
  overlay,
}) => {
  const [tab] = await overlay.open(1);
  const { page, id } = tab!;
  await drop(page, "letter.peerlet", new TextEncoder().encode("Dear all"));
  await expect(page.getByTestId("install")).toContainText("letter.peerlet: Not a good package");
  await expect(page.getByTestId("peerlet")).toHaveCount(0);
  expect(await page.evaluate(() => prost.id)).toBe(id);
});

test("the gallery offers what the server has, and installs it with one click", async ({
  overlay,
}) => {
  const [tab] = await overlay.open(1);
  const { page } = tab!;
  await overlay.waitForRing();
  await page.getByRole("button", { name: "Gallery" }).click();
  const offer = page.getByTestId("offer").filter({ hasText: "tracer" });
  await offer.getByRole("button", { name: /^Install: tracer/ }).click();
  await expect(rowOf(page, "tracer").getByTestId("peerlet-state")).toHaveText("Running");
  await expect(offer.getByRole("button", { name: /^Installed: tracer/ })).toBeDisabled();
});

test("an address that leads nowhere is said so, and stays to be mended", async ({ overlay }) => {
  const [tab] = await overlay.open(1);
  const { page } = tab!;
  await overlay.waitForRing();
  const input = page.getByLabel("Install from an address or a locator");
  const address = `${overlay.server.url}/peerlets/nothing/manifest.json`;
  await input.fill(address);
  await input.press("Enter");
  await expect(page.getByTestId("install")).toHaveAttribute("data-state", "failed");
  await expect(input).toHaveValue(address);
});

test("a node that asks shows who wants what; allowed, the peerlet runs", async ({ overlay }) => {
  const [first, second] = await overlay.open(2);
  await overlay.waitForRing();
  const [sender, asked] = [first!.page, second!.page];
  await asked.getByText("What may run here").click();
  await asked.getByTestId("default-rule").getByLabel("Ask").check();
  expect(await asked.evaluate(() => prost.policy.default)).toBe("ask");

  await dropPackage(sender, "counter");
  await expect(rowOf(sender, "counter").getByTestId("peerlet-state")).toHaveText("Running");
  const send = () =>
    sender.evaluate((to) => {
      const { appId } = prost.peerlets.list()[0]!;
      return prost.route(to, appId, new TextEncoder().encode("visits"));
    }, second!.id);
  await send();

  const card = asked.getByTestId("question");
  await expect(card).toContainText("May “counter” run on this node?");
  await expect(card).toContainText("of storage");
  await expect(card).toContainText(`a message of node ${first!.id.slice(0, 8)}`);
  await expect(rowOf(asked, "counter").getByTestId("peerlet-state")).toHaveText("Refused");

  const allow = card.getByRole("button", { name: "Allow this application" });
  await expect(allow).toHaveAttribute("aria-disabled", "false");
  await allow.click();
  await expect(card).toBeHidden();
  await expect(rowOf(asked, "counter").getByTestId("peerlet-state")).toHaveText("Running");
  expect(await send()).toMatchObject({ kind: "delivered", root: second!.id });
});

test("a view is told of the theme, and on a phone nothing is wider than the screen", async ({
  overlay,
}) => {
  const [tab] = await overlay.open(1);
  const { page } = tab!;
  await overlay.waitForRing();
  await page.setViewportSize({ width: 360, height: 780 });
  await dropPackage(page, "counter");
  await page.getByRole("button", { name: "Open view of counter" }).click();
  await page.getByRole("button", { name: "Details of counter" }).click();
  await page.getByText("What may run here").click();
  await page.getByRole("button", { name: "Gallery" }).click();
  await expect(page.getByTestId("offer").first()).toBeVisible();
  const frame = page.getByTestId("view").frameLocator("iframe");
  await expect(frame.getByRole("button", { name: "Add one" })).toBeVisible();
  const scheme = () =>
    frame.locator(":root").evaluate((root) => getComputedStyle(root).colorScheme);
  // From auto, which is light here, to light, to dark.
  await page.getByTestId("theme").click();
  await expect.poll(scheme).toBe("light");
  await page.getByTestId("theme").click();
  await expect.poll(scheme).toBe("dark");
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});
