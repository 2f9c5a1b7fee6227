/**
 * Random joins, leaves and crashes in a small ring, Zave's invariant checked
 * after every event. One seed is one run, everything in it drawn from the seed:
 * the network's latency, who does what, and when.
 *
 * Used by the scenario test and by `npm run sim -- --scenario invariant`.
 */
import { InvariantWatch, maySpare } from "../invariants.ts";
import { faultsOf, linkFaults, nameOf, ringFaults } from "../oracle.ts";
import { Recorder } from "../recorder.ts";
import { SeededRandom } from "../seeded-random.ts";
import { type SimNode, World } from "../world.ts";

export interface RandomRun {
  readonly seed: number;
  /** What broke first, in words; empty when nothing did. */
  readonly faults: readonly string[];
  /** The last of what happened. */
  readonly lines: readonly string[];
  readonly digest: string;
  readonly events: number;
  readonly checks: number;
}

const LEAST_NODES = 2;
const MOST_NODES = 10;
/** Moments at which something is done to the ring, in one run. */
const MOMENTS = 8;
/** Between two moments, in ms, at most; often it is far less, so that repairs overlap. */
const PAUSE_MS = 6_000;
/** Until the neighbours of a node that was reloaded have lost their links to its earlier run, in ms. */
const DOUBT_MS = 12_000;
/** Until everything must be right at last, in ms: a dead link's time, a dial's, and some rounds. */
const QUIET_MS = 60_000;

export function randomRun(seed: number, linesKept = 60): RandomRun {
  const random = new SeededRandom(seed, 99);
  const latencyMs = 5 + 60 * random.next();
  const world = new World({
    seed,
    conditions: { latencyMs, jitterMs: latencyMs * 2 * random.next() },
  });
  const recorder = new Recorder(world, linesKept);
  const watch = new InvariantWatch(world);
  let faults: readonly string[] = [];
  let events = 0;
  const run = (ms: number) => {
    // In steps, so that a run that broke ends there and its last lines say why.
    for (let left = ms; left > 0 && faults.length === 0; left -= 100) {
      world.run(Math.min(100, left), () => {
        events += 1;
        if (faults.length === 0) faults = watch.check();
        if (faults.length > 0) world.clock.stop();
      });
    }
  };

  const doubtful = new Set<SimNode>();
  begin(world, random, run);
  for (let moment = 0; moment < MOMENTS && faults.length === 0; moment++) {
    const atOnce = 1 + Math.floor(3 * random.next() ** 2);
    for (let i = 0; i < atOnce; i++) act(world, random, recorder, doubtful);
    run(PAUSE_MS * random.next() ** 3);
  }
  const mostMs = world.clock.now() + QUIET_MS;
  const unsettled = () => [...ringFaults(world), ...linkFaults(world)];
  while (faults.length === 0 && world.clock.now() < mostMs && unsettled().length > 0) {
    run(500);
  }
  if (faults.length === 0) faults = unsettled();
  if (faults.length === 0) {
    const lookups = world.lookups(5, 20);
    faults = faultsOf(lookups, world.sortedIds());
  }
  const { digest } = recorder;
  return { seed, faults, lines: recorder.lines(), digest, events, checks: watch.checks };
}

/** A ring to begin with: her model starts from one. */
function begin(world: World, random: SeededRandom, run: (ms: number) => void): void {
  const count = LEAST_NODES + Math.floor(random.next() * 5);
  for (let i = 0; i < count; i++) {
    world.add();
    run(300 + 1_000 * random.next());
  }
  run(4_000);
}

/** One node joins, leaves, crashes, or crashes and comes back. */
function act(world: World, random: SeededRandom, recorder: Recorder, doubtful: Set<SimNode>): void {
  const dice = random.next();
  const canJoin = world.nodes.size < MOST_NODES;
  if (dice < 0.4 || world.nodes.size <= LEAST_NODES) {
    if (canJoin) recorder.note(`${nameOf(world.add())} joins`);
    return;
  }
  const node = random.pick([...world.nodes]);
  if (!maySpare(world, node, doubtful)) return;
  if (dice < 0.6) {
    recorder.note(`${nameOf(node)} leaves`);
    return world.leave(node);
  }
  recorder.note(`${nameOf(node)} crashes`);
  world.crash(node);
  if (dice < 0.9) return;
  const reloaded = world.add(node.secret);
  recorder.note(`${nameOf(reloaded)} is it, reloaded`);
  doubtful.add(reloaded);
  world.clock.after(DOUBT_MS, () => doubtful.delete(reloaded));
}
