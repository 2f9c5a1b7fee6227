/** A small ring: where a key is, and the nodes that keep it. Ids go clockwise from the top. */

/** What a replica says of itself; see `where`. */
export interface Held {
  readonly node: string;
  readonly records?: readonly unknown[];
  /** Why it said nothing. */
  readonly why?: string;
}

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 70;
const SIZE = 180;

export function drawRing(key: string, held: readonly Held[]): SVGSVGElement {
  const drawing = make("svg", {
    viewBox: `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`,
    role: "img",
    "aria-label": `The key and ${held.length} replicas on the ring`,
  }) as SVGSVGElement;
  drawing.append(make("circle", { class: "ring", r: RADIUS }));
  const at = pointOf(key, RADIUS);
  const out = pointOf(key, RADIUS + 12);
  drawing.append(make("line", { class: "key-mark", x1: at.x, y1: at.y, x2: out.x, y2: out.y }));
  for (const [rank, { node }] of held.entries()) {
    const { x, y } = pointOf(node, RADIUS);
    const dot = make("circle", {
      class: rank === 0 ? "root" : "replica",
      cx: x,
      cy: y,
      r: rank === 0 ? 6 : 4.5,
    });
    const title = make("title", {});
    title.textContent = `${node}${rank === 0 ? ", the root" : ""}`;
    dot.append(title);
    drawing.append(dot);
  }
  return drawing;
}

/** The first 32 bits of an id are more than a picture can show. */
function pointOf(id: string, radius: number): { readonly x: number; readonly y: number } {
  const turn = (Number.parseInt(id.slice(0, 8), 16) / 2 ** 32) * 2 * Math.PI;
  return { x: radius * Math.sin(turn), y: -radius * Math.cos(turn) };
}

function make(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
