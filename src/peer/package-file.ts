/**
 * The `.peerlet` file: manifest, code and view of one package in one file, for
 * dropping on a page. It only frames; `manifest.ts` says whether they are good.
 *
 * | bytes     | what                                                |
 * | --------- | --------------------------------------------------- |
 * | 7         | `PEERLET` in ASCII                                  |
 * | 1         | version of this format: 1                           |
 * | 4 + n     | the manifest: its length, big-endian, and its bytes |
 * | 4 + n     | the code                                            |
 * | 4 + n     | the view; length 0 when there is none               |
 */
import { Malformed, Reader, Writer, equalBytes, utf8 } from "../base/bytes.ts";
import { MAX_CODE_BYTES, MAX_MANIFEST_BYTES, MAX_VIEW_BYTES } from "./manifest.ts";

const MAGIC = utf8("PEERLET");
const FORMAT_VERSION = 1;
const LENGTH_BYTES = 4;

/** More than this need not be read from a disk or a network. */
export const MAX_PACKAGE_FILE_BYTES =
  MAGIC.length + 1 + 3 * LENGTH_BYTES + MAX_MANIFEST_BYTES + MAX_CODE_BYTES + MAX_VIEW_BYTES;

export interface PackageParts {
  readonly manifest: Uint8Array;
  readonly code: Uint8Array;
  readonly view: Uint8Array | null;
}

export type PackageFileRead =
  | ({ readonly kind: "package" } & PackageParts)
  | { readonly kind: "bad"; readonly why: string };

/** Never throws. The parts are copies: kept alone, they do not keep the file. */
export function readPackageFile(bytes: Uint8Array): PackageFileRead {
  const from = new Reader(bytes);
  try {
    if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
      return { kind: "bad", why: 'it is no .peerlet file: those start with "PEERLET"' };
    }
    from.skip(MAGIC.length);
    const version = from.uint8();
    if (version !== FORMAT_VERSION) {
      const why = `it is a .peerlet file of format ${version}; this program knows format ${FORMAT_VERSION}`;
      return { kind: "bad", why };
    }
    const manifest = readPart(from, "manifest", MAX_MANIFEST_BYTES);
    const code = readPart(from, "code", MAX_CODE_BYTES);
    const view = readPart(from, "view", MAX_VIEW_BYTES);
    if (from.left > 0) {
      return { kind: "bad", why: `the .peerlet file has ${from.left} bytes after its end` };
    }
    return { kind: "package", manifest, code, view: view.length === 0 ? null : view };
  } catch (error) {
    if (error instanceof TooLong) return { kind: "bad", why: error.message };
    if (error instanceof Malformed) {
      return { kind: "bad", why: "the .peerlet file ends too early: some of it was lost" };
    }
    throw error;
  }
}

class TooLong extends Error {}

function readPart(from: Reader, name: string, most: number): Uint8Array {
  const length = from.uint32();
  if (length > most) throw new TooLong(`the ${name} has ${length} bytes: it has at most ${most}`);
  return from.take(length).slice();
}

/** The parts are within their bounds. The same parts give the same bytes. */
export function writePackageFile({ manifest, code, view }: PackageParts): Uint8Array {
  const to = new Writer(MAX_PACKAGE_FILE_BYTES);
  to.bytes(MAGIC);
  to.uint8(FORMAT_VERSION);
  for (const part of [manifest, code, view ?? new Uint8Array(0)]) {
    to.uint32(part.length);
    to.bytes(part);
  }
  return to.written().slice();
}
