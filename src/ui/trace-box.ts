/**
 * The box to trace the way of a message to the root of a key or a name.
 */
import { ProstError } from "../base/errors.ts";
import { hexOf, ID_BYTES } from "../id/id.ts";
import type { Peer, Trace } from "../peer/peer.ts";
import { arrange, h, setAttribute, setText } from "./dom.ts";
import { formatMs, groupedId, plural, shortId } from "./format.ts";
import type { ShownTrace } from "./ring-trace.ts";
import { type Selection, hoverable } from "./selection.ts";
import { readTraceInput } from "./trace-input.ts";

/** A name is hashed whatever its length; this is for the eye. */
const MAX_INPUT_CHARACTERS = 200;

export class TraceBox {
  readonly element: HTMLElement;
  readonly #input = h("input", {
    id: "trace-input",
    type: "text",
    maxlength: MAX_INPUT_CHARACTERS,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "alice",
    "aria-describedby": "trace-hint trace-error",
  });
  readonly #submit = h("button", { type: "submit", class: "primary" }, "Trace");
  readonly #hint = h("p", { id: "trace-hint", class: "muted hint" });
  readonly #error = h("p", { id: "trace-error", class: "error", role: "alert" });
  readonly #summary = h("p", { class: "trace-summary", "data-testid": "trace-summary" });
  readonly #hops = h("ol", { class: "hops", "data-testid": "trace-hops" });
  readonly #result = h("div", {
    class: "trace-result",
    "data-testid": "trace-result",
    hidden: true,
  });
  readonly #selection: Selection;
  readonly #onTrace: (trace: ShownTrace | null) => void;
  readonly #announce: (text: string) => void;
  #peer: Peer | null = null;
  /** Only the latest trace is shown; an earlier one that answers late is dropped. */
  #latest = 0;

  constructor(
    selection: Selection,
    onTrace: (trace: ShownTrace | null) => void,
    announce: (text: string) => void,
  ) {
    this.#selection = selection;
    this.#onTrace = onTrace;
    this.#announce = announce;
    const random = h("button", { type: "button" }, "Random key");
    random.addEventListener("click", () => {
      this.traceText(hexOf(crypto.getRandomValues(new Uint8Array(ID_BYTES)), 0, ID_BYTES));
    });
    const label = h("label", { for: "trace-input" }, "A key of 40 hex digits, or any name");
    const row = h("div", { class: "trace-row" }, this.#input, this.#submit, random);
    const form = h("form", { "data-testid": "trace-form" }, label, row, this.#hint, this.#error);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#trace();
    });
    this.#input.addEventListener("input", () => this.#showHint());
    this.#result.append(this.#summary, this.#hops);
    this.element = h("section", { "aria-labelledby": "trace-heading" });
    this.element.append(h("h2", { id: "trace-heading" }, "Trace a message"), form, this.#result);
  }

  /** From now on this peer is asked; what an earlier one was asked is forgotten. */
  use(peer: Peer | null): void {
    this.#peer = peer;
    this.#latest += 1;
    this.#setBusy(false);
    this.#submit.disabled = peer === null;
    this.#result.hidden = true;
    setText(this.#error, "");
    this.#onTrace(null);
    this.#showHint();
  }

  traceText(text: string): void {
    this.#input.value = text;
    this.#showHint();
    void this.#trace();
  }

  #showHint(): void {
    const read = readTraceInput(this.#input.value);
    setAttribute(this.#input, "aria-invalid", false);
    setText(this.#error, "");
    if (read.kind === "name" && this.#peer !== null) {
      setText(this.#hint, `Its key is ${groupedId(this.#peer.keyOf(read.name))}`);
    } else if (read.kind === "key") {
      setText(this.#hint, "This is a key.");
    } else {
      setText(this.#hint, "The message goes to the first node at or after the key, clockwise.");
    }
  }

  async #trace(): Promise<void> {
    const peer = this.#peer;
    if (peer === null) return;
    const read = readTraceInput(this.#input.value);
    if (read.kind === "empty") return this.#refuse("Type a key or a name first.");
    if (read.kind === "invalid") return this.#refuse(read.why);
    const key = read.kind === "key" ? read.key : peer.keyOf(read.name);
    const mine = (this.#latest += 1);
    setText(this.#error, "");
    this.#result.hidden = true;
    this.#setBusy(true, peer.state === "joined" ? "Tracing…" : "Waiting for the ring…");
    this.#onTrace({ key, hops: null });
    try {
      const trace = await peer.trace(key);
      if (mine === this.#latest) this.#showResult(key, trace, peer.id);
    } catch (error) {
      if (mine !== this.#latest) return;
      this.#onTrace(null);
      setText(this.#error, failureWords(error));
    } finally {
      if (mine === this.#latest) this.#setBusy(false);
    }
  }

  #refuse(why: string): void {
    setText(this.#error, why);
    setAttribute(this.#input, "aria-invalid", "true");
    this.#input.focus();
  }

  #setBusy(isBusy: boolean, words = "Tracing…"): void {
    setText(this.#submit, isBusy ? words : "Trace");
    setAttribute(this.element, "aria-busy", String(isBusy));
  }

  #showResult(key: string, { root, hops, ms }: Trace, selfId: string): void {
    const count = hops.length - 1;
    const way =
      count === 0
        ? "This node is the root itself: no hop was needed"
        : `Reached its root in ${plural(count, "hop")} and ${formatMs(ms)}`;
    setText(this.#summary, way);
    setAttribute(this.#result, "data-root", root);
    setAttribute(this.#result, "data-hops", count);
    setAttribute(this.#result, "data-key", key);
    const items = hops.map((id) => {
      const role = id === root ? (id === selfId ? "this node, the root" : "root") : "";
      const words = role === "" && id === selfId ? "this node" : role;
      const item = h("li", { "data-id": id, title: groupedId(id) });
      item.append(
        h("span", { class: "id" }, shortId(id)),
        " ",
        h("span", { class: "muted" }, words),
      );
      hoverable(item, this.#selection, () => id);
      return item;
    });
    arrange(this.#hops, items);
    this.#result.hidden = false;
    this.#onTrace({ key, hops });
    this.#announce(`${way}. The root is ${shortId(root)}.`);
  }
}

function failureWords(error: unknown): string {
  if (error instanceof ProstError) {
    switch (error.code) {
      case "no-answer":
        return `No answer: ${error.message}. The ring may be repairing itself, try again in a moment.`;
      case "closed":
        return "This node has left the ring, so it cannot send anything.";
      case "bad-parameter":
        return `That is not a key: ${error.message}.`;
      case "no-webrtc":
      case "insecure-context":
      case "bad-package":
      case "refused":
      case "not-found":
        return error.message;
    }
  }
  return `The trace failed: ${error instanceof Error ? error.message : String(error)}.`;
}
