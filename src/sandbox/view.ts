/**
 * The whole script of `/sandbox/view.html`: waits for the port that the page
 * sends, and runs the module of the view with its ViewContext.
 *
 * It shares the realm with the view, which may break it: what it checks is
 * there to give honest authors good errors. What holds is the guard.
 */
import { type Plain, rebuildPlain } from "../base/plain.ts";
import { PLAIN_DEPTH, PLAIN_NODES, type Result } from "../peer/sandbox.ts";
import type { ViewContext, ViewSetup } from "../sdk/index.ts";
import { SandboxCallError } from "./call-error.ts";
import {
  NEXT,
  READY,
  type Theme,
  type ToFrame,
  type ViewEvent,
  type ViewStart,
} from "./messages.ts";
import { type CallGuard, wrapPort } from "./view-endpoint.ts";

const MAX_WHY_CHARS = 500;

type Listeners<T> = Set<(value: T) => void>;

class ViewRuntime {
  readonly #call: CallGuard;
  readonly #start: ViewStart;
  readonly #themeListeners: Listeners<Theme> = new Set();
  readonly #listenersByEvent = new Map<string, Listeners<Plain>>();
  #theme: Theme;

  constructor(call: CallGuard, start: ViewStart) {
    this.#call = call;
    this.#start = start;
    this.#theme = start.theme;
  }

  async run(): Promise<void> {
    this.#show(this.#theme);
    // From the first moment on: it is the sign of life, too.
    void this.#listen();
    await this.#call(READY, [await this.#setUp()]);
  }

  /** Null when all is well. */
  async #setUp(): Promise<string | null> {
    try {
      const bytes = this.#start.code as Uint8Array<ArrayBuffer>;
      const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
      const module = (await import(/* @vite-ignore */ url)) as { readonly default?: unknown };
      URL.revokeObjectURL(url);
      const setup = module.default;
      if (typeof setup !== "function")
        throw new TypeError("its default export is not defineView(…)");
      await (setup as ViewSetup<unknown>)(this.#context());
      return null;
    } catch (error) {
      return whyOf(error);
    }
  }

  #context(): ViewContext<never> {
    const root = document.createElement("div");
    root.id = "root";
    document.body.append(root);
    const local = Object.create(null) as Record<string, (...args: unknown[]) => Promise<Plain>>;
    for (const name of this.#start.local) local[name] = (...args) => this.#callLocal(name, args);
    const theme = () => this.#theme;
    return Object.freeze({
      root,
      get theme() {
        return theme();
      },
      onTheme: (listener: (theme: Theme) => void) => added(this.#themeListeners, listener),
      local: Object.freeze(local) as never,
      on: (event: string, listener: (detail: Plain) => void) => {
        const listeners = this.#listenersByEvent.get(event) ?? new Set();
        this.#listenersByEvent.set(event, listeners);
        return added(listeners, listener);
      },
    });
  }

  async #callLocal(method: string, args: readonly unknown[]): Promise<Plain> {
    const rebuilt = rebuildPlain(args, {
      maxDepth: PLAIN_DEPTH,
      maxNodes: PLAIN_NODES,
      maxBytes: this.#start.messageBytes,
    });
    if (rebuilt.kind === "refused") {
      throw new SandboxCallError("bad-parameter", `this value cannot pass: ${rebuilt.why}`);
    }
    const result = (await this.#call(method, rebuilt.value as Plain[])) as Result;
    if (result.kind === "value") return result.value;
    throw new SandboxCallError(result.code, result.why);
  }

  async #listen(): Promise<never> {
    for (;;) {
      for (const event of (await this.#call(NEXT, [])) as readonly ViewEvent[])
        this.#happened(event);
    }
  }

  #happened(event: ViewEvent): void {
    if (event[0] === "event") {
      const [, name, detail] = event;
      tell(this.#listenersByEvent.get(name), detail);
      return;
    }
    this.#theme = event[1];
    this.#show(this.#theme);
    tell(this.#themeListeners, this.#theme);
  }

  /** For styles of the view: `[data-theme="dark"]`; what browsers draw themselves follows at once. */
  #show(theme: Theme): void {
    document.documentElement.dataset["theme"] = theme;
    document.documentElement.style.colorScheme = theme;
  }
}

function added<T>(listeners: Listeners<T>, listener: (value: T) => void): () => void {
  // Of its own, so that one listener may be added twice.
  const own = (value: T) => listener(value);
  listeners.add(own);
  return () => void listeners.delete(own);
}

function tell<T>(listeners: Listeners<T> | undefined, value: T): void {
  for (const listener of listeners ?? []) {
    try {
      listener(value);
    } catch (error) {
      // One listener's mistake is not the next one's; the console shows it.
      reportError(error);
    }
  }
}

function whyOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.slice(0, MAX_WHY_CHARS);
}

// The page's history is not a view's to fill. Fragments of its address still can, which no browser
// lets us forbid; see docs/threat-model.md.
for (const name of ["pushState", "replaceState"]) Reflect.deleteProperty(History.prototype, name);

// Chromium 156 does not know the policy's `webrtc 'block'`, and under `Connection-Allowlist` a
// connection is only said to have failed: data went on passing. There is no way to another realm in
// which these still are: a frame that a view makes is of another origin, and runs no script but ours.
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (/^(?:webkit)?RTC/.test(name)) Reflect.deleteProperty(globalThis, name);
}

let isTaken = false;

addEventListener("message", (event: MessageEvent<readonly [...ToFrame, ViewStart]>) => {
  // The first listener of the window: other views could send messages to it, past their peerlets.
  event.stopImmediatePropagation();
  if (event.source !== parent || isTaken) return;
  isTaken = true;
  const [port] = event.ports as [MessagePort];
  void new ViewRuntime(wrapPort(port), event.data[1]).run();
});
