/** What the rooms board is made of. Strangers' texts are shown as text, never as markup. */
import type { Received } from "./clients.ts";

export const MARKUP = `
  <main>
    <form class="enter">
      <input name="room" aria-label="Name of a room" maxlength="100" required placeholder="Name of a room" autocomplete="off" />
      <input name="credential" aria-label="Credential, for a closed room" maxlength="64" pattern="[0-9a-f]{64}" title="64 digits that whoever made the room gave you" placeholder="Credential, if closed" autocomplete="off" />
      <button class="first">Enter</button>
      <button type="button" name="close">New closed room</button>
    </form>
    <p class="why" role="alert"></p>
    <p class="note" aria-live="polite"></p>
    <div class="rooms" role="group" aria-label="Rooms that this node is in"></div>
    <p class="hello">A room is there as soon as somebody enters it. What is written in it goes down a tree of nodes to all who are in it.</p>
    <section hidden>
      <header><h2></h2><button type="button" name="leave">Leave</button></header>
      <div class="both">
        <ol tabindex="0" role="log" aria-label="Messages"></ol>
        <figure><div class="tree"></div><p class="place"></p></figure>
      </div>
      <form class="write">
        <input name="text" aria-label="Message" maxlength="2000" required placeholder="Message" autocomplete="off" />
        <button name="all" class="first">Send</button>
        <button type="button" name="one" title="To one other member that is near">To one</button>
      </form>
    </section>
    <form class="everybody">
      <input name="text" aria-label="Message to every node" maxlength="2000" required placeholder="To every node of the ring" autocomplete="off" />
      <button>Broadcast</button>
    </form>
  </main>`;

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
  const to = kind === "anycast" ? " · to one" : "";
  const head = elementOf("span", `${isOwn ? "this node" : short(sender)} · ${time}${to}`);
  head.title = sender;
  const said = typeof data === "string" ? data : `${data.length} bytes`;
  line.append(head, said);
  return line;
}

/** The button of a room, with how many came since it was looked at. */
export function roomOf(name: string, isShown: boolean, unread: number): HTMLButtonElement {
  const button = elementOf("button", name);
  button.type = "button";
  button.title = name;
  button.setAttribute("aria-pressed", String(isShown));
  if (unread > 0) {
    const count = elementOf("b", String(unread));
    count.setAttribute("aria-label", `${unread} new`);
    button.append(count);
  }
  return button;
}
