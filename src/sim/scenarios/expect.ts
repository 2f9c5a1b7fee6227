/** What scenarios expect, said so that a failure names the seed and what is wrong. */
import { expect } from "vitest";
import { faultsOf, ringFaults } from "../oracle.ts";
import type { Lookup, World } from "../world.ts";

/** Every node is a member, and knows exactly its true neighbours. */
export function expectPerfectRing(world: World): void {
  expect(ringFaults(world)).toEqual([]);
}

/** How long it took until the ring was perfect, in ms; fails when that is more than `mostMs`. */
export function expectPerfectRingWithin(world: World, mostMs: number): number {
  const tookMs = world.runUntil(() => ringFaults(world).length === 0, mostMs);
  if (tookMs === null) expectPerfectRing(world);
  return tookMs ?? mostMs;
}

/** Each found the root that is the truth now. */
export function expectRight(world: World, lookups: readonly Lookup[]): void {
  expect(faultsOf(lookups, world.sortedIds())).toEqual([]);
}

/** `count` lookups from random nodes, now, all of them right. */
export function expectLookupsRight(world: World, count: number): void {
  const lookups = world.lookups(count, 50);
  expect(lookups).toHaveLength(count);
  expectRight(world, lookups);
}

/** The network's losses left unmentioned, whatever was asked has ended: with a root, or with a reason. */
export function expectEnded(world: World, lookups: readonly Lookup[], count: number): void {
  world.runUntil(() => lookups.length === count, 30_000);
  expect(lookups).toHaveLength(count);
}

export function meanHops(lookups: readonly Lookup[]): number {
  const hops = lookups.flatMap(({ result: { receipt } }) =>
    receipt.kind === "delivered" ? [receipt.hops] : [],
  );
  return hops.reduce((sum, made) => sum + made, 0) / hops.length;
}
