/**
 * How packages travel from node to node: what is asked, and what is answered.
 * These are routed messages under an app id of the overlay's own, answered in
 * the body of their receipt.
 *
 * | ask       | of whom                       | answer                                     |
 * | --------- | ----------------------------- | ------------------------------------------ |
 * | `package` | a node, or a hash's root      | manifest, and the code's first piece       |
 * | `piece`   | the same                      | bytes of a part from an offset on          |
 * | `keep`    | a hash's root and replicas    | nothing: it fetches the package and keeps it |
 *
 * A node that does not have it refuses, and the next of the replica set is asked.
 */
import type { Plain } from "../base/plain.ts";
import { decodePlain, encodePlain } from "../wire/plain-codec.ts";
import { MAX_MANIFEST_BYTES } from "./manifest.ts";

export type CodePart = "code" | "view";

export type CodeAsk =
  /** One of both: a package, or the newest of an application. */
  | { readonly ask: "package"; readonly hash: string | null; readonly appId: string | null }
  | {
      readonly ask: "piece";
      readonly appId?: null;
      readonly hash: string;
      readonly part: CodePart;
      readonly offset: number;
    }
  /** `spread`: tell the rest of the replica set, too. */
  | { readonly ask: "keep"; readonly hash: string; readonly spread: boolean };

/** Bytes of code in one answer: half of what an answer may hold, so that other messages come in between. A guess. */
export const PIECE_BYTES = 131_072;

const HASH = /^[0-9a-f]{64}$/;
const APP_ID = /^[0-9a-f]{32}$/;

export function encodeAsk(ask: CodeAsk): Uint8Array {
  return encodePlain({ ...ask });
}

/** Null when a stranger's bytes are no such question. */
export function decodeAsk(bytes: Uint8Array): CodeAsk | null {
  const fields = fieldsOf(bytes);
  if (fields === null) return null;
  const { ask, hash, appId, part, offset, spread } = fields;
  switch (ask) {
    case "package": {
      const isSound = isHash(hash) ? appId === null : hash === null && isAppId(appId);
      return isSound ? { ask, hash: hash as string | null, appId: appId as string | null } : null;
    }
    case "piece": {
      const isSound = isHash(hash) && (part === "code" || part === "view") && isOffset(offset);
      return isSound ? { ask, hash, part, offset } : null;
    }
    case "keep":
      return isHash(hash) && typeof spread === "boolean" ? { ask, hash, spread } : null;
    default:
      return null;
  }
}

export interface PackageAnswer {
  readonly manifest: Uint8Array;
  /** The code from its start; all of it when it is small. */
  readonly piece: Uint8Array;
}

export function encodePackage({ manifest, piece }: PackageAnswer): Uint8Array {
  return encodePlain({ manifest, piece });
}

export function decodePackage(bytes: Uint8Array): PackageAnswer | null {
  const fields = fieldsOf(bytes);
  if (fields === null) return null;
  const { manifest, piece } = fields;
  const isSound =
    manifest instanceof Uint8Array &&
    manifest.length <= MAX_MANIFEST_BYTES &&
    piece instanceof Uint8Array &&
    piece.length <= PIECE_BYTES;
  return isSound ? { manifest, piece } : null;
}

function fieldsOf(bytes: Uint8Array): Readonly<Record<string, Plain>> | null {
  const value = decodePlain(bytes)?.value;
  const isObject =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array);
  return isObject ? (value as Readonly<Record<string, Plain>>) : null;
}

function isHash(value: Plain): value is string {
  return typeof value === "string" && HASH.test(value);
}

function isAppId(value: Plain): value is string {
  return typeof value === "string" && APP_ID.test(value);
}

function isOffset(value: Plain): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}
