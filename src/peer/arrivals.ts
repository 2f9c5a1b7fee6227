/**
 * Arrival: the ways in which an application comes to run on this node. With a
 * message, by hand, from an earlier visit, because the policy changed, and as a
 * higher version of one that is here.
 *
 * Why one may not is judged by `admission.ts`, where its code can be had is the
 * business of `code-finder.ts`; what waits meanwhile waits in `peerlet.ts`.
 * Whatever took time is judged again: the policy may have changed, or a person
 * have installed or uninstalled it.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Routed } from "../wire/routed.ts";
import type { Admission } from "./admission.ts";
import type { CodeFinder, Consent, Obtained } from "./code-finder.ts";
import type { CodeStore } from "./code-store.ts";
import type { Entries } from "./entries.ts";
import { type Arrival, type Entry, isBusy } from "./entry.ts";
import { readLocator } from "./locator.ts";
import type { Use } from "./manifest.ts";
import type { Package, Packages } from "./packages.ts";
import type { NodePolicy } from "./policy.ts";
import type { PeerletRecord } from "./records.ts";

export interface ArrivalPorts {
  readonly env: Env;
  readonly counters: Counters;
  readonly entries: Entries;
  readonly admission: Admission;
  readonly packages: Packages;
  readonly codeFinder: CodeFinder;
  readonly codeStore: CodeStore;
  readonly policy: NodePolicy;
}

/** Other versions that are remembered of one application. A guess. */
const MOST_HASHES = 64;
/** What could not be had is tried again after this, in ms. A guess. */
const MISSING_MS = 5_000;
/** Between two announcements of a package to those responsible for its hash, in ms. A guess. */
const ANNOUNCE_MS = 600_000;

const ONLY_AT_ROOTS = "it runs at the roots of keys only, and its message claimed otherwise";

export class Arrivals {
  readonly #ports: ArrivalPorts;
  #closed = false;

  constructor(ports: ArrivalPorts) {
    this.#ports = ports;
  }

  /** What is on its way then arrives no more. */
  close(): void {
    this.#closed = true;
  }

  // --- With a message

  /** The application of a message, on its way here if it was not known. Null when there is no room. `nextHop` is null at the root. */
  arrive(message: Routed, from: Id | null, nextHop: Id | null): Entry | null {
    const { appId } = message;
    const { entries } = this.#ports;
    const known = entries.get(appId);
    const current = known?.peerlet.package?.hash;
    // The hot path: it is here, and the message is of the same version.
    if (known?.peerlet.isRunning && current !== undefined && message.locator.endsWith(current)) {
      return known;
    }
    const entry = known ?? entries.add(appId, "message");
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

  #mayTryAgain(entry: Entry): boolean {
    const { state } = entry.peerlet;
    if (entry.obtaining || state !== "refused") return false;
    return this.#ports.env.clock.now() >= entry.retryAtMs;
  }

  /** What is here needs no fetching, and what a message says of other versions does not matter to it. */
  #tryAgain(entry: Entry, arrival: Arrival): void {
    const { admission } = this.#ports;
    const { package: installed } = entry.peerlet;
    if (!installed) return this.#admit(entry, arrival);
    const why = admission.refusalOf(installed.manifest, entry);
    if (why !== null) admission.refuse(entry, why);
    else entry.peerlet.restart("trying again");
  }

  /** Gets an application that is not here; what comes meanwhile waits. */
  #admit(entry: Entry, arrival: Arrival): void {
    const { peerlet } = entry;
    const { admission } = this.#ports;
    entry.arrival = arrival;
    // It was refused and allowed again while its code was on its way: that goes on.
    if (entry.obtaining) return peerlet.fetching("fetching its code");
    const why = admission.refusalUnseen(peerlet.appId);
    if (why !== null) return admission.refuse(entry, why);
    peerlet.fetching("fetching its code");
    const consent: Consent = (manifest) => {
      entry.manifest = manifest;
      if (arrival.onItsWay && manifest.appType !== "per-hop") return ONLY_AT_ROOTS;
      return admission.refusalOf(manifest, entry);
    };
    this.#obtain(entry, arrival, consent, (obtained) => {
      // Refused, or installed by hand meanwhile: then it is not waited for any more.
      if (peerlet.package || peerlet.state !== "installing") return;
      this.#admitted(entry, obtained);
    });
  }

  #admitted(entry: Entry, obtained: Obtained): void {
    const { admission, counters } = this.#ports;
    switch (obtained.kind) {
      case "unwanted":
        return admission.refuse(entry, obtained.why, obtained.why === ONLY_AT_ROOTS ? 1 : 0);
      case "missing":
        counters.add("peerlets.missing");
        return admission.refuse(entry, `its code could not be had: ${obtained.why}`, MISSING_MS);
      case "package": {
        // The policy may have changed while it was on its way.
        const why = admission.refusalOf(obtained.package.manifest, entry);
        if (why !== null) return admission.refuse(entry, why);
        return this.#take(entry, obtained.package);
      }
    }
  }

  /** A message of another version: a higher one replaces this one, from whoever has it. */
  #considerUpgrade(entry: Entry, arrival: Arrival, hash: string): void {
    const { admission, env } = this.#ports;
    if (entry.obtaining || env.clock.now() < (entry.knownHashes.get(hash) ?? 0)) return;
    if (isRefused(entry)) return;
    if (entry.knownHashes.size >= MOST_HASHES) entry.knownHashes.clear();
    entry.knownHashes.set(hash, Number.POSITIVE_INFINITY);
    entry.held.expect(hash);
    const consent: Consent = (manifest) => admission.refusalOf(manifest, entry);
    this.#obtain(entry, arrival, consent, (obtained) => {
      // It may be had later; an older version never is.
      if (obtained.kind === "missing") entry.knownHashes.set(hash, env.clock.now() + MISSING_MS);
      if (obtained.kind === "package") this.#upgrade(entry, arrival, obtained.package);
      entry.held.release();
    });
  }

  #upgrade(entry: Entry, arrival: Arrival, taken: Package): void {
    // The policy may have changed while it was on its way, or a higher version have come by hand.
    if (isRefused(entry) || this.#ports.admission.refusalOf(taken.manifest, entry) !== null) return;
    entry.arrival = arrival;
    this.#take(entry, taken);
  }

  /** `then` is not called when the application was uninstalled meanwhile, or this node left. */
  #obtain(
    entry: Entry,
    arrival: Arrival,
    consent: Consent,
    then: (obtained: Obtained) => void,
  ): void {
    const { admission, codeFinder, entries } = this.#ports;
    entry.obtaining = true;
    const { appId } = entry.peerlet;
    const wanted = { ...arrival, appId, url: admission.allowedUrl(arrival.url) };
    codeFinder
      .obtain(wanted, consent)
      .then((obtained) =>
        obtained.kind === "missing" && arrival.orOther === true
          ? codeFinder.obtain({ ...wanted, hash: null }, consent)
          : obtained,
      )
      .catch((error: unknown): Obtained => ({ kind: "missing", why: String(error) }))
      .then((obtained) => {
        entry.obtaining = false;
        if (!this.#closed && entries.has(entry)) then(obtained);
      })
      .catch((error: unknown) => this.#fault(error));
  }

  // --- With another application

  /** What an application uses: on its way here if it was not known. Null when there is no room. */
  need(user: Entry, name: string, { appId, hash }: Use): Entry | null {
    const { entries } = this.#ports;
    const known = entries.get(appId);
    const current = known?.peerlet.package?.hash;
    // The hot path: every call of its service comes by here.
    if (known?.peerlet.isRunning && current === hash) return known;
    const entry = known ?? entries.add(appId, "message");
    if (!entry) return null;
    const { nodes, url } = user.arrival;
    const beside = this.#urlBeside(user.url ?? url, name);
    const arrival = { hash, url: beside, nodes, onItsWay: false, orOther: true };
    if (!known || this.#mayTryAgain(entry)) this.#tryAgain(entry, arrival);
    else if (current !== undefined && current !== hash) this.#considerUpgrade(entry, arrival, hash);
    return entry;
  }

  /** Servers keep what belongs together in folders beside each other: see `prost pack`. */
  #urlBeside(manifestUrl: string | null, name: string): string | null {
    const [server] = this.#ports.policy.codeServers;
    if (manifestUrl === null) return server ? `${server}/peerlets/${name}/manifest.json` : null;
    const folder = manifestUrl.replace(/\?.*$/, "").replace(/[^/]*\/[^/]*$/, "");
    return `${folder}${name}/manifest.json`;
  }

  // --- By hand

  /** Why not, or null when it is under way: then the entry's state tells how it goes. */
  install(taken: Package, url: string | null): string | null {
    if (this.#closed) return "this node left";
    const { manifest } = taken;
    const { admission, entries, packages } = this.#ports;
    const known = entries.get(manifest.appId);
    const entry = known ?? entries.add(manifest.appId, "hand");
    if (!entry) return "too many applications are here already: uninstall one";
    const installedBefore = entry.installedBy;
    entry.installedBy = "hand";
    const why = admission.refusalOf(manifest, entry, true);
    if (why !== null) {
      entry.installedBy = installedBefore;
      if (!known) entries.delete(manifest.appId);
      return why;
    }
    admission.pardon(manifest);
    entry.arrival = { hash: taken.hash, url, nodes: [], onItsWay: false };
    entry.url = url;
    if (taken.view !== null) entry.viewHash = taken.hash;
    if (entry.peerlet.package?.hash === taken.hash && isBusy(entry)) packages.keep(taken, true);
    else this.#take(entry, taken);
    return null;
  }

  // --- From an earlier visit

  restore(appId: string, record: PeerletRecord): void {
    const { admission, entries, packages } = this.#ports;
    const installed = packages.get(record.hash);
    if (!installed || installed.manifest.appId !== appId) return;
    const entry = entries.add(appId, record.installedBy);
    if (!entry) return;
    entry.url = record.url;
    entry.manifest = installed.manifest;
    entry.peerlet.package = installed;
    entry.peerlet.stateVersion = record.stateVersion;
    const why = admission.refusalOf(installed.manifest, entry);
    if (why !== null) return admission.refuse(entry, why);
    entry.peerlet.stop("idle", "");
    if (record.wasRunning) entry.peerlet.restart("starting");
  }

  // --- Because the policy changed

  /** What may not run any more is refused, and what was refused comes if it may now. */
  judgeAgain(entry: Entry): void {
    const { peerlet } = entry;
    const { admission } = this.#ports;
    if (peerlet.state === "quarantined") return;
    const why = admission.refusalNow(entry);
    if (why !== null) {
      if (peerlet.state !== "refused" || peerlet.why !== why) admission.refuse(entry, why);
      return;
    }
    if (peerlet.state === "refused") {
      entry.asked = false;
      if (peerlet.package) return peerlet.restart("allowed");
      // What could not be had waits for its next message: else each change would ask for everything at once.
      if (entry.retryAtMs === Number.POSITIVE_INFINITY) this.#admit(entry, entry.arrival);
      return;
    }
    const manifest = peerlet.package?.manifest ?? entry.manifest;
    if (!peerlet.hasSandbox || !manifest) return;
    const isSame = JSON.stringify(admission.grantOf(manifest)) === JSON.stringify(peerlet.grant);
    if (!isSame) peerlet.restart("its grant changed");
  }

  // --- Each of them

  /** A verified, welcome package becomes the one that runs. */
  #take(entry: Entry, taken: Package): void {
    const { peerlet } = entry;
    const { counters, packages } = this.#ports;
    const before = peerlet.package;
    packages.keep(taken, true);
    if (before && before.hash !== taken.hash) packages.disown(before.hash);
    entry.manifest = taken.manifest;
    // At once: what is asked meanwhile is judged by the newest, and only that one starts.
    peerlet.package = taken;
    // Of a person's own installation the address is theirs, whatever messages say.
    if (entry.installedBy === "message") entry.url = entry.arrival.url ?? entry.url;
    counters.add(before ? "peerlets.upgraded" : "peerlets.installed");
    peerlet.restart(before ? `upgrading to ${taken.manifest.version}` : "starting");
    this.#announce(entry, taken);
    for (const [name, use] of Object.entries(taken.manifest.uses ?? {}))
      this.need(entry, name, use);
  }

  /** While it is used, those responsible for its hash are told so now and then. */
  announceAgain(entry: Entry): void {
    const { package: used } = entry.peerlet;
    const isDue = this.#ports.env.clock.now() - entry.announcedAtMs > ANNOUNCE_MS;
    if (used && isDue) this.#announce(entry, used);
  }

  #announce(entry: Entry, { hash }: Package): void {
    entry.announcedAtMs = this.#ports.env.clock.now();
    this.#ports.codeStore.announce(hash);
  }

  #fault(error: unknown): void {
    this.#ports.counters.add("peerlets.faults");
    this.#ports.env.log.debug("the peerlet manager failed", { error: String(error) });
  }
}

function isRefused({ peerlet }: Entry): boolean {
  return peerlet.state === "refused" || peerlet.state === "quarantined";
}
