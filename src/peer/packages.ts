/**
 * The packages that this node keeps, by hash: its own, and those that it keeps
 * for others because their hash falls to it. In memory, and in storage so that
 * they survive a reload.
 *
 * Everything in here was verified when it came in. Packages kept for others go
 * first when room is short, the ones longest unused before the rest.
 */
import type { Clock } from "../env/env.ts";
import type { Storage } from "../env/storage.ts";
import type { Verify } from "../id/identity.ts";
import type { CodePart } from "./code-messages.ts";
import {
  type Manifest,
  checkCode,
  compareVersions,
  readManifest,
  verifySignature,
} from "./manifest.ts";

export interface Package {
  /** SHA-256 of the canonical signed manifest, 64 hex digits. */
  readonly hash: string;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly code: Uint8Array;
  /** Null also when it was not fetched yet. */
  readonly view: Uint8Array | null;
}

export type PackageRead =
  | { readonly kind: "package"; readonly package: Package }
  | { readonly kind: "bad"; readonly why: string };

/** Checks form, bounds, hashes and signature. `code` and `view` must be what the manifest names. */
export async function verifyPackage(
  verify: Verify,
  manifestBytes: Uint8Array,
  code: Uint8Array,
  view: Uint8Array | null,
): Promise<PackageRead> {
  const read = readManifest(manifestBytes);
  if (read.kind === "bad") return read;
  const { manifest, hash, bytes } = read;
  const why =
    checkCode(manifest, "code", code) ?? (view === null ? null : checkCode(manifest, "view", view));
  if (why !== null) return { kind: "bad", why };
  const isGood = await new Promise<boolean>((resolve) => {
    verifySignature(manifest, verify, resolve);
  });
  if (!isGood) return { kind: "bad", why: SIGNATURE };
  return { kind: "package", package: { hash, manifest, manifestBytes: bytes, code, view } };
}

export const SIGNATURE =
  "the signature is not the publisher's: the manifest was changed after it was signed";

/** Kept for others: each is announced when the neighbourhood changes. A guess. */
const MOST_KEPT = 256;

interface Kept {
  package: Package;
  /** Applications of this node need it: never dropped. */
  isOwn: boolean;
  usedAtMs: number;
}

export class Packages {
  readonly #clock: Clock;
  readonly #storage: Storage;
  readonly #verify: Verify;
  readonly #mostBytes: () => number;
  readonly #byHash = new Map<string, Kept>();

  constructor(clock: Clock, storage: Storage, verify: Verify, mostBytes: () => number) {
    this.#clock = clock;
    this.#storage = storage;
    this.#verify = verify;
    this.#mostBytes = mostBytes;
  }

  /** Takes up what an earlier visit kept. Storage may have been tampered with: checked as if it came from a stranger. */
  async load(): Promise<void> {
    for (const [, value] of (await this.#storage.entries()) ?? []) {
      const { manifest, code, view, isOwn } = (value ?? {}) as Partial<Record<string, unknown>>;
      if (!(manifest instanceof Uint8Array) || !(code instanceof Uint8Array)) continue;
      const read = await verifyPackage(
        this.#verify,
        manifest,
        code,
        view instanceof Uint8Array ? view : null,
      );
      if (read.kind === "bad") continue;
      const kept = { package: read.package, isOwn: isOwn === true, usedAtMs: this.#clock.now() };
      this.#byHash.set(read.package.hash, kept);
    }
  }

  get(hash: string): Package | undefined {
    const kept = this.#byHash.get(hash);
    if (kept) kept.usedAtMs = this.#clock.now();
    return kept?.package;
  }

  /** The highest version of an application. */
  newestOf(appId: string): Package | undefined {
    return [...this.#byHash.values()]
      .map((kept) => kept.package)
      .filter(({ manifest }) => manifest.appId === appId)
      .toSorted((a, b) => compareVersions(b.manifest.version, a.manifest.version))[0];
  }

  get hashes(): string[] {
    return [...this.#byHash.keys()];
  }

  /** Keeps a verified package. False when there is no room for one that is only kept for others. */
  keep(added: Package, isOwn: boolean): boolean {
    const before = this.#byHash.get(added.hash);
    const merged = { ...added, view: added.view ?? before?.package.view ?? null };
    const bytes = bytesOf(merged) - (before ? bytesOf(before.package) : 0);
    // Nothing is dropped for what has no room even then.
    if (!isOwn && !this.#canHaveRoom(bytes, added.hash)) return false;
    this.makeRoom(bytes, added.hash, isOwn || before ? 0 : 1);
    const kept: Kept = {
      package: merged,
      isOwn: isOwn || before?.isOwn === true,
      usedAtMs: this.#clock.now(),
    };
    this.#byHash.set(added.hash, kept);
    this.#store(kept);
    return true;
  }

  addView(hash: string, view: Uint8Array): void {
    const kept = this.#byHash.get(hash);
    if (!kept) return;
    this.makeRoom(view.length - (kept.package.view?.length ?? 0), hash);
    kept.package = { ...kept.package, view };
    this.#store(kept);
  }

  /** No application of this node needs it any more; others may still ask for it. */
  disown(hash: string): void {
    const kept = this.#byHash.get(hash);
    if (!kept) return;
    kept.isOwn = false;
    this.#store(kept);
  }

  /** Drops what is kept for others, the longest unused first, until there is room for so much more. `except` stays. */
  makeRoom(moreBytes = 0, except = "", more = 0): void {
    const others = [...this.#byHash]
      .filter(([hash, kept]) => !kept.isOwn && hash !== except)
      .toSorted((a, b) => a[1].usedAtMs - b[1].usedAtMs);
    let bytes = this.#sum(() => true) + moreBytes;
    let count = others.length + more;
    for (const [hash, kept] of others) {
      if (bytes <= this.#mostBytes() && count <= MOST_KEPT) return;
      bytes -= bytesOf(kept.package);
      count -= 1;
      this.#byHash.delete(hash);
      void this.#storage.delete(hash);
    }
  }

  #canHaveRoom(bytes: number, except: string): boolean {
    return this.#sum((kept, hash) => kept.isOwn || hash === except) + bytes <= this.#mostBytes();
  }

  #sum(counts: (kept: Kept, hash: string) => boolean): number {
    return [...this.#byHash].reduce(
      (sum, [hash, kept]) => sum + (counts(kept, hash) ? bytesOf(kept.package) : 0),
      0,
    );
  }

  #store({ package: { hash, manifestBytes, code, view }, isOwn }: Kept): void {
    void this.#storage.set(hash, { manifest: manifestBytes, code, view, isOwn });
  }
}

function bytesOf({ manifestBytes, code, view }: Package): number {
  return manifestBytes.length + code.length + (view?.length ?? 0);
}

/** The bytes of a part, as far as this node has it. */
export function partOf(kept: Package, part: CodePart): Uint8Array | null {
  return part === "code" ? kept.code : kept.view;
}
