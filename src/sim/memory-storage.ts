/** Storage that lasts as long as its world: a node that comes back finds what it left. */
import type { OpenStorage, Storage } from "../env/storage.ts";

class MemoryStorage implements Storage {
  readonly #entries = new Map<string, unknown>();

  async entries(): Promise<readonly (readonly [string, unknown])[]> {
    return [...this.#entries];
  }

  async get(key: string): Promise<unknown> {
    return this.#entries.get(key);
  }

  async set(key: string, value: unknown): Promise<boolean> {
    this.#entries.set(key, structuredClone(value));
    return true;
  }

  async setMany(entries: readonly (readonly [string, unknown])[]): Promise<boolean> {
    for (const [key, value] of entries) this.#entries.set(key, structuredClone(value));
    return true;
  }

  async delete(key: string): Promise<boolean> {
    this.#entries.delete(key);
    return true;
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }
}

/** All the stores of one node. */
export function memoryStores(): OpenStorage {
  const stores = new Map<string, Storage>();
  return (name) => {
    const store = stores.get(name) ?? new MemoryStorage();
    stores.set(name, store);
    return store;
  };
}
