/**
 * The open links of this node, clockwise: what each is for and what it carried.
 *
 * On a narrow page the rows become cards; the roles are written out because
 * `display` takes a table's meaning away in some browsers.
 */
import type { LinkInfo } from "../peer/peer.ts";
import { arrange, h, setAttribute, setText } from "./dom.ts";
import { formatAge, formatBytes, formatMs, shortId } from "./format.ts";
import type { RingModel } from "./ring-model.ts";
import { type Selection, hoverable } from "./selection.ts";

const COLUMNS = ["Node", "Role", "Round trip", "Age", "Sent", "Received"] as const;

const ROLE_WORD: Readonly<Record<LinkInfo["role"], string>> = {
  neighbour: "neighbour",
  long: "long",
  other: "theirs",
};

export class LinksTable {
  readonly element: HTMLElement;
  readonly #body = h("tbody", { role: "rowgroup" });
  readonly #empty = h("p", { class: "muted" }, "No links yet.");
  readonly #table: HTMLTableElement;
  readonly #count = h("span", { class: "muted count" });
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #selection: Selection;

  constructor(selection: Selection) {
    this.#selection = selection;
    const heads = COLUMNS.map((name) => h("th", { scope: "col", role: "columnheader" }, name));
    this.#table = h("table", { class: "links-table", role: "table", "data-testid": "links" });
    this.#table.append(
      h("caption", { class: "only-read" }, "Open links of this node, clockwise"),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads)),
      this.#body,
    );
    const heading = h("h2", { id: "links-heading" }, "Links ", this.#count);
    this.element = h("section", { "aria-labelledby": "links-heading" });
    this.element.append(heading, this.#empty, this.#table);
    selection.onChange(() => this.#showSelection());
  }

  show(model: RingModel): void {
    const links = model.nodes.flatMap(({ link }) => (link === null ? [] : [link]));
    setAttribute(this.#table, "hidden", links.length === 0);
    setAttribute(this.#empty, "hidden", links.length > 0);
    setText(this.#count, links.length > 0 ? String(links.length) : "");
    const ids = new Set(links.map(({ id }) => id));
    for (const id of [...this.#rows.keys()]) if (!ids.has(id)) this.#rows.delete(id);
    arrange(
      this.#body,
      links.map((link) => this.#row(link)),
    );
  }

  #row(link: LinkInfo): HTMLTableRowElement {
    let row = this.#rows.get(link.id);
    if (row === undefined) {
      row = h("tr", { role: "row", "data-id": link.id });
      row.append(
        h("th", { scope: "row", role: "rowheader", class: "id", title: link.id }, shortId(link.id)),
        ...COLUMNS.slice(1).map((name) => h("td", { role: "cell", "data-label": name })),
      );
      hoverable(row, this.#selection, () => link.id);
      this.#rows.set(link.id, row);
    }
    const role =
      ROLE_WORD[link.role] +
      (link.path === "relayed" ? ", relayed" : "") +
      (link.member ? "" : ", on its way in");
    const texts = [
      role,
      link.rttMs === null ? "–" : formatMs(link.rttMs),
      formatAge(link.ageMs),
      formatBytes(link.sentBytes),
      formatBytes(link.receivedBytes),
    ];
    setAttribute(row, "data-role", link.role);
    setAttribute(row, "data-path", link.path);
    texts.forEach((text, index) => setText(row.cells[index + 1]!, text));
    return row;
  }

  #showSelection(): void {
    for (const [id, row] of this.#rows) row.classList.toggle("lit", id === this.#selection.current);
  }
}
