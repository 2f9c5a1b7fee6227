/**
 * End-to-end tests: real tabs in one real Chromium. Each test has a server of
 * its own; see e2e/fixtures/overlay.ts.
 */
import { defineConfig } from "@playwright/test";
import { chromiumArgs, findChromium } from "./scripts/chromium.mjs";

const executablePath = await findChromium();

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // Twenty tabs fill a small machine. Parallel tests would measure one another.
  workers: 1,
  retries: 0,
  // Opening twenty tabs alone can take half a minute on two cores. Guess.
  timeout: 120_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: "list",
  use: {
    browserName: "chromium",
    headless: true,
    screenshot: "only-on-failure",
    trace: "off",
    launchOptions: {
      ...(executablePath !== null && { executablePath }),
      // A renderer for each tab, so that one can crash alone.
      args: [...chromiumArgs(), "--renderer-process-limit=100"],
    },
  },
});
