/**
 * One peerlet of this node: what it is, how it stands and why, what it uses, and what can be done.
 */
import type { InstalledPeerlet, Peer } from "../peer/peer.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { plural, shortId } from "./format.ts";
import { Meter } from "./meter.ts";
import { PeerletDetails } from "./peerlet-details.ts";
import { STATE_WORDS, cameWords, failureWords, meters, sentence } from "./peerlet-words.ts";
import {
  MAX_NAME_CHARS,
  MAX_TEXT_CHARS,
  setStranger,
  shortKey,
  strangerText,
  tidy,
} from "./stranger.ts";
import { type UninstallAnswer, UninstallBox } from "./uninstall-box.ts";

/** What a row may ask of the parts around it. */
export interface RowActions {
  isViewOpen(appId: string): boolean;
  openView(peerlet: InstalledPeerlet): void;
  closeView(appId: string): void;
  /** It went: the focus needs another place. */
  uninstalled(name: string): void;
}

export class PeerletRow {
  readonly element: HTMLLIElement;
  readonly #name = strangerText();
  readonly #version = h("span", { class: "muted version" });
  readonly #state = h("span", { class: "peerlet-state", "data-testid": "peerlet-state" });
  readonly #by = h("p", { class: "muted peerlet-by" });
  readonly #why = h("p", { class: "peerlet-why", "data-testid": "peerlet-why" });
  readonly #warning = h("p", { class: "warning", hidden: true });
  readonly #meterList = h("ul", { class: "meters", "aria-label": "Used of what it is given" });
  #meters: Meter[] = [];
  readonly #view = h("button", { type: "button" });
  readonly #uninstall = h("button", { type: "button", class: "quiet" }, "Uninstall");
  readonly #more = h("button", { type: "button", class: "quiet", "aria-expanded": "false" });
  readonly #error = h("p", { class: "error", role: "alert" });
  readonly #box: UninstallBox;
  readonly #actions: RowActions;
  #details: PeerletDetails | null = null;
  #peer: Peer | null = null;
  #peerlet: InstalledPeerlet | null = null;

  constructor(actions: RowActions) {
    this.#actions = actions;
    this.#box = new UninstallBox((answer) => this.#answer(answer));
    this.#view.addEventListener("click", () => this.#toggleView());
    this.#uninstall.addEventListener("click", () => this.#box.ask(this.#shownName()));
    this.#more.addEventListener("click", () => this.#toggleDetails());
    const head = h("div", { class: "peerlet-head" });
    head.append(h("h3", {}, this.#name, " ", this.#version), this.#state);
    const buttons = h("p", { class: "actions" }, this.#view, this.#uninstall, this.#more);
    this.element = h("li", { class: "peerlet", "data-testid": "peerlet" });
    this.element.append(head, this.#by, this.#why, this.#warning, this.#meterList, buttons);
    this.element.append(this.#error, this.#box.element);
  }

  /** `twin` is a peerlet of another publisher that came before and has much the same name. */
  show(peer: Peer, peerlet: InstalledPeerlet, twin: InstalledPeerlet | null): void {
    this.#peer = peer;
    this.#peerlet = peerlet;
    const { appId, state, offences } = peerlet;
    const name = this.#shownName();
    setAttribute(this.element, "data-app-id", appId);
    setAttribute(this.element, "data-state", state);
    setStranger(this.#name, name);
    setText(this.#version, peerlet.version);
    setText(this.#state, STATE_WORDS[state]);
    const by = peerlet.publisher === "" ? "publisher not known yet" : shortKey(peerlet.publisher);
    const broke = offences === 0 ? "" : ` · ${plural(offences, "offence")}`;
    setText(this.#by, `by ${by} · ${cameWords(peerlet)}${broke}`);
    setText(this.#why, sentence(tidy(peerlet.why, MAX_TEXT_CHARS)));
    setAttribute(this.#why, "hidden", peerlet.why === "");
    setAttribute(this.#warning, "hidden", twin === null);
    if (twin !== null) {
      setText(
        this.#warning,
        `Not from the publisher of “${tidy(twin.name, MAX_NAME_CHARS)}” ${twin.version}, which has much the same name.`,
      );
    }
    this.#showMeters(peerlet);
    this.#showButtons(peerlet, name);
    this.#details?.show(peerlet, peer.policy);
  }

  #showMeters({ state, usage, grant }: InstalledPeerlet): void {
    const isShown = state === "running";
    setAttribute(this.#meterList, "hidden", !isShown);
    if (!isShown) return;
    const words = meters(usage, grant);
    if (this.#meters.length === 0) {
      this.#meters = words.map(({ label }) => new Meter(label));
      this.#meterList.append(...this.#meters.map(({ element }) => element));
    }
    this.#meters.forEach((meter, index) => meter.show(words[index]!));
  }

  #showButtons({ appId, state, hasView }: InstalledPeerlet, name: string): void {
    const isOpen = this.#actions.isViewOpen(appId);
    const word = isOpen ? "Close view" : "Open view";
    // An idle one is started for its view.
    const canShow = hasView && (state === "running" || state === "idle");
    setAttribute(this.#view, "hidden", !isOpen && !canShow);
    setText(this.#view, word);
    setAttribute(this.#view, "aria-label", `${word} of ${name}`);
    setAttribute(this.#uninstall, "aria-label", `Uninstall ${name}`);
    setText(this.#more, this.#details === null ? "Details" : "Less");
    setAttribute(this.#more, "aria-label", `Details of ${name}`);
  }

  #shownName(): string {
    const { name = "", appId = "" } = this.#peerlet ?? {};
    return tidy(name, MAX_NAME_CHARS) || `Application ${shortId(appId)}`;
  }

  #toggleView(): void {
    const peerlet = this.#peerlet;
    if (peerlet === null) return;
    if (this.#actions.isViewOpen(peerlet.appId)) this.#actions.closeView(peerlet.appId);
    else this.#actions.openView(peerlet);
  }

  #toggleDetails(): void {
    if (this.#details === null) {
      this.#details = new PeerletDetails((error) => setText(this.#error, failureWords(error)));
      this.element.append(this.#details.element);
    } else {
      this.#details.element.remove();
      this.#details = null;
    }
    setAttribute(this.#more, "aria-expanded", String(this.#details !== null));
    const [peer, peerlet] = [this.#peer, this.#peerlet];
    if (peer === null || peerlet === null) return;
    this.#details?.show(peerlet, peer.policy);
    this.#showButtons(peerlet, this.#shownName());
  }

  #answer(answer: UninstallAnswer | null): void {
    if (answer !== null) return void this.#remove(answer);
    this.#box.element.hidden = true;
    this.#uninstall.focus();
  }

  async #remove({ forget, deny }: UninstallAnswer): Promise<void> {
    const [peer, peerlet] = [this.#peer, this.#peerlet];
    if (peer === null || peerlet === null) return;
    this.#box.setBusy(true);
    setText(this.#error, "");
    try {
      // First, or a message that comes meanwhile brings it back.
      if (deny) peer.policy.deny(peerlet.appId);
      await peer.peerlets.uninstall(peerlet.appId, { forget });
      this.#actions.uninstalled(this.#shownName());
    } catch (error) {
      setText(this.#error, failureWords(error));
    } finally {
      this.#box.setBusy(false);
      this.#box.element.hidden = true;
    }
  }
}
