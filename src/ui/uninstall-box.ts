/**
 * "Uninstall it, and what of its data?": asked in the row itself, where the button was.
 */
import { h, setText } from "./dom.ts";

export interface UninstallAnswer {
  readonly forget: boolean;
  readonly deny: boolean;
}

export class UninstallBox {
  readonly element: HTMLElement;
  readonly #question = h("p", { class: "uninstall-question" });
  readonly #deny = h("input", { type: "checkbox" });
  readonly #keep = h("button", { type: "button" }, "Keep its data");
  readonly #erase = h("button", { type: "button", class: "danger" }, "Erase its data");
  readonly #cancel = h("button", { type: "button", class: "quiet" }, "Cancel");

  /** `answer` gets null when the person changed their mind. */
  constructor(answer: (answer: UninstallAnswer | null) => void) {
    const give = (forget: boolean) => answer({ forget, deny: this.#deny.checked });
    this.#keep.addEventListener("click", () => give(false));
    this.#erase.addEventListener("click", () => give(true));
    this.#cancel.addEventListener("click", () => answer(null));
    this.element = h("div", {
      class: "uninstall",
      role: "group",
      "data-testid": "uninstall",
      hidden: true,
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") answer(null);
    });
    const deny = h("label", { class: "check" }, this.#deny, "Deny it, too");
    const hint = h("p", { class: "muted hint" });
    setText(hint, "A later message may bring it back, unless you deny it.");
    const buttons = h("p", { class: "actions" }, this.#keep, this.#erase, this.#cancel);
    this.element.append(this.#question, hint, deny, buttons);
  }

  ask(name: string): void {
    const question = `Uninstall ${name}?`;
    setText(this.#question, question);
    this.element.setAttribute("aria-label", question);
    this.#deny.checked = false;
    this.element.hidden = false;
    this.#keep.focus();
  }

  setBusy(isBusy: boolean): void {
    for (const control of [this.#keep, this.#erase, this.#cancel, this.#deny]) {
      control.disabled = isBusy;
    }
  }
}
