/** Bounds of what is replicated, the same for every application, with unit and source. A guess says so. */

/** Copies of a record: the root, and who would be root if the earlier ones failed. The design says 4. */
export const REPLICAS = 4;
/** Replicas that must acknowledge a write, and be asked by a read, when a caller does not say. */
export const DEFAULT_WRITE = 2;
export const DEFAULT_READ = 1;

/** Records of one page, and bytes of their values: two of these fit an answer (258,048 bytes) with the rest. Guesses. */
export const MAX_PAGE_RECORDS = 100;
export const MAX_PAGE_BYTES = 131_072;

/** Values under one key, and their bytes. Guesses: a list that is longer should be split by its owner. */
export const MAX_KEY_RECORDS = 1_000;
export const MAX_KEY_BYTES = 4_194_304;

/** What a node keeps at most, whatever storage is granted. A guess: digests read all of them. */
export const MAX_RECORDS = 20_000;
/** What a record costs beside its value, in bytes: its fields and its storage key as the host counts them. In the hash table a value with a secret takes 708, a signed one up to 1,020. */
export const RECORD_BYTES = 800;
/** Of the storage granted, what records may fill. The rest is air for what is counted otherwise. A guess. */
export const STORAGE_SHARE = 0.9;

/**
 * What one node may hold here, as a share of what is still free (Choudhury and
 * Hahne's dynamic thresholds, 1998): alone it gets a third, n of them get 1/(n + 2)
 * each, and something is always left for the next one. Replicas hand over
 * others' records: one of them may fill four fifths.
 */
export const WRITER_SHARE = 0.5;
export const REPLICA_SHARE = 4;

/** Records, and bytes of values, that one call may bring or fetch. Guesses. */
export const MAX_CALL_RECORDS = 64;
export const MAX_CALL_BYTES = 131_072;

/** Calls of one node at once, and per second after that. Guesses: a hand-over of a full node passes in minutes. */
export const CALL_BURST = 400;
export const CALLS_PER_SECOND = 100;
/** Nodes whose calls are counted. A guess. */
export const MAX_CALLERS = 1_024;
