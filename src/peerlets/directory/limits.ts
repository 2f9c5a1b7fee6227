/** The bounds of the directory alone, with unit and source. A guess says so. Those of what is replicated are in `../replicated/limits.ts`. */

/** Of a category's whole name, in UTF-16 units, and how deep it may lie. Guesses. */
export const MAX_CATEGORY_CHARS = 64;
export const MAX_CATEGORY_DEPTH = 6;
/** Of an entry, in UTF-16 units. Guesses: a screen of a phone. */
export const MAX_NAME_CHARS = 80;
export const MAX_DESCRIPTION_CHARS = 600;
export const MAX_CONTACT_CHARS = 200;

/** Of a search. Guesses. */
export const MAX_WORDS = 8;
export const MAX_SEARCH_CHARS = 200;

/** Of an entry: OpenDHT's 604,800 s at most; the least and the default are guesses. */
export const MAX_TTL_MS = 604_800_000;
export const MIN_TTL_MS = 60_000;
export const DEFAULT_TTL_MS = 86_400_000;
/**
 * The time of an entry is signed as a date, so that others cannot prolong it;
 * clocks may differ by so much, in ms, and so long may others keep it past its
 * time. A guess: most clocks are set by the network.
 */
export const CLOCK_SKEW_MS = 600_000;
/** Of any record: a withdrawal outlives what it withdraws, by whatever clock. */
export const MAX_LIFE_MS = MAX_TTL_MS + 6 * CLOCK_SKEW_MS;

/** Of one provider in one category, those withdrawn lately included; and of one node in all. Guesses. */
export const MAX_PROVIDER_ENTRIES = 16;
export const MAX_OWN_ENTRIES = 100;

/** Entries of one page when nothing is said. A guess. The most are `MAX_PAGE_RECORDS`. */
export const DEFAULT_PAGE = 50;
