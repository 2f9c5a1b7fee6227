/**
 * The frames that code of strangers lives in: made, told what to be once they
 * have loaded, and taken away. Knows nothing of what runs in them.
 *
 * A frame loads once. One that loads again has left our document, and its
 * owner hears of it.
 */
import type { ToFrame, ViewStart } from "../sandbox/messages.ts";

/** What a frame loads. */
export interface FrameDocument {
  readonly url: string;
  /**
   * The same document as a text, for when its server is away; it says that it is here. Null: there
   * is none. It then has the policies of the page and its own, without headers.
   */
  readonly spare: () => string | null;
}

/** What the document of a frame with a spare says as its first word. */
const HERE = "here";
/** An error page of the browser's loads as any other document: so long its word may come later, in ms. A guess. */
const HERE_MS = 500;

export interface FrameEvents {
  /** Another document than ours is in the frame now. */
  left(): void;
}

export class SandboxFrame {
  readonly element: HTMLIFrameElement;
  #isHere = false;
  #heard: () => void = () => {};
  readonly #hear = ({ source, data }: MessageEvent<unknown>) => {
    if (source !== this.element.contentWindow || data !== HERE) return;
    removeEventListener("message", this.#hear);
    this.#isHere = true;
    this.#heard();
  };

  constructor(
    { url, spare }: FrameDocument,
    title: string,
    events: FrameEvents,
    tell: (frame: SandboxFrame) => void,
  ) {
    const element = document.createElement("iframe");
    // Not allow-same-origin: the origin inside is opaque, so it has no storage and no name.
    element.setAttribute("sandbox", "allow-scripts");
    element.setAttribute("allow", "focus-without-user-activation 'none'");
    element.setAttribute("credentialless", "");
    element.setAttribute("referrerpolicy", "no-referrer");
    element.title = title;
    this.element = element;
    let isTold = false;
    const tellOnce = () => {
      if (isTold) return;
      isTold = true;
      tell(this);
    };
    let mayBeAway = spare() !== null;
    if (mayBeAway) addEventListener("message", this.#hear);
    element.addEventListener("load", () => {
      if (isTold) return events.left();
      if (!mayBeAway) return tellOnce();
      mayBeAway = false;
      this.#whenHere(tellOnce, () => {
        element.removeAttribute("src");
        element.srcdoc = spare()!;
      });
    });
    element.src = url;
  }

  /** `away` when the document does not say its word: its server is not there. */
  #whenHere(here: () => void, away: () => void): void {
    if (this.#isHere) return here();
    this.#heard = here;
    setTimeout(() => {
      if (this.#isHere || !this.element.isConnected) return;
      // The spare says its word, too, perhaps before it has loaded: only its load counts.
      this.#heard = () => {};
      away();
    }, HERE_MS);
  }

  /** Out of sight; for code without a face. */
  hide(): void {
    this.element.hidden = true;
    this.element.tabIndex = -1;
    this.element.setAttribute("aria-hidden", "true");
    document.body.append(this.element);
  }

  /** Fills the element given. */
  show(holder: Element): void {
    // Chromium raises no `submit` without: authors write forms. Its policy's `form-action 'none'` lets none go anywhere.
    this.element.setAttribute("sandbox", "allow-scripts allow-forms");
    this.element.style.cssText = "display:block;width:100%;height:100%;border:0";
    holder.append(this.element);
  }

  /** Only when it has loaded: a message before that is lost. The origin is opaque, so it has no name to be sent to. */
  post(message: ToFrame, port: MessagePort, start?: ViewStart): void {
    this.element.contentWindow?.postMessage([...message, start], "*", [port]);
  }

  /** Everything in it ends. May be called twice. */
  remove(): void {
    removeEventListener("message", this.#hear);
    this.element.remove();
  }
}
