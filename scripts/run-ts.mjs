/**
 * Runs a TypeScript program in Node 20, which cannot strip types: bundles it
 * and its imports (not the packages) into node_modules/.cache, then starts it.
 *
 *     node scripts/run-ts.mjs src/sim/cli.ts --nodes 100 --seed 7
 *
 * The program is a process of its own, so that its memory and its time are its
 * own too. NODE_OPTIONS reaches it.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { ROOT, runMain, setUpPackages } from "./set-up.mjs";

await runMain(async () => {
  const [entry, ...args] = process.argv.slice(2);
  if (entry === undefined) throw new Error("Usage: node scripts/run-ts.mjs <file.ts> [arguments]");
  setUpPackages();
  // A folder of its own for each run: two at once must not overwrite each other's program.
  const outDir = join(ROOT, "node_modules/.cache/prost/run", String(process.pid));
  try {
    await bundle(entry, outDir);
    await runProgram(join(outDir, "main.mjs"), args);
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
});

/**
 * @param {string} entry
 * @param {string} outDir
 */
async function bundle(entry, outDir) {
  const { build } = await import("vite");
  await build({
    root: ROOT,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: {
      ssr: entry,
      outDir,
      target: "node20",
      minify: false,
      sourcemap: true,
      rolldownOptions: { output: { entryFileNames: "main.mjs" } },
    },
  });
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function runProgram(program, args) {
  const child = spawn(process.execPath, ["--enable-source-maps", program, ...args], {
    stdio: "inherit",
  });
  // The terminal sends SIGINT to both of us; we only wait. SIGTERM has to be passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      resolve();
    });
  });
}
