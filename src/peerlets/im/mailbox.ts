/**
 * Letters that wait on the replicas.
 *
 * Two people who know each other share a box for each direction whose key only
 * the two can compute: no stranger can fill it, and no replica can tell whose it
 * is. Strangers write to a person's box for requests, whose key follows from the
 * public key: everybody may, so it is read from a random place on, a little at a time.
 */
import type { Prost } from "prost/sdk";
import { bytesOfHex, hexOf } from "./bytes.ts";
import { type Keys, agree, boxKeyOf, derive } from "./crypto.ts";
import { type Opened, type Sealed, isLetter, open } from "./envelope.ts";
import {
  KEEP_READ_MS,
  MAIL_PAGES,
  MAIL_TTL_MS,
  MAX_KEPT_READ,
  MAX_KNOWN_LETTERS,
  MAX_OPENED,
  MAX_OPENED_REQUESTS,
  MAX_REMOVALS,
  OPENS_PER_SECOND,
  OPEN_BURST,
  OPEN_PAUSE_MS,
  REQUEST_PAGES,
} from "./limits.ts";
import type { Dht } from "./owned.ts";
import { Rates } from "./rates.ts";
import { dateOf } from "./dates.ts";

const KEY_BYTES_OF_DHT = 20;
/** A place in the dht's order of values under one key, in bytes. */
const PLACE_BYTES = 16;

/** What became of a letter: `later` leaves it to be opened again. */
export type Handled = "taken" | "later" | "not-mine";

interface Known {
  /** Null for what is no letter to this person. */
  readonly removal: Uint8Array | null;
  readonly sealed: number;
}

export class Mailbox {
  readonly #prost: Prost;
  readonly #dht: Dht;
  readonly #keys: Keys;
  readonly #handle: (letter: Opened) => Promise<Handled>;
  readonly #pace: Rates;
  readonly #shared = new Map<string, Uint8Array>();
  readonly #known = new Map<string, Known>();
  readonly counts = { opened: 0, notForMe: 0, removed: 0 };

  constructor(prost: Prost, dht: Dht, keys: Keys, handle: (letter: Opened) => Promise<Handled>) {
    this.#prost = prost;
    this.#dht = dht;
    this.#keys = keys;
    this.#handle = handle;
    this.#pace = new Rates(prost.clock, OPEN_BURST, OPENS_PER_SECOND);
  }

  /** Where `writer` leaves letters for `reader`; one of them is this person. */
  boxOf(writer: string, reader: string): string {
    const me = hexOf(this.#keys.publicKey);
    const other = writer === me ? reader : writer;
    let shared = this.#shared.get(other);
    if (!shared) {
      shared = agree(this.#keys.boxSecret, boxKeyOf(bytesOfHex(other)));
      this.#shared.set(other, shared);
    }
    return hexOf(derive(shared, bytesOfHex(reader), "prost-im box", KEY_BYTES_OF_DHT));
  }

  requestsOf(reader: string): string {
    return this.#prost.keyOf(`prost-im requests ${reader}`);
  }

  /** Resolves when two replicas have it. */
  async put(box: string, { bytes, removal }: Sealed): Promise<void> {
    await this.#dht.put(box, bytes, { ttlMs: MAIL_TTL_MS, secret: removal });
  }

  /** All of a box that only one person writes to. */
  async look(box: string): Promise<void> {
    await this.#read(box, null, MAIL_PAGES, MAX_OPENED);
  }

  /** A piece of the box that everybody writes to. */
  async lookAtRequests(): Promise<void> {
    const from = hexOf(this.#prost.random.bytes(PLACE_BYTES));
    const box = this.requestsOf(hexOf(this.#keys.publicKey));
    const isAtEnd = await this.#read(box, from, REQUEST_PAGES, MAX_OPENED_REQUESTS);
    if (isAtEnd) await this.#read(box, null, REQUEST_PAGES, MAX_OPENED_REQUESTS);
  }

  async #read(box: string, from: string | null, pages: number, most: number): Promise<boolean> {
    let cursor = from;
    let left = most;
    const present: { readonly hash: string; readonly known: Known }[] = [];
    for (let i = 0; i < pages && left > 0; i++) {
      const page = await this.#dht.get(box, { kind: "value", cursor });
      const letters: { readonly hash: string; readonly letter: Opened }[] = [];
      for (const { hash, value } of page.values) {
        const known = this.#known.get(hash);
        if (known) present.push({ hash, known });
        if (known || left <= 0) continue;
        left -= 1;
        while (!this.#pace.take("")) await this.#turn();
        const letter = isLetter(value) ? open(this.#keys, value) : null;
        this.counts[letter ? "opened" : "notForMe"] += 1;
        if (letter) letters.push({ hash, letter });
        else this.#remember(hash, { removal: null, sealed: 0 });
      }
      // The dht has them in no order; people wrote them in one.
      letters.sort((a, b) => sealedOf(a.letter) - sealedOf(b.letter));
      // All at once: what they say is written in one go.
      const handled = await Promise.all(letters.map(({ letter }) => this.#handle(letter)));
      for (const [at, { hash, letter }] of letters.entries()) {
        if (handled[at] === "later") continue;
        const known = { removal: letter.removal, sealed: sealedOf(letter) };
        this.#remember(hash, known);
        present.push({ hash, known });
      }
      ({ cursor } = page);
      if (cursor === null) break;
    }
    await this.#tidy(box, present);
    return cursor === null;
  }

  /** Removes what was read long enough ago, or is too much. */
  async #tidy(
    box: string,
    present: readonly { readonly hash: string; readonly known: Known }[],
  ): Promise<void> {
    const mine = present
      .filter(({ known }) => known.removal !== null)
      .toSorted((a, b) => b.known.sealed - a.known.sealed);
    const before = dateOf(this.#prost) - KEEP_READ_MS;
    const old = mine.filter(({ known }, i) => i >= MAX_KEPT_READ || known.sealed < before);
    for (const { hash, known } of old.slice(-MAX_REMOVALS)) {
      const { removed } = await this.#dht.remove(box, known.removal!, { hash });
      this.counts.removed += removed;
    }
  }

  #remember(hash: string, known: Known): void {
    this.#known.set(hash, known);
    if (this.#known.size <= MAX_KNOWN_LETTERS) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#prost.clock.after(OPEN_PAUSE_MS, resolve);
    });
  }
}

function sealedOf({ body }: Opened): number {
  const { sealed } = body;
  return typeof sealed === "number" ? sealed : 0;
}
