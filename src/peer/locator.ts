/**
 * Locators: where the code of a peerlet can be had. Every message carries one.
 *
 *     https://host/path/manifest.json           on a code server
 *     https://host/path/manifest.json#<hash>    the same, and which package it is
 *     prost:<hash>                              in the overlay itself
 *
 * The hash is that of the package, 64 hex digits. With it any node can say
 * whether it has this very version, and the nodes responsible for it can be
 * asked when the server is gone.
 */
import { MAX_LOCATOR_BYTES } from "../wire/limits.ts";

export interface Locator {
  /** Null: only the overlay has it. */
  readonly url: string | null;
  /** Null: whatever the server offers. */
  readonly hash: string | null;
}

const FORM = /^(?:prost:([0-9a-f]{64})|(https?:\/\/[\x21-\x22\x24-\x7e]+)(?:#([0-9a-f]{64}))?)$/;

/** Null when a text is no locator. */
export function readLocator(text: string): Locator | null {
  const match = FORM.exec(text);
  if (match === null || text.length > MAX_LOCATOR_BYTES) return null;
  return { url: match[2] ?? null, hash: match[1] ?? match[3] ?? null };
}

/** The address is left out when it is too long to travel. */
export function writeLocator(url: string | null, hash: string): string {
  const text = `${url ?? ""}#${hash}`;
  return url === null || text.length > MAX_LOCATOR_BYTES ? `prost:${hash}` : text;
}
