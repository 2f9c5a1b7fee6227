/**
 * Installing by hand: an address or a locator, a file, or a file dropped anywhere on the page.
 */
import type { Peer } from "../peer/peer.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { InstallLog, type InstallLogEvents } from "./install-log.ts";
import { readLocatorInput } from "./locator-input.ts";

/** A longer address is a mistake; a locator in a message has at most 255. */
const MAX_INPUT_CHARS = 2_000;
/** Of one drop, or one choice. See MOST_LINES in `install-log.ts`. */
const MOST_FILES = 8;

export class InstallBox {
  readonly element: HTMLElement;
  readonly #input = h("input", {
    id: "install-input",
    type: "text",
    maxlength: MAX_INPUT_CHARS,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "https://… or prost:…",
    "aria-describedby": "install-error",
  });
  readonly #error = h("p", { id: "install-error", class: "error", role: "alert" });
  readonly #picker = h("input", {
    type: "file",
    accept: ".peerlet",
    multiple: true,
    hidden: true,
    "data-testid": "install-file",
    "aria-label": "Package files",
  });
  readonly #log: InstallLog;
  #peer: Peer | null = null;

  /** `extra` stands beside the button for a file. */
  constructor(events: InstallLogEvents, ...extra: HTMLElement[]) {
    this.#log = new InstallLog(events);
    const label = h("label", { for: "install-input" }, "Install from an address or a locator");
    const submit = h("button", { type: "submit", class: "primary" }, "Install");
    const row = h("div", { class: "trace-row" }, this.#input, submit);
    const form = h("form", { "data-testid": "install-form" }, label, row, this.#error);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#installTyped();
    });
    this.#input.addEventListener("input", () => this.#refuse(""));
    const pick = h("button", { type: "button" }, "Choose a file");
    pick.addEventListener("click", () => this.#picker.click());
    this.#picker.addEventListener("change", () => {
      this.installFiles([...(this.#picker.files ?? [])]);
      // Or the same file could not be chosen again.
      this.#picker.value = "";
    });
    const others = h("p", { class: "actions" }, pick, ...extra);
    others.append(h("span", { class: "muted hint" }, "or drop a .peerlet anywhere here"));
    this.element = h("div", { class: "install" }, form, others, this.#picker, this.#log.element);
  }

  use(peer: Peer | null): void {
    this.#peer = peer;
    this.#log.clear();
    this.#refuse("");
  }

  /** All at once: they do not wait for one another. */
  installFiles(files: readonly File[]): void {
    this.#refuse("");
    for (const file of files.slice(0, MOST_FILES)) {
      void this.#log.install(this.#peer, file, file.name);
    }
    if (files.length > MOST_FILES) {
      this.#refuse(`Only the first ${MOST_FILES} of ${files.length} files were taken.`);
    }
  }

  async #installTyped(): Promise<void> {
    const text = this.#input.value;
    const read = readLocatorInput(text);
    if (read.kind !== "locator") {
      this.#refuse(read.kind === "empty" ? "Type an address or a locator first." : read.why);
      setAttribute(this.#input, "aria-invalid", "true");
      return this.#input.focus();
    }
    this.#refuse("");
    const isDone = await this.#log.install(this.#peer, read.locator, read.locator);
    // What failed stays to be mended, and so does what was typed meanwhile.
    if (isDone && this.#input.value === text) this.#input.value = "";
  }

  #refuse(why: string): void {
    setText(this.#error, why);
    setAttribute(this.#input, "aria-invalid", false);
  }
}
