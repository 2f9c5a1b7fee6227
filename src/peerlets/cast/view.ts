/**
 * A rooms board: enter a room by its name, write, read what others write, and
 * see this node's place in the room's tree.
 */
import { defineView } from "prost/sdk";
import type { Place } from "./cast.ts";
import type { Received } from "./clients.ts";
import { MARKUP, lineOf, roomOf, short } from "./view-parts.ts";
import { STYLES } from "./view-styles.ts";
import { sentenceOf, treeOf } from "./view-tree.ts";
import { whileBusy } from "../view-busy.ts";

interface Local {
  self(): string;
  join(group: string, options: object): Promise<{ readonly key: string }>;
  leave(group: string): void;
  create(group: string, options: object): Promise<{ readonly credential: string }>;
  multicast(group: string, data: string): Promise<{ readonly serial: number }>;
  anycast(group: string, data: string): Promise<{ readonly node: string }>;
  broadcast(data: string): Promise<{ readonly serial: number }>;
  groups(): readonly Place[];
  received(group: string, options: object): readonly Received[];
}

/** Events of a tree come many at a time: it is drawn again after so long, in ms. */
const DRAW_MS = 200;

export default defineView<Local>(({ root, local, on }) => {
  root.innerHTML = `<style>${STYLES}</style>${MARKUP}`;
  const find = (selector: string) => root.querySelector(selector) as HTMLElement;
  const [enter, write, everybody] = ["form.enter", "form.write", "form.everybody"].map((name) =>
    find(name),
  ) as [HTMLFormElement, HTMLFormElement, HTMLFormElement];
  const input = (form: HTMLFormElement, name: string) =>
    form.querySelector<HTMLInputElement>(`[name=${name}]`)!;
  const [why, note] = [find(".why"), find(".note")];
  const [section, list] = [find("section"), find("ol")];
  let self = "";
  let shown: string | null = null;
  /** Of other rooms: messages that came since they were shown. */
  const unread = new Map<string, number>();

  /** Runs what a person asked for, and says what went wrong. */
  const run = async (form: HTMLFormElement, work: () => Promise<void>) => {
    why.textContent = "";
    try {
      await whileBusy(form.querySelectorAll("button"), work);
    } catch (error) {
      why.textContent = error instanceof Error ? error.message : String(error);
    }
  };

  const showMessages = async () => {
    const room = shown;
    if (room === null) return;
    const received = await local.received(room, {});
    if (room !== shown) return;
    // Who reads further up is left there.
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.replaceChildren(...received.map((each) => lineOf(each, self)));
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  };
  const draw = async () => {
    const places = await local.groups();
    const rooms = places.filter(({ name }) => name !== null);
    if (!rooms.some(({ name }) => name === shown)) shown = rooms[0]?.name ?? null;
    if (shown !== null) unread.delete(shown);
    find(".rooms").replaceChildren(
      ...rooms.map(({ name }) => {
        const button = roomOf(name!, name === shown, unread.get(name!) ?? 0);
        button.addEventListener("click", () => void show(name!));
        return button;
      }),
    );
    const place = rooms.find(({ name }) => name === shown);
    section.hidden = place === undefined;
    find(".hello").hidden = place !== undefined;
    if (!place) return;
    find("h2").textContent = find("h2").title = place.name!;
    find(".tree").replaceChildren(treeOf(place));
    find(".place").textContent = sentenceOf(place);
  };
  const show = async (room: string) => {
    const hadFocus = find(".rooms").contains(document.activeElement);
    shown = room;
    await draw();
    await showMessages();
    // The buttons were drawn anew.
    if (hadFocus) find('.rooms [aria-pressed="true"]').focus();
  };
  let isDue = false;
  const drawSoon = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      const hadFocus = find(".rooms").contains(document.activeElement);
      void draw().then(() => {
        if (hadFocus) find('.rooms [aria-pressed="true"]')?.focus();
      });
    }, DRAW_MS);
  };

  const goIn = async (room: string, credential: string) => {
    await local.join(room, credential === "" ? {} : { credential });
    await show(room);
    input(write, "text").focus();
  };
  enter.addEventListener("submit", (event) => {
    event.preventDefault();
    note.textContent = "";
    void run(enter, () => goIn(input(enter, "room").value, input(enter, "credential").value));
  });
  find("[name=close]").addEventListener("click", () => {
    if (!enter.reportValidity()) return;
    void run(enter, async () => {
      const room = input(enter, "room").value;
      const { credential } = await local.create(room, { closed: true });
      note.textContent = `Whoever has this credential may enter “${room}”: ${credential}`;
      await goIn(room, credential);
    });
  });
  write.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input(write, "text");
    void run(write, async () => {
      await local.multicast(shown!, text.value);
      text.value = "";
    }).then(() => text.focus());
  });
  find("[name=one]").addEventListener("click", () => {
    if (!write.reportValidity()) return;
    const text = input(write, "text");
    void run(write, async () => {
      const { node } = await local.anycast(shown!, text.value);
      note.textContent = `Node ${short(node)} took it.`;
      text.value = "";
    });
  });
  find("[name=leave]").addEventListener("click", () => {
    void run(write, async () => {
      await local.leave(shown!);
      await draw();
      await showMessages();
      input(enter, "room").focus();
    });
  });
  everybody.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input(everybody, "text");
    void run(everybody, async () => {
      await local.broadcast(text.value);
      text.value = "";
    });
  });
  const came = (detail: unknown) => {
    const { group } = detail as { readonly group: string };
    if (group === shown) return void showMessages();
    unread.set(group, (unread.get(group) ?? 0) + 1);
    drawSoon();
  };
  on("message", came);
  on("anycast", came);
  on("tree", drawSoon);
  on("ended", (detail) => {
    const { group, why: reason } = detail as { readonly group: string; readonly why: string };
    why.textContent = `${group}: ${reason}`;
    drawSoon();
  });
  on("broadcast", (detail) => {
    const { sender, data } = detail as { readonly sender: string; readonly data: unknown };
    const said = typeof data === "string" ? data : "some bytes";
    note.textContent = `To every node, from ${sender === self ? "this one" : short(sender)}: ${said}`;
  });
  const start = async () => {
    self = await local.self();
    await draw();
    await showMessages();
  };
  // Not waited for: a setup has to end, however long the peerlet takes to answer.
  start().catch((error: unknown) => {
    why.textContent = error instanceof Error ? error.message : String(error);
  });
});
