/**
 * What a node remembers of its peerlets from one visit to the next: which are
 * installed, whose state is in storage, and which code broke the rules.
 */
import type { Storage } from "../env/storage.ts";

export interface PeerletRecord {
  /** Of its package. */
  readonly hash: string;
  /** Of its manifest on a code server; null when it came from nodes only. */
  readonly url: string | null;
  readonly installedBy: "hand" | "message";
  readonly wasRunning: boolean;
  readonly stateVersion: string | null;
}

const OFFENCES = "offences";
/** Code hashes remembered. A guess. */
const MOST_OFFENDERS = 1_000;

const HASH = /^[0-9a-f]{64}$/;
const APP_ID = /^[0-9a-f]{32}$/;

export class Records {
  readonly #storage: Storage;
  readonly #offences = new Map<string, number>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** What an earlier visit left, by app id; what makes no sense is left out. */
  async load(): Promise<ReadonlyMap<string, PeerletRecord>> {
    const records = new Map<string, PeerletRecord>();
    for (const [key, value] of (await this.#storage.entries()) ?? []) {
      if (key === OFFENCES) this.#loadOffences(value);
      else if (APP_ID.test(key) && isRecord(value)) records.set(key, value);
    }
    return records;
  }

  save(appId: string, record: PeerletRecord): void {
    void this.#storage.set(appId, record);
  }

  erase(appId: string): void {
    void this.#storage.delete(appId);
  }

  /** How often this code broke the rules on this node. */
  offencesOf(codeHash: string): number {
    return this.#offences.get(codeHash) ?? 0;
  }

  /** Counts one more. */
  offend(codeHash: string): number {
    const count = this.offencesOf(codeHash) + 1;
    this.#setOffences(codeHash, count);
    return count;
  }

  /** A person lets it try again. */
  pardon(codeHash: string): void {
    if (this.#offences.has(codeHash)) this.#setOffences(codeHash, 0);
  }

  #setOffences(codeHash: string, count: number): void {
    this.#offences.delete(codeHash);
    if (count > 0) this.#offences.set(codeHash, count);
    for (const oldest of this.#offences.keys()) {
      if (this.#offences.size <= MOST_OFFENDERS) break;
      this.#offences.delete(oldest);
    }
    void this.#storage.set(OFFENCES, [...this.#offences]);
  }

  #loadOffences(value: unknown): void {
    for (const pair of (Array.isArray(value) ? value : []) as unknown[]) {
      const [hash, count] = (Array.isArray(pair) ? pair : []) as unknown[];
      const isSound = typeof hash === "string" && HASH.test(hash) && Number.isSafeInteger(count);
      if (isSound && this.#offences.size < MOST_OFFENDERS)
        this.#offences.set(hash, count as number);
    }
  }
}

function isRecord(value: unknown): value is PeerletRecord {
  const { hash, url, installedBy, wasRunning, stateVersion } = (value ?? {}) as PeerletRecord;
  return (
    HASH.test(hash) &&
    (url === null || typeof url === "string") &&
    (installedBy === "hand" || installedBy === "message") &&
    typeof wasRunning === "boolean" &&
    (stateVersion === null || typeof stateVersion === "string")
  );
}
