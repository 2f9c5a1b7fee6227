/** Every bound of cast, with its unit and its source. A guess says so. */

/** Children of a node in one tree. Scribe bounds them by load; 8 is a guess: a tree of 1,000 is then 4 or 5 deep. */
export const MAX_CHILDREN = 8;
/** Ancestors of a node: far more than a tree that is pushed down at random gets. A guess. */
export const MAX_DEPTH = 48;
/** Trees that one node is part of, and groups that it keeps copies of as a replica. Guesses. */
export const MAX_GROUPS = 256;
/** Groups that one node may have created at one root. A guess. */
export const MAX_GROUPS_OF_ONE = 16;
/** A group that did not want this node is not asked for others for so long, in ms. A guess. */
export const REFUSED_MS = 10_000;
/** After a change of neighbours it is looked who is root after so long, in ms: changes come many at a time. A guess. */
export const UPDATE_MS = 300;
/** Who is at a full node is told so many of its children to ask. A guess. */
export const ASK_CHILDREN = 3;
/** Nodes asked in one attempt to find a parent. A guess. */
export const MAX_ASKED = 24;

/** Of one message, in bytes. A guess: a batch of them stays below what one call may carry (262,048). */
export const MAX_DATA_BYTES = 16_384;
/** Messages, and their bytes, that a node keeps of each group for those that come back. Guesses. */
export const LOG_MESSAGES = 128;
export const LOG_BYTES = 262_144;
/** A sender keeps what the root took for so long, in ms: a root that does not know of it is given it again. A guess: roots change quicker. */
export const KEEP_SENT_MS = 60_000;
/** Messages, and their bytes, of one call. Guesses. */
export const BATCH_MESSAGES = 32;
export const BATCH_BYTES = 65_536;
/** Senders of a group whose last message is remembered. A guess. */
export const MAX_SENDERS = 512;
/** Messages of this node that wait for the root of one group. A guess. */
export const MAX_OUTBOX = 64;

/** How often a child asks its parent whether it is there, in ms. A guess: an idle tree costs one call a node in this time. */
export const POLL_MS = 3_000;
/** Each wait is moved by up to this share, so that nodes do not beat in step. */
export const JITTER = 0.2;
/** Within one tree a call takes at most so long, in ms. A guess: a crash is known after about 4 s anyhow. */
export const CALL_MS = 2_500;
/** Parents and children of the trees, and those that have gone. A guess. */
export const MOST_REFERENCES = 64;
/** A child that was not heard of for so long is none, in ms: four polls. */
export const CHILD_SILENT_MS = 12_000;
/** A child whose parent has no way to the root for so long finds another, in ms. A guess: longer than a repair. */
export const ORPHAN_MS = 10_000;
/** Between two attempts to find a parent, in ms: the first, and the longest. Guesses. */
export const RETRY_MS = { first: 200, most: 3_000 } as const;
/** How long a join, and a message on its way to the root, are tried, in ms: below what a view's call may take (30 s). */
export const GIVE_UP_MS = 25_000;
/** A root whose group has neither children nor members forgets it after so long, in ms, unless it was created. A guess. */
export const IDLE_ROOT_MS = 300_000;
/** A replica whose root does not renew its copy forgets it after so long, in ms. A guess. */
export const MIRROR_MS = 600_000;
/** A root renews the copies this often, in ms. A guess. */
export const RENEW_MS = 60_000;
/** A root that refuses the application passes messages on to so many after it, itself included: the overlay's. */
export const MAX_REPLICAS = 4;
/** A root to be asks the replicas again for so long, in ms, when one did not answer. A guess: as long as one call. */
export const BECOME_MS = 2_500;
/** Answers that all of one replica's copy comes in. A log has 128 messages, in batches of 32 or of more than 48 KiB: 10 are enough. */
export const MAX_PAGES = 10;
/** Copies of what a root keeps, on those who would be root after it. A guess. */
export const MIRRORS = 2;
/** Who is among so many of those after a group's key may have been its root a moment ago. A guess: views differ by a few newcomers. */
export const NEAR = 2 * (1 + MIRRORS);

/** Nodes that one anycast asks. A guess. */
export const MAX_ANYCAST_NODES = 64;

/** Broadcasts that are remembered, so that none is taken twice. A guess. */
export const MAX_BROADCASTS = 512;
/** Broadcasts that a node takes part in: at once, and per second. Guesses: each costs every node of the ring a message. */
export const BROADCAST_BURST = 20;
export const BROADCASTS_PER_SECOND = 5;
/** Parts of the ring that are being handed on at once; the grant has 64 open calls for everything. A guess. */
export const MAX_HANDING_ON = 16;
/** How often a part is handed on again. A guess. */
export const MOST_HANDING_ON = 4;

/** What came is kept for the view: messages of each group. A guess. */
export const RECEIVED_MESSAGES = 200;
/** Clients of one group on one node: applications, and the page. A guess. */
export const MAX_CLIENTS = 32;
/** A name of a group, in characters. A guess. */
export const MAX_NAME_CHARS = 100;
/** What waits to be told to one application. A guess: more than a batch, less than a log. */
export const MAX_TOLD = 100;
/** Memberships that are remembered across a restart, and how often each is tried again. Guesses. */
export const MAX_MEMBERSHIPS = 256;
export const MOST_REJOINS = 10;
