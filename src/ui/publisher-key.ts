/**
 * Who published something: the one thing about a peerlet that cannot be made up. Short, in full on demand.
 */
import { copyButton, h, setAttribute, setText } from "./dom.ts";
import { groupedId } from "./format.ts";
import { shortKey } from "./stranger.ts";

export class PublisherKey {
  readonly element: HTMLElement;
  readonly #key = h("span", { class: "id", "data-testid": "publisher-key" });
  readonly #toggle = h("button", { type: "button", class: "quiet" });
  readonly #copy: HTMLButtonElement;
  #publisher = "";
  #isFull = false;

  constructor() {
    this.#toggle.addEventListener("click", () => {
      this.#isFull = !this.#isFull;
      this.#show();
    });
    this.#copy = copyButton("the publisher's key", () => this.#publisher);
    this.element = h("span", { class: "publisher-key" }, this.#key, this.#toggle, this.#copy);
    this.#show();
  }

  show(publisher: string): void {
    if (publisher === this.#publisher) return;
    this.#publisher = publisher;
    this.#isFull = false;
    this.#show();
  }

  #show(): void {
    const isKnown = this.#publisher !== "";
    const short = isKnown ? shortKey(this.#publisher) : "not known yet";
    setText(this.#key, this.#isFull ? groupedId(this.#publisher) : short);
    setAttribute(this.#toggle, "hidden", !isKnown);
    setAttribute(this.#copy, "hidden", !isKnown);
    setText(this.#toggle, this.#isFull ? "Short" : "Full");
    setAttribute(this.#toggle, "aria-label", this.#isFull ? "Short key" : "Full key");
    setAttribute(this.#toggle, "aria-expanded", String(this.#isFull));
  }
}
