/**
 * A signed package on disk: made, written, read, checked.
 *
 * | where                  | what                                          |
 * | ---------------------- | --------------------------------------------- |
 * | `NAME.peerlet`         | all of it in one file                         |
 * | `NAME/manifest.json`   | the same for a static host: the manifest, and |
 * | `NAME/peerlet.js`      | beside it, under fixed names, the code        |
 * | `NAME/view.js`         | and the view                                  |
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Identity, verifyEd25519 } from "../src/id/identity.ts";
import {
  type Manifest,
  type UnsignedManifest,
  checkCode,
  manifestBytes,
  readManifest,
  signingBytes,
  verifySignature,
} from "../src/peer/manifest.ts";
import { type PackageParts, readPackageFile, writePackageFile } from "../src/peer/package-file.ts";
import { Failure, fileFailure } from "./failure.ts";

export const EXTENSION = ".peerlet";

export function signManifest(unsigned: UnsignedManifest, key: Identity): Manifest {
  const signatures: Uint8Array[] = [];
  key.sign(signingBytes(unsigned), (signature) => signatures.push(signature));
  // The key of a file answers at once.
  return { ...unsigned, signature: Buffer.from(signatures[0]!).toString("hex") };
}

/** Each file is replaced whole: a server that reads the folder never sees half of one. */
export function writePackage(parts: PackageParts, file: string, folder: string | null): void {
  replaceFile(file, writePackageFile(parts));
  if (folder === null) return;
  replaceFile(join(folder, "peerlet.js"), parts.code);
  if (parts.view === null) rmSync(join(folder, "view.js"), { force: true });
  else replaceFile(join(folder, "view.js"), parts.view);
  // Last: who sees the new manifest finds the code that it names.
  replaceFile(join(folder, "manifest.json"), parts.manifest);
}

function replaceFile(path: string, bytes: Uint8Array): void {
  const fresh = `${path}.${process.pid}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(fresh, bytes);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw fileFailure("Cannot write", path, error);
  }
}

/** A part is undefined when it is not there, and `isWhole` false when that is all right. */
export interface FoundPackage {
  readonly manifest: Uint8Array;
  readonly code: Uint8Array | undefined;
  readonly view: Uint8Array | undefined;
  /** A file or folder has all parts; beside a manifest that is named alone they may be missing. */
  readonly isWhole: boolean;
}

/** From a `.peerlet` file, a packed folder, or a `manifest.json`. */
export function findPackage(path: string): FoundPackage {
  if (isFolder(path)) return findInFolder(path, true);
  if (basename(path).endsWith(".json")) {
    return { ...findInFolder(dirname(path), false), manifest: readFileOrFail(path) };
  }
  const read = readPackageFile(readFileOrFail(path));
  if (read.kind === "bad") throw new Failure(`${path}: ${read.why}.`);
  return { ...read, view: read.view ?? undefined, isWhole: true };
}

function findInFolder(folder: string, isWhole: boolean): FoundPackage {
  return {
    manifest: isWhole ? readFileOrFail(join(folder, "manifest.json")) : new Uint8Array(0),
    code: readIfThere(join(folder, "peerlet.js")),
    view: readIfThere(join(folder, "view.js")),
    isWhole,
  };
}

/** One line each; `problem` null is good. */
export interface Check {
  readonly what: string;
  readonly problem: string | null;
}

export interface Checked {
  readonly checks: readonly Check[];
  /** Null when the manifest cannot even be read. */
  readonly manifest: Manifest | null;
  readonly hash: string | null;
}

export function checkPackage(found: FoundPackage): Checked {
  const read = readManifest(found.manifest);
  if (read.kind === "bad") {
    const hint = /^(?:api|appId|code|publisher|salt|signature) is missing$/.test(read.why)
      ? ' (is this a source folder? "prost pack" makes a package of it)'
      : "";
    return {
      checks: [{ what: "manifest", problem: read.why + hint }],
      manifest: null,
      hash: null,
    };
  }
  const { manifest, hash } = read;
  const checks: Check[] = [
    { what: "manifest", problem: null },
    {
      what: "signature",
      problem: isSigned(manifest)
        ? null
        : `it was not made by publisher ${manifest.publisher} for this manifest`,
    },
    ...checkPart(found, manifest, "code"),
    ...checkPart(found, manifest, "view"),
  ];
  return { checks, manifest, hash };
}

function checkPart(found: FoundPackage, manifest: Manifest, part: "code" | "view"): Check[] {
  const bytes = found[part];
  if (bytes !== undefined) return [{ what: part, problem: checkCode(manifest, part, bytes) }];
  if (manifest[part] === null || !found.isWhole) return [];
  return [{ what: part, problem: "the manifest names it, and it is not there" }];
}

function isSigned(manifest: Manifest): boolean {
  const answers: boolean[] = [];
  verifySignature(manifest, verifyEd25519, (isGood) => answers.push(isGood));
  // noble answers at once.
  return answers[0] === true;
}

/** The parts of a manifest that was just signed, and its address. */
export function assemble(
  manifest: Manifest,
  code: Uint8Array,
  view: Uint8Array | null,
): { readonly parts: PackageParts; readonly hash: string } {
  const parts = { manifest: manifestBytes(manifest), code, view };
  const { checks, hash } = checkPackage({ ...parts, view: view ?? undefined, isWhole: true });
  const bad = checks.find(({ problem }) => problem !== null);
  if (bad !== undefined || hash === null) {
    throw new Failure(`What was packed does not verify: ${bad?.what}: ${bad?.problem}.`);
  }
  return { parts, hash };
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readFileOrFail(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw fileFailure("Cannot read", path, error);
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileOrFail(path) : undefined;
}
