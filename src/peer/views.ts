/**
 * The open views of this node's peerlets. A view can be opened only while its
 * peerlet runs here, and closes with it; its code is fetched when it is opened.
 */
import { ProstError } from "../base/errors.ts";
import { type Plain, rebuildPlain } from "../base/plain.ts";
import type { Entry } from "./entry.ts";
import type { PeerletManager } from "./manager.ts";
import type { View } from "./peer.ts";
import { PLAIN_DEPTH, PLAIN_NODES, type Result, type Sandbox } from "./sandbox.ts";

/** How long a call of a `local` method may take, in ms. A guess. */
const LOCAL_MS = 30_000;
/** Starting an idle peerlet, and waiting for its view's code, in ms. A guess. */
const OPEN_MS = 20_000;

export class Views {
  readonly #manager: PeerletManager;
  readonly #sandbox: Sandbox;
  readonly #open = new Map<string, Set<(why: string) => void>>();

  constructor(manager: PeerletManager, sandbox: Sandbox) {
    this.#manager = manager;
    this.#sandbox = sandbox;
  }

  async open(appId: string, element: object): Promise<View> {
    const entry = await this.running(appId);
    const { name, view } = entry.peerlet.package!.manifest;
    if (view === null) throw new ProstError("not-found", `${name} has no view`);
    const { hash } = entry.peerlet.package!;
    const url = this.#manager.urlOf(entry);
    const code = await this.#manager.codeFinder.obtainView(hash, entry.arrival.nodes, url);
    if (code === null) {
      throw new ProstError("not-found", `nobody who was asked has the view of ${name}`);
    }
    // Uninstalled and installed again meanwhile, it is another one.
    const now = await this.running(appId);
    if (now.peerlet.package?.hash !== hash || !now.peerlet.isRunning) {
      throw new ProstError("refused", `${name} was changed meanwhile: open its view again`);
    }
    now.viewHash = hash;
    const shown = this.#show(now, code, element);
    // So that who opened it finds its frame.
    await shown.isShown;
    return shown.view;
  }

  /** The peerlet changed its state; views of one that does not run any more close. */
  peerletChanged(appId: string, why: string): void {
    for (const close of [...(this.#open.get(appId) ?? [])]) close(why);
  }

  /** Calls a `local` method, for a view or for the page. */
  callLocal(
    appId: string,
    method: string,
    args: readonly Plain[],
    done: (result: Result) => void,
    maxBytes = this.#manager.policy.budgets.messageBytes,
  ): void {
    const peerlet = this.#manager.get(appId)?.peerlet;
    if (!peerlet) return done({ kind: "error", code: "gone", why: "it is not installed here" });
    if (peerlet.isRunning && !peerlet.offered.local.includes(method)) {
      const why = `it has no local method called ${method}`;
      return done({ kind: "error", code: "no-such-method", why });
    }
    const plain = rebuildPlain(args, { maxDepth: PLAIN_DEPTH, maxNodes: PLAIN_NODES, maxBytes });
    if (plain.kind === "refused") {
      return done({ kind: "error", code: "bad-parameter", why: plain.why });
    }
    peerlet.call("local", [method, plain.value], plain.bytes, LOCAL_MS, done);
  }

  /** The entry of an application once it runs, started if it is idle. */
  async running(appId: string): Promise<Entry> {
    await this.#manager.loaded;
    const entry = this.#manager.get(appId);
    if (!entry?.peerlet.package) {
      throw new ProstError("not-found", "this application is not installed on this node");
    }
    const result = await new Promise<Result>((resolve) => {
      entry.peerlet.ready(OPEN_MS, resolve);
    });
    if (result.kind === "error") {
      throw new ProstError("refused", `it does not run on this node: ${result.why}`);
    }
    return entry;
  }

  #show(
    entry: Entry,
    code: Uint8Array,
    element: object,
  ): { readonly view: View; readonly isShown: Promise<void> } {
    const { appId, grant, offered, package: running } = entry.peerlet;
    const { promise: closed, resolve } = withResolvers<string>();
    const { promise: isShown, resolve: shown } = withResolvers<void>();
    let isOpen = true;
    const gone = (why: string) => {
      if (!isOpen) return;
      isOpen = false;
      drop(this.#open, appId, end);
      drop(this.#manager.emitters, appId, emit);
      resolve(why);
      shown();
    };
    const sandboxed = this.#sandbox.openView(
      {
        appId,
        name: running!.manifest.name,
        code,
        grant: grant!,
        element,
        local: offered.local,
      },
      {
        shown,
        started: () => {},
        callLocal: (method, args, done) => this.callLocal(appId, method, args, done),
        stopped: ({ why, isOffence }) => {
          gone(why);
          if (isOffence) this.#manager.viewEnded(entry.peerlet, why);
        },
      },
    );
    const end = (why: string) => {
      gone(why);
      sandboxed.close();
    };
    const emit = (event: string, detail: Plain) => sandboxed.emit(event, detail);
    put(this.#open, appId, end);
    put(this.#manager.emitters, appId, emit);
    const view = {
      appId,
      get isOpen() {
        return isOpen;
      },
      close: () => end("closed"),
      closed,
    };
    return { view, isShown };
  }
}

function put<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

function drop<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
