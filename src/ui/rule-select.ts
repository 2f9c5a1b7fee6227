/**
 * The rule for one application or one publisher: a choice that takes effect at once.
 */
import type { Policy, Rule } from "../peer/peer.ts";
import { h, setText } from "./dom.ts";
import { RULES, RULE_WORDS, ruleOf, setRule } from "./rules.ts";

export interface RuleSelectOptions {
  readonly label: string;
  /** What no rule means, such as "As the default". Without it there is always a rule. */
  readonly none?: (policy: Policy) => string;
  readonly onError: (error: unknown) => void;
}

export class RuleSelect {
  readonly element: HTMLSelectElement;
  readonly #none = h("option", { value: "" });
  readonly #options: RuleSelectOptions;
  #policy: Policy | null = null;
  #id = "";

  constructor(options: RuleSelectOptions) {
    this.#options = options;
    const choices = RULES.map((rule) => h("option", { value: rule }, RULE_WORDS[rule]));
    this.element = h("select", { "aria-label": options.label });
    this.element.append(...(options.none === undefined ? [] : [this.#none]), ...choices);
    this.element.addEventListener("change", () => this.#apply());
  }

  /** `rules` are the policy's, for a caller that shows many. */
  show(policy: Policy, id: string, rules: Policy["rules"] = policy.rules): void {
    this.#policy = policy;
    this.#id = id;
    const { none } = this.#options;
    if (none !== undefined) setText(this.#none, none(policy));
    const value = ruleOf(rules, id) ?? "";
    // A list that is open must not change under the pointer.
    if (this.element.value !== value) this.element.value = value;
    this.element.disabled = id === "";
  }

  #apply(): void {
    const policy = this.#policy;
    if (policy === null) return;
    const { value } = this.element;
    try {
      setRule(policy, this.#id, value === "" ? null : (value as Rule));
    } catch (error) {
      this.#options.onError(error);
    }
    this.show(policy, this.#id);
  }
}
