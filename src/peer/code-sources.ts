/**
 * Whom a package can be had from, and how each of them is asked: this node's
 * own store, other nodes, those responsible for the package's hash, and a code
 * server.
 *
 * What they give is not checked here, and none of it may be used before
 * `code-finder.ts` has.
 */
import { concat } from "../base/bytes.ts";
import type { Id } from "../id/id.ts";
import type { KeyBasedRouting } from "../kbr/routing.ts";
import { CODE_APP_ID } from "../wire/routed.ts";
import {
  type CodeAsk,
  type CodePart,
  PIECE_BYTES,
  decodePackage,
  encodeAsk,
} from "./code-messages.ts";
import {
  MAX_CODE_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_VIEW_BYTES,
  type Manifest,
  readManifest,
} from "./manifest.ts";
import type { Packages } from "./packages.ts";

/** Reads from a code server. Null when that cannot be had. */
export type FetchCode = (url: string, mostBytes: number) => Promise<Fetched>;

/** "too-large": longer than was asked for at most. */
export type Fetched = Uint8Array | "too-large" | null;

/** Where to look, in the order of design 7.2. */
export interface Wanted {
  readonly appId: string | null;
  readonly hash: string | null;
  /** The hop that the message came from, and its source. */
  readonly nodes: readonly Id[];
  /** The manifest on a code server that may be asked; null when none may. */
  readonly url: string | null;
}

export interface SourcePorts {
  readonly packages: Packages;
  readonly fetchCode: FetchCode;
  kbr(): KeyBasedRouting;
}

/** What a source answers; the manifest's form and bounds are checked, its signature and the code are not. */
export type Source =
  | { readonly kind: "bad"; readonly why: string }
  | {
      readonly kind: "manifest";
      readonly manifest: Manifest;
      readonly bytes: Uint8Array;
      readonly hash: string;
      /** The code, not yet checked. */
      rest(): Promise<Fetched>;
    };

/** Waiting for one answer, in ms. Guesses: a cold relay of a piece takes less. */
const ASK_MS = 4_000;
/** Pieces asked for at once. A guess. */
const PIECES_AT_ONCE = 4;

/** In the order in which they are asked. */
export function* sourcesOf(
  ports: SourcePorts,
  wanted: Wanted,
): Generator<() => Promise<Source | null>> {
  const { appId, hash, url, nodes } = wanted;
  const { packages, fetchCode } = ports;
  yield async () => fromStore(packages, appId, hash);
  const kbr = ports.kbr();
  for (const node of new Set(nodes)) {
    if (node !== kbr.id) yield () => fromNode(kbr, node, appId, hash);
  }
  if (hash !== null) yield () => fromNode(kbr, null, null, hash);
  if (url !== null) yield () => fromServer(fetchCode, url);
}

/** The same for the view of a package that this node has without it. */
export function* viewSourcesOf(
  ports: SourcePorts,
  { hash, nodes, url }: { readonly hash: string } & Pick<Wanted, "nodes" | "url">,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string },
): Generator<() => Promise<Fetched>> {
  const kbr = ports.kbr();
  for (const node of nodes) yield () => piecesOf(kbr, node, hash, "view", bytes, null);
  yield () => piecesOf(kbr, null, hash, "view", bytes, null);
  if (url !== null) yield () => ports.fetchCode(partUrl(url, "view", sha256), MAX_VIEW_BYTES);
}

function fromStore(packages: Packages, appId: string | null, hash: string | null): Source | null {
  const own = hash === null ? packages.newestOf(appId ?? "") : packages.get(hash);
  if (!own) return null;
  const read = readManifest(own.manifestBytes);
  return read.kind === "bad" ? read : { ...read, rest: async () => own.code };
}

/** `node` null: whoever is responsible for the hash. */
async function fromNode(
  kbr: KeyBasedRouting,
  node: Id | null,
  appId: string | null,
  hash: string | null,
): Promise<Source | null> {
  const ask: CodeAsk = { ask: "package", hash, appId: hash === null ? appId : null };
  const answer = await askNode(kbr, node, hash ?? "", ask);
  const found = answer && decodePackage(answer);
  if (!found) return null;
  const read = readManifest(found.manifest);
  if (read.kind === "bad") return read;
  const { bytes } = read.manifest.code;
  return { ...read, rest: () => piecesOf(kbr, node, read.hash, "code", bytes, found.piece) };
}

async function fromServer(fetchCode: FetchCode, url: string): Promise<Source | null> {
  const manifest = await fetchCode(url, MAX_MANIFEST_BYTES);
  if (manifest === null) return null;
  if (manifest === "too-large") {
    return {
      kind: "bad",
      why: `the manifest is too large: it has at most ${MAX_MANIFEST_BYTES} bytes`,
    };
  }
  const read = readManifest(manifest);
  if (read.kind === "bad") return read;
  const { sha256 } = read.manifest.code;
  return { ...read, rest: () => fetchCode(partUrl(url, "code", sha256), MAX_CODE_BYTES) };
}

/** All pieces of a part, several at a time. Null when one does not come. */
async function piecesOf(
  kbr: KeyBasedRouting,
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
        .map((offset) => askNode(kbr, node, hash, { ask: "piece", hash, part, offset })),
    );
    for (const answer of answers) {
      if (answer === null || answer.length === 0 || answer.length > PIECE_BYTES) return null;
      pieces.push(answer);
    }
  }
  return concat(...pieces);
}

/** Asks a node, or with `node` null whoever is responsible for the hash. Null when it refuses, or says nothing in time. */
export function askNode(
  kbr: KeyBasedRouting,
  node: Id | null,
  hash: string,
  ask: CodeAsk,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    kbr.route(
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
