/**
 * Runs every test, with all the set-up they need, and says as its last line
 * how many passed and failed.
 *
 *     npm test [-- --only check,sim,build,e2e]
 *
 * A step that fails does not keep the next from running. A tool that fails
 * (compiler, linter, build, ...) counts as one failure.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, messageOf, runMain, setUpBrowser, setUpPackages } from "./set-up.mjs";

const REPORTS = join(ROOT, "node_modules/.cache/prost/reports");

/** @typedef {{ passed: number, failed: number }} Count */
/** @typedef {{ name: string, part: string, run: () => Count }} Step */

/** @type {Step[]} */
const STEPS = [
  { name: "types", part: "check", run: () => tool("run", "check:types") },
  { name: "lint", part: "check", run: () => tool("run", "check:lint") },
  { name: "format", part: "check", run: () => tool("run", "check:format") },
  { name: "dead code", part: "check", run: () => tool("run", "check:dead-code") },
  { name: "unit tests", part: "check", run: () => vitest("unit") },
  { name: "simulated rings", part: "sim", run: () => vitest("sim") },
  { name: "build", part: "build", run: () => tool("run", "build") },
  { name: "real tabs", part: "e2e", run: playwright },
];
const PARTS = [...new Set(STEPS.map((step) => step.part))];

await runMain(async () => {
  const steps = chooseSteps();
  if (steps === null) return;
  setUpPackages();
  if (steps.some((step) => step.part === "e2e")) await setUpBrowser();

  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const broken = [];
  for (const { name, run } of steps) {
    process.stdout.write(`\n== ${name}\n`);
    const { passed, failed } = run();
    total.passed += passed;
    total.failed += failed;
    if (failed > 0) broken.push(name);
  }
  if (broken.length > 0) process.stdout.write(`\nFailed: ${broken.join(", ")}\n`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  if (total.failed > 0) process.exitCode = 1;
});

function chooseSteps() {
  try {
    const { values } = parseArgs({ options: { only: { type: "string" } } });
    const only = values.only?.split(",") ?? PARTS;
    const unknown = only.find((part) => !PARTS.includes(part));
    if (unknown !== undefined) throw new Error(`There is no part ${JSON.stringify(unknown)}.`);
    return STEPS.filter((step) => only.includes(step.part));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nUsage: npm test [-- --only ${PARTS.join(",")}]\n`);
    process.exitCode = 2;
    return null;
  }
}

/**
 * An npm script that is no test.
 *
 * @param {string[]} args
 */
function tool(...args) {
  const npm = process.env["npm_execpath"];
  const isDone = npm ? runs(process.execPath, [npm, ...args]) : runs("npm", args);
  return { passed: 0, failed: isDone ? 0 : 1 };
}

/** @param {string} project */
function vitest(project) {
  const report = join(REPORTS, `${project}.json`);
  const isDone = runs(process.execPath, [
    join(ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    `--project=${project}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = readReport(report);
  return withExit(isDone, { passed, failed });
}

function playwright() {
  const report = join(REPORTS, "e2e.json");
  const isDone = runs(process.execPath, [join(ROOT, "scripts/e2e.mjs"), "--reporter=list,json"], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  });
  const { expected: passed = 0, unexpected: failed = 0 } = readReport(report)["stats"] ?? {};
  return withExit(isDone, { passed, failed });
}

/**
 * A runner may also fail without a failed test: a file that does not load, a report not written.
 *
 * @param {boolean} isDone
 * @param {Count} count
 */
function withExit(isDone, { passed, failed }) {
  return { passed, failed: isDone ? failed : Math.max(1, failed) };
}

/**
 * @param {string} path
 * @returns {Record<string, any>}
 */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} env
 */
function runs(command, args, env = {}) {
  const options = { cwd: ROOT, env: { ...process.env, ...env } };
  return (
    spawnSync(command, args, { ...options, stdio: ["ignore", "inherit", "inherit"] }).status === 0
  );
}
