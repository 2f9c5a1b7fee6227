/**
 * Arcs of the ring: keys from one to another, clockwise, both ends included.
 * Keys are 40 hex digits, so their order is that of texts.
 */
export interface Arc {
  readonly from: string;
  readonly to: string;
}

/** An arc, or a part of one, that does not pass zero: `low <= high`. */
export interface Piece {
  readonly low: string;
  readonly high: string;
}

const DIGITS = 40;
const LOWEST = "0".repeat(DIGITS);
const HIGHEST = "f".repeat(DIGITS);
const RING = 1n << 160n;

export function isKey(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}

/** True when `key` lies in [from, to]. */
export function inArc(key: string, { from, to }: Arc): boolean {
  return from <= to ? from <= key && key <= to : from <= key || key <= to;
}

export function piecesOf({ from, to }: Arc): Piece[] {
  if (from <= to) return [{ low: from, high: to }];
  return [
    { low: from, high: HIGHEST },
    { low: LOWEST, high: to },
  ];
}

/** The next key, clockwise. */
export function keyAfter(key: string): string {
  return keyOf(BigInt(`0x${key}`) + 1n);
}

export function keyBefore(key: string): string {
  return keyOf(BigInt(`0x${key}`) - 1n);
}

function keyOf(place: bigint): string {
  return ((place + RING) % RING).toString(16).padStart(DIGITS, "0");
}
