/** The left pane: who one is, a field to find people and rooms, and the lists. Arrow keys walk through them. */
import type { Chat, Contact, Me, Request, RoomShown } from "./local.ts";
import { formOf, h, setText } from "./view-dom.ts";

/** What is open on the right. */
export type Open =
  | { readonly kind: "person"; readonly publicKey: string }
  | { readonly kind: "room"; readonly name: string }
  | { readonly kind: "request"; readonly publicKey: string }
  | { readonly kind: "find"; readonly text: string }
  | { readonly kind: "me" };

export interface Shown {
  readonly me: Me;
  readonly contacts: readonly Contact[];
  readonly requests: readonly Request[];
  readonly rooms: readonly RoomShown[];
}

interface Row extends Chat {
  readonly id: string;
  readonly open: Open;
  readonly name: string;
  readonly dot: "on" | "off" | "room";
  readonly says: string;
}

export interface ListPane {
  readonly element: HTMLElement;
  show(shown: Shown, open: Open | null): void;
  focus(): void;
}

export function listPane(go: (open: Open) => void): ListPane {
  const mine = h("button", { type: "button", class: "quiet", click: () => go({ kind: "me" }) });
  const seek = h("input", {
    name: "seek",
    "aria-label": "Find a person by name or public key, or a room by # and its name",
    placeholder: "Find a person, or #room",
    maxlength: "64",
    autocomplete: "off",
    required: true,
  });
  const form = formOf({ class: "seek", role: "search" }, [seek], "Find", async () => {
    go({ kind: "find", text: seek.value.trim() });
    seek.value = "";
  });
  const lists = h("nav", { class: "lists", "aria-label": "Conversations" });
  const element = h("aside", { class: "side" }, h("div", { class: "mine" }, mine), form, lists);
  const rows = new Map<string, HTMLButtonElement>();
  /** A request that was accepted is a contact, in the same row. */
  const opens = new Map<string, Open>();

  const buttons = () => [...lists.querySelectorAll<HTMLButtonElement>("button.row")];
  lists.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(to, all.length - 1))]?.focus();
  });
  seek.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") buttons()[0]?.focus();
  });

  const section = (title: string, items: readonly Row[], empty: string, open: string) => {
    if (items.length === 0 && empty === "") return [];
    const list = h("ul", { "aria-label": title });
    for (const item of items) list.append(h("li", {}, rowOf(item, open)));
    const nothing =
      items.length === 0 ? [h("p", { class: "dim", style: "margin: 0 8px" }, empty)] : [];
    return [h("h2", {}, title), list, ...nothing];
  };

  /** One button for one conversation, as long as it is there: it keeps the focus. */
  const rowOf = (row: Row, open: string): HTMLButtonElement => {
    let button = rows.get(row.id);
    if (!button) {
      button = h("button", { type: "button", class: "row" });
      button.append(
        h("span", { class: "dot", "aria-hidden": "true" }),
        h("span", { class: "name", dir: "auto" }),
        h("span", { class: "unread", "aria-hidden": "true" }),
        h("span", { class: "last", dir: "auto" }),
        h("span", { class: "sr" }),
      );
      button.addEventListener("click", () => go(opens.get(row.id) ?? row.open));
      rows.set(row.id, button);
    }
    opens.set(row.id, row.open);
    const [dot, name, unread, last, says] = [...button.children] as HTMLElement[];
    dot!.className = `dot ${row.dot}`;
    setText(name!, row.name);
    setText(unread!, row.unread > 99 ? "99+" : String(row.unread));
    unread!.hidden = row.unread === 0;
    setText(last!, row.last?.text.replaceAll("\n", " ").slice(0, 80) ?? "");
    const count = row.unread === 0 ? "" : `, ${row.unread} unread`;
    setText(says!, `${row.says}${count}`);
    button.classList.toggle("new", row.unread > 0);
    button.setAttribute("aria-current", String(row.id === open));
    return button;
  };

  return {
    element,
    show: ({ me, contacts, requests, rooms }, open) => {
      setText(mine, me.name === "" ? "No name yet" : me.name);
      mine.setAttribute("aria-label", `You: ${me.name || "no name yet"}. Your name and key`);
      const focused = document.activeElement;
      const current = open === null ? "" : idOf(open);
      lists.replaceChildren(
        ...section("Requests", byTime(requests.map(requestRow)), "", current),
        ...section(
          "People",
          byTime(contacts.map(contactRow)),
          "Nobody yet. Find somebody by name.",
          current,
        ),
        ...section(
          "Rooms",
          byTime(rooms.map(roomRow)),
          "None yet. Type # and a name above.",
          current,
        ),
      );
      if (focused instanceof HTMLElement && lists.contains(focused)) focused.focus();
    },
    focus: () => {
      const all = buttons();
      (all.find((each) => each.getAttribute("aria-current") === "true") ?? all[0] ?? seek).focus();
    },
  };
}

export function idOf(open: Open): string {
  switch (open.kind) {
    case "person":
    case "request":
      return `p ${open.publicKey}`;
    case "room":
      return `r ${open.name}`;
    default:
      return "";
  }
}

function contactRow({ publicKey, name, fingerprint, isOnline, unread, last }: Contact): Row {
  const open: Open = { kind: "person", publicKey };
  const says = isOnline ? "online" : "not online";
  const shown = name === "" ? fingerprint : name;
  return { id: idOf(open), open, name: shown, dot: isOnline ? "on" : "off", says, unread, last };
}

function requestRow({ publicKey, name, fingerprint, unread, last }: Request): Row {
  const open: Open = { kind: "request", publicKey };
  const shown = name === "" ? fingerprint : name;
  return {
    id: idOf(open),
    open,
    name: shown,
    dot: "off",
    says: "wants to write to you",
    unread,
    last,
  };
}

function roomRow({ name, unread, last }: RoomShown): Row {
  const open: Open = { kind: "room", name };
  return { id: idOf(open), open, name: `# ${name}`, dot: "room", says: "room", unread, last };
}

/** The latest first; those without a message by name. */
function byTime(rows: readonly Row[]): Row[] {
  return rows.toSorted(
    (a, b) => (b.last?.date ?? 0) - (a.last?.date ?? 0) || a.name.localeCompare(b.name),
  );
}
