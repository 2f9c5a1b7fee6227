/**
 * The simulation from a command line: one experiment, and a table of what came
 * of it; or one run of a scenario that failed, by its seed.
 *
 *     npm run sim -- --nodes 1000 --seed 7 --churn 300
 *     npm run sim -- --scenario invariant --seed 4711
 *     npm run sim -- --scenario dht --nodes 1000 --churn 300 --minutes 60
 *     PROST_SEED=4711 npm run sim
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { LATE_MS, type ExperimentOptions, type Outcome, experiment } from "./experiment.ts";
import { type ChurnOptions, churn as churnOf } from "./scenarios/dht-churn.ts";
import { randomRun } from "./scenarios/random-ring.ts";

interface Flag {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  readonly what: string;
}

const count = (fallback: number, most: number, what: string): Flag => ({
  fallback,
  least: 0,
  most,
  isWhole: true,
  what,
});
const share = (what: string): Flag => ({ fallback: 0, least: 0, most: 1, isWhole: false, what });
const amount = (fallback: number, most: number, what: string): Flag => ({
  fallback,
  least: 0,
  most,
  isWhole: false,
  what,
});

/** Every number one can set. The bounds keep typing errors from running for a day. */
const FLAGS: Record<string, Flag> = {
  nodes: { fallback: 100, least: 1, most: 50_000, isWhole: true, what: "members of the ring" },
  seed: count(1, 2 ** 53 - 1, "the same seed gives the same run"),
  churn: amount(0, 1e6, "median session in seconds; 0: nobody comes or goes"),
  fail: { ...share("share of the nodes that crash at once when measuring begins"), most: 0.95 },
  lookups: count(1_000, 1e6, "lookups from random nodes for random keys"),
  values: count(10_000, 1e6, "values of the hash table, with --scenario dht"),
  minutes: amount(2, 1_440, "simulated time that is measured, in which the lookups are spread"),
  latency: amount(30, 10_000, "one way, in ms"),
  jitter: amount(20, 10_000, "up to this much more for each frame, in ms"),
  loss: share("share of frames that are lost"),
  duplication: share("share of frames that come twice"),
  reordering: share("share of frames that later ones may overtake"),
  "non-transitive": share("share of pairs of nodes that can never connect"),
};

class UsageError extends Error {}

async function main(args: readonly string[]): Promise<void> {
  const { numbers, json, scenario, help } = readArgs(args);
  if (help) return print(helpText());
  if (scenario === "invariant") return replay(numbers["seed"]!);
  if (scenario === "dht") return hashTable(numbers, json);
  const { nodes, seed, churn, fail, lookups, minutes } = numbers;
  const options: ExperimentOptions = {
    nodes: nodes!,
    seed: seed!,
    churn: churn!,
    fail: fail!,
    lookups: lookups!,
    minutes: minutes!,
    conditions: {
      latencyMs: numbers["latency"]!,
      jitterMs: numbers["jitter"]!,
      loss: numbers["loss"]!,
      duplication: numbers["duplication"]!,
      reordering: numbers["reordering"]!,
      nonTransitive: numbers["non-transitive"]!,
    },
  };
  const startMs = performance.now();
  const outcome = experiment(options, (line) =>
    process.stderr.write(`${((performance.now() - startMs) / 1_000).toFixed(1)} s: ${line}\n`),
  );
  const real = {
    seconds: (performance.now() - startMs) / 1_000,
    peakMiB: process.resourceUsage().maxRSS / 1_024,
  };
  print(table(options, outcome, real));
  if (json !== undefined) writeFileSync(json, JSON.stringify({ options, outcome, real }, null, 2));
}

function readArgs(args: readonly string[]) {
  const given = parse(args);
  const seedFromEnv = process.env["PROST_SEED"];
  const numbers: Record<string, number> = {};
  for (const [name, flag] of Object.entries(FLAGS)) {
    numbers[name] = readNumber(`--${name}`, given[name], flag);
  }
  if (given["seed"] === undefined && seedFromEnv !== undefined) {
    numbers["seed"] = readNumber("PROST_SEED", seedFromEnv, FLAGS["seed"]!);
  }
  // A seed alone in the environment is one that a scenario printed.
  const isReplay = seedFromEnv !== undefined && Object.keys(given).length === 0;
  const scenario = given["scenario"] ?? (isReplay ? "invariant" : undefined);
  if (scenario !== undefined && scenario !== "invariant" && scenario !== "dht") {
    const known = `there are "invariant" and "dht"`;
    throw new UsageError(`There is no scenario ${JSON.stringify(scenario)}; ${known}.`);
  }
  return { numbers, json: given["json"] as string | undefined, scenario, help: "help" in given };
}

function parse(args: readonly string[]): Record<string, string | boolean | undefined> {
  const numbers = Object.keys(FLAGS).map((name) => [name, { type: "string" }] as const);
  // npm passes what follows its own "--" on; somebody may have typed it twice.
  const own = args[0] === "--" ? args.slice(1) : args;
  try {
    return parseArgs({
      args: [...own],
      options: {
        ...Object.fromEntries(numbers),
        json: { type: "string" },
        scenario: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(name: string, text: string | boolean | undefined, flag: Flag): number {
  if (text === undefined) return flag.fallback;
  const value = Number(text);
  const isGood =
    typeof text === "string" && text.trim() !== "" && value >= flag.least && value <= flag.most;
  if (isGood && (!flag.isWhole || Number.isInteger(value))) return value;
  const kind = flag.isWhole ? "a whole number" : "a number";
  throw new UsageError(
    `${name} takes ${kind} from ${flag.least} to ${flag.most}, not ${JSON.stringify(text)}.`,
  );
}

function helpText(): string {
  const rows = Object.entries(FLAGS).map(
    ([name, { fallback, what }]) => `  --${name.padEnd(16)} ${what} (${fallback})`,
  );
  return [
    "Grows a ring, measures it, prints a table. Everything is drawn from the seed.",
    "",
    "  npm run sim -- --nodes 1000 --seed 7 --churn 300",
    "",
    ...rows,
    "  --json FILE        writes every number there too",
    "  --scenario invariant --seed N",
    "                     repeats one run of random joins, leaves and crashes, and says",
    "                     whether Zave's invariant held; PROST_SEED=N alone does the same",
    "  --scenario dht     values in the hash table, 10 reads and writes a second; of the",
    "                     numbers above it takes nodes, values, churn, minutes and seed;",
    "                     Ctrl-C ends the measuring early, a second one the program",
    "  --help             this",
  ].join("\n");
}

function replay(seed: number): void {
  const { faults, lines, digest, events, checks } = randomRun(seed, 200);
  print(lines.join("\n"));
  print(`\nseed ${seed}: ${events} events, ${checks} checks, digest ${digest}`);
  if (faults.length === 0) return print("The invariant held, and the ring came right.");
  print(faults.map((fault) => `BROKEN  ${fault}`).join("\n"));
  process.exitCode = 1;
}

/** Values in the hash table while nodes come and go; 10 reads and writes a second. */
async function hashTable(
  { nodes, values, minutes, churn: medianS, seed }: Record<string, number>,
  json: string | undefined,
): Promise<void> {
  const options: ChurnOptions = {
    nodes: nodes!,
    values: values!,
    minutes: minutes!,
    medianS: medianS!,
    getsPerSecond: 10,
    seed: seed!,
    isEnough: () => isEnough,
  };
  let isEnough = false;
  process.once("SIGINT", () => {
    isEnough = true;
    process.stderr.write("measuring ends here; the values are looked for now\n");
  });
  const startMs = performance.now();
  const outcome = await churnOf(options, (news) => {
    const real = ((performance.now() - startMs) / 1_000).toFixed(1);
    const computed = (process.cpuUsage().user / 1e6).toFixed(1);
    process.stderr.write(`${real} s, computed ${computed} s: ${news}\n`);
  });
  const rows = Object.entries(outcome).map(
    ([what, value]) => `  ${what.padEnd(40)}${Number.isInteger(value) ? value : value.toFixed(2)}`,
  );
  print([JSON.stringify(options), ...rows].join("\n"));
  if (json !== undefined) writeFileSync(json, JSON.stringify({ options, outcome }, null, 2));
}

type Row = readonly [what: string, value: string];

function table(
  options: ExperimentOptions,
  outcome: Outcome,
  real: { seconds: number; peakMiB: number },
): string {
  const groups: [string, Row[]][] = [
    ["ring", ringRows(options, outcome)],
    ["lookups", lookupRows(options, outcome)],
    ["per node and second", trafficRows(outcome)],
    [
      "this machine",
      [
        ["real time", `${real.seconds.toFixed(1)} s`],
        ["memory at its peak", `${real.peakMiB.toFixed(0)} MiB`],
      ],
    ],
  ];
  const lines = groups.flatMap(([title, rows]) => [
    `\n${title}`,
    ...rows.map(([what, value]) => `  ${what.padEnd(40)}${value}`),
  ]);
  const asked = Object.entries({ ...options, ...options.conditions }).flatMap(([name, value]) =>
    typeof value === "number" && value !== 0 ? [`${name} ${value}`] : [],
  );
  return [asked.join(", "), ...lines].join("\n");
}

function ringRows(options: ExperimentOptions, outcome: Outcome): Row[] {
  const { links, joinTimesMs, states, repairMs } = outcome;
  return [
    ["growth, right and with long links", `${seconds(outcome.growthMs)} simulated`],
    ["join, p50 / p99 / max", spread(joinTimesMs, [0.5, 0.99, 1], seconds)],
    [
      "states at the end",
      Object.entries(states)
        .map(([s, n]) => `${n} ${s}`)
        .join(", "),
    ],
    ["gates", String(outcome.gates)],
    ["links per node, mean / min / max", `${mean(links).toFixed(1)} / ${spread(links, [0, 1])}`],
    ["came / left / crashed", `${outcome.joins} / ${outcome.leaves} / ${outcome.crashes}`],
    ...(options.fail === 0
      ? []
      : [
          [
            "every list right again after",
            repairMs === null ? "not in time" : seconds(repairMs),
          ] as const,
        ]),
  ];
}

function lookupRows(options: ExperimentOptions, outcome: Outcome): Row[] {
  const { hops, latenciesMs, lookups, lateLookups } = outcome;
  const size = Math.max(2, outcome.links.length);
  const counts = ({ right, wrong, failed }: typeof lookups) => `${right} / ${wrong} / ${failed}`;
  return [
    ["right / wrong root / failed", counts(lookups)],
    ...(options.fail === 0
      ? []
      : [[`... started after ${LATE_MS / 1_000} s`, counts(lateLookups)] as const]),
    ["hops, mean", `${mean(hops).toFixed(2)} (½·log2 N = ${(Math.log2(size) / 2).toFixed(2)})`],
    ["hops, p50 / p90 / p99 / max", spread(hops, [0.5, 0.9, 0.99, 1])],
    ["there and back, mean", `${mean(latenciesMs).toFixed(0)} ms`],
    ["there and back, p50 / p90 / p99 / max", spread(latenciesMs, [0.5, 0.9, 0.99, 1], inMs)],
  ];
}

function trafficRows({ traffic, nodeSeconds }: Outcome): Row[] {
  const words = {
    maintenance: "maintenance, acknowledgements",
    connecting: "opening and closing links",
    lookups: "lookups",
  };
  return (Object.keys(words) as (keyof typeof words)[]).map((purpose) => {
    const { messages, bytes } = traffic[purpose];
    const perSecond = (sum: number, digits: number) => (sum / nodeSeconds).toFixed(digits);
    return [words[purpose], `${perSecond(messages, 2)} messages, ${perSecond(bytes, 0)} bytes`];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Quantiles, by nearest rank. */
function spread(
  values: readonly number[],
  shares: readonly number[],
  words: (value: number) => string = String,
): string {
  if (values.length === 0) return "-";
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
  return shares.map((q) => words(at(q))).join(" / ");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function inMs(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nnpm run sim -- --help says what there is.\n`);
  process.exitCode = 2;
}
