/**
 * All there is to know of one peerlet, and its rules: folded away in its row until someone asks.
 */
import type { InstalledPeerlet, Policy } from "../peer/peer.ts";
import { copyButton, h, setText } from "./dom.ts";
import { formatBytes, formatRate, plural, shortId } from "./format.ts";
import {
  APP_TYPE_WORDS,
  cameWords,
  formatPercent,
  needsWords,
  wantsWords,
} from "./peerlet-words.ts";
import { PublisherKey } from "./publisher-key.ts";
import { RuleSelect } from "./rule-select.ts";
import { RULE_WORDS, holdingRule, holdingWords, ruleOf } from "./rules.ts";
import { MAX_TEXT_CHARS, setStranger, shortKey, strangerText } from "./stranger.ts";

export class PeerletDetails {
  readonly element: HTMLElement;
  readonly #description = strangerText();
  readonly #publisher = new PublisherKey();
  readonly #appId = h("span", { class: "id" });
  readonly #type = h("span");
  readonly #came = h("span");
  readonly #locator = strangerText();
  readonly #package = h("span", { class: "id" });
  readonly #view = h("span");
  readonly #gets = h("span");
  readonly #needs = h("span");
  readonly #uses = h("span");
  readonly #offences = h("span", { "data-testid": "offences" });
  readonly #holding = h("p", { class: "muted hint" });
  readonly #ruleOfApp: RuleSelect;
  readonly #ruleOfPublisher: RuleSelect;
  #peerlet: InstalledPeerlet | null = null;

  constructor(onError: (error: unknown) => void) {
    this.#ruleOfApp = new RuleSelect({
      label: "Rule for this application",
      none: (policy) => {
        const { rule } = holdingRule(policy, "", this.#peerlet?.publisher ?? "");
        return `No rule: ${RULE_WORDS[rule].toLowerCase()}`;
      },
      onError,
    });
    this.#ruleOfPublisher = new RuleSelect({
      label: "Rule for its publisher",
      none: (policy) => `No rule: ${RULE_WORDS[policy.default].toLowerCase()}`,
      onError,
    });
    const appId = h("span", { class: "publisher-key" }, this.#appId);
    appId.append(copyButton("the application's id", () => this.#peerlet?.appId ?? ""));
    const hash = h("span", { class: "publisher-key" }, this.#package);
    hash.append(copyButton("the package's locator", () => `prost:${this.#peerlet?.hash ?? ""}`));
    const facts = h("dl", { class: "facts" });
    for (const [term, value] of [
      ["About", this.#description],
      ["Publisher", this.#publisher.element],
      ["Application", appId],
      ["Package", hash],
      ["Type", this.#type],
      ["Came", this.#came],
      ["From", this.#locator],
      ["View", this.#view],
      ["Gets", this.#gets],
      ["Needs", this.#needs],
      ["Uses", this.#uses],
      ["Offences", this.#offences],
    ] as const) {
      facts.append(h("dt", {}, term), h("dd", {}, value));
    }
    const rules = h("div", { class: "rules" });
    rules.append(
      h("label", {}, "This application", this.#ruleOfApp.element),
      h("label", {}, "Its publisher", this.#ruleOfPublisher.element),
    );
    this.element = h("div", { class: "peerlet-details", "data-testid": "peerlet-details" });
    this.element.append(facts, rules, this.#holding);
  }

  show(peerlet: InstalledPeerlet, policy: Policy): void {
    this.#peerlet = peerlet;
    const { usage, grant, offences } = peerlet;
    setStranger(this.#description, peerlet.description || "nothing said", MAX_TEXT_CHARS);
    this.#publisher.show(peerlet.publisher);
    setText(this.#appId, shortId(peerlet.appId));
    setText(this.#package, peerlet.hash === "" ? "not known yet" : shortKey(peerlet.hash));
    setText(this.#type, APP_TYPE_WORDS[peerlet.appType]);
    setText(this.#came, cameWords(peerlet));
    setStranger(this.#locator, peerlet.locator || "a file", MAX_TEXT_CHARS);
    const view = peerlet.viewFetched ? "has one, its code is here" : "has one, fetched when opened";
    setText(this.#view, peerlet.hasView ? view : "has none");
    setText(this.#gets, wantsWords(grant).join(", "));
    const memory =
      usage.memoryBytes === null ? "" : `, ${formatBytes(usage.memoryBytes)} of memory`;
    const rate = `${formatRate(usage.messagesPerSecond)} messages, ${formatBytes(usage.bytesPerSecond)} a second`;
    const stored = `${formatBytes(usage.storageBytes)} stored`;
    setText(this.#needs, needsWords(peerlet.uses.map(({ name }) => name)));
    setText(
      this.#uses,
      `${formatPercent(usage.cpuShare)} of one core, ${stored}, ${rate}, ${plural(usage.callsOpen, "call")} open${memory}`,
    );
    setText(
      this.#offences,
      offences === 0 ? "none" : `${plural(offences, "time")} it broke a rule`,
    );
    this.#ruleOfApp.show(policy, peerlet.appId);
    this.#ruleOfPublisher.show(policy, peerlet.publisher);
    const holding = holdingRule(policy, peerlet.appId, peerlet.publisher);
    // With both rules set, what the publisher's says does not matter: worth saying.
    const overruled =
      holding.of === "application" && ruleOf(policy.rules, peerlet.publisher) !== null;
    setText(
      this.#holding,
      holdingWords(holding) + (overruled ? " It goes before its publisher's." : ""),
    );
  }
}
