/**
 * Everything the page has about peerlets, put together: the section with the
 * list, the views, the question, and dropping files. The page places the
 * elements and says when to show; what happens here reaches no further.
 */
import type { InstalledPeerlet, Peer, PeerEvents } from "../peer/peer.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { DropZone } from "./drop-zone.ts";
import { shortId } from "./format.ts";
import { GalleryPanel } from "./gallery.ts";
import { InstallBox } from "./install-box.ts";
import type { InstallLogEvents } from "./install-log.ts";
import { PeerletsList } from "./peerlets-list.ts";
import { PolicyPanel } from "./policy-panel.ts";
import { QuestionCard } from "./question-card.ts";
import { StateNews } from "./state-news.ts";
import { MAX_NAME_CHARS, tidy } from "./stranger.ts";
import { ViewsArea } from "./views-area.ts";

export interface PeerletsDeskEvents {
  /** Something changed by itself: to be shown with the next picture. */
  changed(): void;
  announce(text: string): void;
}

export class PeerletsDesk {
  readonly section: HTMLElement;
  readonly views: HTMLElement;
  readonly question: HTMLElement;
  readonly dropZone: HTMLElement;
  readonly #events: PeerletsDeskEvents;
  readonly #heading: HTMLElement;
  readonly #count = h("span", { class: "muted count" });
  readonly #empty = h("p", { class: "muted", "data-testid": "no-peerlets" });
  readonly #list: PeerletsList;
  readonly #views: ViewsArea;
  readonly #card: QuestionCard;
  readonly #install: InstallBox;
  readonly #gallery: GalleryPanel;
  readonly #policy = new PolicyPanel();
  readonly #news: StateNews;
  #names = new Map<string, string>();
  #peer: Peer | null = null;
  #stops: (() => void)[] = [];

  constructor(events: PeerletsDeskEvents) {
    this.#events = events;
    const announce = (text: string) => events.announce(text);
    const openView = (peerlet: InstalledPeerlet) => this.#openView(peerlet);
    const log: InstallLogEvents = { changed: () => this.show(), openView, announce };
    this.#news = new StateNews(announce);
    this.#views = new ViewsArea({
      changed: () => this.show(),
      dismissed: (appId) => this.#focusRow(appId),
      announce,
    });
    this.#card = new QuestionCard({ announce, answered: () => this.#heading.focus() });
    this.#gallery = new GalleryPanel(log);
    this.#install = new InstallBox(log, this.#gallery.button);
    this.#list = new PeerletsList({
      isViewOpen: (appId) => this.#views.isOpen(appId),
      openView,
      closeView: (appId) => this.#views.close(appId),
      uninstalled: (name) => {
        announce(`${name} is uninstalled.`);
        this.#heading.focus();
        this.show();
      },
    });
    const drop = new DropZone((files) => {
      this.#install.installFiles(files);
      this.section.scrollIntoView({ block: "nearest" });
    });
    this.#heading = h("h2", { id: "peerlets-heading", tabindex: -1 }, "Applications ", this.#count);
    setText(this.#empty, "None yet. They come by hand, or with the messages that reach this node.");
    this.section = h("section", {
      id: "peerlets",
      "aria-labelledby": "peerlets-heading",
      hidden: true,
    });
    this.section.append(this.#heading, this.#empty, this.#list.element, this.#install.element);
    this.section.append(this.#gallery.element, this.#policy.element);
    this.views = this.#views.element;
    this.question = this.#card.element;
    this.dropZone = drop.element;
  }

  /** From now on this peer is shown; of the one before nothing stays open. */
  use(peer: Peer | null): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#peer = peer;
    this.#views.closeAll();
    this.#list.clear();
    this.#news.clear();
    this.#names.clear();
    this.#card.use(peer);
    this.#install.use(peer);
    this.#gallery.use(peer);
    setAttribute(this.section, "hidden", peer === null);
    if (peer === null) return;
    this.#stops = [
      peer.on("ask", (question) => this.#card.ask(question)),
      peer.on("peerlet", (change) => this.#peerletChanged(change)),
      peer.on("policy", () => {
        this.#card.settle();
        this.show();
      }),
    ];
  }

  /** A snapshot: as often as the page refreshes, and at once after what a person did here. */
  show(): void {
    const peer = this.#peer;
    if (peer === null) return;
    const peerlets = peer.peerlets.list();
    for (const { appId, name } of peerlets) this.#names.set(appId, name);
    setText(this.#count, peerlets.length === 0 ? "" : String(peerlets.length));
    setAttribute(this.#empty, "hidden", peerlets.length > 0);
    this.#list.show(peer, peerlets);
    this.#gallery.show(peerlets);
    this.#policy.show(peer, peerlets);
  }

  #openView(peerlet: InstalledPeerlet): void {
    if (this.#peer !== null) this.#views.open(this.#peer, peerlet);
  }

  #focusRow(appId: string): void {
    const row = this.section.querySelector(`[data-app-id="${CSS.escape(appId)}"]`);
    const button = row?.querySelector<HTMLElement>("button:not([hidden])") ?? this.#heading;
    button.focus({ preventScroll: true });
  }

  #peerletChanged(change: PeerEvents["peerlet"]): void {
    const { appId } = change;
    const known = this.#peer?.peerlets.get(appId)?.name ?? this.#names.get(appId) ?? "";
    this.#news.add(change, tidy(known, MAX_NAME_CHARS) || `Application ${shortId(appId)}`);
    if (change.state === "uninstalled") this.#names.delete(appId);
    this.#events.changed();
  }
}
