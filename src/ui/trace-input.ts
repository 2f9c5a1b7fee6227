/**
 * What a person typed into the trace box: a key, a name, or neither.
 */
import { isId } from "../id/id.ts";

export type TraceInput =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "empty" }
  /** `why` is a sentence for the person. */
  | { readonly kind: "invalid"; readonly why: string };

/** Hex digits of about a key's length are a mistyped key, not a name. */
const NEARLY_A_KEY = /^[0-9a-f]{32,48}$/;

export function readTraceInput(text: string): TraceInput {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "empty" };
  // Keys are shown in groups of four, so they come back with spaces in them.
  const digits = trimmed.toLowerCase().replace(/\s+/g, "");
  if (isId(digits)) return { kind: "key", key: digits };
  if (NEARLY_A_KEY.test(digits)) {
    return {
      kind: "invalid",
      why: `A key has 40 hex digits; this has ${digits.length}. Anything else is read as a name.`,
    };
  }
  return { kind: "name", name: trimmed };
}
