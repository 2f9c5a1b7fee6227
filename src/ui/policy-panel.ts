/**
 * What this node lets run, and how much it gives: folded away until someone wants to change it.
 */
import type { InstalledPeerlet, Peer, Policy } from "../peer/peer.ts";
import { BudgetsForm } from "./budgets-form.ts";
import { CodeServersForm } from "./code-servers-form.ts";
import { h, setText } from "./dom.ts";
import { plural } from "./format.ts";
import { failureWords } from "./peerlet-words.ts";
import { RulesTable } from "./rules-table.ts";

type Default = Policy["default"];

interface Parts {
  readonly radios: ReadonlyMap<Default, HTMLInputElement>;
  readonly table: RulesTable;
  readonly budgets: BudgetsForm;
  readonly servers: CodeServersForm;
}

const DEFAULTS: readonly (readonly [Default, string, string])[] = [
  ["allow", "Allow", "they run at once, within the budgets"],
  ["ask", "Ask", "they are refused until you answer"],
  ["deny", "Deny", "only what a rule below allows runs"],
];

export class PolicyPanel {
  readonly element: HTMLDetailsElement;
  readonly #summary = h("span", { class: "muted" });
  /** Made when it is opened for the first time: most tabs never need it. */
  #parts: Parts | null = null;
  #peer: Peer | null = null;

  constructor() {
    this.element = h("details", { class: "policy", "data-testid": "policy" });
    this.element.append(h("summary", {}, "What may run here", this.#summary));
    this.element.addEventListener("toggle", () => {
      if (this.#peer !== null) this.show(this.#peer, this.#peer.peerlets.list());
    });
  }

  show(peer: Peer, peerlets: readonly InstalledPeerlet[]): void {
    this.#peer = peer;
    const { policy } = peer;
    const rules = Object.keys(policy.rules).length;
    setText(this.#summary, `${policy.default} by default, ${plural(rules, "rule")}`);
    if (!this.element.open) return;
    this.#parts ??= this.#build();
    const { radios, table, budgets, servers } = this.#parts;
    for (const [rule, radio] of radios) radio.checked = rule === policy.default;
    table.show(policy, peerlets);
    budgets.show(policy);
    servers.show(policy);
  }

  #build(): Parts {
    const radios = new Map<Default, HTMLInputElement>();
    const table = new RulesTable();
    const budgets = new BudgetsForm();
    const servers = new CodeServersForm();
    const error = h("p", { class: "error", role: "alert" });
    const choices = h("fieldset", { class: "defaults", "data-testid": "default-rule" });
    choices.append(h("legend", {}, "Applications without a rule"));
    for (const [rule, word, meaning] of DEFAULTS) {
      const radio = h("input", { type: "radio", name: "default-rule", value: rule });
      radio.addEventListener("change", () => setText(error, this.#setDefault(rule)));
      radios.set(rule, radio);
      const words = h("span", {}, word, h("span", { class: "muted" }, `: ${meaning}`));
      choices.append(h("label", { class: "check" }, radio, words));
    }
    choices.append(error);
    this.element.append(
      choices,
      part(
        "Rules",
        "They go before the default; an application’s before its publisher’s.",
        table.element,
      ),
      part(
        "Budgets",
        "What each application gets at most, and how many run at once. One of a trusted publisher gets up to ten times as much.",
        budgets.element,
      ),
      part(
        "Code servers",
        "Asked when a message names them. All others only by hand: a stranger’s message makes this node contact nobody else.",
        servers.element,
      ),
    );
    return { radios, table, budgets, servers };
  }

  /** Answers what went wrong, or "". */
  #setDefault(rule: Default): string {
    try {
      this.#peer?.policy.setDefault(rule);
      return "";
    } catch (error) {
      return failureWords(error);
    }
  }
}

function part(title: string, words: string, ...children: HTMLElement[]): HTMLElement {
  const element = h("div", { class: "policy-part" });
  element.append(h("h3", {}, title), h("p", { class: "muted hint" }, words), ...children);
  return element;
}
