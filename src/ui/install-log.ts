/**
 * What became of the installs that were started in one place: a line for each, until it is dismissed.
 */
import type { InstalledPeerlet, Peer } from "../peer/peer.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { failureWords } from "./peerlet-words.ts";
import { MAX_NAME_CHARS, MAX_TEXT_CHARS, tidy } from "./stranger.ts";

/** More at once are a mistake: a folder was dropped. A guess. */
const MOST_LINES = 8;

export type InstallSource = string | Blob;

export interface InstallLogEvents {
  /** An install was started, or ended. */
  changed(): void;
  openView(peerlet: InstalledPeerlet): void;
  announce(text: string): void;
}

export class InstallLog {
  readonly element: HTMLElement;
  readonly #events: InstallLogEvents;

  constructor(events: InstallLogEvents) {
    this.#events = events;
    this.element = h("ul", { class: "installs", "data-testid": "installs", hidden: true });
  }

  /** `label` is what the person calls it: a file's name, an address. True when it runs. */
  async install(peer: Peer | null, source: InstallSource, label: string): Promise<boolean> {
    const shown = tidy(label, MAX_TEXT_CHARS);
    const text = h("span", { class: "stranger" }, `Fetching and checking ${shown}…`);
    const line = h("li", { "data-state": "busy", "data-testid": "install" }, text);
    this.#add(line);
    try {
      if (peer === null) throw new Error("this node is still starting: try again in a moment");
      this.#events.changed();
      const peerlet = await peer.peerlets.install(source);
      const words = `${tidy(peerlet.name, MAX_NAME_CHARS)} ${peerlet.version} is installed.`;
      setAttribute(line, "data-state", "done");
      setText(text, words);
      this.#events.announce(words);
      if (peerlet.hasView) line.append(this.#viewButton(line, peerlet));
      return true;
    } catch (error) {
      setAttribute(line, "data-state", "failed");
      setAttribute(text, "role", "alert");
      setText(text, `${shown}: ${failureWords(error)}`);
      return false;
    } finally {
      const dismiss = h("button", { type: "button", class: "quiet" }, "Dismiss");
      dismiss.addEventListener("click", () => this.#remove(line));
      line.append(dismiss);
      this.#events.changed();
    }
  }

  clear(): void {
    for (const line of [...this.element.children]) this.#remove(line);
  }

  #viewButton(line: Element, peerlet: InstalledPeerlet): HTMLElement {
    const open = h("button", { type: "button" }, "Open view");
    open.addEventListener("click", () => {
      this.#remove(line);
      this.#events.openView(peerlet);
    });
    return open;
  }

  /** The oldest that ended makes room. */
  #add(line: Element): void {
    if (this.element.children.length >= MOST_LINES) {
      this.element.querySelector('li:not([data-state="busy"])')?.remove();
    }
    this.element.append(line);
    this.element.hidden = false;
  }

  #remove(line: Element): void {
    line.remove();
    this.element.hidden = this.element.children.length === 0;
  }
}
