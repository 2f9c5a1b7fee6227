/**
 * Finds a package: asks whoever may have it, one after the other, and takes the
 * first answer that is what was asked for.
 *
 * Wherever bytes come from, they are verified before this file gives them on.
 * It does not decide whether a package is wanted: who asks gives its consent.
 */
import type { Counters } from "../base/counters.ts";
import type { Clock } from "../env/env.ts";
import type { Verify } from "../id/identity.ts";
import {
  type Source,
  type SourcePorts,
  type Wanted,
  sourcesOf,
  viewSourcesOf,
} from "./code-sources.ts";
import { MAX_CODE_BYTES, type Manifest, checkCode } from "./manifest.ts";
import { type Package, verifyPackage } from "./packages.ts";

export interface FinderPorts extends SourcePorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly verify: Verify;
}

/** Asked once the manifest is known, before the code is fetched. Null: go on; else why not. */
export type Consent = (manifest: Manifest, hash: string) => string | null;

export type Obtained =
  | { readonly kind: "package"; readonly package: Package }
  /** The manifest was not wanted. */
  | { readonly kind: "unwanted"; readonly why: string }
  /** `isBad`: something came, and was no good. */
  | { readonly kind: "missing"; readonly why: string; readonly isBad?: boolean };

/** The next source is asked when one says nothing for so long, in ms. A guess: a sender waits for its receipt for 10 s. */
const PATIENCE_MS = 1_500;

const NOBODY = "nobody who was asked has it";
const NO_CODE = "its manifest came, and nobody who was asked has its code";

export class CodeFinder {
  readonly #ports: FinderPorts;

  constructor(ports: FinderPorts) {
    this.#ports = ports;
  }

  /** From the first that has it. Never rejects. */
  async obtain(wanted: Wanted, consent: Consent): Promise<Obtained> {
    let why = NOBODY;
    let isBad = false;
    const bad = (what: string) => {
      why = what;
      isBad = true;
      this.#ports.counters.add("packages.bad");
    };
    for await (const read of this.#answers(wanted)) {
      // What is wrong here may be right at the next: anybody can answer with rubbish.
      if (read.kind === "bad") {
        bad(read.why);
        continue;
      }
      const { manifest } = read;
      const isOther =
        (wanted.hash !== null && read.hash !== wanted.hash) ||
        (wanted.appId !== null && manifest.appId !== wanted.appId);
      if (isOther) {
        why = `what came is another package: ${manifest.name} ${manifest.version}`;
        isBad = true;
        continue;
      }
      const refusal = consent(manifest, read.hash);
      if (refusal !== null) return { kind: "unwanted", why: refusal };
      const code = await read.rest();
      if (code === null) {
        if (!isBad) why = NO_CODE;
        continue;
      }
      if (code === "too-large") {
        bad(`the code is too large: it has at most ${MAX_CODE_BYTES} bytes`);
        continue;
      }
      const verified = await verifyPackage(this.#ports.verify, read.bytes, code, null);
      if (verified.kind === "package") return verified;
      bad(verified.why);
    }
    return { kind: "missing", why, isBad };
  }

  /** The view of a package that this node has. Null when nobody has it. */
  async obtainView(
    hash: string,
    nodes: Wanted["nodes"],
    url: string | null,
  ): Promise<Uint8Array | null> {
    const { packages } = this.#ports;
    const kept = packages.get(hash);
    if (!kept || kept.manifest.view === null) return null;
    if (kept.view) return kept.view;
    for (const source of viewSourcesOf(this.#ports, { hash, nodes, url }, kept.manifest.view)) {
      const bytes = await source();
      if (bytes === null || bytes === "too-large") continue;
      if (checkCode(kept.manifest, "view", bytes) !== null) continue;
      packages.addView(hash, bytes);
      return bytes;
    }
    return null;
  }

  /** What the sources answer, in their order; only that a silent one does not hold up the next for long. */
  async *#answers(wanted: Wanted): AsyncGenerator<Source> {
    const open = new Set<Promise<void>>();
    const ready: Source[] = [];
    for (const source of sourcesOf(this.#ports, wanted)) {
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
      patience.cancel = this.#ports.clock.after(PATIENCE_MS, () => {
        patience.isOver = true;
        resolve();
      });
    });
    return patience;
  }
}
