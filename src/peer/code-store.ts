/**
 * The distributed code store: gets packages from whoever has them, gives this
 * node's packages to whoever asks, and keeps those that fall to it.
 *
 * A package's hash is also a key. The nodes responsible for it keep the package
 * for everybody, so an application spreads even when its code server is gone:
 * what the PROST paper left as future work. They verify what they keep, and run
 * none of it.
 *
 * Wherever bytes come from, they are verified before this file gives them on.
 */
import { concat } from "../base/bytes.ts";
import type { Counters } from "../base/counters.ts";
import { Rate } from "../base/rate.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Verify } from "../id/identity.ts";
import type { KeyBasedRouting, Verdict } from "../kbr/routing.ts";
import { CODE_APP_ID, type Routed } from "../wire/routed.ts";
import {
  type CodeAsk,
  type CodePart,
  PIECE_BYTES,
  decodeAsk,
  decodePackage,
  encodeAsk,
  encodePackage,
} from "./code-messages.ts";
import {
  MAX_CODE_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_VIEW_BYTES,
  type Manifest,
  checkCode,
  readManifest,
} from "./manifest.ts";
import { type Package, type Packages, partOf, verifyPackage } from "./packages.ts";

/** Reads from a code server. Null when that cannot be had, or is longer than `mostBytes`. */
export type FetchCode = (url: string, mostBytes: number) => Promise<Uint8Array | null>;

/** Where to look, in the order of design 7.2. */
export interface Wanted {
  readonly appId: string | null;
  readonly hash: string | null;
  /** The hop that the message came from, and its source. */
  readonly nodes: readonly Id[];
  /** The manifest on a code server that may be asked; null when none may. */
  readonly url: string | null;
}

/** Asked once the manifest is known, before the code is fetched. Null: go on; else why not. */
export type Consent = (manifest: Manifest, hash: string) => string | null;

export type Obtained =
  | { readonly kind: "package"; readonly package: Package }
  /** The manifest was not wanted. */
  | { readonly kind: "unwanted"; readonly why: string }
  | { readonly kind: "missing"; readonly why: string };

/** Waiting for one answer, in ms. Guesses: a cold relay of a piece takes less. */
const ASK_MS = 4_000;
/** The next source is asked when one says nothing for so long, in ms. A guess: a sender waits for its receipt for 10 s. */
const PATIENCE_MS = 1_500;
/** Pieces asked for at once. A guess. */
const PIECES_AT_ONCE = 4;
/** What this node serves to others: bytes in a burst and per second. Guesses: a package of full size in a burst. */
const SERVE_BURST_BYTES = 8 * 1024 * 1024;
const SERVE_BYTES_PER_SECOND = 1024 * 1024;
/** Nodes that keep a package for everybody. A guess: all of them gone at once is rare. */
const KEEPERS = 3;
/** Packages of strangers fetched at once to be kept. */
const MOST_FETCHING = 4;

export class CodeStore {
  readonly #env: Env;
  readonly #counters: Counters;
  readonly #verify: Verify;
  readonly #kbr: () => KeyBasedRouting;
  readonly #fetchCode: FetchCode;
  readonly #isWelcome: (manifest: Manifest) => boolean;
  readonly #packages: Packages;
  readonly #serving: Rate;
  readonly #fetching = new Set<string>();

  constructor(
    ports: {
      readonly env: Env;
      readonly counters: Counters;
      readonly verify: Verify;
      readonly fetchCode: FetchCode;
      kbr(): KeyBasedRouting;
      /** Whether this node keeps a stranger's package for others. */
      isWelcome(manifest: Manifest): boolean;
    },
    packages: Packages,
  ) {
    this.#env = ports.env;
    this.#counters = ports.counters;
    this.#verify = ports.verify;
    this.#kbr = () => ports.kbr();
    this.#fetchCode = ports.fetchCode;
    this.#isWelcome = (manifest) => ports.isWelcome(manifest);
    this.#packages = packages;
    const now = ports.env.clock.now();
    this.#serving = new Rate(SERVE_BURST_BYTES, SERVE_BYTES_PER_SECOND, now);
  }

  /** From the first that has it. Never rejects. */
  async obtain(wanted: Wanted, consent: Consent): Promise<Obtained> {
    let why = "nobody who was asked has it";
    for await (const read of this.#answers(wanted)) {
      // What is wrong here may be right at the next: anybody can answer with rubbish.
      if (read.kind === "bad") {
        why = read.why;
        this.#counters.add("packages.bad");
        continue;
      }
      const { manifest } = read;
      const isOther =
        (wanted.hash !== null && read.hash !== wanted.hash) ||
        (wanted.appId !== null && manifest.appId !== wanted.appId);
      if (isOther) {
        why = `what came is another package: ${manifest.name} ${manifest.version}`;
        continue;
      }
      const refusal = consent(manifest, read.hash);
      if (refusal !== null) return { kind: "unwanted", why: refusal };
      const code = await read.rest();
      if (code === null) continue;
      const verified = await verifyPackage(this.#verify, read.bytes, code, null);
      if (verified.kind === "package") return verified;
      why = verified.why;
      this.#counters.add("packages.bad");
    }
    return { kind: "missing", why };
  }

  /** The view of a package that this node has. Null when nobody has it. */
  async obtainView(
    hash: string,
    nodes: readonly Id[],
    url: string | null,
  ): Promise<Uint8Array | null> {
    const kept = this.#packages.get(hash);
    if (!kept || kept.manifest.view === null) return null;
    if (kept.view) return kept.view;
    const ref = kept.manifest.view;
    const sources = [
      ...nodes.map((node) => () => this.#pieces(node, hash, "view", ref.bytes, null)),
      () => this.#pieces(null, hash, "view", ref.bytes, null),
      () =>
        url === null ? null : this.#fetchCode(partUrl(url, "view", ref.sha256), MAX_VIEW_BYTES),
    ];
    for (const source of sources) {
      const bytes = await source();
      if (bytes === null || checkCode(kept.manifest, "view", bytes) !== null) continue;
      this.#packages.addView(hash, bytes);
      return bytes;
    }
    return null;
  }

  /** Asks the nodes responsible for a package's hash to keep it; sent now and then by who uses it. */
  announce(hash: string): void {
    this.#ask(null, hash, { ask: "keep", hash, spread: true }).catch(() => {});
  }

  /** The neighbourhood changed: who has become responsible for what this node keeps is told. */
  neighbourhoodChanged(): void {
    const kbr = this.#kbr();
    for (const hash of this.#packages.hashes) {
      const keepers = kbr.replicaSet(keyOfHash(hash), KEEPERS);
      if (!keepers.includes(kbr.id)) continue;
      for (const node of keepers) {
        if (node === kbr.id) continue;
        this.#ask(node, hash, { ask: "keep", hash, spread: false }).catch(() => {});
      }
    }
  }

  /** A question of another node's, at its root or at this node. */
  serve(message: Routed, done: (verdict: Verdict) => void): void {
    const ask = decodeAsk(message.data);
    if (ask === null) return done({ kind: "refused", why: "no question of the code store's" });
    if (ask.ask === "keep") return this.#takeKeep(ask, message.source, done);
    const kept =
      ask.hash === null ? this.#packages.newestOf(ask.appId ?? "") : this.#packages.get(ask.hash);
    const body = kept ? answerTo(ask, kept) : null;
    if (body === null) return done({ kind: "refused", why: "not here", isOfNode: true });
    if (!this.#serving.allows(this.#env.clock.now(), body.length)) {
      return done({ kind: "refused", why: "this node gives no more code now", isOfNode: true });
    }
    this.#counters.add("packages.served-bytes", body.length);
    done({ kind: "delivered", body });
  }

  #takeKeep(
    { hash, spread }: Extract<CodeAsk, { ask: "keep" }>,
    source: Id,
    done: (verdict: Verdict) => void,
  ): void {
    done({ kind: "delivered" });
    const kbr = this.#kbr();
    if (spread) {
      for (const node of kbr.replicaSet(keyOfHash(hash), KEEPERS)) {
        if (node === kbr.id || node === source) continue;
        this.#ask(node, hash, { ask: "keep", hash, spread: false }).catch(() => {});
      }
    }
    const isMine = kbr.replicaSet(keyOfHash(hash), KEEPERS).includes(kbr.id);
    const isNeeded = this.#packages.get(hash) === undefined && !this.#fetching.has(hash);
    if (!isMine || !isNeeded || source === kbr.id || this.#fetching.size >= MOST_FETCHING) return;
    this.#fetching.add(hash);
    this.#fetchToKeep(hash, source)
      .catch(() => {})
      .finally(() => this.#fetching.delete(hash));
  }

  /** With its view: it is kept for those who will open one. */
  async #fetchToKeep(hash: string, source: Id): Promise<void> {
    const wanted: Wanted = { appId: null, hash, nodes: [source], url: null };
    const consent = (manifest: Manifest) => (this.#isWelcome(manifest) ? null : "not welcome");
    const obtained = await this.obtain(wanted, consent);
    if (obtained.kind !== "package" || !this.#packages.keep(obtained.package, false)) return;
    this.#counters.add("packages.kept");
    await this.obtainView(hash, [source], null);
  }

  /** What the sources answer, in their order; only that a silent one does not hold up the next for long. */
  async *#answers(wanted: Wanted): AsyncGenerator<Source> {
    const open = new Set<Promise<void>>();
    const ready: Source[] = [];
    for (const source of this.#sourcesOf(wanted)) {
      const asked = source()
        .catch(() => null)
        .then((read) => {
          open.delete(asked);
          if (read) ready.push(read);
        });
      open.add(asked);
      const patience = this.#patience();
      try {
        while (open.has(asked) && !patience.isOver) {
          await Promise.race([...open, patience.over]);
          while (ready.length > 0) yield ready.shift()!;
        }
      } finally {
        patience.cancel();
      }
    }
    while (open.size > 0) {
      await Promise.race(open);
      while (ready.length > 0) yield ready.shift()!;
    }
  }

  #patience(): { readonly isOver: boolean; readonly over: Promise<void>; cancel: () => void } {
    const patience = { isOver: false, over: Promise.resolve(), cancel: () => {} };
    patience.over = new Promise((resolve) => {
      patience.cancel = this.#env.clock.after(PATIENCE_MS, () => {
        patience.isOver = true;
        resolve();
      });
    });
    return patience;
  }

  *#sourcesOf(wanted: Wanted): Generator<() => Promise<Source | null>> {
    const { appId, hash, url } = wanted;
    yield async () => {
      const own = hash === null ? this.#packages.newestOf(appId ?? "") : this.#packages.get(hash);
      return own
        ? ({ ...readManifest(own.manifestBytes), rest: async () => own.code } as Source)
        : null;
    };
    const self = this.#kbr().id;
    for (const node of new Set(wanted.nodes)) {
      if (node !== self) yield () => this.#fromNode(node, appId, hash);
    }
    if (hash !== null) yield () => this.#fromNode(null, null, hash);
    if (url !== null) yield () => this.#fromServer(url);
  }

  /** `node` null: whoever is responsible for the hash. */
  async #fromNode(
    node: Id | null,
    appId: string | null,
    hash: string | null,
  ): Promise<Source | null> {
    const ask: CodeAsk = { ask: "package", hash, appId: hash === null ? appId : null };
    const answer = await this.#ask(node, hash ?? "", ask);
    const found = answer && decodePackage(answer);
    if (!found) return null;
    const read = readManifest(found.manifest);
    if (read.kind === "bad") return read;
    const { bytes } = read.manifest.code;
    return { ...read, rest: () => this.#pieces(node, read.hash, "code", bytes, found.piece) };
  }

  async #fromServer(url: string): Promise<Source | null> {
    const manifest = await this.#fetchCode(url, MAX_MANIFEST_BYTES);
    if (manifest === null) return null;
    const read = readManifest(manifest);
    if (read.kind === "bad") return read;
    const { sha256 } = read.manifest.code;
    return { ...read, rest: () => this.#fetchCode(partUrl(url, "code", sha256), MAX_CODE_BYTES) };
  }

  /** All pieces of a part, several at a time. Null when one does not come. */
  async #pieces(
    node: Id | null,
    hash: string,
    part: CodePart,
    bytes: number,
    first: Uint8Array | null,
  ): Promise<Uint8Array | null> {
    const pieces: Uint8Array[] = first === null ? [] : [first];
    const start = first?.length ?? 0;
    if (start > bytes) return null;
    const offsets: number[] = [];
    for (let at = start; at < bytes; at += PIECE_BYTES) offsets.push(at);
    for (let i = 0; i < offsets.length; i += PIECES_AT_ONCE) {
      const answers = await Promise.all(
        offsets
          .slice(i, i + PIECES_AT_ONCE)
          .map((offset) => this.#ask(node, hash, { ask: "piece", hash, part, offset })),
      );
      for (const answer of answers) {
        if (answer === null || answer.length === 0 || answer.length > PIECE_BYTES) return null;
        pieces.push(answer);
      }
    }
    return concat(...pieces);
  }

  #ask(node: Id | null, hash: string, ask: CodeAsk): Promise<Uint8Array | null> {
    return new Promise((resolve) => {
      this.#kbr().route(
        {
          key: node === null ? keyOfHash(hash) : null,
          hint: node,
          appId: CODE_APP_ID,
          perHop: false,
          locator: "",
          data: encodeAsk(ask),
          timeoutMs: ASK_MS,
        },
        ({ receipt, body }) => resolve(receipt.kind === "delivered" ? body : null),
      );
    });
  }
}

type Source =
  | { readonly kind: "bad"; readonly why: string }
  | {
      readonly kind: "manifest";
      readonly manifest: Manifest;
      readonly bytes: Uint8Array;
      readonly hash: string;
      /** The code, not yet checked. */
      rest(): Promise<Uint8Array | null>;
    };

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

/** Any static host serves the parts beside the manifest; the query lets caches keep them for ever. */
function partUrl(manifestUrl: string, part: CodePart, sha256: string): string {
  // A slash in the query, or after "https:", ends no folder.
  const path = manifestUrl.replace(/\?.*$/, "");
  const folder = /^[^:]+:\/\/[^/]+$/.test(path) ? `${path}/` : path.replace(/[^/]*$/, "");
  return `${folder}${part === "code" ? "peerlet.js" : "view.js"}?sha256=${sha256}`;
}

/** The first 160 bits of a package's hash are its key. */
export function keyOfHash(hash: string): Id {
  return hash.slice(0, 40) as Id;
}
