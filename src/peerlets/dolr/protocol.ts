/**
 * What travels: two routed messages, and what nodes may call on each other.
 *
 * | routed    | to                 | at every hop                                             |
 * | --------- | ------------------ | -------------------------------------------------------- |
 * | `publish` | the object's root  | leaves a pointer to its source                           |
 * | `send`    | the object's root  | offered to the endpoints known there; the rest goes on   |
 *
 * | method     | called by                 | at                | does                                        |
 * | ---------- | ------------------------- | ----------------- | ------------------------------------------- |
 * | `holds`    | a node with new pointers  | the publisher     | says which of these objects it publishes    |
 * | `withdraw` | a publisher               | who has pointers  | drops the caller's pointers                 |
 * | `learn`    | a root                    | the next node     | pointers, as if their publish had come here |
 * | `seek`     | a root                    | the next node     | a `send` that the root could not fill       |
 * | `obj`      | a node with a pointer     | the endpoint      | offers a message: `took`, `had`, `no`, `over` |
 * | `collect`  | an endpoint               | the sender        | the message itself                          |
 * | `took`     | the endpoint              | the sender        | has it: the acknowledgement                 |
 * | `wants`    | a node with a pointer     | the sender        | whether more endpoints are wanted           |
 * | `unmet`    | the last node asked       | the sender        | so many endpoints were not found            |
 *
 * A routed message's source is a claim. So a `publish` moves nobody's message
 * before its publisher was called, and a `send` has no content: the endpoint
 * fetches that from the sender, and each knows who the other is.
 *
 * All of it is a stranger's: `unknown` until read.
 */
import type { Plain } from "prost/sdk";
import { MAX_ENDPOINTS, MAX_HOPS, MAX_ROUTED_BYTES, MAX_SKIPPED, MAX_TRIES } from "./limits.ts";

/** A message on its way to endpoints. */
export interface Search {
  /** Drawn by the sender. */
  readonly id: string;
  /** Which of the sender's tries it belongs to. */
  readonly attempt: number;
  readonly sender: string;
  /** Endpoints still wanted. */
  readonly want: number;
  /** Nodes that have it, or were tried. */
  readonly skip: readonly string[];
  /** Hops made before it was routed again. */
  readonly hops: number;
}

/** `from` is the hop before: the direction in which the publisher is. */
export type Routed =
  | { readonly op: "publish"; readonly from: string }
  | { readonly op: "send"; readonly search: Search };

/** A pointer, as one node tells it to another. */
export interface Told {
  readonly objectId: string;
  readonly publisher: string;
  readonly hops: number;
  readonly ttlMs: number;
}

export type Answered = "took" | "had" | "no" | "over";

export interface AtNode {
  holds(caller: string, objectIds: readonly string[]): readonly boolean[];
  withdraw(caller: string, objectIds: readonly string[]): void;
  learn(caller: string, pointers: readonly Plain[]): void;
  seek(caller: string, objectId: string, search: Plain): boolean;
  obj(
    caller: string,
    objectId: string,
    id: string,
    sender: string,
    hops: number,
  ): Promise<Answered>;
  collect(caller: string, objectId: string, id: string, hops: number): Plain;
  took(caller: string, id: string): void;
  wants(caller: string, id: string): boolean;
  unmet(caller: string, id: string, attempt: number, count: number): void;
}

export function isId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}

export function isRequestId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

export function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null for what is no list of at most so many ids. */
export function readIds(value: unknown, most: number): readonly string[] | null {
  return Array.isArray(value) && value.length <= most && value.every(isId) ? value : null;
}

export function encode(routed: Routed): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(routed));
}

/** Null for what is none of the two. */
export function decode(data: Uint8Array): Routed | null {
  if (data.length > MAX_ROUTED_BYTES) return null;
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder().decode(data));
  } catch {
    return null;
  }
  if (!isObject(said)) return null;
  if (said["op"] === "publish") {
    const { from } = said;
    return isId(from) ? { op: "publish", from } : null;
  }
  const search = said["op"] === "send" ? readSearch(said["search"]) : null;
  return search && { op: "send", search };
}

export function readSearch(said: unknown): Search | null {
  if (!isObject(said)) return null;
  const { id, attempt, sender, want, hops } = said;
  const skip = readIds(said["skip"], MAX_SKIPPED);
  const isSound =
    isRequestId(id) &&
    isCount(attempt, MAX_TRIES) &&
    isId(sender) &&
    isCount(want, MAX_ENDPOINTS) &&
    want > 0 &&
    isCount(hops, MAX_HOPS) &&
    skip !== null;
  return isSound ? { id, attempt, sender, want, skip, hops } : null;
}

export function readTold(said: unknown): Told | null {
  if (!isObject(said)) return null;
  const { objectId, publisher, hops, ttlMs } = said;
  const isSound =
    isId(objectId) &&
    isId(publisher) &&
    isCount(hops, MAX_HOPS) &&
    typeof ttlMs === "number" &&
    ttlMs > 0;
  return isSound ? { objectId, publisher, hops, ttlMs } : null;
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
