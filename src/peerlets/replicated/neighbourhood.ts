/**
 * Where this node stands: the keys it keeps, and with whom it shares them.
 *
 * A key is kept by its root and the three nodes after it. So a node keeps the
 * keys back to its fourth predecessor, and shares parts of them with three nodes
 * on each side.
 */
import type { Prost } from "prost/sdk";
import { type Arc, keyAfter, keyBefore } from "./arcs.ts";
import { REPLICAS } from "./limits.ts";

export interface Partner {
  readonly id: string;
  /** The keys that both keep. */
  readonly arc: Arc;
}

export interface Neighbourhood {
  /** The keys that this node keeps. */
  readonly arc: Arc;
  readonly successors: readonly Partner[];
  readonly predecessors: readonly Partner[];
}

/** Null while this node knows too little of its neighbours. */
export async function neighbourhoodOf(prost: Prost): Promise<Neighbourhood | null> {
  const { self } = prost;
  try {
    const ranks = Array.from({ length: REPLICAS }, (_, i) => i + 1);
    const arcs = await Promise.all(ranks.map((rank) => prost.range(self, rank)));
    const replicas = await prost.replicaSet(self, REPLICAS);
    // Shorter than it could be: a gap in what is known.
    if (replicas.length < REPLICAS && (await prost.neighborSet(REPLICAS)).length >= replicas.length)
      return null;
    const arc = arcs[REPLICAS - 1]!;
    const successors = replicas
      .slice(1)
      .map(({ id }, i) => ({ id, arc: { from: arcs[REPLICAS - 2 - i]!.from, to: self } }));
    const predecessors: Partner[] = [];
    for (const { from } of arcs.slice(0, REPLICAS - 1)) {
      // All of the ring: the next predecessor is this node.
      if (from === keyAfter(self)) break;
      const id = keyBefore(from);
      predecessors.push({ id, arc: { from: arc.from, to: id } });
    }
    return { arc, successors, predecessors };
  } catch {
    return null;
  }
}
