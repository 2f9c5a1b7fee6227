/**
 * Builds the app, the library, the SDK, the server and the command line into
 * dist/, and packs our peerlets, when anything they are made of has changed
 * since the last time.
 *
 *     node scripts/build.mjs [--force]
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, runMain, setUpPackages } from "./set-up.mjs";

/** What a build is made of. Folders count with everything in them but tests. */
const SOURCES = [
  "cli",
  "index.html",
  "package-lock.json",
  "package.json",
  "public",
  "signaling",
  "scripts/sandbox-documents.mjs",
  "src",
  "tsconfig.base.json",
  "tsconfig.sdk.json",
  "vite.config.ts",
];

/** The modes of vite.config.ts; each writes dist/<mode>. */
const MODES = ["app", "lib", "sdk", "server", "cli"];

const STAMP = join(ROOT, "dist/.stamp");

/** @param {{ force?: boolean }} options */
export async function buildIfStale({ force = false } = {}) {
  const stamp = hashOfSources();
  if (!force && existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return;
  const { build } = await import("vite");
  for (const mode of MODES) await build({ root: ROOT, mode, logLevel: "warn" });
  const { writeSandboxDocuments } = await import("./sandbox-documents.mjs");
  await writeSandboxDocuments("dist/app");
  chmodSync(join(ROOT, "dist/cli/prost.mjs"), 0o755);
  writeSdkTypes();
  await packPeerlets();
  writeFileSync(STAMP, stamp);
}

/** Beside the SDK's code: an author's compiler then needs no options for our sources. */
function writeSdkTypes() {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(ROOT, "tsconfig.sdk.json")], {
    stdio: "inherit",
  });
}

async function packPeerlets() {
  const path = pathToFileURL(join(ROOT, "dist/cli/peerlets.mjs"));
  // Another one than before, when this process builds twice.
  path.search = `?${Date.now()}`;
  /** @type {typeof import("../cli/peerlets.ts")} */
  const cli = await import(path.href);
  await cli.packPeerlets({
    from: join(ROOT, "src/peerlets"),
    to: join(ROOT, "dist/peerlets"),
    otherKeyPath: join(ROOT, "node_modules/.cache/prost/publisher.key"),
  });
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
