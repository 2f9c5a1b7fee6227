/** The records of one node, and how values are removed by their secret. */
import { sha256 } from "../replicated/crypto.ts";
import type { FairUse } from "../replicated/fair-use.ts";
import { hex } from "../replicated/rules.ts";
import { type Kept, RecordStore as AnyStore, REMOVAL_GRACE_MS } from "../replicated/store.ts";
import { type DhtRecord, type Query, dhtRules, removalOf } from "./records.ts";

export class RecordStore extends AnyStore<DhtRecord, Query> {
  constructor(
    fairUse: FairUse,
    now: () => number,
    changed: (slot: string, key: string, kept: Kept<DhtRecord> | null) => void,
  ) {
    super(dhtRules, fairUse, now, changed);
  }

  /** The values under `key` that this secret removes become removals. Answers what was removed. */
  remove(key: string, secret: Uint8Array, valueHash: string | null): Kept<DhtRecord>[] {
    const secretHash = hex(sha256(secret));
    const removed: Kept<DhtRecord>[] = [];
    for (const kept of this.under(key)) {
      if (kept.record.kind !== "value" || kept.record.secretHash !== secretHash) continue;
      if (valueHash !== null && hex(sha256(kept.record.value)) !== valueHash) continue;
      const removal = removalOf(kept.record, secret);
      removed.push(this.replace(kept, removal, kept.expiresMs + REMOVAL_GRACE_MS, kept.account));
    }
    return removed;
  }

  /** The removals under `key` that this secret made. */
  removals(key: string, secret: Uint8Array): Kept<DhtRecord>[] {
    const secretHash = hex(sha256(secret));
    return this.under(key).filter(
      ({ record }) => record.kind === "removed" && hex(sha256(record.secret)) === secretHash,
    );
  }
}
