/** Counts by name, and shows where each count is kept. */
import { defineView } from "prost/sdk";
import type { Count } from "./peerlet.ts";
import { whileBusy } from "../view-busy.ts";

interface Local {
  add(name: string, by?: number): Promise<Count>;
  read(name: string): Promise<Count>;
  held(): Promise<Count[]>;
}

const STYLES = `
  :host, body { margin: 0; }
  main { font: 15px/1.45 system-ui, sans-serif; padding: 14px; display: grid; gap: 12px; max-width: 34rem; }
  form { display: flex; gap: 8px; flex-wrap: wrap; }
  input { flex: 1 1 10rem; min-width: 0; font: inherit; padding: 7px 10px; border: 1px solid #7d7d86; border-radius: 8px; background: transparent; color: inherit; }
  button { font: inherit; padding: 7px 14px; border: 1px solid #8886; border-radius: 8px; background: #8882; color: inherit; cursor: pointer; }
  button:disabled { opacity: .5; cursor: default; }
  output { font-size: 44px; font-variant-numeric: tabular-nums; line-height: 1; }
  .why { color: #c33; min-height: 1.4em; margin: 0; }
  .root { opacity: .7; font-size: 13px; margin: 0; overflow-wrap: anywhere; }
  ul { margin: 0; padding: 0; list-style: none; display: grid; gap: 4px; }
  li { display: flex; justify-content: space-between; gap: 8px; overflow-wrap: anywhere; }
  h2 { font-size: 13px; font-weight: 600; margin: 8px 0 0; opacity: .8; }
`;

export default defineView<Local>(({ root, local, on }) => {
  root.innerHTML = `
    <style>${STYLES}</style>
    <main>
      <form>
        <input name="name" aria-label="Name of a counter" maxlength="100" required value="visits" />
        <button name="add">Add one</button>
        <button name="read" type="button">Read</button>
      </form>
      <output aria-live="polite">–</output>
      <p class="root"></p>
      <p class="why" role="alert"></p>
      <h2 hidden>Kept on this node</h2>
      <ul></ul>
    </main>`;
  const find = (selector: string) => root.querySelector(selector)!;
  const [form, name] = [find("form"), find("input") as HTMLInputElement];
  const [shown, where, why] = [find("output"), find(".root"), find(".why")];
  const buttons = [...root.querySelectorAll("button")];

  const showHeld = async () => {
    const held = await local.held();
    (find("h2") as HTMLElement).hidden = held.length === 0;
    find("ul").replaceChildren(
      ...held.map(({ name: text, count }) => {
        const item = document.createElement("li");
        const parts = [text, String(count)].map((part) => {
          const span = document.createElement("span");
          span.textContent = part;
          return span;
        });
        item.append(...parts);
        return item;
      }),
    );
  };
  const run = async (work: (text: string) => Promise<Count>) => {
    why.textContent = "";
    try {
      await whileBusy(buttons, async () => {
        const { count, root: node } = await work(name.value);
        shown.textContent = String(count);
        where.textContent = `kept by node ${node.slice(0, 8)}…`;
      });
    } catch (error) {
      why.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run((text) => local.add(text));
  });
  find("button[name=read]").addEventListener("click", () => {
    void run((text) => local.read(text));
  });
  const showHeldOr = () => {
    showHeld().catch((error: unknown) => {
      why.textContent = error instanceof Error ? error.message : String(error);
    });
  };
  on("count", showHeldOr);
  // Not waited for: a setup has to end, however long the peerlet takes to answer.
  showHeldOr();
});
