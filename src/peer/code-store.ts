/**
 * The distributed code store, this node's part of it: gives its packages to
 * whoever asks, and keeps those that fall to it.
 *
 * A package's hash is also a key. The nodes responsible for it keep the package
 * for everybody, so an application spreads even when its code server is gone:
 * what the PROST paper left as future work. They verify what they keep, and run
 * none of it. How a package is found is in `code-finder.ts`.
 */
import type { Counters } from "../base/counters.ts";
import { Rate } from "../base/rate.ts";
import type { Clock } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { KeyBasedRouting, Verdict } from "../kbr/routing.ts";
import type { Routed } from "../wire/routed.ts";
import type { CodeFinder } from "./code-finder.ts";
import { type CodeAsk, PIECE_BYTES, decodeAsk, encodePackage } from "./code-messages.ts";
import { type Wanted, askNode, keyOfHash } from "./code-sources.ts";
import type { Manifest } from "./manifest.ts";
import { type Package, type Packages, partOf } from "./packages.ts";

export interface CodeStorePorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly packages: Packages;
  readonly codeFinder: CodeFinder;
  kbr(): KeyBasedRouting;
  /** Whether this node keeps a stranger's package for others. */
  isWelcome(manifest: Manifest): boolean;
}

/** What this node serves to others: bytes in a burst and per second. Guesses: a package of full size in a burst. */
const SERVE_BURST_BYTES = 8 * 1024 * 1024;
const SERVE_BYTES_PER_SECOND = 1024 * 1024;
/** Nodes that keep a package for everybody. A guess: all of them gone at once is rare. */
const KEEPERS = 3;
/** Packages of strangers fetched at once to be kept. */
const MOST_FETCHING = 4;

export class CodeStore {
  readonly #ports: CodeStorePorts;
  readonly #serving: Rate;
  readonly #fetching = new Set<string>();

  constructor(ports: CodeStorePorts) {
    this.#ports = ports;
    this.#serving = new Rate(SERVE_BURST_BYTES, SERVE_BYTES_PER_SECOND, ports.clock.now());
  }

  /** Asks the nodes responsible for a package's hash to keep it; sent now and then by who uses it. */
  announce(hash: string): void {
    this.#tellToKeep(null, hash, true);
  }

  /** The neighbourhood changed: who has become responsible for what this node keeps is told. */
  neighbourhoodChanged(): void {
    const kbr = this.#ports.kbr();
    for (const hash of this.#ports.packages.hashes) {
      const keepers = kbr.replicaSet(keyOfHash(hash), KEEPERS);
      if (!keepers.includes(kbr.id)) continue;
      for (const node of keepers) {
        if (node === kbr.id) continue;
        this.#tellToKeep(node, hash, false);
      }
    }
  }

  /** A question of another node's, at its root or at this node. */
  serve(message: Routed, done: (verdict: Verdict) => void): void {
    const ask = decodeAsk(message.data);
    if (ask === null) return done({ kind: "refused", why: "no question of the code store's" });
    if (ask.ask === "keep") return this.#takeKeep(ask, message.source, done);
    const kept =
      ask.hash === null
        ? this.#ports.packages.newestOf(ask.appId ?? "")
        : this.#ports.packages.get(ask.hash);
    const body = kept ? answerTo(ask, kept) : null;
    if (body === null) return done({ kind: "refused", why: "not here", isOfNode: true });
    if (!this.#serving.allows(this.#ports.clock.now(), body.length)) {
      return done({ kind: "refused", why: "this node gives no more code now", isOfNode: true });
    }
    this.#ports.counters.add("packages.served-bytes", body.length);
    done({ kind: "delivered", body });
  }

  #takeKeep(
    { hash, spread }: Extract<CodeAsk, { ask: "keep" }>,
    source: Id,
    done: (verdict: Verdict) => void,
  ): void {
    done({ kind: "delivered" });
    const kbr = this.#ports.kbr();
    if (spread) {
      for (const node of kbr.replicaSet(keyOfHash(hash), KEEPERS)) {
        if (node === kbr.id || node === source) continue;
        this.#tellToKeep(node, hash, false);
      }
    }
    const isMine = kbr.replicaSet(keyOfHash(hash), KEEPERS).includes(kbr.id);
    const isNeeded = this.#ports.packages.get(hash) === undefined && !this.#fetching.has(hash);
    if (!isMine || !isNeeded || source === kbr.id || this.#fetching.size >= MOST_FETCHING) return;
    this.#fetching.add(hash);
    this.#fetchToKeep(hash, source)
      .catch(() => {})
      .finally(() => this.#fetching.delete(hash));
  }

  /** With its view: it is kept for those who will open one. */
  async #fetchToKeep(hash: string, source: Id): Promise<void> {
    const wanted: Wanted = { appId: null, hash, nodes: [source], url: null };
    const consent = (manifest: Manifest) =>
      this.#ports.isWelcome(manifest) ? null : "not welcome";
    const obtained = await this.#ports.codeFinder.obtain(wanted, consent);
    if (obtained.kind !== "package" || !this.#ports.packages.keep(obtained.package, false)) return;
    this.#ports.counters.add("packages.kept");
    await this.#ports.codeFinder.obtainView(hash, [source], null);
  }

  /** Told to keep a package, a node fetches it. */
  #tellToKeep(node: Id | null, hash: string, spread: boolean): void {
    askNode(this.#ports.kbr(), node, hash, { ask: "keep", hash, spread }).catch(() => {});
  }
}

function answerTo(ask: CodeAsk, kept: Package): Uint8Array | null {
  if (ask.ask === "package") {
    return encodePackage({
      manifest: kept.manifestBytes,
      piece: kept.code.subarray(0, PIECE_BYTES),
    });
  }
  if (ask.ask === "keep") return null;
  const bytes = partOf(kept, ask.part);
  if (bytes === null || ask.offset >= bytes.length) return null;
  return bytes.slice(ask.offset, ask.offset + PIECE_BYTES);
}
