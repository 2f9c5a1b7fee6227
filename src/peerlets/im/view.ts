/** Messages: people, requests and rooms on the left, the conversation on the right; one of the two on a phone. */
import { defineView } from "prost/sdk";
import type { Local } from "./local.ts";
import { type ChatPane, chatPane } from "./view-chat.ts";
import { carefulButton, h, messageOf } from "./view-dom.ts";
import { type Open, type Shown, idOf, listPane } from "./view-list.ts";
import { foundPanel, mePanel, welcomePanel } from "./view-panels.ts";
import { STYLES } from "./view-styles.ts";

/** Events come in flocks; the lists are asked for once, so much later, in ms. A guess. */
const REFRESH_MS = 60;

export default defineView<Local>(({ root, local, on }) => {
  const app = h("div", { class: "app" });
  const main = h("main", { class: "main" });
  const heard = h("p", { class: "sr", "aria-live": "polite" });
  let shown: Shown | null = null;
  let open: Open | null = null;
  let chat: ChatPane | null = null;
  let isDue = false;

  const list = listPane((to) => void go(to));
  app.append(list.element, main);
  root.replaceChildren(h("style", {}, STYLES), app, heard);

  const ask = async (): Promise<Shown> => {
    const [me, contacts, requests, rooms] = await Promise.all([
      local.me(),
      local.contacts(),
      local.requests(),
      local.rooms(),
    ]);
    shown = { me, contacts, requests, rooms };
    list.show(shown, open);
    return shown;
  };
  const refresh = async () => {
    await ask();
    await chat?.refresh();
    showHead();
    await markRead();
  };
  const refreshSoon = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      refresh().catch(fail);
    }, REFRESH_MS);
  };
  const fail = (error: unknown) => {
    main.replaceChildren(
      h(
        "p",
        { class: "empty", role: "alert" },
        `${messageOf(error)}. Close the view and open it again.`,
      ),
    );
  };
  /** What is on the screen is read; what is in a hidden tab is not, nor what is behind the list on a phone. */
  const markRead = async () => {
    const isShown = document.visibilityState === "visible" && main.getClientRects().length > 0;
    if (!isShown || !chat || open === null) return;
    if (open.kind === "person") await local.markRead(open.publicKey);
    if (open.kind === "room") await local.markRead(open.name);
  };
  const back = () => {
    app.classList.remove("is-open");
    list.focus();
  };

  const head = h("header", { class: "head" });
  const showHead = () => {
    const found = headOf();
    if (found === null) return;
    const [title, says, print] = found;
    const lines = head.querySelectorAll(".title > *");
    for (const [i, text] of [title, says, print].entries()) {
      if (lines[i] && lines[i].textContent !== text) lines[i].textContent = text;
    }
  };
  const headOf = (): readonly [string, string, string] | null => {
    if (open?.kind === "person") {
      const { publicKey } = open;
      const contact = shown?.contacts.find((each) => each.publicKey === publicKey);
      if (!contact) return null;
      const presence = contact.isOnline ? "online" : "not online: gets it later, for 7 days";
      const says = shown?.me.problem ?? presence;
      return [contact.name || "Somebody without a name", says, contact.fingerprint];
    }
    if (open?.kind === "request") {
      const { publicKey } = open;
      const request = shown?.requests.find((each) => each.publicKey === publicKey);
      if (!request) return null;
      const doubt = request.isNameOfContact
        ? "Careful: a contact of yours has this name, and this is not that person's key."
        : "wants to write to you; they do not see whether you read this";
      return [request.name || "Somebody without a name", doubt, request.fingerprint];
    }
    if (open?.kind === "room") {
      const { name } = open;
      const room = shown?.rooms.find((each) => each.name === name);
      return [`# ${name}`, room?.problem ?? "whoever knows the name can read it", ""];
    }
    return null;
  };

  const leave = async (work: Promise<unknown>) => {
    await work;
    await go(null);
    await refresh();
    back();
  };
  const actsOf = (to: Open): HTMLElement[] => {
    const end = (work: () => Promise<unknown>) => void leave(work()).catch(fail);
    if (to.kind === "room") {
      return [
        carefulButton("Leave", "Leave, and forget it?", () => end(() => local.leaveRoom(to.name))),
      ];
    }
    if (to.kind !== "person" && to.kind !== "request") return [];
    const { publicKey } = to;
    const block = carefulButton("Block", "Block for good?", () =>
      end(() => local.block(publicKey)),
    );
    if (to.kind === "request") {
      const accept = async () => {
        await local.addContact(publicKey);
        await ask();
        await go({ kind: "person", publicKey });
      };
      const press = () => void accept().catch(fail);
      return [h("button", { type: "button", class: "first", click: press }, "Accept"), block];
    }
    const remove = () => end(() => local.removeContact(publicKey));
    return [carefulButton("Remove", "Remove, with all messages?", remove), block];
  };

  const go = async (to: Open | null): Promise<void> => {
    open = to;
    chat = null;
    app.classList.toggle("is-open", to !== null);
    const { me, contacts } = shown ?? (await ask());
    const ports = { local, go: (next: Open | null) => void go(next), changed: refresh };
    if (to?.kind === "find" && to.text.startsWith("#")) {
      return joinRoom(to.text.slice(1));
    }
    const backButton = h("button", { type: "button", class: "back quiet", click: back }, "← Back");
    if (me.name === "" || to === null || to.kind === "me" || to.kind === "find") {
      const keys = new Set(contacts.map(({ publicKey }) => publicKey));
      const content =
        me.name === ""
          ? welcomePanel(ports)
          : to === null
            ? [h("p", { class: "empty" }, "Choose a conversation, or find somebody by name.")]
            : to.kind === "find"
              ? foundPanel(to.text, keys, ports)
              : mePanel(me, ports);
      if (me.name === "") app.classList.add("is-open");
      const hadFocus = main.contains(document.activeElement);
      const panel = h("div", { class: "panel" }, ...content);
      // Whoever is nobody yet has nowhere to go back to, and nothing is open that could be left.
      if (me.name !== "" && to !== null) panel.prepend(backButton);
      panel.classList.toggle("is-empty", me.name !== "" && to === null);
      main.replaceChildren(panel);
      const field = main.querySelector("input");
      if (field) field.focus();
      else if (hadFocus) list.focus();
      if (shown) list.show(shown, open);
      return;
    }
    const of = to.kind === "room" ? to.name : to.publicKey;
    const title = h("h1", { dir: "auto" });
    const says = h("p", { class: "dim", "aria-live": "polite" });
    const print = h("p", { class: "print", title: "Fingerprint: compare it with theirs" });
    head.replaceChildren(
      backButton,
      h("div", { class: "title" }, title, says, print),
      ...actsOf(to),
    );
    chat = chatPane({
      me: me.publicKey,
      authorOf:
        to.kind === "room"
          ? ({ author, name }) => {
              const contact = shown?.contacts.find((each) => each.publicKey === author);
              return contact
                ? contact.name || name
                : `${name || "Somebody"} · ${author.slice(0, 6)}`;
            }
          : null,
      empty:
        to.kind === "room" ? "Nothing was said here in the last days." : "Nothing yet. Say hello.",
      mayWrite: to.kind !== "request",
      load: (options) => local.messages(of, options),
      send: (text) => (to.kind === "room" ? local.sendRoom(of, text) : local.send(of, text)),
      back,
    });
    main.replaceChildren(head, ...chat.elements);
    showHead();
    const opened = chat;
    await opened.refresh();
    if (chat !== opened) return;
    opened.focus();
    await markRead();
    if (shown) list.show(shown, open);
  };
  const joinRoom = async (name: string): Promise<void> => {
    try {
      const room = await local.joinRoom(name);
      await ask();
      await go({ kind: "room", name: room.name });
    } catch (error) {
      const why = h("p", { class: "why", role: "alert" }, messageOf(error));
      const backButton = h(
        "button",
        { type: "button", class: "back quiet", click: back },
        "← Back",
      );
      main.replaceChildren(h("div", { class: "panel" }, backButton, why));
    }
  };

  for (const event of ["message", "marks", "presence", "contacts", "rooms"]) on(event, refreshSoon);
  on("message", (detail) => announce(detail, shown, open, (text) => (heard.textContent = text)));
  document.addEventListener("visibilitychange", refreshSoon);
  // Wider, there is room for the conversation beside the list.
  window.addEventListener("resize", refreshSoon);
  // Not waited for: a setup has to end, however long the peerlet takes to answer.
  ask()
    .then(() => go(null))
    .catch(fail);
});

/** For who does not see it: a message of the open conversation in full, of others that there is one. */
function announce(
  detail: unknown,
  shown: Shown | null,
  open: Open | null,
  say: (text: string) => void,
): void {
  const { publicKey, room, message } = detail as {
    publicKey: string | null;
    room: string | null;
    message: { author: string; name: string; text: string };
  };
  if (message.author === shown?.me.publicKey) return;
  const contact = shown?.contacts.find((each) => each.publicKey === publicKey);
  const name = contact?.name || message.name || "Somebody";
  const id = publicKey === null ? `r ${room}` : `p ${publicKey}`;
  const isOpen = open !== null && idOf(open) === id;
  say(
    isOpen
      ? `${name}: ${message.text}`
      : `New message from ${name}${room === null ? "" : " in a room"}`,
  );
}
