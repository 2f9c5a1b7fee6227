/** Publishes objects, sends to objects and says who got it, and shows what arrived here. */
import { defineView } from "prost/sdk";
import type { Received } from "./clients.ts";
import type { Published } from "./publisher.ts";
import type { Sent } from "./sender.ts";
import { whileBusy } from "../view-busy.ts";

type Named = Published & { readonly object: string };

interface Local {
  publish(object: string): Promise<Named>;
  unpublish(object: string): Promise<{ readonly told: number }>;
  sendToObj(message: string, object: string, n: number): Promise<Sent>;
  published(): Promise<Named[]>;
  received(): Promise<Received[]>;
  stats(): Promise<Record<string, number>>;
}

const STYLES = `
  body { margin: 0; }
  main { font: 15px/1.45 system-ui, sans-serif; padding: 14px; display: grid; gap: 16px; max-width: 42rem; }
  section { display: grid; gap: 8px; }
  h2 { font-size: 14px; margin: 0; }
  form { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; }
  label { display: grid; gap: 2px; font-size: 12px; flex: 1 1 9rem; min-width: 0; }
  label.count { flex: 0 0 5rem; }
  input { font: inherit; font-size: 15px; min-width: 0; padding: 7px 10px; border: 1px solid #7d7d86; border-radius: 8px; background: transparent; color: inherit; }
  button { font: inherit; padding: 7px 14px; border: 1px solid #8886; border-radius: 8px; background: #8882; color: inherit; cursor: pointer; }
  button:disabled { opacity: .5; cursor: default; }
  button:focus-visible, input:focus-visible { outline: 2px solid #3b82f6; outline-offset: 1px; }
  ul { margin: 0; padding: 0; list-style: none; display: grid; gap: 6px; }
  li { display: flex; gap: 8px; align-items: center; justify-content: space-between; padding: 6px 10px; border: 1px solid #8884; border-radius: 8px; overflow-wrap: anywhere; }
  li div { min-width: 0; }
  small { opacity: .85; display: block; font-size: 12px; }
  li button { padding: 3px 10px; font-size: 13px; flex: none; }
  p { margin: 0; min-height: 1.4em; }
  .why { color: #c33; min-height: 0; }
  :root[data-theme="dark"] .why { color: #ff8a80; }
  .empty { opacity: .7; }
`;

/** Messages that are shown, the last ones. */
const MOST_SHOWN = 50;

export default defineView<Local>(({ root, local, on }) => {
  root.innerHTML = `
    <style>${STYLES}</style>
    <main>
      <p class="why" role="alert"></p>
      <section aria-labelledby="publish">
        <h2 id="publish">Publish an object here</h2>
        <form name="publish">
          <label>Its name <input name="object" maxlength="256" required placeholder="printer" /></label>
          <button>Publish</button>
        </form>
        <ul class="published" aria-label="Published by this node"></ul>
      </section>
      <section aria-labelledby="send">
        <h2 id="send">Send to an object</h2>
        <form name="send">
          <label>Its name <input name="object" maxlength="256" required placeholder="printer" /></label>
          <label>Message <input name="message" maxlength="2000" required placeholder="hello" /></label>
          <label class="count">Endpoints <input name="n" type="number" min="1" max="16" value="1" required /></label>
          <button>Send</button>
        </form>
        <p class="outcome" aria-live="polite"></p>
        <ul class="endpoints" aria-label="Who got it"></ul>
      </section>
      <section aria-labelledby="arrived">
        <h2 id="arrived">Arrived at this node</h2>
        <ul class="received" aria-label="Messages, the latest first" aria-live="polite"></ul>
      </section>
      <p class="empty known"></p>
    </main>`;
  const find = (selector: string) => root.querySelector(selector)!;
  const why = find(".why");

  /** One thing at a time: what fails is said, and the button waits meanwhile. */
  const run = async (button: HTMLButtonElement | null, work: () => Promise<void>) => {
    why.textContent = "";
    try {
      await whileBusy(button ? [button] : [], work);
    } catch (error) {
      why.textContent = error instanceof Error ? error.message : String(error);
    }
  };

  const showPublished = async () => {
    const published = await local.published();
    const items = published.map((each) => {
      const place = each.root
        ? `root ${each.root.slice(0, 8)}, ${hopsOf(each.hops)} away`
        : "on its way to the root";
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "Unpublish";
      remove.setAttribute("aria-label", `Unpublish ${each.object}`);
      remove.addEventListener("click", () => {
        void run(remove, async () => {
          await local.unpublish(each.object);
          await showPublished();
          (find("form[name=publish] input") as HTMLInputElement).focus();
        });
      });
      return itemOf(each.object, place, remove);
    });
    find(".published").replaceChildren(...(items.length > 0 ? items : [nothing("Nothing yet.")]));
  };
  const showReceived = async () => {
    const received = (await local.received()).toReversed().slice(0, MOST_SHOWN);
    const items = received.map(({ object, sender, message, atMs }) =>
      itemOf(
        new TextDecoder().decode(message),
        `to ${object}, from ${sender.slice(0, 8)}, ${new Date(atMs).toLocaleTimeString()}`,
      ),
    );
    find(".received").replaceChildren(...(items.length > 0 ? items : [nothing("Nothing yet.")]));
  };
  const showKnown = async () => {
    const { pointers = 0 } = await local.stats();
    find(".known").textContent = `Pointers to others' objects on this node: ${pointers}.`;
  };

  const onSubmit = (
    name: string,
    work: (field: (name: string) => HTMLInputElement) => Promise<void>,
  ) => {
    const form = find(`form[name=${name}]`);
    const button = form.querySelector("button");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const field = (of: string) => form.querySelector<HTMLInputElement>(`input[name=${of}]`)!;
      void run(button, () => work(field));
    });
  };
  onSubmit("publish", async (field) => {
    await local.publish(field("object").value);
    field("object").value = "";
    field("object").focus();
    await showPublished();
  });
  onSubmit("send", async (field) => {
    const [outcome, list] = [find(".outcome"), find(".endpoints")];
    const n = field("n").valueAsNumber;
    outcome.textContent = "Looking for endpoints…";
    list.replaceChildren();
    try {
      const sent = await local.sendToObj(field("message").value, field("object").value, n);
      const count = sent.endpoints.length;
      outcome.textContent =
        count === 0
          ? "Nobody publishes it."
          : `${count} of ${n} got it; the first pointer was ${hopsOf(sent.hops)} away.`;
      list.replaceChildren(
        ...sent.endpoints.map(({ node, hops }) =>
          itemOf(node.slice(0, 8), `pointer after ${hopsOf(hops)}`),
        ),
      );
    } catch (error) {
      outcome.textContent = "";
      throw error;
    }
    await showKnown();
  });
  on("message", () => void run(null, showReceived));
  on("published", () => void run(null, showPublished));
  // Not waited for: a setup has to end, however long the peerlet takes to answer.
  void run(null, async () => {
    await Promise.all([showPublished(), showReceived(), showKnown()]);
  });
});

function hopsOf(count: number): string {
  return count === 1 ? "1 hop" : `${count} hops`;
}

/** textContent, not innerHTML: strangers wrote it. */
function itemOf(text: string, more: string, button?: HTMLButtonElement): HTMLLIElement {
  const item = document.createElement("li");
  const [box, small] = [document.createElement("div"), document.createElement("small")];
  small.textContent = more;
  box.append(text, small);
  item.append(box, ...(button ? [button] : []));
  return item;
}

function nothing(text: string): HTMLLIElement {
  const item = itemOf("", text);
  item.className = "empty";
  return item;
}
