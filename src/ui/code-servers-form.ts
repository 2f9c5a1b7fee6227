/**
 * Which code servers this node asks because a stranger's message names them.
 */
import type { Policy } from "../peer/peer.ts";
import { readCodeServers } from "./code-servers.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { failureWords } from "./peerlet-words.ts";

export class CodeServersForm {
  readonly element: HTMLFormElement;
  readonly #input = h("textarea", {
    id: "code-servers",
    rows: 3,
    maxlength: 4_000,
    spellcheck: "false",
    autocapitalize: "off",
    placeholder: "https://example.org",
    "aria-describedby": "code-servers-hint code-servers-error",
  });
  readonly #said = h("span", { class: "muted", role: "status" });
  readonly #error = h("p", { id: "code-servers-error", class: "error", role: "alert" });
  #policy: Policy | null = null;
  #isEdited = false;

  constructor() {
    this.element = h("form", { "data-testid": "code-servers" });
    const label = h("label", { for: "code-servers" }, "One origin in a line");
    const save = h("button", { type: "submit" }, "Save servers");
    this.element.append(label, this.#input, this.#error);
    this.element.append(h("p", { class: "actions" }, save, this.#said));
    this.#input.addEventListener("input", () => {
      this.#isEdited = true;
      setText(this.#said, "not saved yet");
    });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
  }

  show(policy: Policy): void {
    this.#policy = policy;
    if (this.#isEdited) return;
    const text = policy.codeServers.join("\n");
    if (this.#input.value !== text) this.#input.value = text;
  }

  #save(): void {
    const policy = this.#policy;
    if (policy === null) return;
    const read = readCodeServers(this.#input.value);
    setAttribute(this.#input, "aria-invalid", read.kind === "invalid" ? "true" : false);
    setText(this.#error, read.kind === "invalid" ? read.why : "");
    if (read.kind === "invalid") return this.#input.focus();
    try {
      policy.setCodeServers(read.origins);
      this.#isEdited = false;
      this.show(policy);
      setText(this.#said, "saved");
    } catch (error) {
      setText(this.#error, failureWords(error));
    }
  }
}
