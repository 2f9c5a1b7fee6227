/** The explorer: writes and reads values by name or key, and shows which nodes keep them, and where on the ring they are. */
import { defineView } from "prost/sdk";
import { type Held, drawRing } from "./view-ring.ts";
import { STYLES } from "./view-styles.ts";
import { whileBusy } from "../view-busy.ts";

interface Found {
  readonly kind: "value" | "hash" | "signed";
  readonly value: Uint8Array;
  readonly hash: string;
  readonly ttlMs: number;
  readonly isRemovable: boolean;
}

interface Local {
  keyOf(name: string): string;
  put(key: string, value: string, options: object): Promise<{ nodes: string[] }>;
  get(
    key: string,
    options?: object,
  ): Promise<{ values: Found[]; cursor: string | null; nodes: string[] }>;
  remove(key: string, secret: string): Promise<{ removed: number }>;
  where(key: string): Promise<Held[]>;
}

/** Of a value that is shown. More is for programs. */
const MOST_CHARS = 2_000;
const PAGE_VALUES = 20;

export default defineView<Local>(({ root, local }) => {
  root.innerHTML = `
    <style>${STYLES}</style>
    <main>
      <form>
        <label class="wide">Name or key
          <input name="name" required maxlength="200" value="greetings" spellcheck="false" autocomplete="off" />
        </label>
        <label class="wide">Value
          <textarea name="value" rows="2" placeholder="any text, up to 64 KiB"></textarea>
        </label>
        <label>Kept for
          <select name="ttl">
            <option value="60000">a minute</option>
            <option value="3600000" selected>an hour</option>
            <option value="86400000">a day</option>
            <option value="604800000">a week</option>
          </select>
        </label>
        <label>Secret, to remove it
          <input name="secret" maxlength="64" placeholder="none: it stays" autocomplete="off" />
        </label>
        <p class="actions">
          <button name="get" class="primary">Get</button>
          <button name="put" type="button">Put</button>
          <button name="remove" type="button">Remove</button>
        </p>
      </form>
      <p class="said" role="status">A value is kept on the four nodes that follow its key on the ring, until its time is over.</p>
      <p class="why" role="alert"></p>
      <section aria-label="Values"><ol class="values"></ol><button class="more" type="button" hidden>More</button></section>
      <section class="place" aria-label="Replicas" hidden>
        <figure></figure>
        <div><h2>Kept by</h2><ol class="replicas"></ol><p class="key"></p></div>
      </section>
    </main>`;
  const find = (selector: string) => root.querySelector<HTMLElement>(selector)!;
  const field = (name: string) =>
    find(`[name=${name}]`) as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
  const [said, why, values] = [find(".said"), find(".why"), find(".values")];
  const buttons = [...root.querySelectorAll("button")];
  const more = find(".more") as HTMLButtonElement;
  let next: { readonly key: string; readonly cursor: string } | null = null;

  const keyOf = async () => {
    const text = field("name").value.trim();
    return /^[0-9a-f]{40}$/.test(text) ? text : local.keyOf(text);
  };
  const showWhere = async (key: string) => {
    const held = await local.where(key);
    find(".place").hidden = held.length === 0;
    find("figure").replaceChildren(drawRing(key, held));
    find(".replicas").replaceChildren(...held.map(replicaItem));
    find(".key").textContent = `key ${key}`;
  };
  const showPage = async (key: string, cursor: string | null) => {
    const page = await local.get(key, { limit: PAGE_VALUES, cursor });
    if (cursor === null) values.replaceChildren();
    values.append(...page.values.map(valueItem));
    next = page.cursor === null ? null : { key, cursor: page.cursor };
    more.hidden = next === null;
    return page.values.length;
  };
  const show = async (key: string) => {
    const [count] = await Promise.all([showPage(key, null), showWhere(key)]);
    return count;
  };

  /** One thing at a time; its failure is said, and the fields stay as they are. */
  const run = async (work: () => Promise<string>) => {
    why.textContent = "";
    try {
      await whileBusy(buttons, async () => {
        said.textContent = await work();
      });
    } catch (error) {
      said.textContent = "";
      why.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const get = async () => {
    const count = await show(await keyOf());
    if (count === 0) return "Nothing is stored under this name. Put a value.";
    return `${count} ${count === 1 ? "value" : "values"}${next === null ? "" : " so far"}`;
  };
  const put = async () => {
    const key = await keyOf();
    const secret = field("secret").value;
    const options = { ttlMs: Number(field("ttl").value), ...(secret !== "" && { secret }) };
    const { nodes } = await local.put(key, field("value").value, options);
    await show(key);
    return `Stored; ${nodes.length} ${nodes.length === 1 ? "node has" : "nodes have"} acknowledged it.`;
  };
  const remove = async () => {
    const key = await keyOf();
    const secret = field("secret").value;
    if (secret === "") throw new Error("Say the secret that the value was put with.");
    const { removed } = await local.remove(key, secret);
    await show(key);
    return removed === 0 ? "No value here was put with this secret." : `Removed ${removed}.`;
  };

  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    void run(get);
  });
  find("button[name=put]").addEventListener("click", () => void run(put));
  find("button[name=remove]").addEventListener("click", () => void run(remove));
  more.addEventListener("click", () => {
    if (next === null) return;
    const { key, cursor } = next;
    void run(async () => {
      await showPage(key, cursor);
      return `${values.children.length} values${next === null ? "" : " so far"}`;
    });
  });
});

function valueItem({ kind, value, hash, ttlMs, isRemovable }: Found): HTMLLIElement {
  const item = document.createElement("li");
  const text = document.createElement("pre");
  text.textContent = textOf(value);
  const about = document.createElement("p");
  about.textContent = [
    kind === "value" ? "" : `${kind} record`,
    `${value.length.toLocaleString("en")} bytes`,
    `${durationOf(ttlMs)} left`,
    isRemovable ? "removable" : "stays until then",
    `SHA-256 ${hash.slice(0, 12)}…`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
  item.append(text, about);
  return item;
}

function replicaItem({ node, records, why }: Held, rank: number): HTMLLIElement {
  const item = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = `${node.slice(0, 8)}…`;
  name.title = node;
  const count = records?.length ?? 0;
  const has = why === undefined ? `${count} ${count === 1 ? "record" : "records"}` : why;
  item.append(name, ` ${rank === 0 ? "the root" : `replica ${rank + 1}`} · ${has}`);
  return item;
}

/** As text where it is one, else as hex digits. */
function textOf(value: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(value);
    return text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text;
  } catch {
    const digits = Array.from(value.subarray(0, MOST_CHARS / 4), (byte) =>
      byte.toString(16).padStart(2, "0"),
    );
    return `${digits.join(" ")}${value.length > MOST_CHARS / 4 ? " …" : ""}`;
  }
}

function durationOf(ms: number): string {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1_000],
  ] as const;
  const [unit, size] = units.find(([, each]) => ms >= each) ?? units[3];
  const count = Math.round(ms / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
