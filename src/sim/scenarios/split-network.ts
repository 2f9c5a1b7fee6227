/** Some nodes of a ring are cut off for a minute, and come back. */
import { expect } from "vitest";
import { ringFaults } from "../oracle.ts";
import type { PeerletWorld } from "../peerlet-world.ts";
import type { SimNode } from "../world.ts";

/** `meanwhile` runs at the end of the minute. Resolves when the ring is one again. */
export async function splitForAMinute(
  world: PeerletWorld,
  apart: ReadonlySet<SimNode>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  world.partition((node) => apart.has(node));
  await world.pass(60_000);
  await meanwhile();
  world.heal();
  expect(await world.passUntil(() => ringFaults(world).length === 0, 90_000)).toBe(true);
}
