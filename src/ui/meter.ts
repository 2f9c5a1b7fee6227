/**
 * A small bar with its words: how much of what it was given a peerlet uses.
 */
import { h, setAttribute, setText } from "./dom.ts";
import type { MeterWords } from "./peerlet-words.ts";

/** From here on the bar takes the colour of a warning. */
const NEARLY_FULL = 0.9;

export class Meter {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "meter-text" });
  readonly #bar: HTMLElement;
  readonly #fill = h("i");

  constructor(label: string) {
    this.#bar = h("span", {
      class: "meter-bar",
      role: "meter",
      "aria-label": label,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    this.#bar.append(this.#fill);
    this.element = h("li", { class: "meter" });
    this.element.append(h("span", { class: "muted" }, label), this.#text, this.#bar);
  }

  show({ ratio, text }: MeterWords): void {
    const percent = Math.round(ratio * 100);
    setText(this.#text, text);
    setAttribute(this.#bar, "aria-valuenow", percent);
    setAttribute(this.#bar, "aria-valuetext", text);
    setAttribute(this.element, "data-nearly-full", ratio >= NEARLY_FULL);
    const scale = `scaleX(${percent / 100})`;
    if (this.#fill.style.transform !== scale) this.#fill.style.transform = scale;
  }
}
