/**
 * The Chromium that end-to-end tests and `npm start -- --peers` drive: which
 * one it is, and how it is started. set-up.mjs gets one when there is none.
 *
 * Plain Node: it must run before anything is installed.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** Where systems keep a Chromium, best first. */
const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A browser that does not say its version within this time does not work. Guess, for a slow disk. */
const VERSION_TIMEOUT_MS = 15_000;

/**
 * The path of a Chromium that runs, or null. PROST_CHROMIUM goes first, then
 * the system's own, then one that Playwright has downloaded before.
 *
 * @returns {Promise<string | null>}
 */
export async function findChromium() {
  const named = process.env["PROST_CHROMIUM"];
  if (named) {
    if (runs(named)) return named;
    throw new Error(`PROST_CHROMIUM is ${named}, but that does not run. Correct or unset it.`);
  }
  return [...USUAL_PLACES, ...(await playwrightsOwn())].find(runs) ?? null;
}

/** @returns {Promise<string[]>} */
async function playwrightsOwn() {
  try {
    const { chromium } = await import("@playwright/test");
    return [chromium.executablePath()];
  } catch {
    return []; // Not installed, or it has no browser for this system.
  }
}

/**
 * Existing is not enough: Ubuntu's /usr/bin/chromium-browser is often a script that only
 * advises to install something else.
 *
 * @param {string} path
 */
function runs(path) {
  if (!existsSync(path)) return false;
  try {
    execFileSync(path, ["--version"], { stdio: "ignore", timeout: VERSION_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

/**
 * Keeps a headless Chromium from calling home, and lets it run where it
 * otherwise would not: as root, without a GPU, without a network.
 *
 * @returns {string[]}
 */
export function chromiumArgs() {
  const args = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  // Chromium refuses to run as root inside its sandbox.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  // WebRTC leaves the loopback interface out, unless told otherwise.
  if (hasOnlyLoopback()) args.push("--allow-loopback-in-peer-connection");
  return args;
}

function hasOnlyLoopback() {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.every((address) => address.internal);
}
