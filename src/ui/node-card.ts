/**
 * This node: its id, how it stands, since when, and its signaling servers.
 */
import type { Peer, SignalingStatus } from "../peer/peer.ts";
import { arrange, copyButton, h, setAttribute, setText } from "./dom.ts";
import { formatDuration, groupedId, plural, shortId } from "./format.ts";
import { type Standing, SIGNALING_WORDS, STANDING_WORDS, hostOf } from "./status-words.ts";

/** What one refresh of the page shows. */
export interface NodeFacts {
  readonly standing: Standing;
  /** Since this node became a member, in ms; null while it is none. */
  readonly memberMs: number | null;
  readonly linkCount: number;
}

export class NodeCard {
  readonly element: HTMLElement;
  readonly #id = h("span", { class: "id", "data-testid": "node-id" });
  readonly #toggle = h("button", { type: "button", class: "quiet", "aria-expanded": "false" });
  readonly #standing = h("span", { "data-testid": "standing" });
  readonly #since = h("span", { "data-testid": "uptime" });
  readonly #gate = h("span", { "data-testid": "gate" });
  readonly #network = h("span", { "data-testid": "network" });
  readonly #servers = h("ul", { class: "servers", "data-testid": "signaling" });
  #peerId = "";
  #isFull = false;

  constructor() {
    this.#toggle.addEventListener("click", () => {
      this.#isFull = !this.#isFull;
      this.#showId();
    });
    const idRow = h("p", { class: "id-row" }, this.#id, this.#toggle);
    idRow.append(copyButton("this node's id", () => this.#peerId));
    const facts = h("dl", { class: "facts" });
    for (const [term, value] of [
      ["State", this.#standing],
      ["Member for", this.#since],
      ["Network", this.#network],
      ["Gate", this.#gate],
      ["Signaling", this.#servers],
    ] as const) {
      facts.append(h("dt", {}, term), h("dd", {}, value));
    }
    this.element = h("section", { "aria-labelledby": "node-heading" });
    this.element.append(h("h2", { id: "node-heading" }, "This node"), idRow, facts);
  }

  show(peer: Peer, { standing, memberMs, linkCount }: NodeFacts): void {
    if (peer.id !== this.#peerId) {
      this.#peerId = peer.id;
      this.#showId();
    }
    setAttribute(this.element, "data-standing", standing);
    const links = standing === "joined" ? `, ${plural(linkCount, "link")}` : "";
    setText(this.#standing, STANDING_WORDS[standing] + links);
    setText(this.#since, memberMs === null ? "not yet" : formatDuration(memberMs));
    setText(this.#network, peer.network);
    const isGate = peer.signaling.some((server) => server.state === "gate");
    setText(this.#gate, isGate ? "yes: newcomers can enter through this node" : "no, others are");
    if (!isGate && standing !== "joined") setText(this.#gate, "no");
    this.#showServers(peer.signaling);
  }

  #showId(): void {
    setText(this.#id, this.#isFull ? groupedId(this.#peerId) : shortId(this.#peerId));
    setAttribute(this.#id, "title", this.#peerId);
    setText(this.#toggle, this.#isFull ? "Short" : "Full");
    setAttribute(this.#toggle, "aria-label", this.#isFull ? "Short id" : "Full id");
    setAttribute(this.#toggle, "aria-expanded", String(this.#isFull));
  }

  #showServers(servers: readonly SignalingStatus[]): void {
    const rows = [...this.#servers.children];
    const items = servers.map(({ url, state, why }, index) => {
      const item = rows[index] ?? h("li", {}, h("b"), " ", h("span"));
      setAttribute(item, "data-state", state);
      setText(item.children[0]!, hostOf(url));
      setText(item.children[1]!, SIGNALING_WORDS[state] + (why === "" ? "" : `: ${why}`));
      return item;
    });
    arrange(this.#servers, items.length > 0 ? items : [h("li", {}, "none")]);
  }
}
