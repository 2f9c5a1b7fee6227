/** Sealing letters, leaving them in mailboxes, and handing them to tabs that are there. */
import type { Prost } from "prost/sdk";
import type { Body } from "./bodies.ts";
import { bytesOfHex } from "./bytes.ts";
import { KEY_BYTES, type Keys } from "./crypto.ts";
import { type Sealed, seal } from "./envelope.ts";
import { MAX_NODES } from "./limits.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Presence } from "./presence.ts";
import type { Tabs } from "./tabs.ts";
import { dateOf } from "./dates.ts";

/** A body without the date of its sealing. */
type Unsealed<B> = B extends Body ? Omit<B, "sealed"> : never;

export class Post {
  readonly #prost: Prost;
  readonly #keys: Keys;
  readonly #me: string;
  readonly #presence: Presence;
  readonly #mailbox: Mailbox;
  readonly #tabs: Tabs;
  readonly counts = { handed: 0, notHanded: 0, put: 0 };

  constructor(
    prost: Prost,
    keys: Keys,
    me: string,
    presence: Presence,
    mailbox: Mailbox,
    tabs: Tabs,
  ) {
    this.#prost = prost;
    this.#keys = keys;
    this.#me = me;
    this.#presence = presence;
    this.#mailbox = mailbox;
    this.#tabs = tabs;
  }

  seal(to: string, body: Unsealed<Body>): Sealed {
    const sealed = { ...body, sealed: dateOf(this.#prost) };
    return seal(this.#keys, bytesOfHex(to), sealed, this.#prost.random.bytes(KEY_BYTES));
  }

  /** Into the box that the two share, or into the one for strangers. */
  async put(to: string, letter: Sealed, isRequest = false): Promise<void> {
    const box = isRequest ? this.#mailbox.requestsOf(to) : this.#mailbox.boxOf(this.#me, to);
    await this.#mailbox.put(box, letter);
    this.counts.put += 1;
  }

  /** To each tab where the person is; how many took it. */
  async hand(to: string, letter: Sealed): Promise<number> {
    const nodes = to === this.#me ? this.#presence.ownNodes() : this.#presence.nodesOf(to);
    const others = nodes.filter((node) => node !== this.#prost.self).slice(0, MAX_NODES);
    const handed = await Promise.all(others.map((node) => this.handTo(node, letter.bytes)));
    return handed.filter(Boolean).length;
  }

  /** Straight if anybody is there, else into the mailbox. */
  async send(to: string, body: Unsealed<Body>): Promise<void> {
    const letter = this.seal(to, body);
    if ((await this.hand(to, letter)) === 0) await this.put(to, letter);
  }

  /** Whether the tab at this node took it. */
  async handTo(node: string, bytes: Uint8Array): Promise<boolean> {
    try {
      const answer = await this.#tabs.call(node, (tab) => tab.hand(bytes));
      this.counts.handed += 1;
      return answer === "taken";
    } catch {
      this.counts.notHanded += 1;
      return false;
    }
  }
}
