/** Every bound of object location, with its unit and its source. A guess says so. */

/** How often a publisher's pointers are laid again, in ms. A guess: ten times in a median session of 5 minutes. */
export const REFRESH_MS = 30_000;
/** Each wait for a refresh is moved by up to this share, so that objects do not beat in step. A guess. */
export const REFRESH_JITTER = 0.1;
/** A pointer that nobody renewed lives so long, in ms: it outlives one refresh that was lost, and not a second one. */
export const POINTER_TTL_MS = 75_000;
/** A publish that did not reach the root is sent again after this, in ms. A guess. */
export const PUBLISH_AGAIN_MS = 3_000;
/** After the neighbours changed: how long to wait for the other changes that come with it, in ms. A guess. */
export const SETTLE_MS = 400;

/** Objects that one node publishes. A guess: about nine refreshes a second. */
export const MAX_PUBLISHED = 256;
/** Of these, objects of one client on the node. A guess. */
export const MAX_PUBLISHED_BY_CLIENT = 128;
/** Nodes that a publisher remembers as having pointers to one object of its own: paths of several minutes. A guess. */
export const MAX_HOLDERS = 64;

/** Pointers on one node. A guess: some 2 MiB. */
export const MAX_POINTERS = 8_192;
/** Pointers to one object on one node: twice as many as one message can want. */
export const MAX_POINTERS_OF_OBJECT = 32;
/** Pointers to one publisher on one node: as many as the objects that an honest one has. */
export const MAX_POINTERS_TO_PUBLISHER = 256;
/** Pointers that their publisher has not confirmed yet. A guess. */
export const MAX_UNCONFIRMED = 512;

/** Endpoints that one message may be for. A guess. */
export const MAX_ENDPOINTS = 16;
/** Of one message to an object, in bytes. The same as a value of the hash table. */
export const MAX_MESSAGE_BYTES = 65_536;
/** Nodes that a message names as tried: all it may reach, and three failures for each. */
export const MAX_SKIPPED = 64;
/** Characters of a name. A guess. */
export const MAX_NAME_CHARS = 256;
/** Of what is routed: 64 ids of 43 characters, and the rest. */
export const MAX_ROUTED_BYTES = 4_096;
/** What a hop count may claim: as many hops as a message may make. */
export const MAX_HOPS = 64;

/** Messages from this node that wait for endpoints. A guess. */
export const MAX_PENDING = 64;
/** How long one try may take, in ms: three calls, one after the other, and a crash among them is known after about 4 s. A guess. */
export const TRY_MS = 7_000;
/** Tries of one message: what a hop took and did not pass on is lost. */
export const MAX_TRIES = 4;
/** Before the next try, in ms: a guess. */
export const TRY_AGAIN_MS = 1_000;
/** All tries together, in ms: below the 30 s that a local method may take. */
export const SEND_MS = 27_000;
/** Messages of which an endpoint remembers that it had them. A guess. */
export const MAX_SEEN = 2_048;

/** How long a call from node to node may take, in ms. A guess: a crash is known after about 4 s. */
export const CALL_MS = 4_000;
/** How long a pointer's node waits for an endpoint, in ms: the endpoint calls the sender meanwhile. */
export const ENDPOINT_MS = 4_500;
/** Calls of one task that this node has open at once, of the 64 that it asks for. */
export const MAX_CALLS_AT_ONCE = 16;
/** References to other nodes that are kept. A guess. */
export const MAX_REFERENCES = 256;

/** Objects asked about, or withdrawn, in one call. A guess. */
export const MAX_CALL_OBJECTS = 64;
/** Pointers handed over in one call. A guess: about 16 KiB. */
export const MAX_CALL_POINTERS = 128;

/** Calls of one node at once, and per second after that. Guesses. */
export const CALL_BURST = 200;
export const CALLS_PER_SECOND = 50;
/** Nodes whose calls are counted. A guess. */
export const MAX_CALLERS = 1_024;
/** Pointers that may be new here, at once and per second, whoever claims them. Guesses. */
export const NEW_POINTER_BURST = 1_024;
export const NEW_POINTERS_PER_SECOND = 100;
/** Endpoints that this node tries for others' messages, at once and per second. Guesses. */
export const ENDPOINT_BURST = 400;
export const ENDPOINTS_PER_SECOND = 100;

/** What arrived here and is kept to be looked at: messages, and their bytes. Guesses. */
export const MAX_RECEIVED = 200;
export const MAX_RECEIVED_BYTES = 1_048_576;
/** Pointers that are shown at once. A guess. */
export const MAX_SHOWN = 500;
