/** Hops in the simulation, beside Chord's ½·log2 N (Stoica et al., SIGCOMM 2001). */
import { World } from "../src/sim/world.ts";
import type { Row } from "./table.ts";

const NODES = 256;
const LOOKUPS = 1_000;

export function measureRing(): Row[] {
  const world = new World({ seed: 7 });
  world.grow(NODES, 100);
  world.run(30_000);
  const hops = world.lookups(LOOKUPS, 100).map(({ result: { receipt } }) => {
    if (receipt.kind !== "delivered") throw new Error(`a lookup ended with: ${receipt.kind}`);
    return receipt.hops;
  });
  return [
    {
      what: `hops of a lookup, ${NODES} nodes, simulation`,
      value: hops.reduce((sum, count) => sum + count, 0) / hops.length,
      unit: "hops",
      floor: Math.log2(NODES) / 2,
      floorIs: "½·log2 N",
    },
  ];
}
