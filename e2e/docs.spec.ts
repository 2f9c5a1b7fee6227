/** The sample of docs/peerlets.md, word for word: it is packed, installed, and used. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "../cli/run.ts";
import { expect, test } from "./fixtures/overlay.ts";

const DOCS = readFileSync(fileURLToPath(new URL("../docs/peerlets.md", import.meta.url)), "utf8");

/** The text that follows `heading` in a block of its own. */
function blockAfter(heading: string): string {
  const [, text] = /```\w+\n([\s\S]*?)```/.exec(DOCS.slice(DOCS.indexOf(heading))) ?? [];
  if (text === undefined) throw new Error(`docs/peerlets.md has no block after ${heading}`);
  return text;
}

let folder: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prost-docs-"));
  mkdirSync(join(folder, "notes"));
  for (const name of ["manifest.json", "peerlet.js", "view.js"]) {
    writeFileSync(join(folder, "notes", name), blockAfter(`\`notes/${name}\``));
  }
});

test.afterEach(() => rmSync(folder, { recursive: true }));

async function prost(...args: string[]): Promise<void> {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const io = { out: say, err: say, resolve: (path: string) => resolve(folder, path) };
  expect(await runCli(args, io), said.join("\n")).toBe(0);
}

test("the notes of the docs: packed, installed, and everything in their view can be seen and used", async ({
  overlay,
}) => {
  await prost("keygen", "--out", "my.key");
  await prost("pack", "notes", "--key", "my.key", "--out", "apps");
  await prost("verify", "apps/notes.peerlet");
  const [tab] = await overlay.open(1);
  const { page } = tab!;
  await overlay.waitForRing();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByTestId("install-file").setInputFiles(join(folder, "apps/notes.peerlet"));
  await page.getByRole("button", { name: "Open view of notes" }).click();
  const view = page.getByTestId("view").frameLocator("iframe");
  await expect(view.getByRole("button", { name: "Write" })).toBeInViewport({ ratio: 1 });
  await view.getByLabel("Note", { exact: true }).fill("buy milk");
  await view.getByRole("button", { name: "Write" }).click();
  await expect(view.getByRole("listitem")).toHaveText(`buy milk (${tab!.id.slice(0, 8)})`);
  await expect(view.getByRole("listitem")).toBeInViewport({ ratio: 1 });
});
