/** Nodes that come and go: as many come as go, and half of them go without a word. */
import type { PeerletWorld } from "../peerlet-world.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { SimNode } from "../world.ts";

export interface Sessions {
  /** Median of a session, in s; sessions are exponential. */
  readonly medianS: number;
  readonly seed: number;
  /** Nodes that do not go. */
  readonly stays: ReadonlySet<SimNode>;
  /** What is done with a node that came. */
  readonly came?: (node: SimNode) => void;
}

/** Begins; the function that is returned ends it, and says how many went. */
export function comeAndGo(
  world: PeerletWorld,
  { medianS, seed, stays, came }: Sessions,
): () => number {
  const random = new SeededRandom(seed, 17);
  let went = 0;
  let isOver = false;
  const live = (node: SimNode) => {
    const forMs = -((medianS * 1_000) / Math.LN2) * Math.log(1 - random.next());
    world.clock.after(forMs, () => {
      if (isOver) return;
      if (random.next() < 0.5) world.leave(node);
      else world.crash(node);
      went += 1;
      const next = world.add();
      came?.(next);
      live(next);
    });
  };
  for (const node of world.nodes) if (!stays.has(node)) live(node);
  return () => {
    isOver = true;
    return went;
  };
}
