/**
 * The sandbox of a tab: peerlets in workers behind a supervisor, views in
 * frames behind a guard, all of them in frames of opaque origin, which
 * Chromium keeps in another process than the page.
 *
 * docs/threat-model.md says what holds whom.
 */
import type { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import type {
  Sandbox,
  Sandboxed,
  SandboxedView,
  SandboxHost,
  StartRequest,
  ViewHost,
  ViewRequest,
} from "../peer/sandbox.ts";
import { onPageTheme, pageTheme } from "./page-theme.ts";
import type { FrameDocument } from "./sandbox-frame.ts";
import { SandboxWatch } from "./sandbox-watch.ts";
import { SandboxedPeerlet } from "./sandboxed-peerlet.ts";
import { SandboxedViewFrame } from "./sandboxed-view.ts";

export interface FrameSandboxDeps {
  /** The folder of the sandbox documents, with a slash at its end. */
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly counters: Counters;
}

export class FrameSandbox implements Sandbox {
  readonly #deps: FrameSandboxDeps;
  readonly #watch: SandboxWatch;
  readonly #peerletDocument: FrameDocument;
  #spare: string | null = null;
  readonly #views = new Set<SandboxedViewFrame>();
  #stopListening = () => {};

  constructor(deps: FrameSandboxDeps) {
    this.#deps = deps;
    this.#watch = new SandboxWatch(deps.clock);
    this.#peerletDocument = { url: `${deps.baseUrl}peerlet.html`, spare: () => this.#spare };
    void this.#fetchSpare();
  }

  /** Peerlets start also when the server of the page is gone: the ring goes on without it. */
  async #fetchSpare(): Promise<void> {
    try {
      const response = await fetch(this.#peerletDocument.url);
      if (response.ok) this.#spare = await response.text();
    } catch {
      // Then there is none.
    }
  }

  start(request: StartRequest, host: SandboxHost): Sandboxed {
    const { clock, counters } = this.#deps;
    const counted: SandboxHost = {
      started: (offered) => host.started(offered),
      call: (method, args, done) => host.call(method, args, done),
      usage: (usage) => host.usage(usage),
      stopped: (stopped) => {
        counters.add(`sandbox.stopped-${stopped.kind}`);
        host.stopped(stopped);
      },
    };
    counters.add("sandbox.started");
    const peerlet = new SandboxedPeerlet(this.#peerletDocument, clock, request, counted, {
      died: () => this.#watch.died(peerlet),
      stuck: () => this.#watch.stuck(),
      over: () => this.#watch.remove(peerlet),
    });
    this.#watch.add(peerlet);
    return peerlet;
  }

  openView(request: ViewRequest, host: ViewHost): SandboxedView {
    const { baseUrl, counters } = this.#deps;
    const counted: ViewHost = {
      shown: () => host.shown(),
      started: () => host.started(),
      callLocal: (method, args, done) => host.callLocal(method, args, done),
      stopped: (stopped) => {
        counters.add(`sandbox.view-stopped-${stopped.kind}`);
        host.stopped(stopped);
      },
    };
    counters.add("sandbox.view-opened");
    // Views have no spare: only headers keep a <link> of theirs from reaching DNS and TCP.
    const document = { url: `${baseUrl}view.html`, spare: () => null };
    const view = new SandboxedViewFrame(
      { view: document, guard: this.#peerletDocument },
      pageTheme(),
      request,
      counted,
      {
        died: () => this.#watch.died(view),
        hung: (stopped) => this.#watch.hung(view, stopped),
        stuck: () => this.#watch.stuck(),
        over: () => {
          this.#watch.remove(view);
          this.#views.delete(view);
          if (this.#views.size === 0) this.#stopListening();
        },
      },
    );
    this.#watch.add(view);
    this.#views.add(view);
    if (this.#views.size === 1) this.#listen();
    return view;
  }

  /** As long as a view is open: to the theme, and to what views send to our window. */
  #listen(): void {
    const stray = (event: MessageEvent) => {
      // Its data is never looked at: that alone would cost what reviving it costs.
      for (const view of this.#views) if (view.window === event.source) view.strayMessage();
    };
    const unlisten = onPageTheme((theme) => {
      for (const view of this.#views) view.setTheme(theme);
    });
    addEventListener("message", stray);
    this.#stopListening = () => {
      removeEventListener("message", stray);
      unlisten();
    };
  }
}
