/**
 * A trace on the ring: the key's place on the scale, the hops, and the stretch from the key to its root.
 */
import { arrange, svg } from "./dom.ts";
import type { RingLayout } from "./ring-dial.ts";
import { geodesic, pathOf, placeOf, ringArcPath, turnOf } from "./ring-geometry.ts";
import type { RingPulses } from "./ring-pulses.ts";

/** A trace under way has no hops yet. */
export interface ShownTrace {
  readonly key: string;
  readonly hops: readonly string[] | null;
}

/** Slow enough to be followed by eye. */
const HOP_MS = 520;

export class RingTrace {
  readonly element = svg("g", { class: "trace", "aria-hidden": "true" });
  readonly #pulses: RingPulses;
  #trace: ShownTrace | null = null;

  constructor(pulses: RingPulses) {
    this.#pulses = pulses;
  }

  /** Shows this trace, running along its hops when it has any. */
  show(trace: ShownTrace | null, layout: RingLayout): void {
    this.#trace = trace;
    this.#pulses.clear("trace");
    this.draw(layout, true);
    const hops = trace?.hops ?? [];
    hops.slice(1).forEach((id, index) => {
      const curve = geodesic(turnOf(hops[index]!), turnOf(id), layout.radius);
      this.#pulses.send(curve, "trace", index * HOP_MS, HOP_MS);
    });
  }

  /** Draws it again, at another size for instance; moving only when it is new. */
  draw(layout: RingLayout, moving = false): void {
    const trace = this.#trace;
    if (trace === null) return arrange(this.element, []);
    this.element.classList.toggle("moving", moving);
    const { radius, compact } = layout;
    const turn = turnOf(trace.key);
    const hops = trace.hops ?? [];
    const parts: SVGElement[] = [];
    if (trace.hops !== null && trace.hops.length > 0) {
      const rootTurn = turnOf(trace.hops.at(-1)!);
      const d = ringArcPath(turn, rootTurn, radius + (compact ? 5 : 7));
      parts.push(svg("path", { class: "trace-share", d, style: delay(hops.length - 1) }));
    }
    hops.slice(1).forEach((id, index) => {
      const d = pathOf(geodesic(turnOf(hops[index]!), turnOf(id), radius));
      parts.push(svg("path", { class: "trace-hop", d, pathLength: 1, style: delay(index) }));
    });
    hops.slice(1).forEach((id, index) => {
      const { x, y } = placeOf(turnOf(id), radius);
      const isRoot = index === hops.length - 2;
      const halo = { class: isRoot ? "trace-stop root" : "trace-stop", cx: x, cy: y, r: 12 };
      parts.push(svg("circle", { ...halo, style: delay(index + 1) }));
      if (compact) return;
      const label = placeOf(turnOf(id), radius - 24);
      const text = { class: "trace-number", x: label.x, y: label.y, style: delay(index + 1) };
      parts.push(svg("text", text, String(index + 1)));
    });
    parts.push(this.#keyMark(turn, radius, compact, trace.hops === null));
    arrange(this.element, parts);
  }

  #keyMark(turn: number, radius: number, compact: boolean, isWaiting: boolean): SVGElement {
    const half = compact ? 5 : 6.5;
    const place = placeOf(turn, radius);
    const transform = `translate(${place.x} ${place.y})`;
    const mark = svg("g", { class: "trace-key", transform });
    if (isWaiting) mark.append(svg("circle", { class: "trace-ripple", r: 18 }));
    mark.append(svg("path", { d: `M0 ${-half}L${half} 0L0 ${half}L${-half} 0Z` }));
    return mark;
  }
}

function delay(hop: number): string {
  return `animation-delay:${hop * HOP_MS}ms`;
}
