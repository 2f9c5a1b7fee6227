/**
 * Gets what a fresh clone lacks: the packages, and a browser when one is
 * needed. What is there already is left alone, so a second run does nothing.
 *
 *     node scripts/set-up.mjs [--browser]
 *
 * Plain Node, and nothing but Node: it runs before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findChromium } from "./chromium.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Makes node_modules what package-lock.json says.
 */
export function setUpPackages() {
  if (packagesAreCurrent()) return;
  say("installing the packages (npm ci)");
  // With NODE_ENV=production npm would leave out the tools that build and test.
  runNpm(["ci", "--include=dev", "--no-audit", "--no-fund"]);
}

/**
 * npm keeps a lockfile of what it really installed. Comparing the two sees a
 * changed lockfile, an install that was cut short, and one made by hand.
 */
function packagesAreCurrent() {
  const wanted = readPackages("package-lock.json");
  const installed = readPackages("node_modules/.package-lock.json");
  if (wanted === null)
    throw new Error("package-lock.json is missing or broken. Check it out again.");
  if (installed === null) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === "") return true;
    const there = installed[path];
    // An optional package may be for another system.
    if (there === undefined) return optional === true;
    const isSame = integrity === undefined || there.integrity === integrity;
    return there.version === version && isSame;
  });
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage
 * @param {string} path
 * @returns {Record<string, LockedPackage> | null}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(ROOT + path, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

/**
 * The path of a Chromium that runs; gets one if there is none. Needs the packages.
 *
 * @returns {Promise<string>}
 */
export async function setUpBrowser() {
  const found = await findChromium();
  if (found !== null) return found;

  const attempts = [];
  if (isRootOnDebian()) {
    say("installing Chromium (apt-get)");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    attempts.push("apt-get install chromium");
    if (run("apt-get", ["update"], env)) run("apt-get", ["install", "-y", "chromium"], env);
  }
  let installed = await findChromium();
  if (installed === null) {
    say("downloading Chromium (playwright install)");
    attempts.push("npx playwright install chromium");
    run(process.execPath, [`${ROOT}node_modules/@playwright/test/cli.js`, "install", "chromium"]);
    installed = await findChromium();
  }
  if (installed !== null) return installed;
  throw new Error(
    `There is no Chromium that runs, and getting one failed (tried: ${attempts.join("; ")}). ` +
      "Install Chromium or Chrome, and if it is in an unusual place set PROST_CHROMIUM to its path.",
  );
}

function isRootOnDebian() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

/** @param {string[]} args */
function runNpm(args) {
  // Set when npm itself started us: surely the same npm, and no shell script to find on Windows.
  const npm = process.env["npm_execpath"];
  const done = npm ? run(process.execPath, [npm, ...args]) : run("npm", args);
  if (!done) throw new Error(`npm ${args[0]} failed; what it said is above.`);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function run(command, args, env = process.env) {
  // All of it goes to stderr: stdout belongs to the script that needs the set-up.
  const { status } = spawnSync(command, args, { cwd: ROOT, env, stdio: ["ignore", 2, 2] });
  return status === 0;
}

/** @param {string} what */
function say(what) {
  process.stderr.write(`set-up: ${what}\n`);
}

/**
 * Runs a script's main part; what it throws is told in one line, without a stack.
 *
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    // Not process.exitCode: what main has begun by then may keep the process alive.
    process.stderr.write(`${messageOf(error)}\n`, () => process.exit(1));
  }
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    setUpPackages();
    if (process.argv.includes("--browser")) await setUpBrowser();
  });
}
