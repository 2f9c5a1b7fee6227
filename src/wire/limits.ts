/** Every bound on what travels, with its reason. Bytes unless the name says otherwise. */

/** Changed with every change of a message. Nodes of different versions part politely. */
export const WIRE_VERSION = 2;

/** The data of one routed message: four of the largest values a store above may keep (64 KiB), a guess. */
export const MAX_DATA_BYTES = 262_144;

/** A whole message on a link: the data, the header (80), a locator (255), a trace (64 × 20), and some air. */
export const MAX_MESSAGE_BYTES = MAX_DATA_BYTES + 2_048;

/** Where code can be had: a URL; 255 is what one length byte can say. */
export const MAX_LOCATOR_BYTES = 255;

/** Hops before a message is given up: twice log2 of a million nodes is 40; the rest is for detours. */
export const MAX_HOPS = 64;

/** A network's name. */
export const MAX_NETWORK_BYTES = 64;

/** A reason, for people. Longer ones are cut by their sender. */
export const MAX_WHY_BYTES = 200;

/** Neighbours a node tells about on one side: twice log2 of a million nodes is 40, but knowing 8 is enough for half to fail (2^-8 lose all). */
export const MAX_NEIGHBOURS = 8;

/** Links a node may hold: the budget, see `chord/params.ts`. */
export const MAX_LINKS = 32;

/** The body of a system message: an SDP fits, and it stays below one frame. */
export const MAX_BODY_BYTES = 12_288;

/** The body of a receipt: what an application's node answers a call with. It must fit into a routed message, with what belongs to a receipt (trace, reason: below 2 KiB), when its way back was lost. */
export const MAX_ANSWER_BYTES = MAX_DATA_BYTES - 4_096;

/** Nodes of a replica set that are tried in turn when they refuse: the linked neighbours on one side, see `chord/params.ts`. */
export const MAX_REPLICAS = 4;

/** Hops acknowledged in one message. */
export const MAX_ACKS = 255;
