/**
 * The peerlet manager: owns the peerlets of this node. Messages for
 * applications that the page did not register itself arrive here; what is
 * missing is fetched, verified and started, if the policy has nothing against
 * it, and what waits is handed over.
 *
 * It decides who runs; `peerlet.ts` runs one, `code-store.ts` gets the code.
 */
import type { Counters } from "../base/counters.ts";
import type { Plain } from "../base/plain.ts";
import type { Env } from "../env/env.ts";
import type { OpenStorage } from "../env/storage.ts";
import type { Id } from "../id/id.ts";
import type { Identity, Verify } from "../id/identity.ts";
import { type UnknownApplications, readDecision } from "../kbr/dispatcher.ts";
import type { AppType, ForwardDecision } from "../kbr/kbr.ts";
import type { Forwarded, KeyBasedRouting, Verdict } from "../kbr/routing.ts";
import { CODE_APP_ID, type Routed, isReservedAppId } from "../wire/routed.ts";
import { CodeStore, type FetchCode, type Obtained } from "./code-store.ts";
import { type Arrival, type Entry, entryOf, isBusy } from "./entry.ts";
import { HostCalls } from "./host-calls.ts";
import { readLocator, writeLocator } from "./locator.ts";
import { type Manifest, compareVersions } from "./manifest.ts";
import { type Package, Packages } from "./packages.ts";
import type { PeerEvents } from "./peer.ts";
import { PeerletData } from "./peerlet-data.ts";
import { Peerlet, type PeerletPorts } from "./peerlet.ts";
import { NodePolicy, deniesAll, grantFor, originOf, ruleFor } from "./policy.ts";
import { Records } from "./records.ts";
import { RemoteCalls } from "./remote.ts";
import type { Result, Sandbox, Stopped } from "./sandbox.ts";

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

/** Applications known here, the refused ones included. Beyond that those are forgotten first. A guess. */
const MOST_ENTRIES = 512;
/** A peerlet that breaks the rules so often is not started again. A guess. */
const MOST_OFFENCES = 3;
/** Other versions that are remembered of one application. A guess. */
const MOST_HASHES = 64;
/** What could not be had, or did not start, is tried again after this, in ms. Guesses. */
const MISSING_MS = 5_000;
const FAILED_MS = 30_000;
/** Restarts after somebody else broke its process, and the time they count for, in ms. Guesses. */
const MOST_LOST = 3;
const LOST_MS = 60_000;
/** How long an upcall may take, in ms: below what a sender waits for its receipt by default (10 s). Guesses. */
const DELIVER_MS = 9_000;
const FORWARD_MS = 2_000;
/** A per-hop message waits so long for code that is on its way, then goes on without, in ms. A guess. */
const ARRIVAL_MS = 6_000;
/** Nothing called it and it called nothing for so long: it is made idle, in ms. A guess. */
const IDLE_MS = 600_000;
const SWEEP_MS = 60_000;
/** Between two announcements of a package to those responsible for its hash, in ms. A guess. */
const ANNOUNCE_MS = 600_000;
/** The neighbourhood changes in bursts: told after this, in ms. A guess. */
const SETTLE_MS = 3_000;
/** Seconds of its rate that may come at once. A guess. */
const BURST_S = 2;

export class PeerletManager implements UnknownApplications {
  readonly #ports: ManagerPorts;
  readonly #records: Records;
  readonly #hostCalls: HostCalls;
  readonly #entries = new Map<string, Entry>();
  readonly #data = new Map<string, PeerletData>();
  readonly policy: NodePolicy;
  readonly packages: Packages;
  readonly codeStore: CodeStore;
  readonly remote: RemoteCalls;
  /** Views of a peerlet; see `views.ts`. */
  readonly emitters = new Map<string, Set<(event: string, detail: Plain) => void>>();
  readonly loaded: Promise<void>;
  #isLoaded = false;
  #closed = false;
  #cancelSweep: () => void = () => {};
  #cancelSettle: (() => void) | null = null;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
    const { env, openStorage, verify } = ports;
    this.#records = new Records(openStorage("peerlets"));
    this.policy = new NodePolicy(ports.codeServers, () => this.#policyChanged());
    this.packages = new Packages(
      env.clock,
      openStorage("packages"),
      verify,
      () => this.policy.budgets.packageBytes,
    );
    this.codeStore = new CodeStore(
      {
        ...ports,
        kbr: () => ports.kbr(),
        isWelcome: (manifest) => this.#refusalOf(manifest, null) === null,
      },
      this.packages,
    );
    this.remote = new RemoteCalls({ ...ports, kbr: () => ports.kbr() });
    this.#hostCalls = new HostCalls({
      kbr: () => ports.kbr(),
      remote: this.remote,
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
    this.loaded = this.#load();
    this.#sweepLater();
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
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
    return manifest === null ? 0 : this.#records.offencesOf(manifest.code.sha256);
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
    const goOn = () => resume({ kind: "go-on" });
    if (isReservedAppId(message.appId)) return goOn();
    const entry = this.#arrive(message, from, nextHop);
    // What the manifest says counts, not what a message claims.
    if (!entry || entry.peerlet.package?.manifest.appType === "end-node") return goOn();
    if (!this.#mayCome(entry)) return goOn();
    const { peerlet } = entry;
    if (peerlet.isRunning && !peerlet.offered.upcalls.includes("forward")) return goOn();
    const waitMs = peerlet.isRunning ? FORWARD_MS : ARRIVAL_MS;
    let resumed = false;
    const once = (forwarded: Forwarded) => {
      if (resumed) return;
      resumed = true;
      cancel();
      resume(forwarded);
    };
    const cancel = this.#ports.env.clock.after(waitMs, () => once({ kind: "go-on" }));
    const { length } = message.bytes;
    peerlet.call("forward", [shown(message), { id: nextHop }], length, waitMs, (result) =>
      once(this.#forwardedOf(result)),
    );
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
    if (message.kind === "call") return this.#takeCall(message, done);
    const entry = this.#arrive(message, from, null);
    if (!entry) return done({ kind: "refused", why: "too many applications here", isOfNode: true });
    if (!this.#mayCome(entry)) return done({ kind: "refused", why: BUSY, isOfNode: true });
    const { peerlet } = entry;
    if (message.kind === "lookup") {
      return peerlet.ready(DELIVER_MS, (result) => {
        if (result.kind === "error") return done(verdictOf(result));
        done({ kind: "delivered", body: this.remote.lookupAnswer(peerlet.offered.remote) });
      });
    }
    if (peerlet.isRunning && !peerlet.offered.upcalls.includes("deliver")) {
      return done({ kind: "delivered" });
    }
    peerlet.call("deliver", [shown(message)], message.bytes.length, DELIVER_MS, (result) => {
      // Started for this message, it turned out to take it without a word.
      const isSilent = peerlet.isRunning && !peerlet.offered.upcalls.includes("deliver");
      done(isSilent ? { kind: "delivered" } : verdictOf(result));
    });
  }

  /** A node came into or left the neighbour set. */
  update(node: Id, joined: boolean): void {
    for (const { peerlet } of this.#entries.values()) {
      if (!peerlet.isRunning || !peerlet.offered.upcalls.includes("update")) continue;
      peerlet.call("update", [{ id: node }, joined], 0, FORWARD_MS, () => {});
    }
    this.#cancelSettle ??= this.#ports.env.clock.after(SETTLE_MS, () => {
      this.#cancelSettle = null;
      this.codeStore.neighbourhoodChanged();
    });
  }

  #takeCall(message: Routed, done: (verdict: Verdict) => void): void {
    const entry = this.#entries.get(message.appId);
    if (!entry) return done({ kind: "refused", why: "this application is not installed here" });
    if (!this.#mayCome(entry)) return done({ kind: "refused", why: BUSY });
    this.remote.take(
      message,
      ({ caller, method, args, timeoutMs }, answer) => {
        const { peerlet } = entry;
        if (peerlet.isRunning && !peerlet.offered.remote.includes(method)) {
          return answer(noSuchMethod(method));
        }
        const most = Math.min(timeoutMs, 60_000);
        peerlet.call("remote", [caller, method, args], message.bytes.length, most, answer);
      },
      done,
    );
  }

  /** Bounds what comes from outside: a flood is its senders' fault, not the peerlet's. */
  #mayCome(entry: Entry): boolean {
    const perSecond =
      entry.peerlet.grant?.messagesPerSecond ?? this.policy.budgets.messagesPerSecond;
    const isAllowed = entry.inbound.allows(this.#ports.env.clock.now(), 1 / (perSecond * BURST_S));
    if (!isAllowed) this.#ports.counters.add("peerlets.flooded");
    return isAllowed;
  }

  #forwardedOf(result: Result): Forwarded {
    if (result.kind === "value") {
      try {
        return readDecision(result.value as ForwardDecision | undefined, null);
      } catch {
        // What it answered makes no sense: as if it had thrown.
      }
    }
    // Where the application is refused it degrades, and the message does not stop.
    if (result.kind === "value" || result.code !== "refused") {
      this.#ports.counters.add("upcalls.failed");
    }
    return { kind: "go-on" };
  }

  // --- Arrival

  /** The application of a message, on its way here if it was not known. Null when there is no room. `nextHop` is null at the root. */
  #arrive(message: Routed, from: Id | null, nextHop: Id | null): Entry | null {
    const { appId } = message;
    const known = this.#entries.get(appId);
    const current = known?.peerlet.package?.hash;
    // The hot path: it is here, and the message is of the same version.
    if (known?.peerlet.isRunning && current !== undefined && message.locator.endsWith(current)) {
      return known;
    }
    const entry = known ?? this.#newEntry(appId, "message");
    if (!entry) return null;
    const locator = readLocator(message.locator);
    const arrival = {
      hash: locator?.hash ?? null,
      url: locator?.url ?? null,
      nodes: [from, message.source].filter((id) => id !== null),
      onItsWay: nextHop !== null,
    };
    if (!known || this.#mayTryAgain(entry)) this.#tryAgain(entry, arrival);
    const isOther = arrival.hash !== null && current !== undefined && arrival.hash !== current;
    if (isOther) this.#considerUpgrade(entry, arrival, arrival.hash!);
    return entry;
  }

  /** What is here needs no fetching, and what a message says of other versions does not matter to it. */
  #tryAgain(entry: Entry, arrival: Arrival): void {
    const { package: installed } = entry.peerlet;
    if (!installed) return this.#admit(entry, arrival);
    const why = this.#refusalOf(installed.manifest, entry);
    if (why !== null) this.#refuse(entry, why);
    else entry.peerlet.restart("trying again");
  }

  #newEntry(appId: string, installedBy: Entry["installedBy"]): Entry | null {
    if (this.#entries.size >= MOST_ENTRIES) {
      const old = [...this.#entries.values()].find(isForgettable);
      if (!old) return null;
      this.#entries.delete(old.peerlet.appId);
    }
    const entry = entryOf(new Peerlet(appId, this.#peerletPorts()), installedBy, this.#ports.env);
    this.#entries.set(appId, entry);
    return entry;
  }

  #mayTryAgain(entry: Entry): boolean {
    const { state } = entry.peerlet;
    if (entry.obtaining || state !== "refused") return false;
    return this.#ports.env.clock.now() >= entry.retryAtMs;
  }

  /** Gets an application that is not here; what comes meanwhile waits. */
  #admit(entry: Entry, arrival: Arrival): void {
    const { peerlet } = entry;
    entry.arrival = arrival;
    // It was refused and allowed again while its code was on its way: that goes on.
    if (entry.obtaining) return peerlet.fetching("fetching its code");
    // Without a look at its manifest, for which somebody would have to be asked.
    const { state } = this.policy;
    if (state.rules[peerlet.appId] === "deny") return this.#refuse(entry, DENIED_APPLICATION);
    if (deniesAll(state)) return this.#refuse(entry, DENIED_ALL);
    peerlet.fetching("fetching its code");
    entry.obtaining = true;
    const wanted = { ...arrival, appId: peerlet.appId, url: this.#allowedUrl(arrival.url) };
    const consent = (manifest: Manifest) => {
      entry.manifest = manifest;
      if (arrival.onItsWay && manifest.appType !== "per-hop") return ONLY_AT_ROOTS;
      return this.#refusalOf(manifest, entry);
    };
    this.codeStore
      .obtain(wanted, consent)
      .catch((error: unknown): Obtained => ({ kind: "missing", why: String(error) }))
      .then((obtained) => {
        entry.obtaining = false;
        // Uninstalled, refused, or installed by hand meanwhile: then it is not waited for any more.
        if (!this.#isHere(entry) || peerlet.package || peerlet.state !== "installing") return;
        this.#admitted(entry, obtained);
      })
      .catch((error: unknown) => this.#fault(error));
  }

  #isHere(entry: Entry): boolean {
    return !this.#closed && this.#entries.get(entry.peerlet.appId) === entry;
  }

  #admitted(entry: Entry, obtained: Obtained): void {
    switch (obtained.kind) {
      case "unwanted":
        return this.#refuse(entry, obtained.why, obtained.why === ONLY_AT_ROOTS ? 1 : 0);
      case "missing":
        this.#ports.counters.add("peerlets.missing");
        return this.#refuse(entry, `its code could not be had: ${obtained.why}`, MISSING_MS);
      case "package": {
        // The policy may have changed while it was on its way.
        const why = this.#refusalOf(obtained.package.manifest, entry);
        if (why !== null) return this.#refuse(entry, why);
        return this.#take(entry, obtained.package);
      }
    }
  }

  /** A verified, welcome package becomes the one that runs. */
  #take(entry: Entry, taken: Package): void {
    const { peerlet } = entry;
    const before = peerlet.package;
    this.packages.keep(taken, true);
    if (before && before.hash !== taken.hash) this.packages.disown(before.hash);
    entry.manifest = taken.manifest;
    // At once: what is asked meanwhile is judged by the newest, and only that one starts.
    peerlet.package = taken;
    // Of a person's own installation the address is theirs, whatever messages say.
    if (entry.installedBy === "message") entry.url = entry.arrival.url ?? entry.url;
    this.#ports.counters.add(before ? "peerlets.upgraded" : "peerlets.installed");
    peerlet.restart(before ? `upgrading to ${taken.manifest.version}` : "starting");
    this.codeStore.announce(taken.hash);
    entry.announcedAtMs = this.#ports.env.clock.now();
  }

  /** A message of another version: a higher one replaces this one, from whoever has it. */
  #considerUpgrade(entry: Entry, arrival: Arrival, hash: string): void {
    const { clock } = this.#ports.env;
    if (entry.obtaining || clock.now() < (entry.knownHashes.get(hash) ?? 0)) return;
    if (entry.peerlet.state === "quarantined" || entry.peerlet.state === "refused") return;
    if (entry.knownHashes.size >= MOST_HASHES) entry.knownHashes.clear();
    entry.knownHashes.set(hash, Number.POSITIVE_INFINITY);
    entry.obtaining = true;
    const { appId } = entry.peerlet;
    const consent = (manifest: Manifest) => this.#refusalOf(manifest, entry);
    this.codeStore
      .obtain({ ...arrival, appId, url: this.#allowedUrl(arrival.url) }, consent)
      .catch((error: unknown): Obtained => ({ kind: "missing", why: String(error) }))
      .then((obtained) => {
        entry.obtaining = false;
        if (!this.#isHere(entry)) return;
        // It may be had later; an older version never is.
        if (obtained.kind === "missing") entry.knownHashes.set(hash, clock.now() + MISSING_MS);
        const isRefused =
          entry.peerlet.state === "refused" || entry.peerlet.state === "quarantined";
        if (obtained.kind !== "package" || isRefused) return;
        // The policy may have changed while it was on its way, or a higher version have come by hand.
        if (this.#refusalOf(obtained.package.manifest, entry) !== null) return;
        entry.arrival = arrival;
        this.#take(entry, obtained.package);
      })
      .catch((error: unknown) => this.#fault(error));
  }

  /**
   * Installs a verified package by hand, which is consent. Answers why not, or null when it is
   * under way: then the entry's state tells how it goes.
   */
  install(taken: Package, url: string | null): string | null {
    if (this.#closed) return "this node left";
    const { manifest } = taken;
    const known = this.#entries.get(manifest.appId);
    const entry = known ?? this.#newEntry(manifest.appId, "hand");
    if (!entry) return "too many applications are here already: uninstall one";
    const installedBefore = entry.installedBy;
    entry.installedBy = "hand";
    const why = this.#refusalOf(manifest, entry, true);
    if (why !== null) {
      entry.installedBy = installedBefore;
      if (!known) this.#entries.delete(manifest.appId);
      return why;
    }
    this.#records.pardon(manifest.code.sha256);
    entry.arrival = { hash: taken.hash, url, nodes: [], onItsWay: false };
    entry.url = url;
    if (entry.peerlet.package?.hash === taken.hash && isBusy(entry))
      this.packages.keep(taken, true);
    else this.#take(entry, taken);
    return null;
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
      if (!this.#entries.has(appId)) this.#data.delete(appId);
    }
    this.#ports.emit("peerlet", { appId, state: "uninstalled", why: "" });
  }

  // --- Policy

  /** Why an application may not run here, or null. `byHand`: a person installs it now, and has seen the question. */
  #refusalOf(manifest: Manifest, entry: Entry | null, byHand = false): string | null {
    const { appId, publisher, version, code } = manifest;
    const running = entry?.peerlet.package;
    const comes = running ? compareVersions(version, running.manifest.version) : 1;
    if (comes < 0)
      return `version ${version} is older than ${running!.manifest.version}, which is here`;
    if (comes === 0 && running!.manifest.code.sha256 !== code.sha256) {
      return `version ${version} is here already, with other code: a change needs a higher version`;
    }
    if (!byHand && this.#records.offencesOf(code.sha256) >= MOST_OFFENCES) return QUARANTINED;
    switch (ruleFor(this.policy.state, appId, publisher)) {
      case "trust":
      case "allow":
        return null;
      case "deny":
        if (this.policy.state.rules[appId]) return DENIED_APPLICATION;
        return this.policy.state.rules[publisher] ? DENIED_PUBLISHER : DENIED_ALL;
      case "ask":
        return entry?.installedBy === "hand" ? null : ASKING;
    }
  }

  #askOnce(entry: Entry): void {
    const { asked, manifest } = entry;
    if (asked || !manifest) return;
    entry.asked = true;
    const { appId, name, description, version, publisher, wants } = manifest;
    const source = entry.arrival.nodes.at(-1) ?? "";
    this.#ports.emit("ask", { appId, name, description, version, publisher, wants, source });
  }

  #refuse(entry: Entry, why: string, retryInMs = 0): void {
    this.#ports.counters.add("peerlets.refused");
    entry.retryAtMs =
      retryInMs === 0 ? Number.POSITIVE_INFINITY : this.#ports.env.clock.now() + retryInMs;
    entry.peerlet.stop(why === QUARANTINED ? "quarantined" : "refused", why);
    // Last: who is asked may answer at once.
    if (why === ASKING) this.#askOnce(entry);
  }

  /** Only origins that the policy allows; a stranger's message alone makes no node contact a server. */
  #allowedUrl(url: string | null): string | null {
    const origin = url === null ? null : originOf(url);
    return origin !== null && this.policy.codeServers.includes(origin) ? url : null;
  }

  /** Where the parts of an application may be fetched from: an address a person gave, or an allowed one. */
  urlOf({ installedBy, url }: Entry): string | null {
    return installedBy === "hand" ? url : this.#allowedUrl(url);
  }

  #policyChanged(): void {
    // What was kept has to be read first: see `#load`.
    if (this.#isLoaded) this.#keepPolicy();
    for (const entry of this.entries) this.#judgeAgain(entry);
    this.packages.makeRoom();
    this.#evict(this.policy.budgets.running);
    this.#ports.emit("policy", this.policy);
  }

  #keepPolicy(): void {
    void this.#ports.openStorage("node").set("policy", this.policy.state);
  }

  #judgeAgain(entry: Entry): void {
    const { peerlet } = entry;
    if (peerlet.state === "quarantined") return;
    const { appId } = peerlet;
    // Of what is here, not of what was looked at last.
    const manifest = peerlet.package?.manifest ?? entry.manifest;
    const isDenied = this.policy.state.rules[appId] === "deny";
    const why = manifest ? this.#refusalOf(manifest, entry) : isDenied ? DENIED_APPLICATION : null;
    if (why !== null) {
      if (peerlet.state !== "refused" || peerlet.why !== why) this.#refuse(entry, why);
      return;
    }
    if (peerlet.state === "refused") {
      entry.asked = false;
      if (peerlet.package) return peerlet.restart("allowed");
      // What could not be had waits for its next message: else each change would ask for everything at once.
      if (entry.retryAtMs === Number.POSITIVE_INFINITY) this.#admit(entry, entry.arrival);
      return;
    }
    if (!peerlet.hasSandbox || !manifest) return;
    const grant = this.#grantOf(entry, manifest);
    const isSame = JSON.stringify(grant) === JSON.stringify(peerlet.grant);
    if (!isSame) peerlet.restart("its grant changed");
  }

  #grantOf(entry: Entry, manifest: Manifest) {
    const rule = ruleFor(this.policy.state, entry.peerlet.appId, manifest.publisher);
    return grantFor(this.policy.state, manifest.wants, rule);
  }

  // --- Life

  #peerletPorts(): PeerletPorts {
    const { env, sandbox, identity } = this.#ports;
    return {
      clock: env.clock,
      sandbox,
      self: identity.id,
      grant: (peerlet) =>
        this.#grantOf(this.#entries.get(peerlet.appId)!, peerlet.package!.manifest),
      refusesToStart: (peerlet) => this.#makeRoom(peerlet),
      hostCall: (peerlet, method, args, done) => {
        peerlet.usedAtMs = env.clock.now();
        this.#hostCalls.call(peerlet, method, args, done);
      },
      changed: (peerlet) => this.#changed(peerlet),
      runs: (peerlet) => {
        peerlet.stateVersion = peerlet.package!.manifest.version;
        // So that its usage can be told.
        void this.dataOf(peerlet.appId).load();
        this.#remember(peerlet);
      },
      ended: (peerlet, stopped) => this.#ended(peerlet, stopped),
    };
  }

  #changed(peerlet: Peerlet): void {
    const { appId, state, why } = peerlet;
    if (this.#entries.get(appId)?.peerlet !== peerlet) return;
    this.#remember(peerlet);
    this.#ports.emit("peerlet", { appId, state, why });
  }

  #remember(peerlet: Peerlet): void {
    const entry = this.#entries.get(peerlet.appId);
    if (!entry || !peerlet.package || this.#closed) return;
    this.#records.save(peerlet.appId, {
      hash: peerlet.package.hash,
      url: entry.url,
      installedBy: entry.installedBy,
      wasRunning: isBusy(entry),
      stateVersion: peerlet.stateVersion,
    });
  }

  /** A sandbox ended by itself: what follows depends on whose fault it was. */
  #ended(peerlet: Peerlet, stopped: Stopped): void {
    const entry = this.#entries.get(peerlet.appId);
    const { kind, why } = stopped;
    this.#ports.counters.add(`peerlets.stopped-${kind}`);
    if (!entry || !peerlet.package) return;
    if (stopped.isOffence) {
      const count = this.#records.offend(peerlet.package.manifest.code.sha256);
      if (count >= MOST_OFFENCES)
        return peerlet.stop("quarantined", `${QUARANTINED}; the last: ${why}`);
      return peerlet.stop("idle", `stopped: ${why}`);
    }
    const now = this.#ports.env.clock.now();
    switch (kind) {
      case "lost":
        entry.lostAtMs = [...entry.lostAtMs.filter((atMs) => now - atMs < LOST_MS), now];
        if (entry.lostAtMs.length <= MOST_LOST) return peerlet.restart(`started again: ${why}`);
        return peerlet.stop("idle", why);
      case "failed":
        return this.#refuse(entry, `it could not run: ${why}`, FAILED_MS);
      default:
        return peerlet.stop("idle", why);
    }
  }

  /** Null when there is room for one more, else why it may not start. */
  #makeRoom(coming: Peerlet): string | null {
    if (this.#closed) return "this node left";
    if (this.#entries.get(coming.appId)?.peerlet !== coming) return "it was uninstalled";
    const most = this.policy.budgets.running;
    return this.#evict(most - 1) < most ? null : `${most} peerlets are in use here already`;
  }

  /** Makes the longest unused idle until only so many are left, if that can be. How many there are then. */
  #evict(most: number): number {
    const running = [...this.#entries.values()].filter(({ peerlet }) => peerlet.hasSandbox);
    const evictable = running
      .filter(({ peerlet }) => peerlet.isRunning && !this.#isWatched(peerlet))
      .toSorted((a, b) => a.peerlet.usedAtMs - b.peerlet.usedAtMs)
      .slice(0, Math.max(0, running.length - most));
    for (const { peerlet } of evictable) {
      this.#ports.counters.add("peerlets.evicted");
      peerlet.stop("idle", "evicted: others were used more lately");
    }
    return running.length - evictable.length;
  }

  /** A view of it is open. */
  #isWatched({ appId }: Peerlet): boolean {
    return (this.emitters.get(appId)?.size ?? 0) > 0;
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#ports.env.clock.after(SWEEP_MS, () => {
      const now = this.#ports.env.clock.now();
      for (const entry of this.#entries.values()) {
        const { peerlet } = entry;
        if (!peerlet.isRunning) continue;
        if (now - peerlet.usedAtMs > IDLE_MS && !this.#isWatched(peerlet)) {
          peerlet.stop("idle", "nobody used it");
        } else if (now - entry.announcedAtMs > ANNOUNCE_MS) {
          entry.announcedAtMs = now;
          this.codeStore.announce(peerlet.package!.hash);
        }
      }
      this.#sweepLater();
    });
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
    for (const [appId, record] of records) {
      const installed = this.packages.get(record.hash);
      if (!installed || installed.manifest.appId !== appId) continue;
      const entry = this.#newEntry(appId, record.installedBy);
      if (!entry) break;
      entry.url = record.url;
      entry.manifest = installed.manifest;
      entry.peerlet.package = installed;
      entry.peerlet.stateVersion = record.stateVersion;
      const why = this.#refusalOf(installed.manifest, entry);
      if (why !== null) this.#refuse(entry, why);
      else {
        entry.peerlet.stop("idle", "");
        if (record.wasRunning) entry.peerlet.restart("starting");
      }
    }
  }

  /** Stops all peerlets; each gets its moment to put things away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSweep();
    this.#cancelSettle?.();
    for (const { peerlet } of this.#entries.values()) peerlet.stop("idle", "this node left");
  }

  #fault(error: unknown): void {
    this.#ports.counters.add("peerlets.faults");
    this.#ports.env.log.debug("the peerlet manager failed", { error: String(error) });
  }
}

/** Nobody put it here, and there is nothing of it here: strangers' messages must not fill the list for ever. */
function isForgettable({ peerlet, installedBy }: Entry): boolean {
  const isRefused = peerlet.state === "refused" || peerlet.state === "quarantined";
  return isRefused && peerlet.package === null && installedBy === "message";
}

const ONLY_AT_ROOTS = "it runs at the roots of keys only, and its message claimed otherwise";
const BUSY = "more messages than this application may get here";
const QUARANTINED = `quarantined: its code broke the rules ${MOST_OFFENCES} times on this node`;
const DENIED_APPLICATION = "denied: this node's policy does not allow this application";
const DENIED_PUBLISHER = "denied: this node's policy does not allow its publisher";
const DENIED_ALL = "denied: this node's policy allows no application without a rule of its own";
const ASKING = "the person at this node has not allowed it yet";

function shown(message: Routed): Plain {
  return {
    key: message.key,
    // A copy: the frame it came in is shared with other messages.
    data: message.data.slice(),
    source: message.source,
    hops: message.hopsMade,
  };
}

function verdictOf(result: Result): Verdict {
  if (result.kind === "value") return { kind: "delivered" };
  switch (result.code) {
    case "refused":
    case "too-many-calls":
      return { kind: "refused", why: result.why, isOfNode: true };
    default:
      return { kind: "refused", why: `the application failed on it: ${result.why}` };
  }
}

function noSuchMethod(method: string): Result {
  return { kind: "error", code: "no-such-method", why: `it has no method called ${method}` };
}
