/**
 * The papers' claim: many applications on one overlay cost the maintenance of
 * one. Measured: frames, bytes and links of a node for one ring with 1, 2, 4, 8
 * applications on every node, beside as many rings of their own.
 */
import { expect, test } from "vitest";
import { PeerletWorld, makePackage } from "../peerlet-world.ts";

const NODES = 40;
const MEASURED_MS = 60_000;

/** Runs, and says nothing: what is left is what keeps ring and applications going. */
const QUIET = "export default () => ({ deliver() {}, update() {} });";

interface Cost {
  readonly frames: number;
  readonly bytes: number;
  readonly links: number;
}

/** Of a mean node, per second, in one ring. */
async function costOf(applications: number, seed: number): Promise<Cost> {
  const world = await PeerletWorld.ofPeers(NODES, { seed });
  const packages = Array.from({ length: applications }, (_, i) =>
    makePackage({ salt: `application ${i}`, code: QUIET }),
  );
  for (const node of world.nodes) {
    const { peerlets } = world.layer(node);
    await world.until(Promise.all(packages.map(({ file }) => peerlets.install(file))));
  }
  // What the packages themselves cost is over: they are kept by those responsible for them.
  await world.pass(20_000);
  const { frames, bytes } = world.network.traffic;
  await world.pass(MEASURED_MS);
  const running = [...world.nodes].map((node) => world.layer(node).peerlets.list());
  expect(running.flat().filter(({ state }) => state === "running")).toHaveLength(
    NODES * applications,
  );
  const share = NODES * (MEASURED_MS / 1_000);
  const links = [...world.nodes].reduce((sum, { node }) => sum + node.links.count, 0) / NODES;
  return {
    frames: (world.network.traffic.frames - frames) / share,
    bytes: (world.network.traffic.bytes - bytes) / share,
    links,
  };
}

test(
  "8 applications on one overlay cost the maintenance of one",
  { timeout: 120_000 },
  async () => {
    const alone = await costOf(1, 1);
    const rows: string[] = [];
    for (const applications of [1, 2, 4, 8]) {
      const shared = applications === 1 ? alone : await costOf(applications, 1);
      const own = Array.from({ length: applications }, (_, i) => costOf(1, 1 + i));
      const rings = await Promise.all(own);
      const sum = (of: keyof Cost) => rings.reduce((all, ring) => all + ring[of], 0);
      rows.push(
        `${applications} applications: one overlay ${shown(shared)}; rings of their own ${shown({
          frames: sum("frames"),
          bytes: sum("bytes"),
          links: sum("links"),
        })}`,
      );
      expect(shared.frames).toBeLessThan(1.1 * alone.frames);
      expect(shared.links).toBeLessThan(1.1 * alone.links);
      expect(sum("frames")).toBeGreaterThan(0.9 * applications * shared.frames);
    }
    console.log(rows.join("\n"));
  },
);

function shown({ frames, bytes, links }: Cost): string {
  return `${frames.toFixed(1)} frames/s, ${bytes.toFixed(0)} B/s, ${links.toFixed(1)} links`;
}
