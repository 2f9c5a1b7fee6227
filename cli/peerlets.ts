/**
 * What the build does with the peerlets that we ship: signs each with the key
 * of this machine, which it makes if there is none. Our repository holds no
 * key, so nobody is asked to trust one that others have.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "../src/id/identity.ts";
import { Failure } from "./failure.ts";
import { defaultKeyPath, makeKey, readKey } from "./key-file.ts";
import { type Packed, packFolder } from "./pack.ts";
import { EXTENSION, writePackage } from "./package.ts";

/** Holds the publisher's public key; the server vouches for it. */
export const PUBLISHER_FILE = "publisher.txt";

export interface PackPeerletsOptions {
  /** A folder of folders, each like those that `prost pack` takes. May be absent. */
  readonly from: string;
  /** Gets a NAME.peerlet and a NAME/ for each, and nothing else stays in it. */
  readonly to: string;
  /** For when the user's own folder cannot be written. */
  readonly otherKeyPath: string;
}

export async function packPeerlets(options: PackPeerletsOptions): Promise<void> {
  const { from, to, otherKeyPath } = options;
  const key = machineKey(otherKeyPath);
  const names = existsSync(from) ? readdirSync(from).toSorted() : [];
  const packed: Packed[] = [];
  for (const folder of names.map((name) => join(from, name))) {
    if (existsSync(join(folder, "manifest.json"))) packed.push(await packFolder(folder, key, true));
  }
  // All of them are good: only now is the old output gone.
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, PUBLISHER_FILE), `${Buffer.from(key.publicKey).toString("hex")}\n`);
  for (const { manifest, parts } of packed) {
    const target = join(to, manifest.name);
    if (existsSync(target))
      throw new Failure(`Two peerlets in ${from} are called ${manifest.name}.`);
    writePackage(parts, target + EXTENSION, target);
  }
}

function machineKey(otherKeyPath: string): Identity {
  const usual = defaultKeyPath();
  for (const path of [usual, otherKeyPath]) if (existsSync(path)) return readKey(path);
  try {
    return makeKey(usual);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Two builds at once: the other one was quicker.
    return existsSync(usual) ? readKey(usual) : makeKey(otherKeyPath);
  }
}
