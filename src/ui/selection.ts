/**
 * Which node the person is looking at. The ring, the tables and the trace share
 * it, so that pointing at a node in one place shows it in all.
 */
export class Selection {
  #hovered: string | null = null;
  #pinned: string | null = null;
  readonly #listeners: (() => void)[] = [];

  /** What the pointer or the focus is on; else what was pinned by a click. */
  get current(): string | null {
    return this.#hovered ?? this.#pinned;
  }

  get pinned(): string | null {
    return this.#pinned;
  }

  hover(id: string | null): void {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#tell();
  }

  pin(id: string | null): void {
    if (id === this.#pinned) return;
    this.#pinned = id;
    this.#tell();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Pointing at `element`, or focusing something in it, looks at the node that `id` gives. */
export function hoverable(element: Element, selection: Selection, id: () => string | null): void {
  for (const event of ["pointerenter", "focusin"]) {
    element.addEventListener(event, () => selection.hover(id()));
  }
  for (const event of ["pointerleave", "focusout"]) {
    element.addEventListener(event, () => selection.hover(null));
  }
}
