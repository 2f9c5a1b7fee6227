/** What the rooms board is drawn with. Strangers' texts are shown as text, never as markup. */
import type { Place } from "./cast.ts";
import type { Received } from "./clients.ts";

export const STYLES = `
  body { margin: 0; }
  main { font: 15px/1.45 system-ui, sans-serif; padding: 14px; display: grid; gap: 12px; max-width: 44rem; }
  form { display: flex; gap: 8px; flex-wrap: wrap; }
  input { flex: 1 1 9rem; min-width: 0; font: inherit; padding: 7px 10px; border: 1px solid #8886; border-radius: 8px; background: transparent; color: inherit; }
  button { font: inherit; padding: 7px 14px; border: 1px solid #8886; border-radius: 8px; background: #8882; color: inherit; cursor: pointer; }
  button:disabled { opacity: .5; cursor: default; }
  :focus-visible { outline: 2px solid #3b82f6; outline-offset: 1px; }
  p { margin: 0; overflow-wrap: anywhere; }
  p:empty { display: none; }
  .why { color: #c33; }
  [data-theme="dark"] .why { color: #f88; }
  .note { opacity: .8; font-size: 13px; }
  .rooms { display: flex; gap: 6px; flex-wrap: wrap; }
  .rooms button { border-radius: 999px; padding: 4px 12px; max-width: 100%; overflow-wrap: anywhere; }
  .rooms [aria-pressed="true"] { background: #3b82f633; border-color: #3b82f688; }
  section { display: grid; gap: 10px; }
  section[hidden] { display: none; }
  header { display: flex; justify-content: space-between; align-items: center; gap: 8px; }
  h2 { font-size: 18px; margin: 0; overflow-wrap: anywhere; min-width: 0; }
  h3 { font-size: 13px; font-weight: 600; margin: 4px 0 0; opacity: .8; }
  ol { margin: 0; padding: 8px; list-style: none; display: grid; gap: 6px; align-content: start; height: 15rem; overflow-y: auto; border: 1px solid #8884; border-radius: 8px; }
  ol:empty::before { content: "Nothing yet. What is written from now on appears here."; opacity: .7; }
  li { overflow-wrap: anywhere; white-space: pre-wrap; }
  li span { font-family: ui-monospace, monospace; font-size: 12px; opacity: .75; margin-right: 8px; }
  li.own span { opacity: 1; font-weight: 600; }
  dl { margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: 4px 12px; font-size: 13px; }
  dt { opacity: .75; }
  dd { margin: 0; min-width: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
`;

export function elementOf<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  text: string,
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/** The first digits of a node's id. */
export function short(id: string): string {
  return id.slice(0, 8);
}

/** A message in the list. */
export function lineOf({ sender, kind, data, atMs }: Received, self: string): HTMLLIElement {
  const line = document.createElement("li");
  const isOwn = sender === self;
  if (isOwn) line.className = "own";
  const time = new Date(atMs).toTimeString().slice(0, 5);
  const to = kind === "anycast" ? " (to one)" : "";
  const head = elementOf("span", `${time} ${isOwn ? "this node" : short(sender)}${to}`);
  head.title = sender;
  const said = typeof data === "string" ? data : `${data.length} bytes`;
  line.append(head, said);
  return line;
}

/** This node's place in a tree, as terms and descriptions. */
export function placeOf({ role, parent, children, near, depth }: Place): HTMLElement[] {
  const nodes = (ids: readonly string[]) => ids.map(short).join(" ") || "none";
  const rows = [
    ["role", role],
    ["depth", depth === null ? "looking for a parent" : String(depth)],
    ["parent", parent === null ? "none" : short(parent)],
    ["children", nodes(children)],
    ["members nearby", nodes(near)],
  ] as const;
  return rows.flatMap(([term, text]) => [elementOf("dt", term), elementOf("dd", text)]);
}
