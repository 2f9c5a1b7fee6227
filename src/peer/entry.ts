/** What this node knows of one application, beside its running peerlet. */
import { Rate } from "../base/rate.ts";
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import { HeldMessages } from "./held-messages.ts";
import type { Manifest } from "./manifest.ts";
import type { Peerlet } from "./peerlet.ts";

export interface Arrival {
  readonly hash: string | null;
  readonly url: string | null;
  /** The hop it came from, then its source. */
  readonly nodes: readonly Id[];
  /** Not at the root of its key. */
  readonly onItsWay: boolean;
  /** Any other package of the application does as well. */
  readonly orOther?: boolean;
}

export interface Entry {
  readonly peerlet: Peerlet;
  /** Null while it is not known. Of a refused one, too: a person may want to know what it was. */
  manifest: Manifest | null;
  /** Of its manifest on a code server. */
  url: string | null;
  installedBy: "hand" | "message";
  /** The package whose view this node has for itself; one that it keeps for others may have a view, too. */
  viewHash: string | null;
  /** What the last message that asked for code said about it. */
  arrival: Arrival;
  /** Its code, or another version's, is being fetched. */
  obtaining: boolean;
  /** Other versions that were looked at, and when they may be looked at again. */
  readonly knownHashes: Map<string, number>;
  /** Messages of a version that is being fetched to replace the one that is here. */
  readonly held: HeldMessages;
  /** The person was asked. */
  asked: boolean;
  /** When a refused one may be tried again. */
  retryAtMs: number;
  announcedAtMs: number;
  lostAtMs: readonly number[];
  /** Messages for it, in shares of what may come in a burst. */
  readonly inbound: Rate;
}

export function entryOf(peerlet: Peerlet, installedBy: Entry["installedBy"], env: Env): Entry {
  return {
    peerlet,
    manifest: null,
    url: null,
    installedBy,
    viewHash: null,
    arrival: { hash: null, url: null, nodes: [], onItsWay: false },
    obtaining: false,
    knownHashes: new Map(),
    held: new HeldMessages(env.clock),
    asked: false,
    retryAtMs: Number.POSITIVE_INFINITY,
    announcedAtMs: env.clock.now(),
    lostAtMs: [],
    inbound: new Rate(1, 0.5, env.clock.now()),
  };
}

/** It runs, or is about to. */
export function isBusy({ peerlet }: Entry): boolean {
  return peerlet.state === "running" || peerlet.state === "installing";
}
