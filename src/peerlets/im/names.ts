/**
 * Names. A person's name stands in their profile, a record that only they can
 * write; beside it, under the name, is a signed claim, so that the name can be
 * found. Nobody can make names unique among liars: several people may have one,
 * and whoever looks for it is shown all of them with their fingerprints.
 */
import type { Prost } from "prost/sdk";
import { type Fields, bytesOfHex, fieldsOf, hexOf, isDate, isHex, joined, utf8 } from "./bytes.ts";
import { PUBLIC_KEY_DIGITS } from "./bodies.ts";
import { type Keys, SIGNATURE_BYTES, derive, isPublicKey, isSigned, sign } from "./crypto.ts";
import { MAX_CANDIDATES, MAX_CLAIMS, PROFILE_TTL_MS } from "./limits.ts";
import { type Dht, Owned, readOwned } from "./owned.ts";
import { fingerprintOf } from "./person.ts";
import { isName, sameName } from "./texts.ts";

const RECORD = "im profile";
const CONTEXT = "prost-im name";
/** A claim is some 300 bytes; anything longer is none. */
const MAX_CLAIM_BYTES = 1_024;

export interface Candidate {
  readonly publicKey: string;
  readonly name: string;
  readonly fingerprint: string;
  /** Since when they say that they have the name: their own word; 0 when they say nothing. */
  readonly date: number;
  /** Their profile says so, too, now. */
  readonly isConfirmed: boolean;
}

interface Profile {
  readonly name: string;
  readonly date: number;
}

export class Names {
  readonly #prost: Prost;
  readonly #dht: Dht;
  readonly #keys: Keys;
  readonly #profile: Owned;

  constructor(prost: Prost, dht: Dht, keys: Keys) {
    this.#prost = prost;
    this.#dht = dht;
    this.#keys = keys;
    this.#profile = new Owned(prost, dht, keys, RECORD);
  }

  /** What another machine of this person wrote; "" for nothing. */
  async own(): Promise<string> {
    const value = await this.#profile.read();
    return (value && profileOf(value)?.name) ?? "";
  }

  /** The profile and the claim, for another week. `date`: since when. */
  async publish(name: string, date: number): Promise<void> {
    await this.#profile.read();
    await this.#profile.write(utf8(JSON.stringify({ name, date })), PROFILE_TTL_MS);
    const publicKey = hexOf(this.#keys.publicKey);
    const signature = hexOf(sign(this.#keys.seed, claimed(publicKey, name, date)));
    const claim = utf8(JSON.stringify({ publicKey, name, date, signature }));
    const secret = this.#secretOf(name);
    await this.#dht.put(this.#keyOf(name), claim, { ttlMs: PROFILE_TTL_MS, secret });
  }

  /** The claim of a name that one had before. */
  async withdraw(name: string): Promise<void> {
    await this.#dht.remove(this.#keyOf(name), this.#secretOf(name));
  }

  /** Everybody of this name, as far as they fit; or the one with this public key. */
  async find(text: string): Promise<Candidate[]> {
    if (isHex(text, PUBLIC_KEY_DIGITS)) return [await this.#candidate(text)];
    const { values } = await this.#dht.get(this.#keyOf(text), { kind: "value", read: 2 });
    const claims = new Map<string, { name: string; date: number }>();
    for (const { value } of values.slice(0, MAX_CLAIMS)) {
      const claim = value.length <= MAX_CLAIM_BYTES ? claimOf(fieldsOf(value), text) : null;
      if (!claim) continue;
      const known = claims.get(claim.publicKey);
      if (!known || claim.date > known.date) claims.set(claim.publicKey, claim);
    }
    const oldest = [...claims].toSorted(([, a], [, b]) => a.date - b.date).slice(0, MAX_CANDIDATES);
    const candidates = oldest.map(async ([publicKey, { name, date }]): Promise<Candidate> => {
      const profile = await this.profileOf(publicKey).catch(() => null);
      const isConfirmed = profile !== null && sameName(profile.name) === sameName(name);
      return { publicKey, name, fingerprint: fingerprintOf(publicKey), date, isConfirmed };
    });
    const found = await Promise.all(candidates);
    return found.toSorted((a, b) => Number(b.isConfirmed) - Number(a.isConfirmed));
  }

  /** What a person calls themself; null when they do not, or not now. */
  async profileOf(publicKey: string): Promise<Profile | null> {
    const found = await readOwned(this.#dht, bytesOfHex(publicKey), RECORD);
    return found && profileOf(found.value);
  }

  async #candidate(publicKey: string): Promise<Candidate> {
    if (!isPublicKey(bytesOfHex(publicKey))) throw new TypeError("that is no person's public key");
    const profile = await this.profileOf(publicKey).catch(() => null);
    const { name, date } = profile ?? { name: "", date: 0 };
    const fingerprint = fingerprintOf(publicKey);
    return { publicKey, name, fingerprint, date, isConfirmed: profile !== null };
  }

  #keyOf(name: string): string {
    return this.#prost.keyOf(`prost-im name ${sameName(name)}`);
  }

  /** A removal reveals it: it is of this name only. */
  #secretOf(name: string): Uint8Array {
    return derive(this.#keys.seed, utf8(name), "prost-im claim");
  }
}

function profileOf(value: Uint8Array): Profile | null {
  const { name, date } = fieldsOf(value) ?? {};
  return isName(name) ? { name, date: isDate(date) ? date : 0 } : null;
}

function claimOf(fields: Fields | null, asked: string) {
  const { publicKey, name, date, signature } = fields ?? {};
  if (!isHex(publicKey, PUBLIC_KEY_DIGITS) || !isName(name) || !isDate(date)) return null;
  if (sameName(name) !== sameName(asked) || !isHex(signature, 2 * SIGNATURE_BYTES)) return null;
  const isTheirs = isSigned(
    bytesOfHex(publicKey),
    claimed(publicKey, name, date),
    bytesOfHex(signature),
  );
  return isTheirs ? { publicKey, name, date } : null;
}

function claimed(publicKey: string, name: string, date: number): Uint8Array {
  return joined(utf8(CONTEXT), bytesOfHex(publicKey), utf8(JSON.stringify([name, date])));
}
