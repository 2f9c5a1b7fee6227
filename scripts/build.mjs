/**
 * Builds the app, the library and the server into dist/, when anything they
 * are made of has changed since the last time.
 *
 *     node scripts/build.mjs [--force]
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, runMain, setUpPackages } from "./set-up.mjs";

/** What a build is made of. Folders count with everything in them but tests. */
const SOURCES = [
  "index.html",
  "package-lock.json",
  "package.json",
  "public",
  "signaling",
  "src",
  "tsconfig.base.json",
  "vite.config.ts",
];

/** The modes of vite.config.ts; each writes dist/<mode>. */
const MODES = ["app", "lib", "server"];

const STAMP = join(ROOT, "dist/.stamp");

/** @param {{ force?: boolean }} options */
export async function buildIfStale({ force = false } = {}) {
  const stamp = hashOfSources();
  if (!force && existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return;
  const { build } = await import("vite");
  for (const mode of MODES) await build({ root: ROOT, mode, logLevel: "warn" });
  writeFileSync(STAMP, stamp);
}

function hashOfSources() {
  const hash = createHash("sha256");
  for (const path of SOURCES.flatMap(filesUnder)) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * @param {string} path relative to the root, as are the results, which are in order
 * @returns {string[]}
 */
function filesUnder(path) {
  if (path.endsWith(".test.ts") || path === "src/sim" || !existsSync(join(ROOT, path))) return [];
  const entries = readdirOrNull(join(ROOT, path));
  if (entries === null) return [path];
  return entries.toSorted().flatMap((entry) => filesUnder(`${path}/${entry}`));
}

/** @param {string} path */
function readdirOrNull(path) {
  try {
    return readdirSync(path);
  } catch {
    return null; // A file.
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    setUpPackages();
    await buildIfStale({ force: process.argv.includes("--force") });
  });
}
