/**
 * What a person typed as the place of a package: an address, a `prost:` locator, a bare hash, or neither. Pure.
 */
export type LocatorInput =
  | { readonly kind: "locator"; readonly locator: string }
  | { readonly kind: "empty" }
  /** `why` is a sentence for the person. */
  | { readonly kind: "invalid"; readonly why: string };

const HASH = /^[0-9a-f]{64}$/;
/** Digits of about a hash's length are a mistyped hash, not an address. */
const NEARLY_A_HASH = /^[0-9a-f]{40,90}$/;
/** An address without its "https://". */
const HOST_AND_PATH = /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?\/\S+$/i;

export function readLocatorInput(text: string): LocatorInput {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "empty" };
  const isOverlay = /^prost:/i.test(trimmed);
  const hash = trimmed
    .replace(/^prost:/i, "")
    .replace(/\s+/g, "")
    .toLowerCase();
  if (HASH.test(hash)) return { kind: "locator", locator: `prost:${hash}` };
  if (isOverlay || NEARLY_A_HASH.test(hash)) {
    return {
      kind: "invalid",
      why: `After "prost:" stand 64 hex digits, the package's hash; this has ${hash.length} characters.`,
    };
  }
  if (HOST_AND_PATH.test(trimmed)) return { kind: "locator", locator: `https://${trimmed}` };
  if (!URL.canParse(trimmed)) {
    return { kind: "invalid", why: 'An address starts with "https://", a locator with "prost:".' };
  }
  const { protocol, href } = new URL(trimmed);
  if (protocol === "https:" || protocol === "http:") return { kind: "locator", locator: href };
  return { kind: "invalid", why: `Only https: and prost: can be installed from, not ${protocol}` };
}
