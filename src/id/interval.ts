/**
 * Intervals and distances on the ring, always read clockwise.
 *
 * Chord's pseudocode mixes (a, b), (a, b] and [a, b); a wrong bracket gives a
 * ring that works until one node is alone on it. So every name says its ends.
 * Hex digits of equal length compare like the numbers they write, so no
 * arithmetic is needed but for distances.
 *
 * Source: Stoica et al., "Chord", SIGCOMM 2001, section 4.
 */
import type { Id } from "./id.ts";

const RING = 1n << 160n;

/** True when `x` lies in (low, high]. If `low === high` that is the whole ring: a lone node owns every key. */
export function inOpenClosed(x: Id, low: Id, high: Id): boolean {
  if (low < high) return low < x && x <= high;
  return low < x || x <= high || low === high;
}

/** True when `x` lies in (low, high). If `low === high` that is all of the ring but that point. */
export function inOpen(x: Id, low: Id, high: Id): boolean {
  if (low < high) return low < x && x < high;
  if (low === high) return x !== low;
  return low < x || x < high;
}

/** How far it is clockwise from `from` to `to`: 0 to 2^160 - 1. */
export function clockwiseDistance(from: Id, to: Id): bigint {
  return (toNumber(to) - toNumber(from) + RING) % RING;
}

/** The id `distance` clockwise from `from`; the distance may be negative. */
export function plus(from: Id, distance: bigint): Id {
  const at = (((toNumber(from) + distance) % RING) + RING) % RING;
  return at.toString(16).padStart(40, "0") as Id;
}

function toNumber(id: Id): bigint {
  return BigInt(`0x${id}`);
}

/** The distance between two ids the shorter way round. */
export function ringDistance(a: Id, b: Id): bigint {
  const clockwise = clockwiseDistance(a, b);
  return clockwise * 2n > RING ? RING - clockwise : clockwise;
}

/** Of a ring of 1: where an id stands, 0 <= x < 1, to 52 bits. */
export function fractionOf(id: Id): number {
  return Number.parseInt(id.slice(0, 13), 16) / 2 ** 52;
}

/** An id with its fraction of the ring worked out: what every hop compares. */
export interface Place {
  readonly id: Id;
  /** `fractionOf(id)` */
  readonly at: number;
}

export function placeOf(id: Id): Place {
  return { id, at: fractionOf(id) };
}

/** Two fractions that differ by less than this may stand for the same number: ask the bigints. */
const FRACTION_ERROR = 2 ** -49;

/**
 * True when `a` is strictly nearer to `key` than `b`, the shorter way round.
 *
 * Every hop asks this, so it compares 52 bits first: ids are hashes, and only
 * keys made to be near an id ever need the other 108.
 */
export function isNearer(key: Place, a: Place, b: Place): boolean {
  const difference = shorterWay(key.at, a.at) - shorterWay(key.at, b.at);
  if (Math.abs(difference) > FRACTION_ERROR) return difference < 0;
  return ringDistance(key.id, a.id) < ringDistance(key.id, b.id);
}

function shorterWay(a: number, b: number): number {
  const distance = Math.abs(a - b);
  return distance > 0.5 ? 1 - distance : distance;
}

/** How far it is clockwise from `from` to `to`, as a fraction of the ring, to 52 bits. */
export function clockwiseFraction(from: Id, to: Id): number {
  const distance = fractionOf(to) - fractionOf(from);
  return distance < 0 ? distance + 1 : distance;
}

/** Orders ids by their clockwise distance from `from`, nearest first, `from` itself first of all. */
export function clockwiseFrom(from: Id): (a: Id, b: Id) => number {
  return (a, b) => {
    if (a === b) return 0;
    const aWrapped = a < from;
    if (aWrapped !== b < from) return aWrapped ? 1 : -1;
    return a < b ? -1 : 1;
  };
}
