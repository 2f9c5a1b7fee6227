/**
 * One person on this node, from the moment their key is known until another one
 * is imported: holds the parts together and has them look at what is due.
 */
import type { Plain, Prost } from "prost/sdk";
import { hexOf } from "./bytes.ts";
import {
  conversationOf,
  conversationOfRoom,
  keyOfConversation,
  personOf,
} from "./conversations.ts";
import { open } from "./envelope.ts";
import { History } from "./history.ts";
import { Inbox } from "./inbox.ts";
import {
  CATCH_UP_MS,
  LOOK_MAIL_MS,
  LOOK_OWN_MS,
  LOOK_PRESENCE_MS,
  LOOK_ROOM_MS,
  PRESENCE_EVERY_MS,
  PROFILE_EVERY_MS,
} from "./limits.ts";
import { type Handled, Mailbox } from "./mailbox.ts";
import { Names } from "./names.ts";
import { Outbox } from "./outbox.ts";
import type { Dht } from "./owned.ts";
import { type Person, fingerprintOf, savePerson } from "./person.ts";
import { Post } from "./post.ts";
import { Presence } from "./presence.ts";
import { type Carrier, Rooms } from "./rooms.ts";
import { Roster } from "./roster.ts";
import { Rounds } from "./rounds.ts";
import { Tabs } from "./tabs.ts";
import type { Uses } from "./uses.ts";
import type { Message } from "./history.ts";
import { dateOf } from "./dates.ts";

export class Session {
  readonly me: string;
  readonly history: History;
  readonly roster: Roster;
  readonly tabs: Tabs;
  readonly presence: Presence;
  readonly mailbox: Mailbox;
  readonly names: Names;
  readonly post: Post;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly rooms: Rooms;
  readonly rounds: Rounds;
  readonly uses: Uses;
  readonly #prost: Prost;
  #person: Person;

  constructor(prost: Prost, dht: Dht, carrier: Carrier, uses: Uses, person: Person) {
    const { keys } = person;
    this.#prost = prost;
    this.#person = person;
    this.me = hexOf(keys.publicKey);
    this.history = new History(prost);
    this.roster = new Roster(prost, dht, keys);
    this.tabs = new Tabs(prost);
    this.presence = new Presence(prost, dht, keys, this.tabs);
    this.mailbox = new Mailbox(prost, dht, keys, (letter) => this.inbox.take(letter, null));
    this.names = new Names(prost, dht, keys);
    this.post = new Post(prost, keys, this.me, this.presence, this.mailbox, this.tabs);
    this.outbox = new Outbox(prost, this.me, this.history, this.roster, this.post);
    this.inbox = new Inbox(prost, this.me, this.history, this.roster, this.outbox, {
      message: (conversation, message) => this.#shown(conversation, message),
      here: (publicKey, node) => {
        this.presence.told(publicKey, node);
        this.rounds.hurry(`presence ${publicKey}`);
        this.rounds.hurry(`mail ${publicKey}`);
      },
      tab: (node) => this.#tellTab(node),
      roster: (entries) => this.roster.take(entries),
      seen: (conversation) => this.emit("contacts", { conversation }),
    });
    this.rooms = new Rooms(prost, dht, carrier, person.keys, this.history);
    this.rounds = new Rounds(prost);
    this.uses = uses;
    this.#listen();
  }

  get name(): string {
    return this.#person.name;
  }

  get person(): Person {
    return this.#person;
  }

  /** Until what was stored is there. */
  async load(): Promise<void> {
    await Promise.all([this.history.load(), this.roster.load()]);
    this.outbox.load();
  }

  start(): void {
    this.rounds.start();
    this.follow();
  }

  close(): void {
    this.rounds.close();
    this.roster.close();
    this.rooms.close();
  }

  /** Whether anybody uses it here: a node that has the code only is nobody's place. */
  get isUsed(): boolean {
    return this.name !== "" || this.roster.contacts().length > 0 || this.roster.rooms().length > 0;
  }

  /** Looks at what there is to look at now: to be called when contacts or rooms changed. */
  follow(): void {
    if (!this.isUsed) return;
    const { rounds, mailbox, me } = this;
    rounds.add("announce", PRESENCE_EVERY_MS, () => this.#announce());
    rounds.add("own mail", LOOK_OWN_MS, () => mailbox.look(mailbox.boxOf(me, me)));
    rounds.add("requests", LOOK_OWN_MS, () => mailbox.lookAtRequests());
    rounds.add("roster", LOOK_OWN_MS, () => this.roster.look());
    rounds.add("renew", PROFILE_EVERY_MS, () => this.#renew());
    rounds.add("uses", LOOK_OWN_MS, () => this.uses.look("dht", "cast"));
    const contacts = this.roster.contacts().map(({ key }) => key);
    this.#keepRounds("mail ", contacts, LOOK_MAIL_MS, (key) =>
      mailbox.look(mailbox.boxOf(key, me)),
    );
    this.#keepRounds("presence ", contacts, LOOK_PRESENCE_MS, (key) => this.presence.look(key));
    const rooms = this.roster.rooms().map(({ key }) => key);
    for (const gone of this.rooms.keepOnly(rooms)) this.emit("rooms", { room: gone });
    this.#keepRounds("room ", rooms, LOOK_ROOM_MS, (key) => this.rooms.look(key));
  }

  /** A letter that a node handed over. */
  async receive(caller: string, bytes: unknown): Promise<Handled> {
    const letter = open(this.#person.keys, bytes);
    if (!letter) return "not-mine";
    this.tabs.heard(caller);
    const handled = await this.inbox.take(letter, caller);
    const isTold = handled === "taken" && this.roster.isContact(hexOf(letter.writer));
    if (isTold && letter.body["kind"] === "text") this.#passOn(caller, bytes as Uint8Array);
    return handled;
  }

  /** The writer may not know yet that this person has another tab: the letter is for all of them. */
  #passOn(caller: string, bytes: Uint8Array): void {
    if (this.presence.ownNodes().includes(caller)) return;
    for (const node of this.presence.youngNodes()) void this.post.handTo(node, bytes);
  }

  async setName(name: string): Promise<void> {
    const before = this.name;
    this.#person = { ...this.#person, name, since: dateOf(this.#prost) };
    await savePerson(this.#prost, this.#person);
    this.follow();
    if (before !== "" && before !== name) this.#withdraw(before);
    await this.#publish();
  }

  /** Until the name can be found it is told again every minute, not twice a day. */
  async #publish(): Promise<void> {
    try {
      await this.names.publish(this.name, this.#person.since);
    } catch (error) {
      this.rounds.hurry("renew", LOOK_OWN_MS);
      throw error;
    }
  }

  /** The claim of a name that one had before: the table may not remove at once what is new. */
  #withdraw(name: string): void {
    const round = `withdraw ${name}`;
    this.rounds.add(round, LOOK_OWN_MS, async () => {
      if (this.name !== name) await this.names.withdraw(name);
      this.rounds.remove(round);
    });
  }

  /**
   * A key that came from another machine: its name and contacts come first, from the replicas, and
   * from its other tabs what they changed a moment ago.
   */
  async takeOver(): Promise<void> {
    const all = [this.#learnName(), this.roster.look(), this.#announce()];
    const done = await Promise.allSettled(all);
    this.follow();
    this.rounds.hurry("roster", CATCH_UP_MS);
    const failed = done.find((each) => each.status === "rejected");
    if (failed && !this.isUsed) throw failed.reason;
  }

  dropConversation(conversation: string): void {
    this.history.drop(conversation, dateOf(this.#prost));
  }

  emit(event: string, detail: Plain): void {
    this.#prost.emit(event, detail);
  }

  #listen(): void {
    this.roster.onChange = () => {
      this.follow();
      this.emit("contacts", {});
      this.emit("rooms", {});
    };
    this.roster.onTell = (entries) => {
      if (this.presence.ownNodes().length === 0) return;
      void this.post.hand(this.me, this.post.seal(this.me, { kind: "roster", entries }));
    };
    this.uses.onChange = () => {
      this.emit("contacts", {});
      this.emit("rooms", {});
    };
    this.presence.onChange = (publicKey, isOnline) => {
      this.emit("presence", { publicKey, isOnline });
      if (isOnline) void this.#met(publicKey);
    };
    this.outbox.onMark = (publicKey, { id, mark }) => this.emit("marks", { publicKey, id, mark });
    this.rooms.onMessage = (room, message) => this.#shown(conversationOfRoom(room), message);
    this.rooms.onMark = (room, { id, mark }) => this.emit("marks", { room, id, mark });
    this.rounds.onTick = () => {
      this.presence.tick();
      this.outbox.tick();
      this.rooms.tick();
    };
  }

  /** They are to know that we are here, and to have what they lack. */
  async #met(publicKey: string): Promise<void> {
    const { self: node } = this.#prost;
    await this.post.hand(publicKey, this.post.seal(publicKey, { kind: "here", node }));
    // What they sent before they knew of this tab.
    this.rounds.hurry(`mail ${publicKey}`, CATCH_UP_MS);
    await this.outbox.came(publicKey);
  }

  /** Here, with this person's other tabs told. */
  async #announce(): Promise<void> {
    const tabs = await this.presence.announce();
    const letter = this.post.seal(this.me, { kind: "tab", node: this.#prost.self });
    await Promise.all(tabs.map((node) => this.post.handTo(node, letter.bytes)));
  }

  /** Another tab of this person came: it is to have the list as it is here now. */
  async #tellTab(node: string): Promise<void> {
    this.presence.toldOwn(node);
    for (const entries of this.roster.parts()) {
      const { bytes } = this.post.seal(this.me, { kind: "roster", entries });
      await this.post.handTo(node, bytes);
    }
  }

  /** Something was said, here or elsewhere. */
  #shown(conversation: string, message: Message): void {
    const publicKey = personOf(conversation);
    const isRequest = publicKey !== null && !this.roster.isContact(publicKey);
    const room = publicKey === null ? this.#nameOfRoom(conversation) : null;
    this.emit("message", { publicKey, room, isRequest, message: { ...message } });
    this.emit(room === null ? "contacts" : "rooms", { conversation });
  }

  #nameOfRoom(conversation: string): string {
    const key = keyOfConversation(conversation);
    return this.roster.get(key)?.name ?? key;
  }

  async #renew(): Promise<void> {
    if (this.name === "") await this.#learnName();
    this.outbox.renew();
    if (this.name !== "") await this.#publish();
  }

  async #learnName(): Promise<void> {
    const name = await this.names.own();
    if (name === "") return;
    this.#person = { ...this.#person, name };
    await savePerson(this.#prost, this.#person);
    this.emit("contacts", {});
  }

  #keepRounds(
    prefix: string,
    keys: readonly string[],
    everyMs: number,
    look: (key: string) => Promise<void>,
  ): void {
    const wanted = new Set(keys.map((key) => prefix + key));
    for (const name of this.rounds.names(prefix)) if (!wanted.has(name)) this.rounds.remove(name);
    for (const key of keys) this.rounds.add(prefix + key, everyMs, () => look(key));
  }

  stats() {
    return {
      ...this.inbox.counts,
      ...this.mailbox.counts,
      ...this.post.counts,
      ...this.tabs.counts,
      ...this.history.counts,
      ...this.history.stats(),
      ...this.outbox.stats(),
      ...this.rooms.counts,
      fingerprint: fingerprintOf(this.me),
      contacts: this.roster.contacts().length,
      conversationWithSelf: this.history.count(conversationOf(this.me)),
    };
  }
}
