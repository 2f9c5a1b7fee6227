/** One conversation: what was said, and the field to write in. Enter sends, Shift+Enter is a new line, Escape goes back. */
import type { Mark, Message } from "./history.ts";
import { h, messageOf, setText } from "./view-dom.ts";
import { dayOf, timeOf } from "./view-time.ts";

export interface ChatPorts {
  readonly me: string;
  /** People's names in a room; null with one person, where there is no need. */
  readonly authorOf: ((message: Message) => string) | null;
  readonly empty: string;
  readonly mayWrite: boolean;
  readonly load: (options: { before?: string; limit: number }) => Promise<readonly Message[]>;
  readonly send: (text: string) => Promise<unknown>;
  readonly back: () => void;
}

export interface ChatPane {
  readonly elements: readonly HTMLElement[];
  /** Asks again for what is shown. */
  refresh(): Promise<void>;
  focus(): void;
}

const PAGE = 50;
/** What one may ask for at once. */
const MOST = 200;
/** Nearer to the end than this, in px, a reader wants to see what comes. A guess. */
const NEAR_PX = 80;
const MAX_TEXT_CHARS = 4_000;

const MARKS: Readonly<Record<Mark, readonly [sign: string, says: string]>> = {
  waiting: ["◌", "waiting to be sent"],
  sent: ["✓", "sent"],
  delivered: ["✓✓", "delivered"],
  read: ["✓✓ read", "read"],
  new: ["", ""],
  seen: ["", ""],
};

export function chatPane(ports: ChatPorts): ChatPane {
  const log = h("ol", { class: "log", tabindex: "0", "aria-label": "Messages" });
  const earlier = h("button", { type: "button", class: "quiet" }, "Earlier messages");
  const top = h("li", { style: "align-self: center", hidden: true }, earlier);
  const empty = h("li", { class: "empty" }, "Loading…");
  const area = h("textarea", {
    rows: "1",
    maxlength: String(MAX_TEXT_CHARS),
    "aria-label": "Message. Enter sends, Shift and Enter begin a new line",
    placeholder: "Message",
  });
  const why = h("p", { class: "why", role: "alert" });
  const form = h("form", { class: "writer" }, area, h("button", { class: "first" }, "Send"), why);
  form.hidden = !ports.mayWrite;
  log.append(top, empty);
  const items = new Map<string, HTMLElement>();
  const older: Message[] = [];

  const show = (messages: readonly Message[]) => {
    const isNear = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
    let day = "";
    let place: Element = top;
    const put = (key: string, make: () => HTMLElement): HTMLElement => {
      const item = items.get(key) ?? make();
      items.set(key, item);
      // What stands where it belongs is not touched.
      if (place.nextElementSibling !== item) place.after(item);
      place = item;
      return item;
    };
    const shown = new Set<string>();
    for (const message of messages) {
      const key = `${message.author} ${message.id}`;
      if (dayOf(message.date) !== day) {
        day = dayOf(message.date);
        const label = day;
        shown.add(`day ${day}`);
        put(`day ${day}`, () => h("li", { class: "day" }, label));
      }
      shown.add(key);
      showMark(
        put(key, () => itemOf(message, ports)),
        message,
        message.author === ports.me,
      );
    }
    for (const [key, item] of items) {
      if (shown.has(key)) continue;
      item.remove();
      items.delete(key);
    }
    empty.hidden = messages.length > 0;
    setText(empty, ports.empty);
    if (isNear) log.scrollTop = log.scrollHeight;
  };

  let latest: readonly Message[] = [];
  const all = () => {
    const known = new Set(latest.map(({ author, id }) => `${author} ${id}`));
    return [...older.filter(({ author, id }) => !known.has(`${author} ${id}`)), ...latest];
  };
  const refresh = async () => {
    const before = latest;
    latest = await ports.load({ limit: before.length > PAGE ? MOST : PAGE });
    const known = new Set(latest.map(({ id }) => id));
    // What slid out of the newest page stays.
    older.push(...before.filter(({ id }) => !known.has(id)));
    if (before.length === 0) top.hidden = latest.length < PAGE;
    show(all());
  };
  const loadEarlier = async () => {
    const first = all()[0];
    if (!first) return;
    const page = await ports.load({ before: first.id, limit: PAGE });
    older.unshift(...page);
    top.hidden = page.length < PAGE;
    const height = log.scrollHeight;
    show(all());
    log.scrollTop += log.scrollHeight - height;
  };
  earlier.addEventListener("click", () => void loadEarlier().catch(() => {}));

  const send = async () => {
    const text = area.value;
    if (text.trim() === "") return;
    area.value = "";
    why.textContent = "";
    try {
      await ports.send(text);
      await refresh();
      log.scrollTop = log.scrollHeight;
    } catch (error) {
      // Nothing that was written is lost.
      if (area.value === "") area.value = text;
      why.textContent = messageOf(error);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send();
  });
  const leave = (event: KeyboardEvent) => {
    if (event.key === "Escape") ports.back();
  };
  log.addEventListener("keydown", leave);
  area.addEventListener("keydown", leave);
  return { elements: [log, form], refresh, focus: () => (ports.mayWrite ? area : log).focus() };
}

function itemOf(message: Message, { me, authorOf }: ChatPorts): HTMLElement {
  const isOwn = message.author === me;
  const item = h("li", { class: isOwn ? "said own" : "said" });
  if (authorOf && !isOwn) item.append(h("p", { class: "who", dir: "auto" }, authorOf(message)));
  if (isOwn) item.append(h("span", { class: "sr" }, "You: "));
  const time = h("time", { datetime: new Date(message.date).toISOString() }, timeOf(message.date));
  const mark = h("span", { "aria-hidden": "true" });
  const says = h("span", { class: "sr" });
  item.append(
    h("p", { class: "text", dir: "auto" }, message.text),
    h("p", { class: "meta" }, time, " ", mark, says),
  );
  return item;
}

function showMark(item: HTMLElement, message: Message, isOwn: boolean): void {
  const [sign, says] = isOwn ? MARKS[message.mark] : MARKS.seen;
  const meta = item.querySelector(".meta")!;
  setText(meta.children[1]!, sign);
  setText(meta.children[2]!, says);
}
