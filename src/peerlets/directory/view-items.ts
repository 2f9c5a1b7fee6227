/** The items of the view's lists. Texts are strangers': they are set as text, never as markup. */
import type { Listed, Mine } from "./local.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** In the largest unit of which there are two or more. */
export function timeLeft(ms: number): string {
  if (ms <= 0) return "ended";
  if (ms < MINUTE_MS) return "less than a minute left";
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} days left`;
  if (ms >= 2 * HOUR_MS) return `${Math.floor(ms / HOUR_MS)} hours left`;
  const minutes = Math.floor(ms / MINUTE_MS);
  return `${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
}

export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { readonly code?: unknown } | null)?.code;
  switch (code) {
    case "timed-out":
    case "gone":
    case "unreachable":
      return "The nodes that keep this category did not answer. Nodes may be coming and going: try again in a moment.";
    case "too-many-calls":
      return "This node is busy with other calls. Try again in a moment.";
    default:
      return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? "" : "."}`;
  }
}

export function crumb(name: string, isHere: boolean, open: () => void): HTMLLIElement {
  const link = button(name, open, "link");
  if (isHere) link.setAttribute("aria-current", "page");
  return item([link]);
}

export function chip(name: string, open: () => void): HTMLLIElement {
  return item([button(name, open)]);
}

export function providerCard(entry: Listed): HTMLLIElement {
  const by = element("p", entry.isOwn ? "yours · " : "", "quiet");
  const key = element("code", entry.provider.slice(0, 12));
  key.title = `The provider's key: ${entry.provider}`;
  by.append("key ", key, ` · ${timeLeft(entry.ttlMs)}`);
  const parts = [element("h3", entry.name)];
  if (entry.description !== "") parts.push(element("p", entry.description, "text"));
  if (entry.contact !== "") parts.push(element("p", entry.contact, "contact"));
  return item([...parts, by], "card");
}

export interface MineActions {
  open(category: string): void;
  renew(entry: Mine): void;
  withdraw(entry: Mine): void;
}

export function mineCard(entry: Mine, actions: MineActions): HTMLLIElement {
  const where = element("p", "in ", "quiet");
  where.append(button(entry.category, () => actions.open(entry.category), "link"));
  const hasEnded = entry.leftMs <= 0;
  const left = element("p", timeLeft(entry.leftMs), hasEnded ? "bad" : "quiet");
  if (entry.autoRenew) left.append(" · renewed while this node runs");
  const renew = button(hasEnded ? "List again" : "Renew", () => actions.renew(entry));
  renew.setAttribute("aria-label", `${renew.textContent}: ${entry.name} in ${entry.category}`);
  const withdraw = button("Withdraw", () => actions.withdraw(entry));
  withdraw.setAttribute("aria-label", `Withdraw: ${entry.name} in ${entry.category}`);
  const row = element("div", "", "row");
  row.append(renew, withdraw);
  const why =
    entry.why === "" ? [] : [element("p", `Not renewed: ${entry.why}. It is tried again.`, "bad")];
  return item([element("h3", entry.name), where, left, ...why, row], "card");
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  text: string,
  className = "",
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function button(text: string, press: () => void, className = ""): HTMLButtonElement {
  const made = element("button", text, className);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

function item(children: readonly Node[], className = ""): HTMLLIElement {
  const made = element("li", "", className);
  made.append(...children);
  return made;
}
