/**
 * Files may be dropped anywhere on the page. While one is dragged over it the
 * whole window says so; frames of views take no part in it.
 *
 * A file that nobody takes would make the browser leave the page, and the node the ring.
 */
import { h, setAttribute } from "./dom.ts";

export class DropZone {
  readonly element: HTMLElement;

  constructor(drop: (files: readonly File[]) => void) {
    this.element = h("div", { class: "drop-zone", "data-testid": "drop-zone", hidden: true });
    const words = h("p", {}, h("strong", {}, "Drop it to install it"));
    words.append(h("span", { class: "muted" }, "It is checked before anything of it runs."));
    this.element.append(words);
    for (const event of ["dragenter", "dragover"] as const) {
      addEventListener(event, (drag) => {
        if (!hasFiles(drag)) return;
        drag.preventDefault();
        if (drag.dataTransfer) drag.dataTransfer.dropEffect = "copy";
        this.#show(true);
      });
    }
    addEventListener("dragleave", (drag) => {
      // Into nothing: out of the window.
      if (drag.relatedTarget === null) this.#show(false);
    });
    addEventListener("drop", (drag) => {
      this.#show(false);
      if (!hasFiles(drag)) return;
      drag.preventDefault();
      drop([...(drag.dataTransfer?.files ?? [])]);
    });
  }

  #show(isOver: boolean): void {
    setAttribute(this.element, "hidden", !isOver);
    document.documentElement.toggleAttribute("data-dropping", isOver);
  }
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}
