/** Asks for a name, and shows the nodes that a message to its root passes. */
import { defineView } from "prost/sdk";
import type { Traced } from "./peerlet.ts";
import { whileBusy } from "../view-busy.ts";

interface Local {
  trace(name: string): Promise<Traced>;
  self(): string;
}

const STYLES = `
  body { margin: 0; }
  main { font: 15px/1.45 system-ui, sans-serif; padding: 14px; display: grid; gap: 12px; max-width: 40rem; }
  form { display: flex; gap: 8px; }
  input { flex: 1; min-width: 0; font: inherit; padding: 7px 10px; border: 1px solid #7d7d86; border-radius: 8px; background: transparent; color: inherit; }
  button { font: inherit; padding: 7px 14px; border: 1px solid #8886; border-radius: 8px; background: #8882; color: inherit; cursor: pointer; }
  ol { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 6px 4px; align-items: center; }
  li { display: flex; align-items: center; gap: 4px; font-family: ui-monospace, monospace; font-size: 13px; }
  li span { padding: 4px 9px; border-radius: 999px; background: #8882; border: 1px solid #8884; }
  li:first-child span { background: #3b82f633; border-color: #3b82f688; }
  li:last-child span { background: #22a06b33; border-color: #22a06b88; }
  li + li::before { content: "→"; opacity: .6; }
  p { margin: 0; min-height: 1.4em; }
  .why { color: #c33; }
`;

export default defineView<Local>(({ root, local }) => {
  root.innerHTML = `
    <style>${STYLES}</style>
    <main>
      <form>
        <input name="name" aria-label="A name or a key" maxlength="100" required placeholder="a name" />
        <button>Trace</button>
      </form>
      <ol aria-label="The way: this node first, the root last"></ol>
      <p class="took" aria-live="polite"></p>
      <p class="why" role="alert"></p>
    </main>`;
  const find = (selector: string) => root.querySelector(selector)!;
  const [name, button] = [find("input") as HTMLInputElement, find("button") as HTMLButtonElement];
  const [list, took, why] = [find("ol"), find(".took"), find(".why")];

  const run = async () => {
    why.textContent = "";
    try {
      await whileBusy([button], async () => {
        const { hops, ms } = await local.trace(name.value);
        list.replaceChildren(...hops.map(itemOf));
        const count = hops.length - 1;
        took.textContent = `${count} ${count === 1 ? "hop" : "hops"}, ${Math.round(ms)} ms`;
      });
    } catch (error) {
      why.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
});

function itemOf(id: string): HTMLLIElement {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.textContent = id.slice(0, 8);
  text.title = id;
  item.append(text);
  return item;
}
