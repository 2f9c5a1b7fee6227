/** Elements, made in one line. Texts of strangers only ever become text nodes. */
import { whileBusy } from "../view-busy.ts";

export interface Attributes {
  readonly [name: string]: string | boolean | ((event: Event) => void);
}

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Only what changed is written, so that screen readers and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** How long a button that destroys waits for being pressed again, in ms. A guess. */
const SURE_MS = 4_000;

/** A button that has to be pressed twice. */
export function carefulButton(label: string, sure: string, act: () => void): HTMLButtonElement {
  let isAsked = false;
  const button = h("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", () => {
    if (isAsked) return act();
    isAsked = true;
    button.textContent = sure;
    setTimeout(() => {
      isAsked = false;
      button.textContent = label;
    }, SURE_MS);
  });
  return button;
}

/** A form of one line or some; `submit` says what is wrong by throwing. */
export function formOf(
  attributes: Attributes,
  fields: readonly Node[],
  button: string,
  submit: () => Promise<void>,
): HTMLFormElement {
  const why = h("p", { class: "why", role: "alert" });
  const press = h("button", {}, button);
  const form = h("form", attributes, ...fields, press, why);
  const run = async () => {
    why.textContent = "";
    try {
      await whileBusy([press], submit);
    } catch (error) {
      why.textContent = messageOf(error);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  return form;
}
