/**
 * Making elements. Text only ever becomes a text node: nothing a peer says is read as markup.
 */
type Attributes = Readonly<Record<string, string | number | boolean>>;
type Child = Node | string;

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. An attribute that is `true` is set empty, one that is `false` is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
}

/** Writes only what differs: a refresh that changes nothing costs no layout and is not read aloud. */
export function setAttribute(
  element: Element,
  name: string,
  value: string | number | boolean,
): void {
  if (value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Writes only what differs. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes `parent` hold exactly `children`, in this order, moving only what is out of place. */
export function arrange(parent: Element, children: readonly Element[]): void {
  children.forEach((child, index) => {
    if (parent.children[index] !== child)
      parent.insertBefore(child, parent.children[index] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild!.remove();
}

/** A button that copies what `text` gives, and says that it did. */
export function copyButton(what: string, text: () => string): HTMLButtonElement {
  const button = h(
    "button",
    { type: "button", class: "quiet", "aria-label": `Copy ${what}` },
    "Copy",
  );
  let timer = 0;
  button.addEventListener("click", () => {
    const say = (word: string) => {
      button.textContent = word;
      clearTimeout(timer);
      timer = window.setTimeout(() => (button.textContent = "Copy"), 1600);
    };
    navigator.clipboard.writeText(text()).then(
      () => say("Copied"),
      () => say("Not allowed"),
    );
  });
  return button;
}
