/**
 * The peerlets of this node, in the order they came.
 */
import type { InstalledPeerlet, Peer } from "../peer/peer.ts";
import { arrange, h, setAttribute, setText } from "./dom.ts";
import { PeerletRow, type RowActions } from "./peerlet-row.ts";
import { lookAlike } from "./stranger.ts";

/** Strangers' messages make entries, too: more are shown when asked for. A guess. */
const MOST_SHOWN = 30;

export class PeerletsList {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "peerlets", "data-testid": "peerlets" });
  readonly #all = h("button", { type: "button", class: "quiet", hidden: true });
  readonly #rows = new Map<string, PeerletRow>();
  readonly #actions: RowActions;
  #showsAll = false;
  #peer: Peer | null = null;
  /** Who could be mistaken for whom, as of the names in `#twinsOf`. */
  #twins: readonly (InstalledPeerlet | null)[] = [];
  #twinsOf = "";

  constructor(actions: RowActions) {
    this.#actions = actions;
    this.#all.addEventListener("click", () => {
      this.#showsAll = true;
      if (this.#peer !== null) this.show(this.#peer, this.#peer.peerlets.list());
    });
    this.element = h("div", {}, this.#list, this.#all);
  }

  show(peer: Peer, peerlets: readonly InstalledPeerlet[]): void {
    this.#peer = peer;
    const shown = this.#showsAll ? peerlets : peerlets.slice(0, MOST_SHOWN);
    const ids = new Set(shown.map(({ appId }) => appId));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
    this.#findTwins(shown);
    const elements = shown.map((peerlet, index) => {
      let row = this.#rows.get(peerlet.appId);
      if (row === undefined) {
        row = new PeerletRow(this.#actions);
        this.#rows.set(peerlet.appId, row);
      }
      row.show(peer, peerlet, this.#twins[index] ?? null);
      return row.element;
    });
    arrange(this.#list, elements);
    setAttribute(this.#list, "hidden", elements.length === 0);
    setAttribute(this.#all, "hidden", shown.length === peerlets.length);
    setText(this.#all, `Show all ${peerlets.length}`);
  }

  /** Compares every name with those before it: only when one has changed. */
  #findTwins(shown: readonly InstalledPeerlet[]): void {
    const names = shown.map(({ appId, name, publisher }) => `${appId} ${publisher} ${name}`).join();
    if (names === this.#twinsOf) return;
    this.#twinsOf = names;
    this.#twins = shown.map((peerlet, index) => lookAlike(peerlet, shown.slice(0, index)));
  }

  clear(): void {
    this.#peer = null;
    this.#showsAll = false;
    this.#rows.clear();
    arrange(this.#list, []);
  }
}
