/**
 * The frame around one view. The bar is the page's own: whatever the view
 * draws, it says what this is, who published it, and takes it away.
 *
 * The element must never be moved while it is on the page: moving a frame
 * loads it anew.
 */
import type { InstalledPeerlet, Peer, View } from "../peer/peer.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { failureWords, sentence } from "./peerlet-words.ts";
import { MAX_NAME_CHARS, MAX_TEXT_CHARS, shortKey, strangerText, tidy } from "./stranger.ts";

const SIZES = ["small", "medium", "large"] as const;

export interface ViewFrameEvents {
  /** The person closed it, or read why it closed. */
  dismissed(frame: ViewFrame): void;
  /** It opened, or closed by itself. */
  changed(): void;
  announce(text: string): void;
}

export class ViewFrame {
  readonly element: HTMLElement;
  readonly appId: string;
  readonly #name: string;
  readonly #events: ViewFrameEvents;
  readonly #body = h("div", { class: "view-body", "data-testid": "view-body" });
  readonly #words = h("p", { class: "view-words", role: "status" }, "Fetching the view…");
  readonly #smaller = sizeButton("Smaller", "−");
  readonly #larger = sizeButton("Larger", "+");
  #size = 1;
  #view: View | null = null;
  #isOver = false;

  constructor(peerlet: InstalledPeerlet, events: ViewFrameEvents) {
    const { appId, name, publisher } = peerlet;
    this.appId = appId;
    this.#name = tidy(name, MAX_NAME_CHARS);
    this.#events = events;
    this.#smaller.addEventListener("click", () => this.#resize(-1));
    this.#larger.addEventListener("click", () => this.#resize(1));
    const close = h("button", { type: "button", class: "quiet" }, "Close");
    close.setAttribute("aria-label", `Close the view of ${this.#name}`);
    close.addEventListener("click", () => this.#dismiss());
    const by = h("p", { class: "muted view-by" }, `by ${shortKey(publisher)}`);
    by.title = publisher;
    const title = h("div", { class: "view-title" }, h("h2", {}, strangerText(name)), by);
    const bar = h("div", { class: "view-bar" }, title);
    bar.append(h("span", { class: "view-buttons" }, this.#smaller, this.#larger, close));
    this.element = h("section", {
      class: "view",
      tabindex: -1,
      "aria-label": `View of ${this.#name}`,
      "aria-busy": "true",
      "data-testid": "view",
      "data-app-id": appId,
    });
    this.element.append(bar, this.#words, this.#body);
    this.#resize(0);
  }

  /** False once it has closed and only says why. */
  get isOpen(): boolean {
    return !this.#isOver;
  }

  /** The element must be on the page already. */
  async open(peer: Peer): Promise<void> {
    try {
      const view = await peer.peerlets.openView(this.appId, this.#body);
      // Closed while it was fetched.
      if (this.#isOver) return view.close();
      this.#view = view;
      setAttribute(this.element, "aria-busy", false);
      setText(this.#words, "");
      this.#events.changed();
      const why = await view.closed;
      this.#end(`The view closed. ${sentence(tidy(why, MAX_TEXT_CHARS))}`);
    } catch (error) {
      this.#end(failureWords(error), "error");
    }
  }

  /** Without a word: the person asked for it. */
  close(): void {
    this.#isOver = true;
    this.#view?.close();
    this.#view = null;
  }

  #dismiss(): void {
    this.close();
    this.#events.dismissed(this);
  }

  #end(words: string, tone = "calm"): void {
    if (this.#isOver) return;
    this.close();
    setAttribute(this.element, "aria-busy", false);
    setAttribute(this.element, "data-over", tone);
    setText(this.#words, words);
    this.#body.remove();
    this.#smaller.remove();
    this.#larger.remove();
    this.#events.changed();
    this.#events.announce(`${this.#name}: ${words}`);
  }

  #resize(by: number): void {
    this.#size = Math.min(SIZES.length - 1, Math.max(0, this.#size + by));
    setAttribute(this.element, "data-size", SIZES[this.#size]!);
    // Not disabled: the focus would be lost at either end.
    setAttribute(this.#smaller, "aria-disabled", String(this.#size === 0));
    setAttribute(this.#larger, "aria-disabled", String(this.#size === SIZES.length - 1));
  }
}

function sizeButton(label: string, sign: string): HTMLButtonElement {
  return h("button", { type: "button", class: "quiet", "aria-label": label, title: label }, sign);
}
