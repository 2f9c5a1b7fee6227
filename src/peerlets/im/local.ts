/** What the view, the page and tests may call. Mistakes of callers are thrown, and say what to do. */
import { readOptions } from "../replicated/options.ts";
import { PUBLIC_KEY_DIGITS } from "./bodies.ts";
import { bytesOfHex, isFields, isHex } from "./bytes.ts";
import { conversationOf, conversationOfRoom } from "./conversations.ts";
import { isPublicKey } from "./crypto.ts";
import type { Message } from "./history.ts";
import type { Invited } from "./invitations.ts";
import { DEFAULT_ANSWER, FRESH_PRESENCE_MS, MAX_ACK_IDS, MAX_ANSWER } from "./limits.ts";
import type { Candidate } from "./names.ts";
import { exported, fingerprintOf } from "./person.ts";
import { keyOfRoom } from "./room-keys.ts";
import type { Session } from "./session.ts";
import { checkName, checkText, sameName } from "./texts.ts";

export interface Me {
  readonly publicKey: string;
  readonly fingerprint: string;
  /** "" until one is given. */
  readonly name: string;
  /** Other tabs of this person that are here. */
  readonly otherTabs: number;
  /** Why nothing is sent or found now: what this node does not allow. Null when all is well. */
  readonly problem: string | null;
}

export interface Chat {
  readonly unread: number;
  readonly last: Message | null;
}

export interface Contact extends Chat {
  readonly publicKey: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly isOnline: boolean;
}

export interface Request extends Chat {
  readonly publicKey: string;
  /** How they call themselves. */
  readonly name: string;
  readonly fingerprint: string;
  /** A contact has the same name, and another key. */
  readonly isNameOfContact: boolean;
}

export interface RoomShown extends Chat {
  readonly name: string;
  /** Why nothing can be said there now: what this node does not allow. Null when all is well. */
  readonly problem: string | null;
}

export interface MessagesOptions {
  /** The id of a message: those before it. */
  readonly before?: string;
  /** 1 to 200; default 50. */
  readonly limit?: number;
}

export interface Local {
  me(): Me;
  setName(name: string): Promise<Me>;
  exportKey(): string;
  importKey(text: string): Promise<Me>;
  find(name: string): Promise<Candidate[]>;
  addContact(
    who: string | { readonly publicKey: string; readonly name?: string },
  ): Promise<Contact>;
  removeContact(publicKey: string): void;
  block(publicKey: string): void;
  contacts(): Contact[];
  requests(): Request[];
  send(publicKey: string, text: string): Message;
  messages(of: string, options?: MessagesOptions): Message[];
  markRead(of: string): Promise<number>;
  joinRoom(name: string): Promise<RoomShown>;
  leaveRoom(name: string): void;
  rooms(): RoomShown[];
  sendRoom(name: string, text: string): Promise<Message>;
  /** Brings im to the next nodes on the ring: see `invitations.ts`. */
  invite(count?: number): Promise<Invited>;
  stats(): { readonly [name: string]: number | string };
}

export function localOf(
  session: () => Session,
  importKey: (text: string) => Promise<void>,
): Omit<Local, "invite"> {
  const me = (): Me => {
    const { me: publicKey, name, presence, uses } = session();
    const otherTabs = presence.ownNodes().length;
    const problem = uses.problemOf("dht");
    return { publicKey, fingerprint: fingerprintOf(publicKey), name, otherTabs, problem };
  };
  const chatOf = (conversation: string): Chat => {
    const messages = session().history.messages(conversation);
    const unread = messages.filter(({ mark }) => mark === "new").length;
    return { unread, last: messages.at(-1) ?? null };
  };
  const contactOf = (publicKey: string): Contact => ({
    publicKey,
    name: session().roster.get(publicKey)?.name ?? "",
    fingerprint: fingerprintOf(publicKey),
    isOnline: session().presence.isOnline(publicKey),
    ...chatOf(conversationOf(publicKey)),
  });
  const nameOfRequest = (publicKey: string) =>
    session()
      .history.messages(conversationOf(publicKey))
      .findLast(({ author }) => author === publicKey)?.name ?? "";
  const roomOf = (key: string): RoomShown => ({
    name: session().roster.get(key)?.name ?? key,
    problem: session().uses.problemOf("dht") ?? session().uses.problemOf("cast"),
    ...chatOf(conversationOfRoom(key)),
  });
  const checkRoom = (name: unknown): string => {
    const key = keyOfRoom(checkName(name, "a room's name"));
    if (session().roster.get(key)?.state === "in") return key;
    throw new Error("you are not in that room: join it first");
  };
  const checkOther = (publicKey: unknown): string => {
    const key = checkPublicKey(publicKey);
    if (key !== session().me) return key;
    throw new TypeError("that is your own key: ask the other for theirs");
  };

  const add = async (publicKey: string, given: string): Promise<Contact> => {
    const { roster, history, outbox, names, rounds } = session();
    const isNew = !roster.isContact(publicKey);
    let name = given || (roster.get(publicKey)?.name ?? "") || nameOfRequest(publicKey);
    if (name === "") name = (await names.profileOf(publicKey).catch(() => null))?.name ?? "";
    roster.set(publicKey, { name, state: "in" });
    const written = history
      .messages(conversationOf(publicKey))
      .filter(({ author }) => author === publicKey);
    // Where they are, before anything is said to them.
    if (isNew)
      await session()
        .presence.look(publicKey)
        .catch(() => {});
    if (isNew && written.length > 0) {
      // Accepted: now they may know that it arrived.
      roster.answers(publicKey);
      outbox.acknowledge(
        publicKey,
        written.map(({ id }) => id),
        "delivered",
      );
    }
    rounds.hurry("requests");
    return contactOf(publicKey);
  };

  return {
    me,
    setName: async (name) => {
      await session().setName(checkName(name, "a name"));
      return me();
    },
    exportKey: () => exported(session().person.keys),
    importKey: async (text) => {
      await importKey(text);
      return me();
    },
    find: (text) => {
      const isKey = isHex(text, PUBLIC_KEY_DIGITS);
      return session().names.find(isKey ? text : checkName(text, "a name"));
    },
    addContact: (who) => {
      const { publicKey, name } = isFields(who) ? who : { publicKey: who, name: undefined };
      const given = typeof name === "string" && name !== "" ? checkName(name, "a name") : "";
      return add(checkOther(publicKey), given);
    },
    removeContact: (publicKey) => {
      const key = checkPublicKey(publicKey);
      session().roster.set(key, { state: "out" });
      session().presence.forget(key);
      session().dropConversation(conversationOf(key));
    },
    block: (publicKey) => {
      const key = checkOther(publicKey);
      session().roster.set(key, { name: nameOfRequest(key), state: "blocked" });
      session().presence.forget(key);
      session().dropConversation(conversationOf(key));
    },
    contacts: () =>
      session()
        .roster.contacts()
        .map(({ key }) => contactOf(key)),
    requests: () => {
      const names = new Set(
        session()
          .roster.contacts()
          .map(({ name }) => sameName(name)),
      );
      return session()
        .inbox.requests()
        .map((publicKey) => {
          const name = nameOfRequest(publicKey);
          const isNameOfContact = name !== "" && names.has(sameName(name));
          const fingerprint = fingerprintOf(publicKey);
          return {
            publicKey,
            name,
            fingerprint,
            isNameOfContact,
            ...chatOf(conversationOf(publicKey)),
          };
        });
    },
    send: (publicKey, text) => {
      const key = checkOther(publicKey);
      const checked = checkText(text);
      const { roster, outbox, name } = session();
      if (!roster.isContact(key)) throw new Error("that is no contact: add it first");
      return outbox.send(key, checked, name);
    },
    messages: (of, options) => {
      const { before, limit = DEFAULT_ANSWER } = readOptions<MessagesOptions>(options, [
        "before",
        "limit",
      ]);
      if (before !== undefined && typeof before !== "string") {
        throw new TypeError("before is the id of a message");
      }
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ANSWER) {
        throw new TypeError(`limit is from 1 to ${MAX_ANSWER}`);
      }
      const isRoom = !isHex(of, PUBLIC_KEY_DIGITS);
      const conversation = isRoom ? conversationOfRoom(checkRoom(of)) : conversationOf(of);
      const { history, presence, rounds } = session();
      if (!isRoom && presence.ageMs(of) > FRESH_PRESENCE_MS) rounds.hurry(`presence ${of}`);
      const all = history.messages(conversation);
      const at = before === undefined ? all.length : all.findIndex(({ id }) => id === before);
      return all.slice(Math.max(0, at - limit), Math.max(0, at));
    },
    markRead: async (of) => {
      const { history, outbox, post, roster, me: self } = session();
      const isRoom = !isHex(of, PUBLIC_KEY_DIGITS);
      const conversation = isRoom ? conversationOfRoom(checkRoom(of)) : conversationOf(of);
      const unread = history.messages(conversation).filter(({ mark }) => mark === "new");
      for (const { author, id } of unread)
        history.change(conversation, author, id, { mark: "seen" });
      if (unread.length === 0) return 0;
      session().emit(isRoom ? "rooms" : "contacts", { conversation });
      if (isRoom || !roster.isContact(of)) return unread.length;
      const ids = unread.map(({ id }) => id);
      outbox.acknowledge(of, ids, "read");
      for (let i = 0; i < ids.length; i += MAX_ACK_IDS) {
        const part = ids.slice(i, i + MAX_ACK_IDS);
        await post.hand(self, post.seal(self, { kind: "seen", of, ids: part }));
      }
      return ids.length;
    },
    joinRoom: async (name) => {
      const checked = checkName(name, "a room's name");
      await session().uses.need("dht", "cast");
      const key = keyOfRoom(checked);
      session().roster.set(key, { name: checked, state: "in" });
      return roomOf(key);
    },
    leaveRoom: (name) => {
      const key = checkRoom(name);
      session().roster.set(key, { state: "out" });
      session().history.drop(conversationOfRoom(key), 0);
    },
    rooms: () =>
      session()
        .roster.rooms()
        .map(({ key }) => roomOf(key)),
    sendRoom: async (name, text) => {
      checkRoom(name);
      const checked = checkText(text);
      await session().uses.need("dht", "cast");
      // It may have been left meanwhile.
      return session().rooms.send(checkRoom(name), checked, session().name);
    },
    stats: () => session().stats(),
  };
}

function checkPublicKey(value: unknown): string {
  if (!isHex(value, PUBLIC_KEY_DIGITS)) {
    throw new TypeError(
      `a public key has ${PUBLIC_KEY_DIGITS} hex digits, small ones: find the person by name`,
    );
  }
  if (isPublicKey(bytesOfHex(value))) return value;
  throw new TypeError("these digits are no Ed25519 key: ask the other for theirs, copied whole");
}
