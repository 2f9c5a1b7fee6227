/**
 * One experiment: a ring grows, is measured while nodes come, go or fail, and
 * answers lookups. Returns numbers only; `cli.ts` prints them.
 *
 * A lookup is *right* when its root was the truth when it started or when it
 * ended: in between, both answers are honest.
 */
import type { Id } from "../id/id.ts";
import { decode, isRouted, splitFrame } from "../wire/codec.ts";
import { tagNumbers } from "../wire/messages.ts";
import { Routed } from "../wire/routed.ts";
import type { NetworkConditions } from "./memory-network.ts";
import { ringFaults, rootOf } from "./oracle.ts";
import { SeededRandom } from "./seeded-random.ts";
import { type Lookup, type SimNode, World } from "./world.ts";

export interface ExperimentOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Median session, in s; 0 for nobody comes or goes. */
  readonly churn: number;
  /** Share of the nodes that fail at once when measuring begins. */
  readonly fail: number;
  readonly lookups: number;
  /** How long is measured, in simulated minutes. */
  readonly minutes: number;
  readonly conditions: Partial<NetworkConditions>;
}

export interface Traffic {
  messages: number;
  bytes: number;
}

/** What a message is for. A lookup's receipts count as the lookup's. */
export type Purpose = "maintenance" | "connecting" | "lookups";

export interface Outcome {
  readonly growthMs: number;
  readonly joinTimesMs: readonly number[];
  readonly joins: number;
  readonly leaves: number;
  readonly crashes: number;
  /** From the failure until every list was right; null when that took longer than was measured, or nothing failed. */
  readonly repairMs: number | null;
  readonly lookups: LookupCounts;
  /** Of those that started 30 s after the failure, or later. */
  readonly lateLookups: LookupCounts;
  readonly hops: readonly number[];
  readonly latenciesMs: readonly number[];
  readonly traffic: Record<Purpose, Traffic>;
  /** Sum over nodes of the time that each was up while it was measured, in s. */
  readonly nodeSeconds: number;
  readonly links: readonly number[];
  readonly states: Record<string, number>;
  readonly gates: number;
  readonly counters: Record<string, number>;
}

export interface LookupCounts {
  right: number;
  wrong: number;
  failed: number;
}

/** After a failure, lookups that start this much later are counted apart, in ms. */
export const LATE_MS = 30_000;

export function experiment(options: ExperimentOptions, say: (line: string) => void): Outcome {
  const { nodes, seed, conditions } = options;
  const world = new World({ seed, conditions });
  const random = new SeededRandom(seed, 7);
  let said = 0;
  world.growFast(nodes, undefined, () => {
    const thousands = Math.floor(world.nodes.size / 1_000);
    if (thousands === said) return;
    said = thousands;
    say(`${world.nodes.size} nodes after ${inSeconds(world.clock.now())}`);
  });
  say(`${nodes} nodes were started within ${inSeconds(world.clock.now())}; the ring settles`);
  world.settle();
  const growthMs = world.clock.now();
  say(`the ring is right and has its long links after ${inSeconds(growthMs)}`);
  const grownJoins = world.joinTimesMs.length;
  const meter = new Meter(world);
  const churn = new Churn(world, random, options.churn);
  const repair = fail(world, random, options.fail);
  const lookups = measure(world, random, options, repair);
  churn.stop();
  meter.stop();
  const { right, late } = countAll(lookups);
  const found = lookups.flatMap(({ lookup }) => (lookup === null ? [] : [lookup]));
  return {
    growthMs,
    joinTimesMs: world.joinTimesMs,
    joins: world.joinTimesMs.length - grownJoins,
    leaves: churn.leaves,
    crashes: churn.crashes + repair.crashes,
    repairMs: repair.doneMs,
    lookups: right,
    lateLookups: late,
    hops: found.flatMap(({ result: { receipt } }) =>
      receipt.kind === "delivered" ? [receipt.hops] : [],
    ),
    latenciesMs: found
      .filter(({ result }) => result.receipt.kind === "delivered")
      .map(({ tookMs }) => tookMs),
    traffic: meter.traffic,
    nodeSeconds: meter.nodeSeconds,
    links: world.members().map(({ node }) => node.links.count),
    states: tally([...world.nodes].map(({ membership }) => membership.state)),
    gates: world.server.gateCount,
    counters: sumCounters(world),
  };
}

interface Asked {
  readonly isLate: boolean;
  readonly truth: readonly Id[];
  lookup: Lookup | null;
  verdict: keyof LookupCounts;
}

interface Repair {
  readonly startMs: number;
  readonly crashes: number;
  doneMs: number | null;
}

function fail(world: World, random: SeededRandom, share: number): Repair {
  const nodes = [...world.nodes];
  const count = Math.round(nodes.length * share);
  for (let i = 0; i < count; i++) {
    const [node] = nodes.splice(Math.floor(random.next() * nodes.length), 1);
    world.crash(node!);
  }
  return { startMs: world.clock.now(), crashes: count, doneMs: null };
}

/** Runs for the time asked for, with the lookups spread evenly over it. */
function measure(
  world: World,
  random: SeededRandom,
  options: ExperimentOptions,
  repair: Repair,
): Asked[] {
  const { lookups, minutes } = options;
  const isStill = options.churn === 0 && options.fail === 0;
  const still = world.sortedIds();
  const truth = () => (isStill ? still : world.sortedIds());
  const asked: Asked[] = [];
  let ended = 0;
  let lookedMs = 0;
  const stepMs = (minutes * 60_000) / Math.max(1, lookups);
  for (let i = 0; i < lookups; i++) {
    const now = world.clock.now();
    const from = random.pick(world.members());
    const isLate = now - repair.startMs >= LATE_MS;
    const ask: Asked = { isLate, truth: truth(), lookup: null, verdict: "failed" };
    asked.push(ask);
    world.lookup(from, world.randomKey(), (lookup) => {
      ended += 1;
      ask.lookup = lookup;
      ask.verdict = verdictOf(lookup, ask.truth, truth());
    });
    world.run(stepMs);
    const isOver = repair.crashes === 0 || repair.doneMs !== null;
    if (!isOver && world.clock.now() - lookedMs >= 1_000) {
      lookedMs = world.clock.now();
      if (ringFaults(world).length === 0) repair.doneMs = lookedMs - repair.startMs;
    }
  }
  if (lookups === 0) world.run(minutes * 60_000);
  world.runUntil(() => ended === lookups, 20_000);
  return asked;
}

function verdictOf(
  { key, result }: Lookup,
  before: readonly Id[],
  after: readonly Id[],
): keyof LookupCounts {
  const { receipt } = result;
  if (receipt.kind !== "delivered") return "failed";
  return receipt.root === rootOf(key, before) || receipt.root === rootOf(key, after)
    ? "right"
    : "wrong";
}

function countAll(asked: readonly Asked[]): { right: LookupCounts; late: LookupCounts } {
  const right = { right: 0, wrong: 0, failed: 0 };
  const late = { right: 0, wrong: 0, failed: 0 };
  for (const { verdict, isLate } of asked) {
    right[verdict] += 1;
    if (isLate) late[verdict] += 1;
  }
  return { right, late };
}

/** Nodes live for an exponential time; for each that goes, half of them without a word, another comes. */
class Churn {
  leaves = 0;
  crashes = 0;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #meanMs: number;
  #stopped = false;

  constructor(world: World, random: SeededRandom, medianS: number) {
    this.#world = world;
    this.#random = random;
    this.#meanMs = (medianS * 1_000) / Math.LN2;
    if (medianS > 0) for (const node of world.nodes) this.#live(node);
  }

  stop(): void {
    this.#stopped = true;
  }

  #live(node: SimNode): void {
    const forMs = -this.#meanMs * Math.log(1 - this.#random.next());
    this.#world.clock.after(forMs, () => {
      if (this.#stopped || !this.#world.nodes.has(node)) return;
      if (this.#random.next() < 0.5) {
        this.leaves += 1;
        this.#world.leave(node);
      } else {
        this.crashes += 1;
        this.#world.crash(node);
      }
      this.#live(this.#world.add());
    });
  }
}

/** Counts what is sent, by what it is for, and the time that nodes were up. */
class Meter {
  readonly traffic: Record<Purpose, Traffic> = {
    maintenance: { messages: 0, bytes: 0 },
    connecting: { messages: 0, bytes: 0 },
    lookups: { messages: 0, bytes: 0 },
  };
  nodeSeconds = 0;
  readonly #world: World;
  #stopped = false;

  constructor(world: World) {
    this.#world = world;
    world.network.tap = (_from, _to, frame) => {
      for (const message of splitFrame(frame) ?? []) {
        const traffic = this.traffic[purposeOf(message)];
        traffic.messages += 1;
        traffic.bytes += message.length;
      }
    };
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#world.network.tap = null;
  }

  #tick(): void {
    this.#world.clock.after(1_000, () => {
      if (this.#stopped) return;
      this.nodeSeconds += this.#world.nodes.size;
      this.#tick();
    });
  }
}

/** Only lookups are traced; offers and answers travel untraced. An acknowledgement is counted as maintenance. */
function purposeOf(bytes: Uint8Array): Purpose {
  if (isRouted(bytes)) return Routed.parse(bytes)?.traced ? "lookups" : "connecting";
  // By the tag alone where that will do: reading every message takes longer than sending it.
  switch (bytes[0]) {
    case tagNumbers.hello:
    case tagNumbers.proof:
    case tagNumbers.goodbye:
      return "connecting";
    case tagNumbers.receipt: {
      const message = decode(bytes);
      return message?.tag === "receipt" && message.body.trace.length > 0 ? "lookups" : "connecting";
    }
    default:
      return "maintenance";
  }
}

function sumCounters(world: World): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { counters } of world.nodes) {
    for (const [name, count] of Object.entries(counters.snapshot())) {
      sums[name] = (sums[name] ?? 0) + count;
    }
  }
  return sums;
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} simulated seconds`;
}
