/** Sealing letters, leaving them in mailboxes, and handing them to tabs that are there. */
import type { Prost, RemotePeerlet } from "prost/sdk";
import type { Body } from "./bodies.ts";
import { bytesOfHex } from "./bytes.ts";
import { KEY_BYTES, type Keys } from "./crypto.ts";
import { type Sealed, seal } from "./envelope.ts";
import { HAND_MS, MAX_NODES, MAX_REFERENCES } from "./limits.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Presence } from "./presence.ts";
import { dateOf } from "./dates.ts";

/** What tabs may call on each other. */
export interface AtTab {
  hand(caller: string, letter: Uint8Array): Promise<string>;
}

/** A body without the date of its sealing. */
type Unsealed<B> = B extends Body ? Omit<B, "sealed"> : never;

export class Post {
  readonly #prost: Prost;
  readonly #keys: Keys;
  readonly #me: string;
  readonly #presence: Presence;
  readonly #mailbox: Mailbox;
  readonly #references = new Map<string, Promise<RemotePeerlet<AtTab>>>();
  readonly counts = { handed: 0, notHanded: 0, put: 0 };

  constructor(prost: Prost, keys: Keys, me: string, presence: Presence, mailbox: Mailbox) {
    this.#prost = prost;
    this.#keys = keys;
    this.#me = me;
    this.#presence = presence;
    this.#mailbox = mailbox;
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
    const handed = await Promise.all(others.map((node) => this.#handTo(node, to, letter)));
    return handed.filter(Boolean).length;
  }

  /** Straight if anybody is there, else into the mailbox. */
  async send(to: string, body: Unsealed<Body>): Promise<void> {
    const letter = this.seal(to, body);
    if ((await this.hand(to, letter)) === 0) await this.put(to, letter);
  }

  async #handTo(node: string, to: string, letter: Sealed): Promise<boolean> {
    try {
      const tab = await this.#at(node);
      const answer = await tab.hand(letter.bytes);
      this.counts.handed += 1;
      return answer === "taken";
    } catch {
      this.#references.delete(node);
      if (to === this.#me) this.#presence.isGone(node);
      this.counts.notHanded += 1;
      return false;
    }
  }

  #at(node: string): Promise<RemotePeerlet<AtTab>> {
    const known = this.#references.get(node);
    if (known) return known;
    const made = this.#prost.peerletAt<AtTab>(node, { timeoutMs: HAND_MS });
    this.#references.set(node, made);
    if (this.#references.size > MAX_REFERENCES) {
      const [oldest] = this.#references.keys();
      this.#references.delete(oldest!);
    }
    return made;
  }
}
