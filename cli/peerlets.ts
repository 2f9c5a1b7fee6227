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
import { readSource, usesOf } from "./source.ts";

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
  const folders = names.map((name) => join(from, name));
  const packed = await packInOrder(
    folders.filter((folder) => existsSync(join(folder, "manifest.json"))),
    key,
  );
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

/** What others use comes before them: their manifests name its hash. */
async function packInOrder(folders: readonly string[], key: Identity): Promise<readonly Packed[]> {
  const packed = new Map<string, Packed>();
  let left = folders.map((folder) => ({ folder, uses: usesOf(readSource(folder)) }));
  while (left.length > 0) {
    const ready = left.filter(({ uses }) => uses.every((name) => packed.has(name)));
    if (ready.length === 0) {
      const [{ folder, uses } = { folder: "", uses: [] }] = left;
      throw new Failure(
        `${folder} uses ${uses.join(", ")}: not all of them are here, or they use each other.`,
      );
    }
    for (const { folder } of ready) {
      const made = await packFolder(folder, key, true, (name) => {
        const { manifest, hash } = packed.get(name)!;
        return { appId: manifest.appId, hash };
      });
      packed.set(made.manifest.name, made);
    }
    left = left.filter((each) => !ready.includes(each));
  }
  return [...packed.values()];
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
