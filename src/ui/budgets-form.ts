/**
 * What one application gets here at most: numbers, each checked where it stands, saved together.
 */
import type { Budgets, Policy } from "../peer/peer.ts";
import { BUDGET_FIELDS, type BudgetField, budgetText, readBudget } from "./budget-fields.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { failureWords } from "./peerlet-words.ts";

interface Row {
  readonly field: BudgetField;
  readonly input: HTMLInputElement;
  readonly error: HTMLElement;
}

export class BudgetsForm {
  readonly element: HTMLFormElement;
  readonly #rows: readonly Row[];
  readonly #said = h("span", { class: "muted", role: "status" });
  readonly #error = h("p", { class: "error", role: "alert" });
  #policy: Policy | null = null;
  /** What is half typed is not overwritten by what others change. */
  #isEdited = false;

  constructor() {
    this.element = h("form", { class: "budgets", novalidate: true, "data-testid": "budgets" });
    this.#rows = BUDGET_FIELDS.map((field) => newRow(field));
    const grid = h("div", { class: "budget-grid" });
    for (const { field, input, error } of this.#rows) {
      const label = h("label", { for: input.id }, field.label);
      const unit = h("span", { class: "muted", id: `${input.id}-unit` }, field.unit);
      grid.append(h("div", { class: "budget" }, label, input, unit, error));
    }
    const save = h("button", { type: "submit" }, "Save budgets");
    const undo = h("button", { type: "button", class: "quiet" }, "Undo");
    undo.addEventListener("click", () => this.#reset());
    this.element.append(grid, h("p", { class: "actions" }, save, undo, this.#said), this.#error);
    this.element.addEventListener("input", () => {
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
    for (const { field, input } of this.#rows) {
      const text = budgetText(field, policy.budgets[field.name]);
      if (input.value !== text) input.value = text;
    }
  }

  #reset(): void {
    this.#isEdited = false;
    setText(this.#said, "");
    setText(this.#error, "");
    for (const row of this.#rows) sayError(row, "");
    if (this.#policy !== null) this.show(this.#policy);
  }

  #save(): void {
    const budgets: Partial<Record<keyof Budgets, number>> = {};
    let wrong: HTMLInputElement | null = null;
    for (const row of this.#rows) {
      const read = readBudget(row.field, row.input.value);
      sayError(row, read.kind === "invalid" ? read.why : "");
      if (read.kind === "value") budgets[row.field.name] = read.value;
      else wrong ??= row.input;
    }
    if (wrong !== null) return wrong.focus();
    try {
      this.#policy?.setBudgets(budgets);
      this.#reset();
      setText(this.#said, "saved");
    } catch (error) {
      setText(this.#error, failureWords(error));
    }
  }
}

function newRow(field: BudgetField): Row {
  const id = `budget-${field.name}`;
  const input = h("input", {
    id,
    type: "text",
    inputmode: field.isWhole ? "numeric" : "decimal",
    autocomplete: "off",
    maxlength: 16,
    "aria-describedby": `${id}-unit ${id}-error`,
  });
  const error = h("span", { class: "error", id: `${id}-error` });
  return { field, input, error };
}

function sayError({ input, error }: Row, why: string): void {
  setText(error, why);
  setAttribute(input, "aria-invalid", why === "" ? false : "true");
}
