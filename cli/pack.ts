/**
 * prost pack: from an author's folder to a signed package.
 *
 * Whatever is wrong is found before anything is written.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Identity } from "../src/id/identity.ts";
import {
  MAX_CODE_BYTES,
  MAX_VIEW_BYTES,
  type Manifest,
  type PartRef,
  type Use,
  readManifest,
} from "../src/peer/manifest.ts";
import type { PackageParts } from "../src/peer/package-file.ts";
import { bundle } from "./bundle.ts";
import type { Command, Io } from "./command.ts";
import { Failure } from "./failure.ts";
import { defaultKeyPath, readKey } from "./key-file.ts";
import {
  EXTENSION,
  assemble,
  checkPackage,
  findPackage,
  isFolder,
  signManifest,
  writePackage,
} from "./package.ts";
import { composeManifest, keepSalt, readSource, saltOf, usesOf } from "./source.ts";

export const pack: Command = {
  summary: "bundle and sign a folder with a peerlet",
  usage: `Usage: prost pack DIR [options]

Makes a signed package of DIR, in which there are
  manifest.json   {"name": "…", "version": "1.0.0", "appType": "end-node"} at least;
                  also "description", "wants", "previous", and "uses": the names of applications
                  whose services it calls. "appType" is "end-node" or "per-hop".
                  The first pack adds a "salt": keep it, the app id depends on it.
  peerlet.ts      export default definePeerlet(…), from "prost/sdk"; or peerlet.js
  view.ts         optional: export default defineView(…); or view.js

Writes NAME.peerlet, to drop on a page, and a folder NAME/ for any static host.

  --key FILE    the publisher's key (default: $PROST_KEY, or the one of this machine)
  --out DIR     where to write (default: DIR/dist)
  --out FILE    write only this ${EXTENSION} file
  --uses FILE   the package of an application named in "uses" (default: NAME${EXTENSION} where it
                writes to); once for each
  --no-minify   leave the code readable
  --help        print this
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string" },
        out: { type: "string" },
        uses: { type: "string", multiple: true, default: [] },
        "no-minify": { type: "boolean", default: false },
      },
    });
    const [dir] = positionals;
    if (dir === undefined || positionals.length > 1) {
      throw new Failure("pack takes one folder.", 2);
    }
    const folder = io.resolve(dir);
    if (!isFolder(folder)) throw new Failure(`${folder} is no folder. Name the one to pack.`);
    const key = readKey(io.resolve(values.key ?? defaultKeyPath()));
    const out = io.resolve(values.out ?? join(dir, "dist"));
    const named = values.uses.map((file) => readUse(io.resolve(file)));
    const beside = out.endsWith(EXTENSION) ? dirname(out) : out;
    const useOf = (name: string): Use =>
      named.find((use) => use.name === name) ?? readUseBeside(join(beside, name + EXTENSION), name);
    const packed = await packFolder(folder, key, !values["no-minify"], useOf);
    write(packed, folder, out, io);
    return 0;
  },
};

export interface Packed {
  readonly manifest: Manifest;
  readonly parts: PackageParts;
  readonly hash: string;
}

function readUseBeside(file: string, name: string): Use {
  if (existsSync(file)) return readUse(file);
  throw new Failure(
    `"uses" names "${name}", but ${file} is not there. Name its package with --uses FILE.`,
  );
}

/** Of a package that is there already. */
function readUse(file: string): Use & { readonly name: string } {
  const { manifest, hash, checks } = checkPackage(findPackage(file));
  const bad = checks.find(({ problem }) => problem !== null);
  if (manifest === null || hash === null || bad !== undefined) {
    throw new Failure(`${file}: ${bad?.what}: ${bad?.problem}.`);
  }
  return { name: manifest.name, appId: manifest.appId, hash };
}

/** Writes nothing but the salt, and that only when all is well. `useOf` finds what it names in "uses". */
export async function packFolder(
  folder: string,
  key: Identity,
  isMinified: boolean,
  useOf: (name: string) => Use,
): Promise<Packed> {
  const source = readSource(folder);
  const uses = Object.fromEntries(
    usesOf(source).map((name) => {
      const { appId, hash } = useOf(name);
      return [name, { appId, hash }];
    }),
  );
  const salt = saltOf(source);
  const publisher = key.publicKey;
  // Once before bundling, which takes long, for the fields that the author wrote.
  const stand = { bytes: 1, sha256: "0".repeat(64) };
  composeManifest(source, { publisher, salt, code: stand, view: null, uses });
  const code = await bundle({ entry: source.peerlet, isMinified });
  const view = source.view === null ? null : await bundle({ entry: source.view, isMinified });
  checkSize(source.peerlet, code, MAX_CODE_BYTES);
  if (source.view !== null && view !== null) checkSize(source.view, view, MAX_VIEW_BYTES);
  const unsigned = composeManifest(source, {
    publisher,
    salt,
    code: refOf(code),
    view: view === null ? null : refOf(view),
    uses,
  });
  const manifest = signManifest(unsigned, key);
  const packed = { manifest, ...assemble(manifest, code, view) };
  keepSalt(source, salt);
  return packed;
}

function refOf(bytes: Uint8Array): PartRef {
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function checkSize(entry: string, bytes: Uint8Array, most: number): void {
  if (bytes.length <= most) return;
  throw new Failure(
    `${entry} has ${count(bytes.length)} bytes when bundled: at most ${count(most)} are allowed. Import less, or let it load data from the overlay.`,
  );
}

function write({ manifest, parts, hash }: Packed, source: string, out: string, io: Io): void {
  const { name, version, appId, publisher, code, view } = manifest;
  const isFile = out.endsWith(EXTENSION);
  const file = isFile ? out : join(out, name + EXTENSION);
  const folder = isFile ? null : join(out, name);
  if (folder !== null && resolve(folder) === resolve(source)) {
    throw new Failure(`--out would write into ${source}, over the sources. Name another folder.`);
  }
  const note = noteOnReplacing(file, manifest, hash);
  writePackage(parts, file, folder);
  const ofView = view === null ? "none" : `${count(view.bytes)} bytes`;
  io.out(`${name} ${version}`);
  io.out(`  app id     ${appId}`);
  io.out(`  publisher  ${publisher}`);
  io.out(`  package    ${hash}`);
  io.out(`  code       ${count(code.bytes)} bytes`);
  io.out(`  view       ${ofView}`);
  io.out(`wrote ${file}`);
  if (folder !== null) {
    io.out(
      `wrote ${join(folder, basename("manifest.json"))}, peerlet.js${view === null ? "" : ", view.js"}`,
    );
  }
  if (note !== null) io.err(note);
}

/** Nodes upgrade by version: other content under the same one would reach nobody who has it. */
function noteOnReplacing(file: string, manifest: Manifest, hash: string): string | null {
  let old: ReturnType<typeof readManifest>;
  try {
    old = readManifest(findPackage(file).manifest);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
  if (old.kind === "bad" || old.hash === hash) return null;
  const { appId, version } = old.manifest;
  if (appId !== manifest.appId) return `note: ${file} was another application's, ${appId}`;
  if (version !== manifest.version) return null;
  return `note: ${version} was packed before with other content. Nodes that have it keep it: raise "version" before you publish.`;
}

function count(bytes: number): string {
  return bytes.toLocaleString("en");
}
