/** The bounds of path caching, with unit and source. A guess says so. */

/** Of one value, in bytes: the hash table's own bound, docs/services/dht.md. */
export const MAX_VALUE_BYTES = 65_536;
/** The hash table's longest time to live, in ms: OpenDHT's 7 days. */
export const MAX_TTL_MS = 604_800_000;

/** What copies fill on one node, in bytes of memory. A guess. */
export const MAX_COPIES_BYTES = 4_194_304;
/** What a copy costs beside its value, in bytes. A guess. */
export const COPY_BYTES = 200;
/** No copy is kept longer without being brought again, in ms: a lie about its time ends then. A guess. */
export const MAX_COPY_MS = 600_000;

/** Nodes on the way, the last ones, that are told to keep a copy. Measured: docs/services/dht.md. */
export const COPIES_PER_ANSWER = 1;
/** Nodes that a question remembers: twice what a message takes on a ring of 10,000. A guess. */
export const MAX_HOPS = 16;
/** A question with as many hops as it may have, in bytes: 43 each, and the id. */
export const MAX_QUESTION_BYTES = 1_024;

/** A hop remembers so long that it was asked for a key, in ms: as long as a get may take. A guess. */
export const ASKED_MS = 10_000;
/** Keys that a hop remembers. A guess. */
export const MAX_ASKED = 1_024;

/** Smaller values are sent without asking whether they are wanted, in bytes: about what a question costs to bring. A guess. */
export const UNASKED_BYTES = 1_024;
/** One call between nodes, in ms. A copy ends that much earlier, because its time is told when the call begins. A guess. */
export const CALL_MS = 2_000;
/** References to other nodes that are kept. A guess. */
export const MAX_REFERENCES = 128;

/** For an answer from the way, in ms; then the hash table is asked. A guess: six hops there take less than one second. */
export const ANSWER_MS = 3_000;
/** The same after the question was ended on its way: the answer left with the receipt, in ms. A guess. */
export const ENDED_MS = 1_000;
/** Questions of this node that wait; others go to the hash table. Below the 64 calls that are granted. A guess. */
export const MAX_WAITING = 48;
/** The hash table's own tries take 24 s, in ms; a call of a view has 30 s. */
export const DHT_MS = 26_000;
