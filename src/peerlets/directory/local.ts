/** What this node's view, its page and other applications on it may call. Mistakes of callers are thrown. */
import type { Plain, Prost } from "prost/sdk";
import type { Client } from "../replicated/client.ts";
import { MAX_PAGE_RECORDS } from "../replicated/limits.ts";
import { readOptions } from "../replicated/options.ts";
import { hex, isSlot } from "../replicated/rules.ts";
import {
  DEFAULT_PAGE,
  DEFAULT_TTL_MS,
  MAX_CONTACT_CHARS,
  MAX_DESCRIPTION_CHARS,
  MAX_NAME_CHARS,
  MAX_TTL_MS,
  MIN_TTL_MS,
} from "./limits.ts";
import {
  childOf,
  entryCategory,
  keyOfCategory,
  normalCategory,
  textProblem,
  tidy,
} from "./names.ts";
import type { Own } from "./own.ts";
import type { Provider } from "./provider.ts";
import type { DirectoryRecord } from "./records.ts";
import { type Query, wordsOf } from "./rules.ts";

export interface RegisterOptions {
  readonly name: string;
  readonly description?: string;
  /** How to reach the provider: an address, a telephone number, a name elsewhere. */
  readonly contact?: string;
  /** How long it is listed, in ms: 60,000 to 604,800,000; default 86,400,000. */
  readonly ttlMs?: number;
  /** Whether this node renews it for as long as this peerlet runs on it. */
  readonly autoRenew?: boolean;
}

export interface ImportOptions {
  /** Whether a key that is here may go. */
  readonly replace?: boolean;
}

export interface PageOptions {
  /** At most so many: 1 to 100; default 50. */
  readonly limit?: number;
  /** Where an earlier page ended. */
  readonly cursor?: string | null;
}

export interface Listed {
  /** Names this entry; the same on every replica. */
  readonly id: string;
  readonly category: string;
  readonly name: string;
  readonly description: string;
  readonly contact: string;
  /** The provider's public key, 64 hex digits. */
  readonly provider: string;
  /** What is left of its time. */
  readonly ttlMs: number;
  readonly isOwn: boolean;
}

export interface ListedPage {
  readonly category: string;
  readonly entries: readonly Listed[];
  readonly cursor: string | null;
}

export interface CategoryPage {
  readonly parent: string;
  readonly categories: readonly { readonly name: string; readonly category: string }[];
  readonly cursor: string | null;
}

export interface Mine {
  readonly category: string;
  readonly name: string;
  readonly description: string;
  readonly contact: string;
  readonly ttlMs: number;
  /** What is left of it; 0 when it has ended. */
  readonly leftMs: number;
  readonly autoRenew: boolean;
  /** Why it could not be renewed lately, or "". */
  readonly why: string;
}

export interface LocalPorts {
  readonly prost: Prost;
  readonly client: Client<DirectoryRecord, Query>;
  readonly own: Own;
  readonly provider: Provider;
  readonly stats: () => { readonly [name: string]: number };
}

export function localMethods({ prost, client, own, provider, stats }: LocalPorts) {
  const list = async (category: string, words: readonly string[], options: unknown) => {
    const query = { ...pageQuery(category, options), recordKind: "entry", words } as const;
    const [page, key] = await Promise.all([client.get(query, 1), own.known()]);
    const me = key ? hex(key.publicKey) : null;
    const entries = page.found.flatMap(({ record, slot, ttlMs }): Listed[] => {
      if (record.kind !== "entry") return [];
      const by = hex(record.publicKey);
      const { name, description, contact } = record;
      const texts = { category, name, description, contact };
      return [{ id: slot, ...texts, provider: by, ttlMs, isOwn: by === me }];
    });
    return { category, entries, cursor: page.cursor };
  };

  return {
    keyOf: (category: string) => keyOfCategory(normalCategory(category)),
    /** Lists this node's provider in a category; the same name again replaces the entry. */
    register: async (inCategory: string, options: RegisterOptions) => {
      const asked = readRegister(inCategory, options);
      const nodes = await provider.register(asked);
      return { category: asked.category, name: asked.name, ttlMs: asked.ttlMs, nodes };
    },
    /** For as long again as it was registered for. */
    renew: async (category: string, name: string): Promise<Mine> => {
      const entry = await provider.renew(entryCategory(category), checkName(name));
      const { category: of, description, contact, ttlMs, autoRenew } = entry;
      const texts = { category: of, name: entry.name, description, contact };
      return { ...texts, ttlMs, leftMs: ttlMs, autoRenew, why: "" };
    },
    withdraw: async (category: string, name: string) => ({
      nodes: await provider.withdraw(entryCategory(category), checkName(name)),
    }),
    /** Who is in a category, in an order that nobody chooses. */
    browse: (category: string, options?: PageOptions): Promise<ListedPage> =>
      list(entryCategory(category), [], options),
    /** Those in a category that have all these words in their name or description. */
    search: (category: string, text: string, options?: PageOptions): Promise<ListedPage> =>
      list(entryCategory(category), wordsOf(text), options),
    /** The categories directly in another one, or at the top. */
    categories: async (inParent = "", options?: PageOptions): Promise<CategoryPage> => {
      const parent = normalCategory(inParent);
      const query = { ...pageQuery(parent, options), recordKind: "category", words: [] } as const;
      const page = await client.get(query, 1);
      const categories = page.found.map(({ record: { name } }) => ({
        name,
        category: childOf(parent, name),
      }));
      return { parent, categories, cursor: page.cursor };
    },
    /** What this node registered. */
    mine: async (): Promise<Mine[]> => {
      const now = prost.clock.date();
      return (await own.entries()).map((entry) => {
        const { category, name, description, contact, ttlMs, autoRenew, expiresMs } = entry;
        const leftMs = Math.max(0, expiresMs - now);
        const why = provider.whyNotRenewed(entry);
        return { category, name, description, contact, ttlMs, leftMs, autoRenew, why };
      });
    },
    /** The provider's public key, drawn now if there was none; and this node. */
    whoAmI: async () => ({
      provider: hex((await own.key()).publicKey),
      node: prost.self,
    }),
    /** The key and what was registered with it, as a text for another machine. Whoever has it is this provider. */
    exportKey: () => own.exported(),
    /** Takes the place of this node's key. */
    importKey: async (text: string, options?: ImportOptions) => {
      const { replace = false } = readOptions<ImportOptions>(options, ["replace"]);
      if (typeof replace !== "boolean") throw new TypeError("replace is true or false");
      await own.take(text, replace);
      provider.start();
      prost.emit("own");
      return { provider: hex((await own.key()).publicKey) };
    },
    /** The replicas of a category, the root first, and what each says that it has. */
    where: (category: string): Promise<Plain[]> =>
      client.where(keyOfCategory(normalCategory(category))),
    stats,
  };
}

function pageQuery(category: string, options: unknown) {
  const { limit = DEFAULT_PAGE, cursor } = readOptions<PageOptions>(options, ["limit", "cursor"]);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_RECORDS) {
    throw new TypeError(`limit is from 1 to ${MAX_PAGE_RECORDS}`);
  }
  const after = cursor ?? "";
  if (after !== "" && !isSlot(after)) throw new TypeError("a cursor is what a page ended with");
  return { key: keyOfCategory(category), after, limit, withRemoved: true };
}

function readRegister(inCategory: unknown, options: unknown) {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("an entry has a name: register(category, { name, description })");
  }
  const names = ["name", "description", "contact", "ttlMs", "autoRenew"] as const;
  const read = readOptions<RegisterOptions>(options, names);
  const { name, description = "", contact = "", ttlMs = DEFAULT_TTL_MS, autoRenew = false } = read;
  if (typeof description !== "string" || description.length > 2 * MAX_DESCRIPTION_CHARS) {
    throw new TypeError(`a description has 0 to ${MAX_DESCRIPTION_CHARS} characters`);
  }
  if (typeof contact !== "string" || contact.length > 2 * MAX_CONTACT_CHARS) {
    throw new TypeError(`a contact has 0 to ${MAX_CONTACT_CHARS} characters`);
  }
  if (!Number.isInteger(ttlMs) || ttlMs < MIN_TTL_MS || ttlMs > MAX_TTL_MS) {
    throw new TypeError(`ttlMs is from ${MIN_TTL_MS} (a minute) to ${MAX_TTL_MS} (7 days)`);
  }
  const texts = { description: tidy(description), contact: tidy(contact) };
  const problem =
    textProblem("description", texts.description, 0, MAX_DESCRIPTION_CHARS, true) ??
    textProblem("contact", texts.contact, 0, MAX_CONTACT_CHARS);
  if (problem !== null) throw new TypeError(problem);
  if (typeof autoRenew !== "boolean") throw new TypeError("autoRenew is true or false");
  return {
    category: entryCategory(inCategory),
    name: checkName(name),
    ...texts,
    ttlMs,
    autoRenew,
  };
}

function checkName(name: unknown): string {
  const tidied = typeof name === "string" && name.length <= 2 * MAX_NAME_CHARS ? tidy(name) : name;
  const problem = textProblem("name", tidied, 1, MAX_NAME_CHARS);
  if (problem !== null) throw new TypeError(problem);
  return tidied as string;
}
