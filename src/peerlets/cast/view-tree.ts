/** This node's place in a room's tree, drawn: its parent above, its children below. */
import type { Place } from "./cast.ts";
import { short } from "./view-parts.ts";

/** In the drawing's own units. */
const [WIDTH, ROW, RADIUS, MARGIN] = [190, 62, 9, 24] as const;
/** Where a node's label is, from its middle: clear of the lines. */
type Offset = readonly [dx: number, dy: number];
const [ABOVE, BESIDE, BELOW]: readonly [Offset, Offset, Offset] = [
  [0, -RADIUS - 5],
  [RADIUS + 36, 4],
  [0, RADIUS + 13],
];
/** Children that have room beside each other; more are a number. */
const MOST_DRAWN = 4;

type Shape = readonly [
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
];

export function treeOf(place: Place): SVGElement {
  const { parent, children, near, isMember } = place;
  const drawn = children.slice(0, MOST_DRAWN);
  const [top, middle] = [MARGIN, parent === null ? MARGIN : MARGIN + ROW];
  const bottom = middle + ROW;
  const at = (i: number) => (WIDTH * (i + 0.5)) / drawn.length;
  const kindOf = (id: string) => (near.includes(id) ? "member" : "forwarder");
  const lines = [
    ...(parent === null ? [] : [lineOf(WIDTH / 2, top, WIDTH / 2, middle)]),
    ...drawn.map((_child, i) => lineOf(WIDTH / 2, middle, at(i), bottom)),
  ];
  const nodes = [
    ...(parent === null ? [] : nodeOf(WIDTH / 2, top, kindOf(parent), short(parent), ABOVE)),
    ...nodeOf(WIDTH / 2, middle, isMember ? "self" : "forwarder", "this node", BESIDE),
    // Side by side there is room for four digits.
    ...drawn.flatMap((child, i) => nodeOf(at(i), bottom, kindOf(child), child.slice(0, 4), BELOW)),
  ];
  const height = (drawn.length > 0 ? bottom : middle) + MARGIN + 4;
  const svg = elementOf(["svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img" }]);
  svg.setAttribute("aria-label", sentenceOf(place));
  svg.append(...[...lines, ...nodes].map(elementOf));
  return svg;
}

/** The same in words. */
export function sentenceOf({ role, depth, children, near }: Place): string {
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const below =
    children.length === 0 ? "nobody below" : `${counted(children.length, "node")} below`;
  const known = `${counted(near.length, "member")} next to it`;
  if (role === "root") return `Root of the tree, ${below}, ${known}.`;
  if (depth === null) return `Looking for a way to the root; ${below}.`;
  return `${counted(depth, "step")} from the root, ${below}, ${known}.`;
}

function lineOf(x1: number, y1: number, x2: number, y2: number): Shape {
  return ["line", { x1, y1, x2, y2 }];
}

function nodeOf(cx: number, cy: number, kind: string, label: string, [dx, dy]: Offset): Shape[] {
  return [
    ["circle", { cx, cy, r: RADIUS, class: kind }],
    ["text", { x: cx + dx, y: cy + dy }, label],
  ];
}

function elementOf([tag, attributes, text = ""]: Shape): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}
