/**
 * A small key-value store in IndexedDB, through idb-keyval.
 *
 * It fails soft: private windows, full disks and blocked databases are daily
 * life, and each is a value here. Some browsers never answer at all, so every
 * call has a time limit.
 */
import { clear, createStore, del, entries, get, set, setMany } from "idb-keyval";
import type { Storage } from "../env/storage.ts";

export type Stored =
  | { readonly kind: "found"; readonly value: unknown }
  | { readonly kind: "missing" }
  /** There is no database, or it did not answer. Nothing is known about the key. */
  | { readonly kind: "unavailable" };

export interface KeyValueStorage {
  read(key: string): Promise<Stored>;
  /** True once it is on disk. */
  write(key: string, value: unknown): Promise<boolean>;
}

/** 64 tabs opened at once waited up to 1 s for it (seen); a blocked one takes forever. A guess. */
const LIMIT_MS = 6_000;

export class IdbStorage implements KeyValueStorage, Storage {
  readonly #databaseName: string;
  #store: ReturnType<typeof createStore> | undefined;

  /** idb-keyval keeps one store per database, so the database is ours alone. */
  constructor(databaseName: string) {
    this.#databaseName = databaseName;
  }

  async read(key: string): Promise<Stored> {
    try {
      const value: unknown = await inTime(get(key, this.#open()));
      return value === undefined ? { kind: "missing" } : { kind: "found", value };
    } catch {
      return { kind: "unavailable" };
    }
  }

  async write(key: string, value: unknown): Promise<boolean> {
    try {
      await inTime(set(key, value, this.#open()));
      return true;
    } catch {
      return false;
    }
  }

  async get(key: string): Promise<unknown> {
    const stored = await this.read(key);
    return stored.kind === "found" ? stored.value : undefined;
  }

  set(key: string, value: unknown): Promise<boolean> {
    return this.write(key, value);
  }

  async setMany(all: readonly (readonly [string, unknown])[]): Promise<boolean> {
    try {
      await inTime(setMany(all as [string, unknown][], this.#open()));
      return true;
    } catch {
      return false;
    }
  }

  async entries(): Promise<readonly (readonly [string, unknown])[] | null> {
    try {
      return await inTime(entries<string, unknown>(this.#open()));
    } catch {
      return null;
    }
  }

  async delete(key: string): Promise<boolean> {
    try {
      await inTime(del(key, this.#open()));
      return true;
    } catch {
      return false;
    }
  }

  async clear(): Promise<void> {
    try {
      await inTime(clear(this.#open()));
    } catch {
      // There is no database, so there is nothing in it.
    }
  }

  /** Throws where there is no IndexedDB. */
  #open(): ReturnType<typeof createStore> {
    this.#store ??= createStore(this.#databaseName, "keyval");
    return this.#store;
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("IndexedDB does not answer")), LIMIT_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
