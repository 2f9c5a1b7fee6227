/**
 * The code server: gives the packages of a few folders to whoever asks.
 *
 * | path                         | what                               | may be kept            |
 * | ---------------------------- | ---------------------------------- | ---------------------- |
 * | `/peerlets/index.json`       | the gallery: what there is         | asked for again        |
 * | `/peerlets/NAME.peerlet`     | a whole package                    | asked for again        |
 * | `/peerlets/NAME/manifest.json` | its manifest, in canonical form  | asked for again        |
 * | `/peerlets/NAME/peerlet.js`  | its code                           | asked for again        |
 * | `/peerlets/NAME/view.js`     | its view                           | asked for again        |
 * | `…/peerlet.js?sha256=HEX`, `…/view.js?sha256=HEX` | exactly that, or 404 | for good |
 *
 * NAME is the name of the `.peerlet` file; other files are of no interest. A
 * package that a node would refuse is not served. Files that were added or
 * changed are found with the next request, so that copying one in deploys it.
 */
import { createHash } from "node:crypto";
import { type Stats, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { verifyEd25519 } from "../src/id/identity.ts";
import { type Manifest, checkCode, readManifest, verifySignature } from "../src/peer/manifest.ts";
import { MAX_PACKAGE_FILE_BYTES, readPackageFile } from "../src/peer/package-file.ts";
import type { StaticFile } from "./static-files.ts";

/** What fits into memory many times over, at up to 3 MB each. Guess. */
const MAX_PACKAGES = 128;
/** Folders are not looked at more often. Guess: a person who deploys does not notice. */
const LOOK_AGAIN_MS = 250;

const FILE = /^([a-z0-9][\w.-]{0,63})\.peerlet$/i;
const ONE_YEAR = "public, max-age=31536000, immutable";
const JAVASCRIPT = "text/javascript; charset=utf-8";

/** One line of the gallery. The paths are relative to the gallery's own. */
export interface GalleryEntry {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly appId: string;
  readonly appType: string;
  readonly publisher: string;
  readonly codeBytes: number;
  /** Null when it has no view. */
  readonly viewBytes: number | null;
  /** The package's address. */
  readonly hash: string;
  readonly manifest: string;
  readonly package: string;
}

interface Package {
  readonly entry: GalleryEntry;
  /** By path below /peerlets/. */
  readonly files: ReadonlyMap<string, StaticFile>;
  /** Of the files that may be asked for by hash. */
  readonly hashes: ReadonlyMap<string, string>;
}

interface Known {
  /** Changes with the file. */
  readonly mark: string;
  /** Null when it is not served. */
  readonly found: Package | null;
}

export class CodeServer {
  readonly #folders: readonly string[];
  readonly #now: () => number;
  readonly #warn: (line: string) => void;
  #lookedAtMs = -Infinity;
  #known = new Map<string, Known>();
  #index = indexOf([]);
  #packages = new Map<string, Package>();

  /** Of two files of the same name, the one in the earlier folder is served. */
  constructor(folders: readonly string[], now: () => number, warn: (line: string) => void) {
    this.#folders = folders;
    this.#now = now;
    this.#warn = warn;
  }

  /** `path` is what follows /peerlets/; `sha256` is what the query asks for, null when it does not. */
  find(path: string, sha256: string | null): StaticFile | undefined {
    this.#look();
    if (path === "index.json") return this.#index;
    const found = this.#packages.get(path.split("/")[0]!.replace(/\.peerlet$/, ""));
    const file = found?.files.get(path);
    if (file === undefined || sha256 === null) return file;
    if (found?.hashes.get(path) !== sha256) return undefined;
    return { ...file, headers: { ...file.headers, "Cache-Control": ONE_YEAR } };
  }

  #look(): void {
    if (this.#now() - this.#lookedAtMs < LOOK_AGAIN_MS) return;
    this.#lookedAtMs = this.#now();
    const paths = this.#folders.flatMap(packageFilesIn);
    const known = new Map<string, Known>();
    for (const { path, stem } of paths.slice(0, MAX_PACKAGES)) {
      const file = statOrNull(path);
      if (file === null) continue;
      const mark = `${file.size} ${file.mtimeMs} ${file.ino}`;
      const old = this.#known.get(path);
      known.set(path, old?.mark === mark ? old : { mark, found: this.#read(path, stem, file) });
    }
    if (paths.length > MAX_PACKAGES && known.size !== this.#known.size) {
      this.#warn(`only ${MAX_PACKAGES} of ${paths.length} packages are served`);
    }
    this.#known = known;
    const packages = [...known.values()].flatMap(({ found }) => found ?? []);
    // Backwards, so that the first of a name stays.
    this.#packages = new Map(packages.toReversed().map((one) => [stemOf(one), one]));
    this.#index = indexOf([...this.#packages.values()].map(({ entry }) => entry));
  }

  #read(path: string, stem: string, { size }: Stats): Package | null {
    const read = size > MAX_PACKAGE_FILE_BYTES ? "it is too large" : readPackage(path, stem);
    if (typeof read !== "string") return read;
    this.#warn(`not served: ${path}: ${read}`);
    return null;
  }
}

function packageFilesIn(folder: string): { path: string; stem: string }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // Not there yet.
  }
  return names.toSorted().flatMap((name) => {
    const stem = FILE.exec(name)?.[1];
    return stem === undefined ? [] : [{ path: join(folder, name), stem }];
  });
}

function statOrNull(path: string): Stats | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats : null;
}

/** What is wrong with it, when something is. */
function readPackage(path: string, stem: string): Package | string {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    return (error as Error).message;
  }
  const parts = readPackageFile(bytes);
  if (parts.kind === "bad") return parts.why;
  const read = readManifest(parts.manifest);
  if (read.kind === "bad") return read.why;
  const { manifest, hash } = read;
  const { code, view } = parts;
  const wrong =
    checkCode(manifest, "code", code) ??
    (view === null ? null : checkCode(manifest, "view", view)) ??
    (view === null && manifest.view !== null ? "its view is missing" : null) ??
    (isSigned(manifest) ? null : "the signature is not its publisher's");
  if (wrong !== null) return wrong;
  const files = new Map([
    [`${stem}.peerlet`, served(bytes, "application/octet-stream")],
    [`${stem}/manifest.json`, served(read.bytes, "application/json")],
    [`${stem}/peerlet.js`, served(code, JAVASCRIPT)],
  ]);
  const hashes = new Map([[`${stem}/peerlet.js`, manifest.code.sha256]]);
  if (view !== null && manifest.view !== null) {
    files.set(`${stem}/view.js`, served(view, JAVASCRIPT));
    hashes.set(`${stem}/view.js`, manifest.view.sha256);
  }
  return { entry: entryOf(manifest, hash, stem), files, hashes };
}

function isSigned(manifest: Manifest): boolean {
  const answers: boolean[] = [];
  verifySignature(manifest, verifyEd25519, (isGood) => answers.push(isGood));
  // noble answers at once.
  return answers[0] === true;
}

function entryOf(manifest: Manifest, hash: string, stem: string): GalleryEntry {
  const { name, version, description, appId, appType, publisher, code, view } = manifest;
  return {
    name,
    version,
    description,
    appId,
    appType,
    publisher,
    codeBytes: code.bytes,
    viewBytes: view?.bytes ?? null,
    hash,
    manifest: `${stem}/manifest.json`,
    package: `${stem}.peerlet`,
  };
}

function stemOf({ entry }: Package): string {
  return entry.package.replace(/\.peerlet$/, "");
}

function indexOf(entries: readonly GalleryEntry[]): StaticFile {
  const packages = entries.toSorted((a, b) => (a.package < b.package ? -1 : 1));
  return served(Buffer.from(JSON.stringify({ packages })), "application/json");
}

function served(bytes: Uint8Array, type: string): StaticFile {
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return {
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    headers: { "Content-Type": type, "Cache-Control": "no-cache", ETag: `"${hash}"` },
  };
}
