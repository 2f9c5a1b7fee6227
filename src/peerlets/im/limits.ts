/** Every bound of instant messaging, with its unit and its source. A guess says so. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Of a person or a room, in characters. A guess. */
export const MAX_NAME_CHARS = 32;
/** Of one message. A guess: two screens of a phone. */
export const MAX_TEXT_CHARS = 4_000;
/** A sealed message: 3 bytes a character (UTF-8 of a UTF-16 unit), keys, padding. Cast carries no more. */
export const MAX_SEALED_BYTES = 16_384;
/** Bodies are filled up to a multiple of this, in bytes, so that their length says little. A guess. */
export const PADDING_BYTES = 256;
/** Ids in one acknowledgement. A guess. */
export const MAX_ACK_IDS = 100;

/** How long a message waits on the replicas for its reader: the most that the dht keeps. */
export const MAIL_TTL_MS = 7 * DAY_MS;
/** Sealed longer ago than a mailbox keeps anything, and a day for clocks that differ, it is a replay. */
export const MAX_SEALED_AGE_MS = 8 * DAY_MS;
/** Of a date in the future: clocks differ. A guess. */
export const MAX_CLOCK_AHEAD_MS = DAY_MS;
/** What was read stays in the mailbox so long, for the person's other machines. A guess. */
export const KEEP_READ_MS = DAY_MS;
/** Of one mailbox: what was read goes sooner when there are more. A guess: one page of the dht. */
export const MAX_KEPT_READ = 100;
/** Removals of one look into a mailbox. A guess. */
export const MAX_REMOVALS = 16;
/** Pages of 100 that are read of one mailbox at a time: all that the dht keeps under a key. */
export const MAIL_PAGES = 10;
/** Of the box that everybody can write to, from a random place on. A guess. */
export const REQUEST_PAGES = 2;
/** Letters that are opened at one look: contacts', strangers'. Guesses. */
export const MAX_OPENED = 400;
export const MAX_OPENED_REQUESTS = 64;
/** Of all boxes together, at once and per second after that. A letter costs up to 9 ms, and a peerlet has a quarter of a core. */
export const OPEN_BURST = 100;
export const OPENS_PER_SECOND = 15;
/** How long one waits for the next, in ms. A guess. */
export const OPEN_PAUSE_MS = 70;
/** Hashes of letters that need not be opened again. A guess. */
export const MAX_KNOWN_LETTERS = 8_192;
/** An undelivered message is put there again, newly sealed, before the first copy is gone. A guess. */
export const STORE_AGAIN_MS = 4 * DAY_MS;
/** After that nobody tries any more. A guess. */
export const GIVE_UP_MS = 30 * DAY_MS;

/** Presence: how long a word of it lasts, and how often it is said. Three words may be lost. Guesses. */
export const PRESENCE_TTL_MS = 60 * SECOND_MS;
export const PRESENCE_EVERY_MS = 18 * SECOND_MS;
/** Of a presence record's date: older ones are replays. A guess: clocks differ. */
export const MAX_PRESENCE_AGE_MS = 60 * MINUTE_MS;
/** Tabs of one person that are written to. A guess. */
export const MAX_NODES = 8;

/**
 * A tab of somebody who is there is asked when nothing was heard of it for so long, in ms, drawn anew each time: of two
 * people who ask each other the one that drew less asks. With `TICK_MS` a goodbye is seen within 5 s. Guesses.
 */
export const ASK_LEAST_MS = 2_500;
export const ASK_MOST_MS = 4_000;
/** No answer for so long, in ms, so many times, and it is gone. Guesses: a busy tab takes a second or two. */
export const SILENT_MS = 4_000;
export const MAX_MISSES = 2;
/** Of all tabs: asked at once, per second after that, and at the same time. With more of them each is asked less often. Guesses. */
export const ASK_BURST = 40;
export const ASKS_PER_SECOND = 4;
export const ASKS_AT_ONCE = 12;
/** What was sent while a tab was not known yet is in the mailbox after so long, in ms. A guess. */
export const CATCH_UP_MS = 3_000;

/** A tab that came is known to all contacts who are there by then, in ms: longer than `LOOK_PRESENCE_MS`. */
export const YOUNG_MS = 30 * SECOND_MS;

/** How often it is looked, per contact: where they are, and what they left. Guesses. */
export const LOOK_PRESENCE_MS = 20 * SECOND_MS;
export const LOOK_MAIL_MS = 60 * SECOND_MS;
/** Of the person's own: box, requests, contact list. A guess. */
export const LOOK_OWN_MS = 60 * SECOND_MS;
export const LOOK_ROOM_MS = 45 * SECOND_MS;
/** When a chat is opened, a presence older than this is asked for anew. A guess. */
export const FRESH_PRESENCE_MS = 5 * SECOND_MS;
/** All looks together: at once, per second after that (presence of 200 contacts does not run out meanwhile), and at the same time. Guesses. */
export const LOOK_BURST = 80;
export const LOOKS_PER_SECOND = 8;
export const LOOKS_AT_ONCE = 6;
/** How often it is asked what is due. A guess. */
export const TICK_MS = 500;

/** A profile and the claim of a name: the dht's longest, and renewed long before. */
export const PROFILE_TTL_MS = 7 * DAY_MS;
export const PROFILE_EVERY_MS = 12 * 60 * MINUTE_MS;
/** People of one name that are shown, and claims that are checked for it (a signature each). Guesses. */
export const MAX_CANDIDATES = 20;
export const MAX_CLAIMS = 60;

/** A change of the list is told so much later, in ms, together with what follows it. A guess. */
export const TELL_ROSTER_MS = 300;
/** Entries in one letter: of 240 bytes at most, and a letter has 16,384. */
export const MAX_ROSTER_PART = 50;

/** Guesses, all four. */
export const MAX_CONTACTS = 200;
export const MAX_ROOMS = 32;
/** Strangers who wrote, and messages that are kept of each until they are accepted. */
export const MAX_REQUESTS = 50;
export const MAX_REQUEST_MESSAGES = 5;
/** Contacts and rooms that were removed, and people who are blocked: remembered so many. A guess. */
export const MAX_REMOVED = 300;

/** History: messages of one conversation, and their bytes as storage counts them. Guesses. */
export const MAX_MESSAGES = 500;
export const MAX_CONVERSATION_BYTES = 524_288;
/** Of all conversations, as a share of the storage granted. A guess: the rest is lists and air. */
export const HISTORY_SHARE = 0.7;
/** Of one stored page. Guesses. */
export const PAGE_MESSAGES = 32;
export const PAGE_BYTES = 65_536;
/** Of all conversations: they are read when it starts, within the messages that a peerlet may exchange at once. */
export const MAX_PAGES = 1_500;
/** What a stored message costs beside its texts, in bytes. Measured: nine fields of 8 and their names. */
export const MESSAGE_BYTES = 400;
/** Messages that `messages` answers when it is not told, and at most. Guesses. */
export const DEFAULT_ANSWER = 50;
export const MAX_ANSWER = 200;

/** A node's calls with letters: at once, and per second after that. A guess. */
export const HAND_BURST = 60;
export const HANDS_PER_SECOND = 10;
/** Of all nodes together, the same: for opening them see above. */
export const ALL_HANDS_BURST = 100;
export const ALL_HANDS_PER_SECOND = 15;
/** Of one person who is no contact, the same. Guesses. */
export const STRANGER_BURST = 5;
export const STRANGER_PER_SECOND = 0.1;
/** Nodes, and people, whose rates are kept. A guess. */
export const MAX_RATES = 512;
/** References to other nodes' peerlets that are kept. A guess. */
export const MAX_REFERENCES = 64;
/** A letter handed over: the tab answers or it is not there, in ms. A guess. */
export const HAND_MS = 8_000;
/** Whether a service is allowed here is known at once, or it is starting: that is not waited for, in ms. A guess. */
export const SERVICE_MS = 2_000;
/** Acknowledgements of so long go together, in ms. A guess. */
export const ACK_DELAY_MS = 150;
/** Of a message that could not be stored: first pause, and the longest, in ms. Guesses. */
export const RETRY_MS = 3_000;
export const MAX_RETRY_MS = 300_000;
/** Messages that are sent again when their reader comes back. A guess. */
export const MAX_HANDED_AGAIN = 32;

/** What is said in a room stays on the replicas so long. A guess. */
export const ROOM_TTL_MS = 3 * DAY_MS;
/** A room's messages of one day are under one key; so many days are read. */
export const ROOM_BUCKET_MS = DAY_MS;
export const ROOM_BUCKETS = 2;
/** Pages of 100 of each. A guess. */
export const ROOM_PAGES = 3;
/** Messages of one author: of one look at the replicas; straight: at once, and per second after that. Guesses. */
export const ROOM_AUTHOR_SHARE = 60;
export const ROOM_BURST = 30;
export const ROOM_PER_SECOND = 1;
