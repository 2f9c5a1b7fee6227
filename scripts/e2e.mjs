/**
 * Runs the end-to-end tests in a real Chromium; arguments go to Playwright:
 *
 *     npm run e2e -- -g "reloaded tab"
 *
 * Installs and builds first what is missing or stale.
 */
import { spawnSync } from "node:child_process";
import { buildIfStale } from "./build.mjs";
import { ROOT, runMain, setUpBrowser, setUpPackages } from "./set-up.mjs";

await runMain(async () => {
  setUpPackages();
  const chromium = await setUpBrowser();
  await buildIfStale();
  const { status } = spawnSync(
    process.execPath,
    [`${ROOT}node_modules/@playwright/test/cli.js`, "test", ...process.argv.slice(2)],
    { cwd: ROOT, stdio: "inherit", env: { ...process.env, PROST_CHROMIUM: chromium } },
  );
  process.exitCode = status ?? 1;
});
