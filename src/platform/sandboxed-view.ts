/**
 * The page's end of one view: its own frame in an element of the page, and the
 * hidden frame of its guard, which alone hears what the view says.
 */
import type { Plain } from "../base/plain.ts";
import type { SandboxedView, Stopped, ViewHost, ViewRequest } from "../peer/sandbox.ts";
import type { FromGuard, Theme, ToGuard } from "../sandbox/messages.ts";
import { guardFocus } from "./frame-focus.ts";
import { type FrameDocument, SandboxFrame } from "./sandbox-frame.ts";
import type { Patient, PatientEvents } from "./sandbox-watch.ts";

export interface ViewDocuments {
  readonly view: FrameDocument;
  readonly guard: FrameDocument;
}

export class SandboxedViewFrame implements SandboxedView, Patient {
  readonly #host: ViewHost;
  readonly #view: SandboxFrame;
  readonly #guard: SandboxFrame;
  readonly #port: MessagePort;
  readonly #element: Element;
  readonly #over: () => void;
  readonly #hung: (stopped: Stopped) => void;
  #releaseFocus = () => {};
  #isBusy = false;
  #isOver = false;
  #pongs = 0;

  constructor(
    documents: ViewDocuments,
    theme: Theme,
    request: ViewRequest,
    host: ViewHost,
    events: PatientEvents & { readonly hung: (stopped: Stopped) => void },
  ) {
    this.#host = host;
    this.#over = events.over;
    this.#hung = events.hung;
    const { appId, name, code, grant, local } = request;
    const toGuard = new MessageChannel();
    const toView = new MessageChannel();
    this.#port = toGuard.port1;
    this.#port.addEventListener("message", ({ data }: MessageEvent<FromGuard>) => this.#hear(data));
    this.#port.addEventListener("close", events.died);
    this.#port.start();
    const left = () =>
      this.end({ kind: "malformed", why: "it left its own document", isOffence: true });
    const lost = () =>
      this.end({ kind: "lost", why: "the frame of its guard did not load", isOffence: false });
    this.#guard = new SandboxFrame(documents.guard, `Guard of ${name}`, { left: lost }, (frame) =>
      frame.post(["guard"], toGuard.port2),
    );
    this.#view = new SandboxFrame(documents.view, name, { left }, (frame) =>
      frame.post(["view"], toView.port2, {
        code,
        local,
        theme,
        messageBytes: grant.messageBytes,
      }),
    );
    this.#send(["start", { appId, local, grant }], [toView.port1]);
    this.#guard.hide();
    this.#element = request.element as Element;
  }

  get suspicion(): number {
    return this.#isBusy ? 1 : 0;
  }

  /** Its own thread is that of all frames of the process: it is hung when that is stuck. */
  get isStuck(): boolean {
    return false;
  }

  get holdsThread(): boolean {
    return this.#isBusy && !this.#isOver;
  }

  get pongs(): number {
    return this.#pongs;
  }

  /** The window that a stray message must come from to be this view's. */
  get window(): Window | null {
    return this.#view.element.contentWindow;
  }

  ping(): void {
    this.#send(["ping", 0]);
  }

  emit(event: string, detail: Plain): void {
    if (!this.#isOver) this.#send(["event", event, detail]);
  }

  setTheme(theme: Theme): void {
    this.#send(["theme", theme]);
  }

  close(): void {
    this.end({ kind: "closed", why: "it was closed", isOffence: false });
  }

  /**
   * A message of the view's to our window, which nobody has read. The first one is too many: our
   * thread pays for each of them, and nothing can keep a frame from sending them but its end.
   */
  strayMessage(): void {
    this.end({ kind: "messages", why: "it sent messages to the page's window", isOffence: true });
  }

  /** The frame goes at once. Only the first reason counts. */
  end(stopped: Stopped): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#releaseFocus();
    this.#view.remove();
    this.#guard.remove();
    this.#port.close();
    this.#over();
    this.#host.stopped(stopped);
  }

  #hear(message: FromGuard): void {
    if (this.#isOver) return;
    this.#pongs += 1;
    switch (message[0]) {
      case "up":
        // Not before: a view that hangs would keep its own guard from loading.
        this.#view.show(this.#element);
        this.#releaseFocus = guardFocus(this.#view.element, () =>
          this.end({ kind: "malformed", why: "it kept taking the focus", isOffence: true }),
        );
        this.#host.shown();
        return;
      case "started":
        return this.#host.started();
      case "call": {
        const [, id, method, args] = message;
        return this.#host.callLocal(method, args, (result) => {
          if (!this.#isOver) this.#send(["answer", id, result]);
        });
      }
      case "pong":
        return;
      case "busy":
        this.#isBusy = message[1];
        return;
      case "stopped":
        if (message[1].kind === "hung") return this.#hung(message[1]);
        return this.end(message[1]);
    }
  }

  #send(message: ToGuard, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
