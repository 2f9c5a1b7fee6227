/** What the replication has to know of the directory's records, and how they are asked for. */
import { readBaseQuery } from "../replicated/protocol.ts";
import { MAX_PAGE_RECORDS } from "../replicated/limits.ts";
import type { BaseQuery, Rules } from "../replicated/rules.ts";
import { MAX_PROVIDER_ENTRIES, MAX_SEARCH_CHARS, MAX_WORDS } from "./limits.ts";
import { fold } from "./names.ts";
import {
  type DirectoryRecord,
  type EntryRecord,
  isGenuine,
  plainOf,
  readRecord,
} from "./records.ts";

export interface Query extends BaseQuery {
  readonly recordKind: "entry" | "category";
  /** Folded; an entry must have each of them in its name or description. */
  readonly words: readonly string[];
}

/** `now` is a date. */
export function directoryRules(now: () => number): Rules<DirectoryRecord, Query> {
  return {
    read: (plain) => readRecord(plain, now()),
    isGenuine,
    plainOf,
    // Two bytes for each unit of UTF-16, as the host counts texts.
    payloadBytes: (record) => 2 * charsOf(record),
    isRemoval: (record) => record.kind === "entry" && record.isWithdrawn,
    whyOlder: (kept) =>
      kept.kind === "category"
        ? "this category is known already"
        : `a newer one of this entry is here, ${kept.isWithdrawn ? "a withdrawal, " : ""}with sequence number ${kept.sequence}: another machine has the same key and a clock ahead of this one's`,
    isShared: () => true,
    refusal,
    readQuery,
    isAsked,
    // All of it: an older entry may match where its successor does not.
    gathering: (query) => ({ ...query, withRemoved: true, words: [], limit: MAX_PAGE_RECORDS }),
    describe: (record) =>
      record.kind === "entry"
        ? { name: record.name, sequence: record.sequence, isWithdrawn: record.isWithdrawn }
        : { name: record.name, sequence: null, isWithdrawn: false },
  };
}

/** The words of a search, folded. Throws with what is wrong. */
export function wordsOf(search: unknown): string[] {
  if (typeof search !== "string" || search.length > MAX_SEARCH_CHARS || !search.isWellFormed()) {
    throw new TypeError(`a search is a text of at most ${MAX_SEARCH_CHARS} characters`);
  }
  const words = fold(search)
    .split(/\s+/u)
    .filter((word) => word !== "");
  if (words.length > MAX_WORDS) {
    throw new TypeError(`a search has at most ${MAX_WORDS} words, not ${words.length}`);
  }
  return words;
}

function charsOf(record: DirectoryRecord): number {
  if (record.kind === "category") return record.parent.length + record.name.length;
  const { category, name, description, contact } = record;
  return category.length + name.length + description.length + contact.length;
}

/** One provider must not fill a category that all may write to. */
function refusal(record: DirectoryRecord, others: Iterable<DirectoryRecord>): string | null {
  if (record.kind !== "entry") return null;
  let held = 0;
  for (const other of others) {
    if (other.kind === "entry" && isSame(other.publicKey, record.publicKey)) held += 1;
  }
  if (held < MAX_PROVIDER_ENTRIES) return null;
  return `a provider has at most ${MAX_PROVIDER_ENTRIES} entries in one category, those withdrawn lately included`;
}

function readQuery(asked: unknown): Query | null {
  const base = readBaseQuery(asked);
  if (!base) return null;
  const { recordKind, words } = asked as Readonly<Record<string, unknown>>;
  if (recordKind !== "entry" && recordKind !== "category") return null;
  if (!Array.isArray(words) || words.length > MAX_WORDS) return null;
  const isWord = (word: unknown): word is string =>
    typeof word === "string" && word.length <= MAX_SEARCH_CHARS && fold(word) === word;
  return (words as unknown[]).every(isWord)
    ? { ...base, recordKind, words: words as string[] }
    : null;
}

function isAsked(record: DirectoryRecord, { recordKind, withRemoved, words }: Query): boolean {
  if (record.kind !== recordKind) return false;
  if (record.kind === "category") return true;
  if (record.isWithdrawn) return withRemoved;
  if (words.length === 0) return true;
  const text = foldedText(record);
  return words.every((word) => text.includes(word));
}

/** A search looks at every entry of a category: they are folded once. */
const foldedTexts = new WeakMap<EntryRecord, string>();

function foldedText(entry: EntryRecord): string {
  let folded = foldedTexts.get(entry);
  if (folded === undefined) {
    folded = fold(`${entry.name}\n${entry.description}`);
    foldedTexts.set(entry, folded);
  }
  return folded;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
