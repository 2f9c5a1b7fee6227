/** The bounds of the hash table alone, with unit and source. A guess says so. */

/** Of one value. A page of two, and a call with one, stay below what one message may carry. */
export const MAX_VALUE_BYTES = 65_536;
/** OpenDHT's: 604,800 s. */
export const MAX_TTL_MS = 604_800_000;
/** Shorter than a put may take. A guess. */
export const MIN_TTL_MS = 1_000;
/** Of a put that does not say. A guess. */
export const DEFAULT_TTL_MS = 3_600_000;
/** A secret longer than a hash proves no more. */
export const MAX_SECRET_BYTES = 64;
/** Of a signed record, in characters. A guess. */
export const MAX_NAME_CHARS = 128;
