/** What the right pane shows when it is no conversation: the first step, one's own key, people that were found. */
import type { Local, Me } from "./local.ts";
import type { Candidate } from "./names.ts";
import { formOf, h, messageOf } from "./view-dom.ts";
import type { Open } from "./view-list.ts";

type Remote = {
  readonly [Name in keyof Local]: (
    ...args: Parameters<Local[Name]>
  ) => Promise<Awaited<ReturnType<Local[Name]>>>;
};

export type PanelPorts = {
  readonly local: Remote;
  readonly go: (open: Open | null) => void;
  readonly changed: () => Promise<void>;
};

export function welcomePanel(ports: PanelPorts): HTMLElement[] {
  return [
    h("h1", {}, "How shall others find you?"),
    h(
      "p",
      {},
      "Choose a name. It is yours by a key that stays in this tab; others may have the same name, so compare fingerprints.",
    ),
    nameForm("", "Take this name", ports),
    h("h2", {}, "You are somebody already?"),
    importForm(ports),
  ];
}

export function mePanel(me: Me, ports: PanelPorts): HTMLElement[] {
  const secret = h("div", { class: "acts" });
  const reveal = h("button", { type: "button" }, "Show the secret key");
  reveal.addEventListener("click", () => {
    const show = async () => {
      const text = await ports.local.exportKey();
      secret.replaceChildren(
        h(
          "p",
          { class: "warn" },
          "Whoever has this text is you: reads your messages, and writes in your name.",
        ),
        h("textarea", { readonly: true, rows: "3", "aria-label": "Your secret key" }, text),
      );
    };
    show().catch((error: unknown) => secret.replaceChildren(messageOf(error)));
  });
  secret.append(reveal);
  const tabs = me.otherTabs === 0 ? "" : ` You are in ${me.otherTabs} more tabs now.`;
  return [
    h("h1", {}, "You"),
    nameForm(me.name, "Change the name", ports),
    h("h2", {}, "Fingerprint"),
    h("p", {}, "Others see these digits beside your name. Read them to each other to be sure."),
    h("p", { class: "print" }, me.fingerprint),
    h("h2", {}, "Public key"),
    h("p", {}, "Who has it finds you without your name."),
    h("p", { class: "print", style: "overflow-wrap: anywhere" }, me.publicKey),
    h("h2", {}, "Other tabs and machines"),
    h("p", {}, `Take your key there, and you are there, too.${tabs}`),
    secret,
    h("h2", {}, "Bring others here"),
    h(
      "p",
      {},
      "Nodes of the ring that do not have this application yet can be given it. Their owners decide.",
    ),
    inviteForm(ports),
  ];
}

function inviteForm({ local }: PanelPorts): HTMLElement {
  const says = h("p", { role: "status" });
  const form = formOf({}, [], "Invite eight nodes", async () => {
    says.textContent = "Inviting…";
    const { nodes, refused } = await local.invite(8);
    const others = refused.length === 0 ? "" : ` ${refused.length} would not.`;
    says.textContent = `${nodes.length} ${nodes.length === 1 ? "node has" : "nodes have"} it now.${others}`;
  });
  return h("div", {}, form, says);
}

export function foundPanel(
  text: string,
  contacts: ReadonlySet<string>,
  ports: PanelPorts,
): HTMLElement[] {
  const list = h("ul", {});
  const says = h("p", { role: "status" }, "Looking…");
  const look = async () => {
    const found = await ports.local.find(text);
    says.textContent =
      found.length === 0
        ? "Nobody has that name now. Names are forgotten after a week away: ask for the public key."
        : "A name may belong to several people. Compare the fingerprint with them before you trust.";
    list.replaceChildren(...found.map((each) => candidateOf(each, contacts, ports)));
  };
  look().catch((error: unknown) => {
    says.textContent = messageOf(error);
  });
  return [h("h1", {}, `People called “${text}”`), says, list];
}

function candidateOf(
  { publicKey, name, fingerprint, date, isConfirmed }: Candidate,
  contacts: ReadonlySet<string>,
  { local, go, changed }: PanelPorts,
): HTMLElement {
  const isKnown = contacts.has(publicKey);
  const since = date === 0 ? "" : `says so since ${new Date(date).toLocaleDateString()}`;
  const doubt = isConfirmed ? "" : "Not confirmed: their profile does not say this name now.";
  const act = formOf({}, [], isKnown ? "Open" : "Write to them", async () => {
    if (!isKnown) await local.addContact(name === "" ? publicKey : { publicKey, name });
    await changed();
    go({ kind: "person", publicKey });
  });
  return h(
    "li",
    { class: "card" },
    h("strong", { dir: "auto" }, name === "" ? "Somebody without a name" : name),
    h("span", { class: "print" }, fingerprint),
    h("span", { class: "dim" }, since),
    h("span", { class: "warn" }, doubt),
    act,
  );
}

function nameForm(name: string, button: string, { local, changed, go }: PanelPorts) {
  const input = h("input", {
    name: "name",
    "aria-label": "Your name",
    maxlength: "32",
    required: true,
  });
  input.value = name;
  return formOf({}, [input], button, async () => {
    await local.setName(input.value);
    await changed();
    if (name === "") go(null);
  });
}

function importForm({ local, changed, go }: PanelPorts) {
  const area = h("textarea", {
    rows: "3",
    "aria-label": "The secret key that you exported",
    placeholder: "prost-im-key-1 …",
    required: true,
  });
  return formOf({}, [area], "Be that person here, too", async () => {
    await local.importKey(area.value);
    await changed();
    go(null);
  });
}
