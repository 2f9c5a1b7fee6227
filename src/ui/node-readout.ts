/**
 * The words beside the ring about the node one is looking at, and the key to its colours.
 */
import { copyButton, h, setAttribute, setText } from "./dom.ts";
import { formatCount, groupedId, plural } from "./format.ts";
import { type RingModel, describeNode } from "./ring-model.ts";
import type { Selection } from "./selection.ts";

export class NodeReadout {
  readonly element: HTMLElement;
  /** The ring's size, for the other corner. */
  readonly summary: HTMLElement;
  readonly #size = h("strong", { "data-testid": "estimated-size" });
  readonly #sizeUnit = h("span", { class: "size-unit" });
  readonly #known = h("span", { class: "muted" });
  readonly #id = h("p", { class: "id", "data-testid": "looked-at" });
  readonly #words = h("p", { class: "muted" });
  readonly #actions: HTMLElement;
  readonly #selection: Selection;
  #model: RingModel | null = null;

  constructor(selection: Selection, trace: (id: string) => void) {
    this.#selection = selection;
    const traceButton = h("button", { type: "button", class: "quiet" }, "Trace the way there");
    traceButton.addEventListener("click", () => {
      if (selection.pinned !== null) trace(selection.pinned);
    });
    const closeButton = h("button", { type: "button", class: "quiet" }, "Close");
    closeButton.addEventListener("click", () => selection.pin(null));
    const copy = copyButton("this node's id", () => selection.pinned ?? "");
    this.#actions = h("p", { class: "actions" }, traceButton, copy, closeButton);
    this.element = h("div", { class: "readout" }, this.#id, this.#words, this.#actions);
    this.summary = h("div", { class: "ring-summary" });
    this.summary.append(h("p", {}, this.#size, " ", this.#sizeUnit), h("p", {}, this.#known));
    selection.onChange(() => this.#show());
  }

  show(model: RingModel): void {
    this.#model = model;
    const size = Math.max(1, Math.round(model.estimatedSize));
    const known = model.nodes.length;
    const isWholeKnown = size <= known;
    setText(this.#size, `${isWholeKnown ? "" : "≈ "}${formatCount(isWholeKnown ? known : size)}`);
    setText(this.#sizeUnit, size <= 1 && known <= 1 ? "node" : "nodes");
    const links = model.nodes.filter((node) => node.link !== null).length;
    setText(
      this.#known,
      isWholeKnown
        ? plural(links, "link")
        : `${formatCount(known)} known, ${plural(links, "link")}`,
    );
    this.#show();
  }

  #show(): void {
    const node = this.#model?.byId.get(this.#selection.current ?? "");
    setAttribute(this.element, "data-empty", node === undefined);
    setText(this.#id, node === undefined ? "" : groupedId(node.id));
    setText(
      this.#words,
      node === undefined ? "Point at a node to see what this one knows of it." : "",
    );
    if (node !== undefined) setText(this.#words, describeNode(node));
    setAttribute(this.#actions, "hidden", node === undefined || node.id !== this.#selection.pinned);
  }
}

const LEGEND: readonly (readonly [string, string])[] = [
  ["self", "this node and its keys"],
  ["neighbour", "neighbour"],
  ["long", "long link"],
  ["heard", "heard of"],
  ["key", "a traced key"],
];

export function legend(): HTMLElement {
  const items = LEGEND.map(([kind, words]) =>
    h("li", {}, h("i", { class: `swatch ${kind}`, "aria-hidden": "true" }), words),
  );
  return h("ul", { class: "legend", "aria-label": "Key to the drawing" }, ...items);
}
