/**
 * The rules by application and by publisher: change, take away, add.
 */
import type { InstalledPeerlet, Policy, Rule } from "../peer/peer.ts";
import { arrange, h, setAttribute, setText } from "./dom.ts";
import { plural } from "./format.ts";
import { failureWords } from "./peerlet-words.ts";
import { RuleSelect } from "./rule-select.ts";
import { RULES, RULE_WORDS, readRuleTarget, setRule } from "./rules.ts";
import { setStranger, shortKey, strangerText } from "./stranger.ts";

/** A policy keeps up to 10,000. A guess at what a person looks through. */
const MOST_SHOWN = 100;

interface Row {
  readonly element: HTMLElement;
  readonly select: RuleSelect;
  readonly known: HTMLElement;
}

export class RulesTable {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "rule-list", "data-testid": "rules" });
  readonly #empty = h("p", { class: "muted" }, "No rules yet: the default holds for all.");
  readonly #more = h("p", { class: "muted", hidden: true });
  readonly #error = h("p", { id: "rule-error", class: "error", role: "alert" });
  readonly #input = h("input", {
    id: "rule-input",
    type: "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    maxlength: 200,
    placeholder: "32 or 64 hex digits",
    "aria-describedby": "rule-error",
  });
  readonly #choice = h("select", { "aria-label": "Rule to add" });
  readonly #rows = new Map<string, Row>();
  #policy: Policy | null = null;
  #peerlets: readonly InstalledPeerlet[] = [];

  constructor() {
    this.#choice.append(...RULES.map((rule) => h("option", { value: rule }, RULE_WORDS[rule])));
    this.#choice.value = "deny";
    const add = h("button", { type: "submit" }, "Add");
    const label = h("label", { for: "rule-input" }, "An application’s id or a publisher’s key");
    const row = h("div", { class: "trace-row" }, this.#input, this.#choice, add);
    const form = h("form", { "data-testid": "rule-form" }, label, row, this.#error);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add();
    });
    this.#input.addEventListener("input", () => this.#refuse(""));
    this.element = h("div", {}, this.#empty, this.#list, this.#more, form);
  }

  show(policy: Policy, peerlets: readonly InstalledPeerlet[]): void {
    this.#policy = policy;
    this.#peerlets = peerlets;
    const { rules } = policy;
    const all = Object.keys(rules);
    // The latest: they are the ones to look for.
    const ids = all.slice(-MOST_SHOWN).toReversed();
    const shown = new Set(ids);
    for (const id of this.#rows.keys()) if (!shown.has(id)) this.#rows.delete(id);
    arrange(
      this.#list,
      ids.map((id) => this.#row(policy, rules, id)),
    );
    setText(this.#more, `${plural(all.length - ids.length, "older rule")} not shown.`);
    setAttribute(this.#more, "hidden", all.length === ids.length);
    setAttribute(this.#empty, "hidden", ids.length > 0);
    setAttribute(this.#list, "hidden", ids.length === 0);
  }

  #row(policy: Policy, rules: Policy["rules"], id: string): HTMLElement {
    let row = this.#rows.get(id);
    if (row === undefined) this.#rows.set(id, (row = this.#newRow(id)));
    row.select.show(policy, id, rules);
    setStranger(row.known, this.#knownAs(id));
    return row.element;
  }

  #newRow(id: string): Row {
    const kind = id.length === 64 ? "publisher" : "application";
    const known = strangerText();
    const words = h("span", { class: "rule-whose" }, h("span", { class: "muted" }, kind), " ");
    words.append(h("span", { class: "id", title: id }, shortKey(id)), " ", known);
    const select = new RuleSelect({
      label: `Rule for ${kind} ${shortKey(id)}`,
      onError: (error) => this.#refuse(failureWords(error)),
    });
    const remove = h("button", { type: "button", class: "quiet" }, "Remove");
    setAttribute(remove, "aria-label", `Remove the rule for ${kind} ${shortKey(id)}`);
    remove.addEventListener("click", () => {
      this.#policy?.forget(id);
      this.#input.focus();
    });
    const element = h("li", { "data-id": id }, words, select.element, remove);
    return { element, select, known };
  }

  /** The names under which this id is known here. */
  #knownAs(id: string): string {
    const theirs = this.#peerlets.filter(
      ({ appId, publisher }) => appId === id || publisher === id,
    );
    const names = theirs.map(({ name }) => name).filter((name) => name !== "");
    return names.length === 0 ? "" : `(${names.join(", ")})`;
  }

  #add(): void {
    const policy = this.#policy;
    if (policy === null) return;
    const target = readRuleTarget(this.#input.value);
    if (target.kind === "invalid") {
      this.#refuse(target.why);
      setAttribute(this.#input, "aria-invalid", "true");
      return this.#input.focus();
    }
    try {
      setRule(policy, target.id, this.#choice.value as Rule);
      this.#input.value = "";
      this.#refuse("");
    } catch (error) {
      this.#refuse(failureWords(error));
    }
  }

  #refuse(why: string): void {
    setText(this.#error, why);
    setAttribute(this.#input, "aria-invalid", false);
  }
}
