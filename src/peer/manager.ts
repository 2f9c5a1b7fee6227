/**
 * The peerlet manager: owns the peerlets of this node, from the start of a
 * visit to its end. It puts the parts together, and is what is seen of them
 * from outside: by the layer below, which brings messages, and by the page.
 *
 * It decides nothing. How an application comes here is in `arrivals.ts`, why it
 * may not run in `admission.ts`, how messages reach it in `peerlet-upcalls.ts`,
 * which of them keep a sandbox in `working-set.ts`, what follows when one ends
 * in `peerlet-host.ts`.
 */
import type { Counters } from "../base/counters.ts";
import type { Plain } from "../base/plain.ts";
import type { Env } from "../env/env.ts";
import type { OpenStorage } from "../env/storage.ts";
import type { Id } from "../id/id.ts";
import type { Identity, Verify } from "../id/identity.ts";
import type { UnknownApplications } from "../kbr/dispatcher.ts";
import type { AppType } from "../kbr/kbr.ts";
import type { Forwarded, KeyBasedRouting, Verdict } from "../kbr/routing.ts";
import { CODE_APP_ID, type Routed, isReservedAppId } from "../wire/routed.ts";
import { Admission } from "./admission.ts";
import { Arrivals } from "./arrivals.ts";
import { CodeFinder } from "./code-finder.ts";
import type { FetchCode } from "./code-sources.ts";
import { CodeStore } from "./code-store.ts";
import { Entries } from "./entries.ts";
import type { Entry } from "./entry.ts";
import { HostCalls } from "./host-calls.ts";
import { writeLocator } from "./locator.ts";
import type { Manifest } from "./manifest.ts";
import { type Package, Packages } from "./packages.ts";
import type { PeerEvents } from "./peer.ts";
import { PeerletData } from "./peerlet-data.ts";
import { PeerletHost } from "./peerlet-host.ts";
import { PeerletUpcalls } from "./peerlet-upcalls.ts";
import { Peerlet } from "./peerlet.ts";
import { NodePolicy } from "./policy.ts";
import { Records } from "./records.ts";
import { RemoteCallee } from "./remote-callee.ts";
import { RemoteCaller } from "./remote-caller.ts";
import type { Sandbox } from "./sandbox.ts";
import { Services } from "./services.ts";
import { WorkingSet } from "./working-set.ts";

export interface ManagerPorts {
  readonly env: Env;
  readonly counters: Counters;
  readonly identity: Identity;
  readonly verify: Verify;
  readonly sandbox: Sandbox;
  readonly openStorage: OpenStorage;
  readonly fetchCode: FetchCode;
  /** Origins of code servers that are allowed from the start. */
  readonly codeServers: readonly string[];
  kbr(): KeyBasedRouting;
  emit<E extends "peerlet" | "ask" | "policy">(event: E, detail: PeerEvents[E]): void;
}

/** The neighbourhood changes in bursts: told after this, in ms. A guess. */
const SETTLE_MS = 3_000;

export class PeerletManager implements UnknownApplications {
  readonly #ports: ManagerPorts;
  readonly #records: Records;
  readonly #entries: Entries;
  readonly #admission: Admission;
  readonly #arrivals: Arrivals;
  readonly #upcalls: PeerletUpcalls;
  readonly #workingSet: WorkingSet;
  readonly #host: PeerletHost;
  readonly #data = new Map<string, PeerletData>();
  readonly policy: NodePolicy;
  readonly packages: Packages;
  readonly codeFinder: CodeFinder;
  readonly codeStore: CodeStore;
  /** Calls from this node to others; those from others to this node are `remoteCallee`'s. */
  readonly remote: RemoteCaller;
  readonly remoteCallee: RemoteCallee;
  /** Views of a peerlet; see `views.ts`. */
  readonly emitters = new Map<string, Set<(event: string, detail: Plain) => void>>();
  readonly loaded: Promise<void>;
  #isLoaded = false;
  #closed = false;
  #cancelSettle: (() => void) | null = null;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
    const { env, counters, openStorage, verify, fetchCode } = ports;
    const kbr = () => ports.kbr();
    this.#records = new Records(openStorage("peerlets"));
    this.policy = new NodePolicy(ports.codeServers, () => this.#policyChanged());
    const { policy } = this;
    const mostBytes = () => policy.budgets.packageBytes;
    this.packages = new Packages(env.clock, openStorage("packages"), verify, mostBytes);
    this.#entries = new Entries(env, (appId) => new Peerlet(appId, this.#host));
    const node = {
      env,
      clock: env.clock,
      counters,
      kbr,
      policy,
      records: this.#records,
      packages: this.packages,
      entries: this.#entries,
    };
    const admission = new Admission({ ...node, ask: (question) => ports.emit("ask", question) });
    this.#admission = admission;
    const codeFinder = new CodeFinder({ ...node, verify, fetchCode });
    const isWelcome = (manifest: Manifest) => admission.refusalOf(manifest, null) === null;
    const codeStore = new CodeStore({ ...node, codeFinder, isWelcome });
    this.codeFinder = codeFinder;
    this.codeStore = codeStore;
    this.remoteCallee = new RemoteCallee(env.random, ports.identity.id, verify);
    this.remote = new RemoteCaller(env, ports.identity, kbr);
    const arrivals = new Arrivals({ ...node, admission, codeFinder, codeStore });
    this.#arrivals = arrivals;
    this.#upcalls = new PeerletUpcalls({ ...node, arrivals, remoteCallee: this.remoteCallee });
    this.#workingSet = new WorkingSet({
      ...node,
      isWatched: ({ appId }) => (this.emitters.get(appId)?.size ?? 0) > 0,
      stays: (entry) => arrivals.announceAgain(entry),
    });
    this.#host = new PeerletHost({
      ...node,
      admission,
      workingSet: this.#workingSet,
      hostCalls: this.#makeHostCalls(),
      sandbox: ports.sandbox,
      self: ports.identity.id,
      dataOf: (appId) => this.dataOf(appId),
      tell: (change) => ports.emit("peerlet", change),
    });
    this.loaded = this.#load();
    this.#workingSet.start();
  }

  #makeHostCalls(): HostCalls {
    const { env } = this.#ports;
    return new HostCalls({
      kbr: () => this.#ports.kbr(),
      remote: this.remote,
      services: new Services({ entries: this.#entries, arrivals: this.#arrivals }),
      dataOf: (peerlet) => this.dataOf(peerlet.appId),
      locatorOf: (peerlet) => this.locatorOf(peerlet.appId),
      emit: (peerlet, event, detail) => {
        for (const emit of this.emitters.get(peerlet.appId) ?? []) emit(event, detail);
      },
      log: ({ appId, package: running }, what, detail) => {
        const name = running?.manifest.name ?? "";
        const more = detail === undefined ? "" : (JSON.stringify(detail)?.slice(0, 1_000) ?? "");
        env.log.debug("a peerlet says", { appId, name, what, detail: more });
      },
    });
  }

  get entries(): readonly Entry[] {
    return [...this.#entries];
  }

  get(appId: string): Entry | undefined {
    return this.#entries.get(appId);
  }

  /** What messages of this application say about its code; "" when it is not here. */
  locatorOf(appId: string): string {
    const entry = this.#entries.get(appId);
    const installed = entry?.peerlet.package;
    return installed ? writeLocator(entry.url, installed.hash) : "";
  }

  /** As whose messages go out; null when the application is not installed here. */
  installed(appId: string): { readonly type: AppType; readonly locator: string } | null {
    const manifest = this.#entries.get(appId)?.peerlet.package?.manifest;
    return manifest ? { type: manifest.appType, locator: this.locatorOf(appId) } : null;
  }

  dataOf(appId: string): PeerletData {
    const known = this.#data.get(appId);
    if (known) return known;
    const quota = () => this.#entries.get(appId)?.peerlet.grant?.storageBytes ?? 0;
    const data = new PeerletData(this.#ports.openStorage(`data-${appId}`), quota);
    this.#data.set(appId, data);
    return data;
  }

  /** What it stores here, as far as that was looked at. */
  storedBytesOf(appId: string): number {
    return this.#data.get(appId)?.usedBytes ?? 0;
  }

  /** How often the code of an application broke the rules. */
  offencesOf({ manifest }: Entry): number {
    return manifest === null ? 0 : this.#admission.offencesOf(manifest);
  }

  /** Where the parts of an application may be fetched from: an address a person gave, or an allowed one. */
  urlOf({ installedBy, url }: Entry): string | null {
    return installedBy === "hand" ? url : this.#admission.allowedUrl(url);
  }

  // --- Messages

  forward(
    message: Routed,
    from: Id | null,
    nextHop: Id,
    resume: (forwarded: Forwarded) => void,
  ): void {
    if (!this.#isLoaded) {
      void this.loaded.then(() => this.forward(message, from, nextHop, resume));
      return;
    }
    if (isReservedAppId(message.appId)) return resume({ kind: "go-on" });
    this.#upcalls.forward(message, from, nextHop, resume);
  }

  deliver(message: Routed, from: Id | null, done: (verdict: Verdict) => void): void {
    if (message.appId === CODE_APP_ID) return this.codeStore.serve(message, done);
    if (isReservedAppId(message.appId)) {
      return done({ kind: "refused", why: "an app id of the overlay's own" });
    }
    if (!this.#isLoaded) {
      void this.loaded.then(() => this.deliver(message, from, done));
      return;
    }
    this.#upcalls.deliver(message, from, done);
  }

  /** A node came into or left the neighbour set. */
  update(node: Id, joined: boolean): void {
    this.#upcalls.update(node, joined);
    this.#cancelSettle ??= this.#ports.env.clock.after(SETTLE_MS, () => {
      this.#cancelSettle = null;
      this.codeStore.neighbourhoodChanged();
    });
  }

  // --- By hand

  /**
   * Installs a verified package by hand, which is consent. Answers why not, or null when it is
   * under way: then the entry's state tells how it goes.
   */
  install(taken: Package, url: string | null): string | null {
    return this.#arrivals.install(taken, url);
  }

  /** A view of it broke the rules, and was closed. */
  viewEnded(peerlet: Peerlet, why: string): void {
    this.#host.viewEnded(peerlet, why);
  }

  /** `forget` erases what it stored. */
  async uninstall(appId: string, forget: boolean): Promise<void> {
    const entry = this.#entries.get(appId);
    if (!entry) return;
    const { peerlet } = entry;
    this.#entries.delete(appId);
    if (peerlet.package) this.packages.disown(peerlet.package.hash);
    this.#records.erase(appId);
    await new Promise<void>((resolve) => {
      peerlet.stop("idle", "uninstalled", resolve);
    });
    if (forget) {
      await this.dataOf(appId).erase();
      // A message may have brought it back meanwhile.
      if (!this.#entries.get(appId)) this.#data.delete(appId);
    }
    this.#ports.emit("peerlet", { appId, state: "uninstalled", why: "" });
  }

  #policyChanged(): void {
    // What was kept has to be read first: see `#load`.
    if (this.#isLoaded) this.#keepPolicy();
    for (const entry of this.entries) this.#arrivals.judgeAgain(entry);
    this.packages.makeRoom();
    this.#workingSet.shrink();
    this.#ports.emit("policy", this.policy);
  }

  // --- From one visit to the next

  #keepPolicy(): void {
    void this.#ports.openStorage("node").set("policy", this.policy.state);
  }

  async #load(): Promise<void> {
    const node = this.#ports.openStorage("node");
    const [policy, records] = await Promise.all([
      node.get("policy"),
      this.#records.load(),
      this.packages.load(),
    ]);
    // A change that came before that holds, and is kept.
    if (this.policy.restore(policy)) this.#keepPolicy();
    this.#isLoaded = true;
    this.packages.makeRoom();
    for (const [appId, record] of records) this.#arrivals.restore(appId, record);
  }

  /** Stops all peerlets; each gets its moment to put things away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#arrivals.close();
    this.#host.close();
    this.#workingSet.close();
    this.#cancelSettle?.();
    for (const { peerlet } of this.#entries) peerlet.stop("idle", "this node left");
  }
}
