/** What a reader of the hash table gets, and the checks of what a caller passes. */
import { isKey } from "../replicated/arcs.ts";
import { sha256 } from "../replicated/crypto.ts";
import { hex } from "../replicated/rules.ts";
import { MAX_TTL_MS } from "./limits.ts";
import type { Sound } from "./records.ts";

export interface Found {
  /** Names this value under its key; the same on every replica. */
  readonly id: string;
  readonly kind: "value" | "hash" | "signed";
  readonly value: Uint8Array;
  /** SHA-256 of the value. */
  readonly hash: string;
  readonly ttlMs: number;
  readonly isRemovable: boolean;
  readonly name?: string;
  readonly publicKey?: Uint8Array;
  readonly sequence?: number;
  readonly signature?: Uint8Array;
}

export function foundOf({ record, slot, ttlMs }: Sound): Found {
  if (record.kind === "removed") throw new Error("a removal is no value");
  const { kind, value } = record;
  const found = { id: slot, kind, value, hash: hex(sha256(value)), ttlMs, isRemovable: false };
  switch (record.kind) {
    case "value":
      return { ...found, isRemovable: record.secretHash !== "" };
    case "hash":
      return found;
    case "signed": {
      const { name, publicKey, sequence, signature } = record;
      return { ...found, name, publicKey, sequence, signature };
    }
  }
}

/** For whoever checks arguments. */
export function checkTtl(ttlMs: number, leastMs: number): number {
  if (typeof ttlMs === "number" && ttlMs >= leastMs && ttlMs <= MAX_TTL_MS) return ttlMs;
  throw new TypeError(`ttlMs is from ${leastMs} to ${MAX_TTL_MS} (7 days)`);
}

export function checkKey(key: unknown): string {
  if (isKey(key)) return key;
  throw new TypeError("a key is 40 lowercase hex digits; keyOf(name) makes one");
}
