/** A record that only this person can write: the dht's `signed` kind. The seed does not leave this peerlet. */
import type { Prost, Service } from "prost/sdk";
import type { DhtService } from "../dht/service.ts";
import { hexOf, joined, utf8 } from "./bytes.ts";
import { type Keys, sha256, sign } from "./crypto.ts";
import { dateOf } from "./dates.ts";

export type Dht = Service<DhtService>;

/** What the dht's page says that an owner signs begins with this. */
const CONTEXT = "prost-dht-signed";
const KEY_DIGITS = 40;
/** Replicas that are asked for the latest version. */
const READ = 2;

export interface OwnedRecord {
  readonly value: Uint8Array;
  readonly sequence: number;
  readonly ttlMs: number;
}

export class Owned {
  readonly #prost: Prost;
  readonly #dht: Dht;
  readonly #keys: Keys;
  readonly #name: string;
  #sequence = 0;

  constructor(prost: Prost, dht: Dht, keys: Keys, name: string) {
    this.#prost = prost;
    this.#dht = dht;
    this.#keys = keys;
    this.#name = name;
  }

  /** Null when there is none. */
  async read(): Promise<Uint8Array | null> {
    const found = await readOwned(this.#dht, this.#keys.publicKey, this.#name, READ);
    if (!found) return null;
    this.#sequence = Math.max(this.#sequence, found.sequence);
    return found.value;
  }

  /** Over the version that was read or written last. */
  async write(value: Uint8Array, ttlMs: number): Promise<void> {
    // The date keeps it above versions that are no longer known to anybody.
    this.#sequence = Math.max(this.#sequence + 1, dateOf(this.#prost));
    const { publicKey, seed } = this.#keys;
    const [name, sequence] = [this.#name, this.#sequence];
    const count = new Uint8Array(8);
    new DataView(count.buffer).setBigUint64(0, BigInt(sequence));
    const owner = sha256(publicKey, utf8(name));
    const signature = sign(seed, joined(utf8(CONTEXT), owner, count, sha256(value)));
    await this.#dht.putSigned({ publicKey, name, sequence, value, signature }, { ttlMs });
  }
}

/** The record of anybody; the dht has checked the signature. */
export async function readOwned(
  dht: Dht,
  publicKey: Uint8Array,
  name: string,
  read = 1,
): Promise<OwnedRecord | null> {
  const key = hexOf(sha256(publicKey, utf8(name))).slice(0, KEY_DIGITS);
  const { values } = await dht.get(key, { kind: "signed", limit: 1, read });
  const [found] = values;
  if (!found || found.sequence === undefined || found.value.length === 0) return null;
  return { value: found.value, sequence: found.sequence, ttlMs: found.ttlMs };
}
