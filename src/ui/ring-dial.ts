/**
 * The fixed part of the ring: its circle, and around it a scale of the id space in hex digits.
 */
import { svg } from "./dom.ts";
import { placeOf } from "./ring-geometry.ts";

/** Everything the drawing needs to know about its size, in CSS pixels. */
export interface RingLayout {
  readonly size: number;
  /** Of the circle the nodes lie on. */
  readonly radius: number;
  /** A small ring has a coarser scale, closer in. */
  readonly compact: boolean;
}

export function ringLayout(size: number): RingLayout {
  const compact = size < 480;
  return { size, radius: Math.max(40, size / 2 - (compact ? 30 : 50)), compact };
}

const DIGITS = "0123456789abcdef";

export function drawDial({ radius, compact }: RingLayout): SVGGElement {
  const inner = radius + (compact ? 8 : 13);
  const fine = compact ? 128 : 256;
  const group = svg("g", { class: "dial", "aria-hidden": "true" });
  group.append(
    svg("circle", { class: "dial-sky", r: radius }),
    svg("circle", { class: "dial-ring", r: radius }),
    svg("path", { class: "dial-fine", d: ticks(fine, inner, compact ? 3 : 4) }),
    svg("path", { class: "dial-medium", d: ticks(64, inner, compact ? 5 : 7) }),
    svg("path", { class: "dial-coarse", d: ticks(16, inner, compact ? 8 : 12) }),
  );
  DIGITS.split("").forEach((digit, index) => {
    const { x, y } = placeOf(index / 16, inner + (compact ? 15 : 23));
    group.append(svg("text", { class: "dial-digit", x, y }, digit));
  });
  return group;
}

function ticks(count: number, inner: number, length: number): string {
  let path = "";
  for (let index = 0; index < count; index++) {
    const from = placeOf(index / count, inner);
    const to = placeOf(index / count, inner + length);
    path += `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
  }
  return path;
}
