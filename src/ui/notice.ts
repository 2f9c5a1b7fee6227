/**
 * One calm notice above everything else: what is the matter, what still works, what can be checked.
 */
import { arrange, h, setAttribute, setText } from "./dom.ts";
import type { Notice } from "./status-words.ts";

export class NoticeBar {
  readonly element: HTMLElement;
  readonly #title = h("h2");
  readonly #text = h("p");
  readonly #checks = h("ul");

  constructor() {
    this.element = h("section", {
      class: "notice",
      role: "status",
      "data-testid": "notice",
      hidden: true,
    });
    this.element.append(this.#title, this.#text, this.#checks);
  }

  show(notice: Notice | null, tone: "calm" | "grave" = "calm"): void {
    setAttribute(this.element, "hidden", notice === null);
    if (notice === null) return;
    setAttribute(this.element, "data-tone", tone);
    setText(this.#title, notice.title);
    setText(this.#text, notice.text);
    setAttribute(this.#checks, "hidden", notice.checks.length === 0);
    if ([...this.#checks.children].map((item) => item.textContent).join() === notice.checks.join())
      return;
    arrange(
      this.#checks,
      notice.checks.map((check) => h("li", {}, check)),
    );
  }
}
