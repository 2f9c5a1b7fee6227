/**
 * What travels: one routed message, the question, and what nodes call on each other.
 *
 * | method  | called by    | at              | does                                                   |
 * | ------- | ------------ | --------------- | ------------------------------------------------------ |
 * | `wants` | who has it   | source, or hop  | whether it waits for this value                        |
 * | `found` | who has it   | the source      | the answer; without a value: nothing is there          |
 * | `keep`  | who has it   | a hop that asked | a copy to keep                                        |
 *
 * A routed message's source and hops are claims. So a large value is sent to nobody
 * who has not said that it waits for it, and who gets one checks its hash.
 *
 * All of it is a stranger's: `unknown` until read.
 */
import type { Plain } from "prost/sdk";
import { isKey } from "../replicated/arcs.ts";
import { sha256 } from "../replicated/crypto.ts";
import { hex } from "../replicated/rules.ts";
import { MAX_HOPS, MAX_QUESTION_BYTES, MAX_TTL_MS, MAX_VALUE_BYTES } from "./limits.ts";

export interface Question {
  /** Drawn by the source: who knows it was on the way. */
  readonly id: string;
  /** Nodes that had nothing, the last one last. */
  readonly hops: readonly string[];
}

export interface AtNode {
  wants(caller: string, key: string, id: string): boolean;
  found(caller: string, key: string, id: string, value: Plain, ttlMs: number, hops: number): void;
  keep(caller: string, key: string, value: Plain, ttlMs: number): void;
}

const KEY_DIGITS = 40;

export function isRequestId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

export function encode(question: Question): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(question));
}

/** Null for what is no question. */
export function decode(data: Uint8Array): Question | null {
  if (data.length > MAX_QUESTION_BYTES) return null;
  try {
    const { id, hops } = JSON.parse(new TextDecoder().decode(data)) as Partial<Question>;
    const isSound =
      isRequestId(id) && Array.isArray(hops) && hops.length <= MAX_HOPS && hops.every(isKey);
    return isSound ? { id, hops } : null;
  } catch {
    // Not JSON, or `null`.
    return null;
  }
}

/** True for the bytes whose hash is the key: then it is the value, whoever brought it. */
export function isValueOf(key: string, value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > MAX_VALUE_BYTES) return false;
  return hex(sha256(value)).slice(0, KEY_DIGITS) === key;
}

export function isTtl(ttlMs: unknown): ttlMs is number {
  return typeof ttlMs === "number" && ttlMs > 0 && ttlMs <= MAX_TTL_MS;
}
