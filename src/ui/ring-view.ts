/**
 * The ring, drawn: nodes at their ids, links as geodesics, nothing that this node does not know.
 *
 * The nodes are a listbox with one tab stop; arrows walk the ring clockwise.
 * The pointer finds the nearest node, so that a crowd of small ones can be hit.
 */
import { arrange, h, setAttribute, svg } from "./dom.ts";
import { shortId } from "./format.ts";
import { type RingLayout, drawDial, ringLayout } from "./ring-dial.ts";
import { geodesic, pathOf, placeOf, ringArcPath, turnOf } from "./ring-geometry.ts";
import { type RingModel, type ShownNode, describeNode } from "./ring-model.ts";
import { RingPulses, prefersStillness } from "./ring-pulses.ts";
import { RingTrace, type ShownTrace } from "./ring-trace.ts";
import { type LinkBytes, movements } from "./ring-traffic.ts";
import type { Selection } from "./selection.ts";

/** How near the pointer must come to a node, in px: half a finger. */
const REACH_PX = 26;
/** How long leaving nodes and links fade; ring.css says the same. */
const FADE_MS = 700;
/** Traffic between two snapshots is spread over this time; snapshots come about once a second. */
const TRAFFIC_SPREAD_MS = 1000;
const TRAFFIC_MS = 900;

export class RingView {
  readonly element: HTMLElement;
  readonly #svg = svg("svg", { class: "ring-svg", role: "group", "aria-label": "The ring" });
  readonly #heard = svg("path", { class: "heard-links" });
  readonly #stretch = svg("path", { class: "stretch" });
  readonly #share = svg("path", { class: "share" });
  readonly #links = svg("g", { class: "links" });
  /** Nodes and links that left a moment ago. */
  readonly #leaving = svg("g", { class: "leaving" });
  readonly #lit = svg("path", { class: "lit-links" });
  readonly #nodes = svg("g", { role: "listbox", "data-testid": "ring-nodes" });
  readonly #label = svg("text", { class: "ring-label", "aria-hidden": "true" });
  readonly #pulses = new RingPulses(h("canvas", { class: "ring-pulses", "aria-hidden": "true" }));
  readonly #trace = new RingTrace(this.#pulses);
  readonly #selection: Selection;
  readonly #nodeElements = new Map<string, SVGGElement>();
  readonly #linkElements = new Map<string, SVGPathElement>();
  #layout: RingLayout = ringLayout(600);
  #dial = drawDial(this.#layout);
  #model: RingModel | null = null;
  #bytes: readonly LinkBytes[] = [];
  /** The machine is busy: nothing moves, what comes is there at once. */
  #isCalm = true;

  constructor(selection: Selection) {
    this.#selection = selection;
    const drawing = svg("g", { "aria-hidden": "true" });
    drawing.append(this.#heard, this.#leaving, this.#stretch, this.#share, this.#links, this.#lit);
    this.#svg.append(this.#dial, drawing, this.#trace.element, this.#nodes, this.#label);
    this.element = h(
      "div",
      { class: "ring", "data-testid": "ring" },
      this.#svg,
      this.#pulses.canvas,
    );
    new ResizeObserver(() => this.#resize()).observe(this.element);
    selection.onChange(() => this.#showSelection());
    this.#listen();
  }

  /** `isCalm`: see calm.ts. */
  show(model: RingModel, isCalm: boolean): void {
    this.#model = model;
    this.#isCalm = isCalm;
    this.#draw();
    const bytes = model.nodes.flatMap(({ link }) => (link === null ? [] : [link]));
    if (!isCalm) this.#showTraffic(movements(this.#bytes, bytes));
    this.#bytes = bytes;
  }

  showTrace(trace: ShownTrace | null): void {
    this.#trace.show(trace, this.#layout);
  }

  #resize(): void {
    const size = Math.round(this.element.clientWidth);
    if (size === 0 || size === this.#layout.size) return;
    this.#layout = ringLayout(size);
    this.#svg.setAttribute("viewBox", `${-size / 2} ${-size / 2} ${size} ${size}`);
    const dial = drawDial(this.#layout);
    this.#dial.replaceWith(dial);
    this.#dial = dial;
    this.#pulses.resize(this.#layout);
    this.#draw();
    this.#trace.draw(this.#layout);
  }

  #draw(): void {
    const model = this.#model;
    if (model === null) return;
    const { radius, compact } = this.#layout;
    const path = (a: string, b: string) => pathOf(geodesic(turnOf(a), turnOf(b), radius));
    const self = turnOf(model.selfId);
    const from = model.predecessorId === null ? self : turnOf(model.predecessorId);
    const lastSuccessor = model.lastSuccessorId;
    setAttribute(this.#heard, "d", model.heardLinks.map(([a, b]) => path(a, b)).join(""));
    setAttribute(this.#share, "d", ringArcPath(from, self, radius + (compact ? 8 : 13)));
    setAttribute(
      this.#stretch,
      "d",
      lastSuccessor === null ? "" : ringArcPath(from, turnOf(lastSuccessor), radius),
    );
    this.#drawLinks(model, path);
    this.#drawNodes(model);
    setAttribute(this.#svg, "data-crowd", crowdOf(model.nodes.length));
    this.#showSelection();
  }

  #drawLinks(model: RingModel, path: (a: string, b: string) => string): void {
    const linked = model.nodes.filter((node) => node.link !== null);
    this.#retire(this.#linkElements, new Set(linked.map(({ id }) => id)));
    for (const { id, link } of linked) {
      let element = this.#linkElements.get(id);
      if (element === undefined) {
        element = svg("path", { pathLength: 1, ...this.#freshness() });
        this.#linkElements.set(id, element);
        this.#links.append(element);
      }
      setAttribute(element, "class", `link ${link!.role} ${link!.path}`);
      setAttribute(element, "d", path(model.selfId, id));
    }
  }

  #drawNodes(model: RingModel): void {
    this.#retire(this.#nodeElements, new Set(model.nodes.map(({ id }) => id)));
    for (const node of model.nodes) {
      let element = this.#nodeElements.get(node.id);
      if (element === undefined) {
        element = svg("g", {
          role: "option",
          tabindex: -1,
          "data-node": node.id,
          ...this.#freshness(),
        });
        element.append(svg("circle", { class: "halo" }), svg("circle", { class: "dot" }));
        this.#nodeElements.set(node.id, element);
        this.#nodes.append(element);
      }
      const { x, y } = placeOf(node.turn, this.#layout.radius);
      setAttribute(element, "transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
      setAttribute(
        element,
        "class",
        `node ${node.kind}${node.link?.member === false ? " guest" : ""}`,
      );
      setAttribute(element, "aria-label", `${shortId(node.id)}: ${describeNode(node)}`);
    }
    arrange(
      this.#nodes,
      model.nodes.map(({ id }) => this.#nodeElements.get(id)!),
    );
    const count = model.nodes.length;
    const name = `Nodes this one knows: ${count}. Arrow keys walk the ring clockwise.`;
    setAttribute(this.#nodes, "aria-label", name);
  }

  /** Marks what is drawn for the first time: it comes into sight. */
  #freshness(): { "data-fresh"?: string } {
    return this.#isCalm ? {} : { "data-fresh": "" };
  }

  /** Moves what is no longer there to where it fades. */
  #retire(elements: Map<string, SVGElement>, keep: ReadonlySet<string>): void {
    for (const [id, element] of [...elements]) {
      if (keep.has(id)) continue;
      elements.delete(id);
      if (this.#isCalm || prefersStillness()) {
        element.remove();
        continue;
      }
      for (const name of ["role", "tabindex", "data-node"]) element.removeAttribute(name);
      this.#leaving.append(element);
      setTimeout(() => element.remove(), FADE_MS);
    }
  }

  #showSelection(): void {
    const model = this.#model;
    if (model === null) return;
    const node = model.byId.get(this.#selection.current ?? "");
    const tabStop = node?.id ?? model.selfId;
    for (const [id, element] of this.#nodeElements) {
      element.classList.toggle("lit", id === node?.id);
      element.classList.toggle("near", node?.linkedTo.has(id) === true);
      setAttribute(element, "tabindex", id === tabStop ? 0 : -1);
      setAttribute(element, "aria-selected", id === this.#selection.pinned ? "true" : "false");
    }
    this.#svg.classList.toggle("looking", node !== undefined && node.kind !== "self");
    this.#showLitLinks(node);
  }

  #showLitLinks(node: ShownNode | undefined): void {
    if (node === undefined) {
      setAttribute(this.#lit, "d", "");
      this.#label.textContent = "";
      return;
    }
    const { radius } = this.#layout;
    const paths = [...node.linkedTo].map((id) => pathOf(geodesic(node.turn, turnOf(id), radius)));
    setAttribute(this.#lit, "d", paths.join(""));
    const { x, y } = placeOf(node.turn, radius - 20);
    setAttribute(this.#label, "x", x);
    setAttribute(this.#label, "y", y);
    setAttribute(this.#label, "text-anchor", x > 30 ? "end" : x < -30 ? "start" : "middle");
    this.#label.textContent = shortId(node.id);
  }

  #showTraffic(moved: ReturnType<typeof movements>): void {
    if (this.#model === null || moved.length === 0 || document.hidden) return;
    const self = turnOf(this.#model.selfId);
    moved.forEach(({ id, direction, bytes }, index) => {
      const other = turnOf(id);
      const [from, to] = direction === "out" ? [self, other] : [other, self];
      const curve = geodesic(from, to, this.#layout.radius);
      // The golden ratio spreads any number of starts evenly.
      const delayMs = ((index * 0.618) % 1) * TRAFFIC_SPREAD_MS;
      const weight = Math.min(2, 0.8 + Math.log10(1 + bytes / 100) / 2);
      this.#pulses.send(curve, direction, delayMs, TRAFFIC_MS, weight);
    });
  }

  #listen(): void {
    const selection = this.#selection;
    this.#svg.addEventListener("pointermove", (event) => selection.hover(this.#nearest(event)));
    this.#svg.addEventListener("pointerleave", () => selection.hover(null));
    this.#svg.addEventListener("click", (event) => {
      const id = this.#nearest(event);
      selection.pin(id === selection.pinned ? null : id);
    });
    this.#nodes.addEventListener("focusin", (event) => selection.hover(idOf(event.target)));
    this.#nodes.addEventListener("focusout", () => selection.hover(null));
    this.#nodes.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onKey(event: KeyboardEvent): void {
    const ids = this.#model?.nodes.map(({ id }) => id) ?? [];
    const id = idOf(event.target);
    const at = ids.indexOf(id ?? "");
    if (id === null || at < 0) return;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowDown: 1,
      ArrowLeft: -1,
      ArrowUp: -1,
    };
    const step = steps[event.key];
    if (step !== undefined) this.#focus(ids.at((at + step) % ids.length));
    else if (event.key === "Home") this.#focus(ids[0]);
    else if (event.key === "End") this.#focus(ids.at(-1));
    else if (event.key === "Escape") this.#selection.pin(null);
    else if (event.key === "Enter" || event.key === " ") {
      this.#selection.pin(id === this.#selection.pinned ? null : id);
    } else return;
    event.preventDefault();
  }

  #focus(id: string | undefined): void {
    this.#nodeElements.get(id ?? "")?.focus();
  }

  #nearest(event: MouseEvent): string | null {
    const { left, top, width, height } = this.#svg.getBoundingClientRect();
    const x = event.clientX - left - width / 2;
    const y = event.clientY - top - height / 2;
    let nearest: string | null = null;
    let nearestPx = REACH_PX;
    for (const { id, turn } of this.#model?.nodes ?? []) {
      const place = placeOf(turn, this.#layout.radius);
      const px = Math.hypot(place.x - x, place.y - y);
      if (px < nearestPx) [nearest, nearestPx] = [id, px];
    }
    return nearest;
  }
}

function crowdOf(count: number): string {
  return count <= 32 ? "few" : count <= 120 ? "many" : "masses";
}

function idOf(target: EventTarget | null): string | null {
  return target instanceof Element
    ? (target.closest("[data-node]")?.getAttribute("data-node") ?? null)
    : null;
}
