/**
 * What stands in the middle of the ring while there are no links to draw there.
 */
import type { SignalingStatus } from "../peer/peer.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { type Standing, centreText } from "./status-words.ts";

export class RingCentre {
  readonly element: HTMLElement;
  readonly #title = h("p", { class: "centre-title" });
  readonly #text = h("p", { class: "muted" });
  readonly #openTab: HTMLAnchorElement;
  readonly #joinAgain = h("button", { type: "button", class: "primary" }, "Join again");

  constructor(joinAgain: () => void) {
    // A link, so that every way a browser knows to open one works; the new tab is a node of its own.
    this.#openTab = h(
      "a",
      { class: "button primary", href: location.href, target: "_blank", rel: "noopener" },
      "Open another tab",
    );
    this.#joinAgain.addEventListener("click", joinAgain);
    this.element = h("div", { class: "ring-centre", "data-testid": "ring-centre", hidden: true });
    this.element.append(this.#title, this.#text, h("p", {}, this.#openTab, this.#joinAgain));
  }

  show(standing: Standing, signaling: readonly SignalingStatus[]): void {
    const text = centreText(standing, signaling);
    setAttribute(this.element, "hidden", text === null);
    if (text === null) return;
    setText(this.#title, text.title);
    setText(this.#text, text.text);
    setAttribute(this.#openTab, "hidden", text.action !== "open-tab");
    setAttribute(this.#joinAgain, "hidden", text.action !== "join-again");
  }
}
