/**
 * The hash table while nodes come and go: values lost, gets that were wrong, and
 * what the repair costs. One seed is one run.
 *
 * Used by the scenario test and by `npm run sim -- --scenario dht`.
 */
import { keyOf, sha256 } from "../../id/hash.ts";
import type { Id } from "../../id/id.ts";
import type { Traffic } from "../memory-network.ts";
import type { MadePackage, PeerletWorld } from "../peerlet-world.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { SimNode } from "../world.ts";
import {
  type Dht,
  dhtOf as dhtIn,
  dhtPackage,
  installOn,
  isRunning,
  ringWithDht,
  textOf,
} from "./dht-world.ts";

/** Of one run with churn. */
export interface ChurnOptions {
  readonly nodes: number;
  readonly values: number;
  /** Simulated, after the values were put. */
  readonly minutes: number;
  /** Of a session, in s; 0: nobody comes or goes. */
  readonly medianS: number;
  readonly getsPerSecond: number;
  readonly seed: number;
  /** Ends the measuring before its time; what was measured until then is the outcome. */
  readonly isEnough?: () => boolean;
}

export interface ChurnOutcome {
  /** Simulated. */
  readonly minutesMeasured: number;
  readonly came: number;
  readonly gets: number;
  readonly right: number;
  /** An older version than one that was acknowledged before the get began. */
  readonly stale: number;
  readonly missing: number;
  /** Threw, after all its tries. */
  readonly failed: number;
  readonly writesFailed: number;
  /** Reads and writes that neither succeeded nor failed. */
  readonly unended: number;
  /** Values that nobody answers when all is over, and acknowledged versions that only an older one is there of. */
  readonly lost: number;
  /** Of reads and writes, beside the first one of each. */
  readonly tries: number;
  readonly repairCallsPerNodeMinute: number;
  /** Arguments and answers of these calls. */
  readonly repairBytesPerNodeSecond: number;
  readonly recordsMovedPerNodeMinute: number;
  readonly copiesPerValue: number;
  /** All that nodes sent while it was measured: of the ring, of reads and writes, of the repair. */
  readonly framesPerNodeSecond: number;
  readonly bytesPerNodeSecond: number;
}

/** As many nodes come as go; half of them go without a word. A tenth of the values are signed, and rewritten meanwhile. */
export async function churn(
  options: ChurnOptions,
  say: (news: string) => void = () => {},
): Promise<ChurnOutcome> {
  const { nodes, values, minutes, seed } = options;
  const made = await dhtPackage();
  const { world, first } = await ringWithDht(nodes, seed, made);
  const dhtOf = (node: SimNode) => dhtIn(world, node, made);
  say(`a ring of ${nodes}`);
  const random = new SeededRandom(seed, 9);
  const owner = sha256(new TextEncoder().encode("owner"));
  const keys: string[] = [];
  /** The sequence numbers that were acknowledged. */
  const acknowledged: number[] = [];
  let writesFailed = 0;
  const isSigned = (i: number) => i % 10 === 0;
  const write = async (dht: Dht, i: number, sequence: number) => {
    try {
      if (!isSigned(i)) {
        keys[i] = keyOf(`name ${i}`);
        await dht.put(keys[i], `value ${i}`, { ttlMs: 86_400_000 });
      } else {
        const signed = await dht.sign(owner, `name ${i}`, sequence, `value ${i}`);
        keys[i] = (await dht.putSigned(signed, { ttlMs: 86_400_000 })).key;
      }
      acknowledged[i] = Math.max(acknowledged[i] ?? 0, sequence);
    } catch {
      writesFailed += 1;
    }
  };
  const writers = [dhtOf(first)];
  for (const node of world.sample(Math.floor(nodes / 50)))
    writers.push(await installOn(world, node, made));
  /** All values in their order, 25 at once on each of these nodes. */
  const inBatches = async (work: (i: number, dht: Dht) => Promise<void>, on: readonly Dht[]) => {
    const atOnce = 25 * on.length;
    for (let from = 0; from < values; from += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, values - from) }, (_, j) =>
        work(from + j, on[j % on.length]!),
      );
      await world.until(Promise.all(batch));
    }
  };
  await inBatches((i, dht) => write(dht, i, 1), writers);
  say(`${values} values written`);

  const running = (node: SimNode) => node.node.isMember && isRunning(world, node, made);
  const meter = new RepairMeter(world, made);
  let came = 0;
  let isOver = false;
  const live = (node: SimNode) => {
    if (options.medianS === 0) return;
    const forMs = -((options.medianS * 1_000) / Math.LN2) * Math.log(1 - random.next());
    world.clock.after(forMs, () => {
      if (isOver) return;
      if (random.next() < 0.5) world.leave(node);
      else world.crash(node);
      world.forget(node);
      came += 1;
      live(world.add());
    });
  };
  for (const node of world.nodes) live(node);

  const counts = { gets: 0, right: 0, stale: 0, missing: 0, failed: 0 };
  /** What has not ended, by the node that did it: on a node that is gone nothing ends. */
  const open = new Map<Promise<void>, SimNode>();
  const track = (from: SimNode, work: Promise<void>) => {
    open.set(work, from);
    void work.finally(() => open.delete(work));
  };
  const read = async (from: SimNode, i: number) => {
    const least = acknowledged[i];
    if (least === undefined) return;
    let verdict: "right" | "stale" | "missing" | "failed" = "failed";
    try {
      const { values: found } = await dhtOf(from).get(keys[i]!);
      const mine = found.find(({ value }) => textOf(value) === `value ${i}`);
      if (!mine) verdict = "missing";
      else verdict = isSigned(i) && mine.sequence! < least ? "stale" : "right";
    } catch {
      // Failed, unless the reader itself is gone.
    }
    if (!world.nodes.has(from)) return;
    counts.gets += 1;
    counts[verdict] += 1;
  };
  const stepMs = 1_000 / options.getsPerSecond;
  const beganMs = world.clock.now();
  for (let ms = 0; ms < minutes * 60_000 && !options.isEnough?.(); ms += stepMs) {
    const ready = [...world.nodes].filter(running);
    const from = random.pick(ready);
    const i = Math.floor(random.next() * values);
    if (isSigned(i) && random.next() < 0.3) {
      track(from, write(dhtOf(from), i, (acknowledged[i] ?? 0) + 1));
    } else track(from, read(from, i));
    if (ms % 10_000 < stepMs) meter.sample(running);
    if (ms % 60_000 < stepMs) {
      say(
        `${ms / 60_000} of ${minutes} minutes: ${JSON.stringify({ came, ...counts, writesFailed })}`,
      );
    }
    await world.pass(stepMs);
  }
  isOver = true;
  const minutesMeasured = (world.clock.now() - beganMs) / 60_000;
  await world.passUntil(() => ![...open.values()].some((from) => world.nodes.has(from)), 40_000);
  meter.sample(running);
  const traffic = meter.traffic();
  // What has not ended by now never will.
  const unended = [...open].filter(([, from]) => world.nodes.has(from)).length;
  await world.pass(20_000);

  let [lost, copies, sampled] = [0, 0, 0];
  const readers = [...world.nodes].filter(running).slice(0, writers.length).map(dhtOf);
  const check = async (dht: Dht, i: number) => {
    if (acknowledged[i] === undefined) return;
    const { values: found } = await dht.get(keys[i]!, { read: 2 });
    const mine = found.find(({ value }) => textOf(value) === `value ${i}`);
    if (!mine || (isSigned(i) && mine.sequence! < acknowledged[i])) lost += 1;
    if (i % 20 !== 0) return;
    sampled += 1;
    const where = await dht.where(keys[i]!);
    copies += where.filter(({ records }) => records.length > 0).length;
  };
  await inBatches((i, dht) => check(dht, i), readers);
  return {
    minutesMeasured,
    came,
    ...counts,
    writesFailed,
    lost,
    unended,
    ...meter.outcome(),
    copiesPerValue: copies / sampled,
    ...traffic,
  };
}

/** What the peerlets say of themselves; of one that is gone, what it said last. */
class RepairMeter {
  readonly #world: PeerletWorld;
  readonly #made: MadePackage;
  readonly #last = new Map<Id, Readonly<Record<string, number>>>();
  /** What they said when measuring began. */
  #first: ReadonlyMap<Id, Readonly<Record<string, number>>> | null = null;
  #nodeMinutes = 0;
  readonly #trafficThen: Readonly<Traffic>;
  #sampledMs: number;

  constructor(world: PeerletWorld, made: MadePackage) {
    this.#world = world;
    this.#made = made;
    this.#sampledMs = world.clock.now();
    this.#trafficThen = { ...world.network.traffic };
  }

  /** The first one is what the others are measured against. */
  sample(running: (node: SimNode) => boolean): void {
    if (this.#last.size > 0) this.#first ??= new Map(this.#last);
    const now = this.#world.clock.now();
    this.#nodeMinutes += (this.#world.nodes.size * (now - this.#sampledMs)) / 60_000;
    this.#sampledMs = now;
    for (const node of [...this.#world.nodes].filter(running)) {
      void dhtIn(this.#world, node, this.#made)
        .stats()
        .then((stats) => this.#last.set(node.id, stats));
    }
  }

  /** Frames and bytes since then. */
  traffic() {
    const { frames, bytes } = this.#world.network.traffic;
    const nodeSeconds = 60 * this.#nodeMinutes;
    return {
      framesPerNodeSecond: (frames - this.#trafficThen.frames) / nodeSeconds,
      bytesPerNodeSecond: (bytes - this.#trafficThen.bytes) / nodeSeconds,
    };
  }

  outcome() {
    const sum = (name: string) =>
      [...this.#last].reduce(
        (total, [id, stats]) => total + (stats[name] ?? 0) - (this.#first?.get(id)?.[name] ?? 0),
        0,
      );
    return {
      tries: sum("retries"),
      repairCallsPerNodeMinute: sum("calls") / this.#nodeMinutes,
      repairBytesPerNodeSecond: sum("callBytes") / (60 * this.#nodeMinutes),
      recordsMovedPerNodeMinute: (sum("fetched") + sum("pushed")) / this.#nodeMinutes,
    };
  }
}
