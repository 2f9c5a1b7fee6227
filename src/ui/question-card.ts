/**
 * A question of the policy, for a person: who published what, what it wants,
 * which node's message brought it. It never takes the focus and hides nothing
 * that cannot be scrolled to; it goes when it is answered, here or elsewhere.
 */
import type { InstalledPeerlet, Peer, Question } from "../peer/peer.ts";
import { arrange, h, setAttribute, setText } from "./dom.ts";
import { plural, shortId } from "./format.ts";
import { failureWords, needsWords, wantsWords } from "./peerlet-words.ts";
import { PublisherKey } from "./publisher-key.ts";
import { QuestionQueue } from "./question-queue.ts";
import {
  MAX_NAME_CHARS,
  MAX_TEXT_CHARS,
  lookAlike,
  setStranger,
  strangerText,
  tidy,
} from "./stranger.ts";

/** A click that was meant for what stood here before must not answer, in ms. */
const SETTLE_MS = 600;

export interface QuestionCardEvents {
  announce(text: string): void;
  /** The last question was answered with the focus in the card, which now needs another place. */
  answered(): void;
}

export class QuestionCard {
  readonly element: HTMLElement;
  readonly #queue = new QuestionQueue();
  readonly #events: QuestionCardEvents;
  readonly #count = h("p", { class: "muted question-count" });
  readonly #name = strangerText();
  readonly #heading: HTMLElement;
  readonly #description = strangerText();
  readonly #publisher = new PublisherKey();
  readonly #application = h("span");
  readonly #source = h("span");
  readonly #wants = h("ul", { class: "wants" });
  readonly #needs = h("span");
  readonly #warning = h("p", { class: "warning", hidden: true });
  readonly #error = h("p", { class: "error", role: "alert" });
  readonly #buttons: readonly HTMLButtonElement[];
  #peer: Peer | null = null;
  #shown: Question | null = null;
  #timer = 0;

  constructor(events: QuestionCardEvents) {
    this.#events = events;
    this.#heading = h("h2", { id: "question-heading", tabindex: -1 });
    this.#heading.append("May “", this.#name, "” run on this node?");
    const facts = h("dl", { class: "facts" });
    for (const [term, value] of [
      ["Publisher", this.#publisher.element],
      ["Application", this.#application],
      ["Brought by", this.#source],
      ["It wants", this.#wants],
      ["It needs", this.#needs],
    ] as const) {
      facts.append(h("dt", {}, term), h("dd", {}, value));
    }
    this.#buttons = [
      answerButton("Allow this application", "primary", () =>
        this.#answer(({ policy }, { appId }) => policy.allow(appId)),
      ),
      answerButton("Trust this publisher", "", () =>
        this.#answer(({ policy }, { publisher }) => policy.trust(publisher)),
      ),
      answerButton("Deny", "", () => this.#answer(({ policy }, { appId }) => policy.deny(appId))),
      answerButton("Not now", "", () => this.#answer(() => {})),
    ];
    const hint = h("p", { class: "muted hint" });
    setText(
      hint,
      "It runs in a sandbox, within these bounds. A trusted publisher’s applications all run without a question, with up to ten times the budgets. Not now leaves it refused, in the list.",
    );
    this.element = h("section", {
      class: "question",
      "aria-labelledby": "question-heading",
      "data-testid": "question",
      hidden: true,
    });
    this.element.append(this.#count, this.#heading, h("p", {}, this.#description), facts);
    const buttons = h("p", { class: "actions" }, ...this.#buttons);
    this.element.append(this.#warning, hint, buttons, this.#error);
  }

  use(peer: Peer | null): void {
    this.#peer = peer;
    this.#queue.clear();
    this.#show();
  }

  ask(question: Question): void {
    this.#queue.add(question);
    this.#show();
  }

  /** The policy was changed, perhaps elsewhere. */
  settle(): void {
    if (this.#peer === null) return;
    this.#queue.settle(this.#peer.policy);
    this.#show();
  }

  #answer(give: (peer: Peer, question: Question) => void): void {
    const [peer, question] = [this.#peer, this.#shown];
    if (peer === null || question === null) return;
    const hadFocus = this.element.contains(document.activeElement);
    try {
      give(peer, question);
    } catch (error) {
      return setText(this.#error, failureWords(error));
    }
    this.#queue.drop(question.appId);
    this.settle();
    if (!hadFocus) return;
    if (this.#shown === null) this.#events.answered();
    else this.#heading.focus();
  }

  #show(): void {
    const question = this.#queue.first;
    const waiting = this.#queue.size - 1;
    setText(this.#count, `${plural(waiting, "more question")} after this one`);
    setAttribute(this.#count, "hidden", waiting < 1);
    if (question === this.#shown) return;
    this.#shown = question;
    setAttribute(this.element, "hidden", question === null);
    document.documentElement.toggleAttribute("data-asking", question !== null);
    setText(this.#error, "");
    if (question === null || this.#peer === null) return;
    const { name, description, version, publisher, appId, source, wants, uses } = question;
    const shownName = tidy(name, MAX_NAME_CHARS) || shortId(appId);
    setStranger(this.#name, shownName);
    setStranger(this.#description, description, MAX_TEXT_CHARS);
    this.#publisher.show(publisher);
    setText(this.#application, `version ${tidy(version, MAX_NAME_CHARS)}, id ${shortId(appId)}`);
    setText(this.#source, sourceWords(source, this.#peer.id));
    arrange(
      this.#wants,
      wantsWords(wants).map((words) => h("li", {}, words)),
    );
    setText(this.#needs, needsWords(uses));
    this.#showWarning(lookAlike(question, this.#peer.peerlets.list()));
    this.#holdStill();
    this.#events.announce(
      `A question: may ${shownName} run on this node? The answers are at the top of the page.`,
    );
  }

  #showWarning(twin: InstalledPeerlet | null): void {
    setAttribute(this.#warning, "hidden", twin === null);
    if (twin === null) return;
    const name = tidy(twin.name, MAX_NAME_CHARS);
    setText(
      this.#warning,
      `Another publisher’s “${name}” is on this node already. The names look alike, the keys differ.`,
    );
  }

  #holdStill(): void {
    const setHeld = (isHeld: boolean) => {
      for (const button of this.#buttons) setAttribute(button, "aria-disabled", String(isHeld));
    };
    setHeld(true);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => setHeld(false), SETTLE_MS);
  }
}

function sourceWords(source: string, selfId: string): string {
  if (source === "") return "a message of a node that is not known";
  return source === selfId ? "a message of this node" : `a message of node ${shortId(source)}`;
}

function answerButton(words: string, look: string, answer: () => void): HTMLButtonElement {
  const button = h("button", { type: "button", ...(look === "" ? {} : { class: look }) }, words);
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") answer();
  });
  return button;
}
