/**
 * Where open views stand: side by side where there is room, one below the other where there is none.
 */
import type { InstalledPeerlet, Peer } from "../peer/peer.ts";
import { h, setAttribute } from "./dom.ts";
import { ViewFrame } from "./view-frame.ts";

export interface ViewsAreaEvents {
  /** A view opened or closed. */
  changed(): void;
  /** The person closed this one: the focus goes back to where it was opened. */
  dismissed(appId: string): void;
  announce(text: string): void;
}

export class ViewsArea {
  readonly element: HTMLElement;
  readonly #frames = new Map<string, ViewFrame>();
  readonly #events: ViewsAreaEvents;

  constructor(events: ViewsAreaEvents) {
    this.#events = events;
    this.element = h("section", {
      class: "views",
      "aria-label": "Open views",
      "data-testid": "views",
      hidden: true,
    });
  }

  isOpen(appId: string): boolean {
    return this.#frames.get(appId)?.isOpen ?? false;
  }

  open(peer: Peer, peerlet: InstalledPeerlet): void {
    const { appId } = peerlet;
    if (this.isOpen(appId)) return;
    this.#remove(appId);
    const frame = new ViewFrame(peerlet, {
      dismissed: () => this.close(appId),
      changed: () => this.#events.changed(),
      announce: (text) => this.#events.announce(text),
    });
    this.#frames.set(appId, frame);
    this.element.append(frame.element);
    setAttribute(this.element, "hidden", false);
    void frame.open(peer);
    frame.element.focus({ preventScroll: true });
    frame.element.scrollIntoView({ block: "nearest" });
    this.#events.changed();
  }

  close(appId: string): void {
    this.#remove(appId);
    this.#events.changed();
    this.#events.dismissed(appId);
  }

  closeAll(): void {
    for (const appId of [...this.#frames.keys()]) this.#remove(appId);
  }

  #remove(appId: string): void {
    const frame = this.#frames.get(appId);
    if (frame === undefined) return;
    frame.close();
    frame.element.remove();
    this.#frames.delete(appId);
    setAttribute(this.element, "hidden", this.#frames.size === 0);
  }
}
