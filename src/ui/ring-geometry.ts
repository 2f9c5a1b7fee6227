/**
 * Where things are on the drawn ring.
 *
 * An id's place is its fraction of the whole id space, its *turn*: 0 at the
 * top, growing clockwise. A link is drawn as a geodesic of the Poincaré disk,
 * an arc that meets the ring at right angles: near neighbours bow a little,
 * far ones cross the middle, and lines do not run on top of one another.
 *
 * Screen coordinates: the centre of the ring is (0, 0), y grows downwards.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An arc of a circle, or a straight line when `centre` is null. */
export interface Curve {
  readonly from: Point;
  readonly to: Point;
  readonly centre: Point | null;
  readonly radius: number;
  /** The angle of `from` seen from `centre`, and how far it is from there to `to`; radians, clockwise. */
  readonly startAngle: number;
  readonly sweepAngle: number;
}

/** What a double holds exactly: 13 hex digits are 52 bits, far finer than any screen. */
const TURN_DIGITS = 13;

/** Chords within this share of a turn of a diameter are drawn straight: their circles get too large. */
const STRAIGHT_TURN = 0.002;

/** The fraction of the id space before `id`, in [0, 1). */
export function turnOf(id: string): number {
  return Number.parseInt(id.slice(0, TURN_DIGITS), 16) / 16 ** TURN_DIGITS;
}

/** How far it is clockwise from one turn to another, in [0, 1). */
export function clockwiseTurn(from: number, to: number): number {
  const turn = (to - from) % 1;
  return turn < 0 ? turn + 1 : turn;
}

/** How far apart two turns are, the shorter way: [0, 0.5]. */
export function turnGap(a: number, b: number): number {
  const turn = clockwiseTurn(a, b);
  return Math.min(turn, 1 - turn);
}

export function placeOf(turn: number, radius: number): Point {
  const angle = turn * 2 * Math.PI;
  return { x: radius * Math.sin(angle), y: -radius * Math.cos(angle) };
}

/** The turn of a point: the inverse of `placeOf`, whatever the radius. */
export function turnAt(point: Point): number {
  const turn = Math.atan2(point.x, -point.y) / (2 * Math.PI);
  return turn < 0 ? turn + 1 : turn;
}

/** The link between two places on a ring of this radius. */
export function geodesic(fromTurn: number, toTurn: number, ringRadius: number): Curve {
  const from = placeOf(fromTurn, ringRadius);
  const to = placeOf(toTurn, ringRadius);
  const gap = turnGap(fromTurn, toTurn);
  if (gap > 0.5 - STRAIGHT_TURN || gap === 0) {
    return { from, to, centre: null, radius: 0, startAngle: 0, sweepAngle: 0 };
  }
  const clockwise = clockwiseTurn(fromTurn, toTurn) <= 0.5;
  const middleTurn = clockwise ? fromTurn + gap / 2 : toTurn + gap / 2;
  const halfAngle = gap * Math.PI;
  const centre = placeOf(middleTurn, ringRadius / Math.cos(halfAngle));
  const startAngle = Math.atan2(from.y - centre.y, from.x - centre.x);
  const endAngle = Math.atan2(to.y - centre.y, to.x - centre.x);
  return {
    from,
    to,
    centre,
    radius: ringRadius * Math.tan(halfAngle),
    startAngle,
    sweepAngle: shortestAngle(endAngle - startAngle),
  };
}

function shortestAngle(angle: number): number {
  if (angle > Math.PI) return angle - 2 * Math.PI;
  if (angle <= -Math.PI) return angle + 2 * Math.PI;
  return angle;
}

/** A point on the way: `share` 0 is `from`, 1 is `to`. */
export function pointOn(curve: Curve, share: number): Point {
  const { from, to, centre } = curve;
  if (centre === null) {
    return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
  }
  const angle = curve.startAngle + curve.sweepAngle * share;
  return {
    x: centre.x + curve.radius * Math.cos(angle),
    y: centre.y + curve.radius * Math.sin(angle),
  };
}

/** The curve as SVG path data. */
export function pathOf(curve: Curve): string {
  const start = `M${digits(curve.from.x)} ${digits(curve.from.y)}`;
  const end = `${digits(curve.to.x)} ${digits(curve.to.y)}`;
  if (curve.centre === null) return `${start}L${end}`;
  const radius = digits(curve.radius);
  return `${start}A${radius} ${radius} 0 0 ${curve.sweepAngle > 0 ? 1 : 0} ${end}`;
}

/** A stretch of the ring itself, clockwise, as SVG path data. The same place twice is the whole ring. */
export function ringArcPath(fromTurn: number, toTurn: number, radius: number): string {
  const length = clockwiseTurn(fromTurn, toTurn) || 1;
  // An SVG arc cannot be a full circle, so every stretch is drawn in two halves.
  const middle = placeOf(fromTurn + length / 2, radius);
  const from = placeOf(fromTurn, radius);
  const to = placeOf(toTurn, radius);
  const r = digits(radius);
  return (
    `M${digits(from.x)} ${digits(from.y)}` +
    `A${r} ${r} 0 0 1 ${digits(middle.x)} ${digits(middle.y)}` +
    `A${r} ${r} 0 0 1 ${digits(to.x)} ${digits(to.y)}`
  );
}

/** A hundredth of a pixel is enough, and keeps path data short. */
function digits(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}
