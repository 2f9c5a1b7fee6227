/**
 * What this page's code server offers. Asked for when someone looks, never before.
 */
import type { InstalledPeerlet, Peer } from "../peer/peer.ts";
import { compareVersions } from "../peer/version.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { formatBytes, plural } from "./format.ts";
import { type Gallery, type GalleryEntry, fetchGallery } from "./gallery-index.ts";
import { InstallLog, type InstallLogEvents } from "./install-log.ts";
import { APP_TYPE_WORDS } from "./peerlet-words.ts";
import { MAX_TEXT_CHARS, shortKey, strangerText } from "./stranger.ts";

interface Offer {
  readonly entry: GalleryEntry;
  readonly button: HTMLButtonElement;
  isBusy: boolean;
}

export class GalleryPanel {
  /** Opens and closes it; for the row of buttons. */
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly #words = h("p", { class: "muted", role: "status" });
  readonly #again = h("button", { type: "button", class: "quiet", hidden: true }, "Try again");
  readonly #list = h("ul", { class: "offers", "data-testid": "gallery" });
  readonly #events: InstallLogEvents;
  #offers: readonly Offer[] = [];
  #peer: Peer | null = null;

  constructor(events: InstallLogEvents) {
    this.#events = events;
    this.button = h(
      "button",
      { type: "button", "aria-expanded": "false", "aria-controls": "gallery" },
      "Gallery",
    );
    this.button.addEventListener("click", () => this.#toggle());
    this.#again.addEventListener("click", () => void this.#load());
    this.element = h("div", { id: "gallery", class: "gallery", hidden: true });
    this.element.append(h("h3", {}, "Offered by this page’s server"));
    this.element.append(this.#words, this.#again, this.#list);
  }

  use(peer: Peer | null): void {
    this.#peer = peer;
  }

  /** What is installed already needs no button. */
  show(peerlets: readonly InstalledPeerlet[]): void {
    if (this.element.hidden) return;
    for (const { entry, button, isBusy } of this.#offers) {
      const installed = peerlets.find(({ appId }) => appId === entry.appId);
      const word = isBusy ? "Installing…" : offerWord(entry, installed);
      setText(button, word);
      setAttribute(button, "aria-label", `${word}: ${entry.name} ${entry.version}`);
      button.disabled = isBusy || word === "Installed";
    }
  }

  #toggle(): void {
    this.element.hidden = !this.element.hidden;
    setAttribute(this.button, "aria-expanded", String(!this.element.hidden));
    // Its lines say what becomes of an install: they stay while one runs.
    const isBusy = this.#offers.some((offer) => offer.isBusy);
    if (!this.element.hidden && !isBusy) void this.#load();
  }

  async #load(): Promise<void> {
    this.#again.hidden = true;
    if (this.#offers.length === 0) setText(this.#words, "Asking the server…");
    const gallery = await fetchGallery(location.href);
    setText(this.#words, galleryWords(gallery));
    this.#again.hidden = gallery.kind !== "failed";
    // What was shown before is better than nothing.
    if (gallery.kind === "failed") return;
    this.#list.replaceChildren();
    this.#offers =
      gallery.kind === "offers" ? gallery.entries.map((entry) => this.#offer(entry)) : [];
    this.#events.changed();
  }

  #offer(entry: GalleryEntry): Offer {
    const button = h("button", { type: "button" }, "Install");
    const log = new InstallLog(this.#events);
    const view = entry.viewBytes === null ? "no view" : `${formatBytes(entry.viewBytes)} view`;
    const sizes = `${formatBytes(entry.codeBytes)}, ${view}`;
    const words = h("div", {});
    words.append(
      h("h4", {}, strangerText(entry.name), " ", h("span", { class: "muted" }, entry.version)),
      h("p", {}, strangerText(entry.description, MAX_TEXT_CHARS)),
      h("p", { class: "muted" }, `by ${shortKey(entry.publisher)}`),
      h("p", { class: "muted" }, `${APP_TYPE_WORDS[entry.appType]} · ${sizes}`),
    );
    const item = h("li", { class: "offer", "data-testid": "offer" }, words, button, log.element);
    const offer: Offer = { entry, button, isBusy: false };
    button.addEventListener("click", () => void this.#install(offer, log));
    this.#list.append(item);
    return offer;
  }

  async #install(offer: Offer, log: InstallLog): Promise<void> {
    offer.isBusy = true;
    log.clear();
    const { manifestUrl, hash, name } = offer.entry;
    // With the hash: what is installed is what was shown.
    await log.install(this.#peer, `${manifestUrl}#${hash}`, name);
    offer.isBusy = false;
    this.#events.changed();
  }
}

function offerWord(entry: GalleryEntry, installed: InstalledPeerlet | undefined): string {
  if (installed === undefined || installed.hash === "" || installed.state === "refused") {
    return "Install";
  }
  if (installed.hash === entry.hash) return "Installed";
  return compareVersions(entry.version, installed.version) > 0 ? "Upgrade" : "Installed";
}

function galleryWords(gallery: Gallery): string {
  switch (gallery.kind) {
    case "none":
      return "This server offers no applications.";
    case "failed":
      return gallery.why;
    case "offers": {
      const { entries, unreadable } = gallery;
      const left =
        unreadable === 0
          ? ""
          : `${plural(unreadable, "entry", "entries")} left out: not in the form they should have.`;
      return entries.length === 0 && left === "" ? "This server offers no applications yet." : left;
    }
  }
}
