/** This node's date in whole ms: a clock may count in fractions. */
import type { Prost } from "prost/sdk";

export function dateOf(prost: Prost): number {
  return Math.floor(prost.clock.date());
}
