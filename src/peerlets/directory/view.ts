/**
 * The yellow pages for a person: categories to walk through, who is in them,
 * and one's own entries. `view-markup.ts` has the elements, `view-items.ts`
 * those of the lists.
 */
import { type ViewContext, defineView } from "prost/sdk";
import type {
  CategoryPage,
  Listed,
  ListedPage,
  Mine,
  PageOptions,
  RegisterOptions,
} from "./local.ts";
import { chip, crumb, messageOf, mineCard, providerCard } from "./view-items.ts";
import { MARKUP } from "./view-markup.ts";
import { whileBusy } from "../view-busy.ts";

interface Local {
  register(category: string, options: RegisterOptions): Promise<{ readonly category: string }>;
  renew(category: string, name: string): Promise<Mine>;
  withdraw(category: string, name: string): Promise<unknown>;
  browse(category: string, options?: PageOptions): Promise<ListedPage>;
  search(category: string, text: string, options?: PageOptions): Promise<ListedPage>;
  categories(parent: string, options?: PageOptions): Promise<CategoryPage>;
  mine(): Promise<Mine[]>;
  whoAmI(): Promise<{ readonly provider: string }>;
  exportKey(): Promise<string>;
  importKey(text: string, options: { readonly replace: boolean }): Promise<unknown>;
}

/** What is left of times is shown in minutes. In ms. */
const LOOK_AGAIN_MS = 30_000;

export default defineView<Local>(({ root, local, on }: ViewContext<Local>) => {
  root.innerHTML = MARKUP;
  const byId = (id: string) => root.querySelector<HTMLElement>(`#${id}`)!;
  const field = (form: string, name: string) =>
    byId(form).querySelector<HTMLInputElement>(`[name=${name}]`)!;
  const say = (id: string, text: string) => {
    byId(id).textContent = text;
  };
  /** Where one is: "" is the top. */
  let here = "";
  let searched = "";
  /** Answers to what was asked before one went elsewhere are not shown. */
  let visit = 0;

  /** Runs what takes time, with its buttons off; what goes wrong is said in `whyId`. */
  const busy = async (
    buttons: Iterable<HTMLButtonElement>,
    whyId: string,
    work: () => Promise<void>,
  ) => {
    say(whyId, "");
    try {
      await whileBusy(buttons, work);
    } catch (error) {
      say(whyId, messageOf(error));
    }
  };
  const buttonsOf = (id: string) => byId(id).querySelectorAll("button");

  const showCategories = async (cursor: string | null) => {
    const at = visit;
    if (cursor === null) say("categories-said", "Looking…");
    try {
      const page = await local.categories(here, { limit: 100, cursor });
      if (at !== visit) return;
      const chips = page.categories
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, category }) => chip(name, () => open(category)));
      const list = byId("categories");
      if (cursor === null) list.replaceChildren(...chips);
      else list.append(...chips);
      const isEmpty = list.childElementCount === 0;
      const none =
        here === ""
          ? "Nobody has registered anything yet. Register an entry, and its category appears here."
          : "No categories below this one.";
      say("categories-said", isEmpty ? none : "");
      more("categories-more", page.cursor, showCategories);
    } catch (error) {
      if (at === visit) say("categories-said", messageOf(error));
    }
  };

  const showProviders = async (cursor: string | null) => {
    const at = visit;
    if (here === "") return;
    if (cursor === null) say("providers-said", "Looking…");
    say("providers-why", "");
    try {
      const page =
        searched === ""
          ? await local.browse(here, { cursor })
          : await local.search(here, searched, { cursor });
      if (at !== visit) return;
      const list = byId("providers");
      if (cursor === null) list.replaceChildren();
      list.append(...page.entries.map((entry: Listed) => providerCard(entry)));
      const count = list.childElementCount;
      const found = `${count}${page.cursor === null ? "" : " or more"} ${count === 1 ? "provider" : "providers"}`;
      const none =
        searched === ""
          ? "Nobody is listed here. Be the first: register an entry."
          : "Nobody here has all these words. Try fewer, or show all.";
      say("providers-said", count === 0 ? none : found);
      more("providers-more", page.cursor, showProviders);
    } catch (error) {
      if (at !== visit) return;
      say("providers-said", "");
      say("providers-why", messageOf(error));
    }
  };

  /** What "more" shows next, by the button's id. */
  const next = new Map<string, () => Promise<void>>();
  const more = (
    id: string,
    cursor: string | null,
    show: (cursor: string | null) => Promise<void>,
  ) => {
    byId(id).hidden = cursor === null;
    next.set(id, () => show(cursor));
  };
  for (const id of ["categories-more", "providers-more"]) {
    const button = byId(id) as HTMLButtonElement;
    button.addEventListener("click", () => {
      void busy([button], "providers-why", async () => next.get(id)?.());
    });
  }

  /** A view that opens does not take the focus; one who goes somewhere is led there. */
  const open = (category: string, text = "", isLed = true) => {
    visit += 1;
    here = category;
    searched = text;
    const parts = category === "" ? [] : category.split("/");
    const crumbs = parts.map((name, i) => {
      const upTo = parts.slice(0, i + 1).join("/");
      return crumb(name, upTo === category, () => open(upTo));
    });
    byId("crumbs").replaceChildren(
      crumb("All categories", category === "", () => open("")),
      ...crumbs,
    );
    say("categories-title", category === "" ? "Categories" : `Below ${category}`);
    byId("providers-part").hidden = category === "";
    say("providers-title", `Providers in ${category}`);
    byId("categories").replaceChildren();
    byId("providers").replaceChildren();
    byId("categories-more").hidden = true;
    byId("providers-more").hidden = true;
    byId("search-clear").hidden = text === "";
    field("search", "text").value = text;
    field("go", "category").value = category;
    if (category !== "") field("register", "category").value = category;
    void showCategories(null);
    void showProviders(null);
    if (isLed) byId(category === "" ? "categories-title" : "providers-title").focus();
  };

  const showMine = async () => {
    try {
      const entries = await local.mine();
      const act = (entry: Mine, work: () => Promise<unknown>) =>
        busy(buttonsOf("mine"), "mine-why", async () => {
          await work();
          await showMine();
          if (entry.category === here) await showProviders(null);
        });
      const actions = {
        open: (category: string) => open(category),
        renew: (entry: Mine) => void act(entry, () => local.renew(entry.category, entry.name)),
        withdraw: (entry: Mine) =>
          void act(entry, () => local.withdraw(entry.category, entry.name)),
      };
      const sorted = entries.toSorted((a, b) =>
        a.category + a.name < b.category + b.name ? -1 : 1,
      );
      byId("mine").replaceChildren(...sorted.map((entry) => mineCard(entry, actions)));
      say("mine-said", entries.length === 0 ? "You have registered nothing on this node." : "");
    } catch (error) {
      say("mine-why", messageOf(error));
    }
  };
  const showMe = async () => say("me", (await local.whoAmI()).provider);

  const onSubmit = (id: string, whyId: string, work: () => Promise<void>) =>
    byId(id).addEventListener("submit", (event) => {
      event.preventDefault();
      void busy(buttonsOf(id), whyId, work);
    });

  onSubmit("go", "go-why", async () => {
    // The peerlet says how a category is spelt.
    const { parent } = await local.categories(field("go", "category").value, { limit: 1 });
    open(parent);
  });
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    open(here, field("search", "text").value.trim());
    field("search", "text").focus();
  });
  byId("register-here").addEventListener("click", () => {
    (byId("register-part") as HTMLDetailsElement).open = true;
    field("register", "category").value = here;
    field("register", "name").focus();
  });
  byId("search-clear").addEventListener("click", () => open(here));
  onSubmit("register", "register-why", async () => {
    say("register-said", "");
    const { category } = await local.register(field("register", "category").value, {
      name: field("register", "name").value,
      description: field("register", "description").value,
      contact: field("register", "contact").value,
      ttlMs: Number(field("register", "ttlMs").value),
      autoRenew: field("register", "autoRenew").checked,
    });
    const name = field("register", "name").value.trim();
    for (const each of ["name", "description", "contact"]) field("register", each).value = "";
    await showMine();
    open(category);
    say("register-said", `${name} is listed in ${category}.`);
  });
  byId("key-part").addEventListener("toggle", () => {
    if ((byId("key-part") as HTMLDetailsElement).open) void busy([], "key-why", showMe);
  });
  byId("export").addEventListener("click", () => {
    void busy(buttonsOf("key-part"), "key-why", async () => {
      const shown = byId("exported").querySelector("textarea")!;
      shown.value = await local.exportKey();
      byId("exported").hidden = false;
      shown.focus();
      shown.select();
    });
  });
  onSubmit("import", "key-why", async () => {
    say("key-said", "");
    const text = field("import", "text");
    await local.importKey(text.value.trim(), { replace: field("import", "replace").checked });
    text.value = "";
    byId("exported").hidden = true;
    await Promise.all([showMe(), showMine()]);
    say("key-said", "This node now signs with that key.");
  });

  on("own", () => void showMine());
  on("changed", (categories) => {
    // Kept on this node, and changed by somebody. What was paged through stays as it is.
    const isHere = Array.isArray(categories) && (categories as unknown[]).includes(here);
    const hasMore = !byId("providers-more").hidden || byId("providers").childElementCount > 50;
    const isUsed = [byId("categories"), byId("providers")].some((list) =>
      list.contains(document.activeElement),
    );
    if (!isHere || hasMore || isUsed) return;
    void showCategories(null);
    void showProviders(null);
  });
  const lookAgain = () => {
    // Not while a button there has the focus: it would be gone.
    if (!byId("mine").contains(document.activeElement)) void showMine();
    setTimeout(lookAgain, LOOK_AGAIN_MS);
  };
  setTimeout(lookAgain, LOOK_AGAIN_MS);
  // Not waited for: a setup has to end, however long the peerlet takes to answer.
  void showMine();
  open("", "", false);
});
