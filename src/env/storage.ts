/**
 * Small key-value stores that outlive the program; IndexedDB in a tab, a map in
 * the simulation.
 *
 * Storage fails soft: private windows, full disks and blocked databases are
 * daily life, so each is a value, and no promise here ever rejects.
 */
export interface Storage {
  /** Everything in it; null when it cannot be read. */
  entries(): Promise<readonly (readonly [string, unknown])[] | null>;
  /** Undefined when there is nothing under this key, or it cannot be read. */
  get(key: string): Promise<unknown>;
  /** True once it is kept. The value is plain data. */
  set(key: string, value: unknown): Promise<boolean>;
  /** True once all are kept; none is when it is false. */
  setMany(entries: readonly (readonly [string, unknown])[]): Promise<boolean>;
  /** True once it is gone. */
  delete(key: string): Promise<boolean>;
  /** Erases everything in it. */
  clear(): Promise<void>;
}

/** Opens the store of a name, which is made when it is not there; the same name is the same store. */
export type OpenStorage = (name: string) => Storage;
