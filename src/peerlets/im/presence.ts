/**
 * Where people are: a signed record per person, that lasts a minute and is renewed
 * by each of their tabs. A tab is one entry of it, with a beat that it raises; the
 * others leave out an entry whose beat stands still, so no two clocks are compared.
 */
import type { Prost } from "prost/sdk";
import { bytesOfHex, fieldsOf, isDate, isHex, utf8 } from "./bytes.ts";
import type { Keys } from "./crypto.ts";
import { MAX_CLOCK_AHEAD_MS, MAX_NODES, MAX_PRESENCE_AGE_MS, PRESENCE_TTL_MS } from "./limits.ts";
import { type Dht, Owned, readOwned } from "./owned.ts";
import { dateOf } from "./dates.ts";

const RECORD = "im presence";
const NODE_DIGITS = 40;

interface Place {
  readonly node: string;
  readonly beat: number;
}

interface Seen {
  readonly nodes: readonly string[];
  readonly sequence: number;
  /** When this version was first seen, on this node's clock. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

export class Presence {
  readonly #prost: Prost;
  readonly #dht: Dht;
  readonly #owned: Owned;
  #beat = 0;
  /** Of this person's other tabs: the last beat, and since when. */
  readonly #beats = new Map<string, { readonly beat: number; readonly sinceMs: number }>();
  readonly #people = new Map<string, Seen>();
  readonly #askedMs = new Map<string, number>();
  /** Somebody came or went. */
  onChange: (publicKey: string, isOnline: boolean) => void = () => {};

  constructor(prost: Prost, dht: Dht, keys: Keys) {
    this.#prost = prost;
    this.#dht = dht;
    this.#owned = new Owned(prost, dht, keys, RECORD);
  }

  /** This person's other tabs that are alive. */
  ownNodes(): string[] {
    return [...this.#beats.keys()];
  }

  async announce(): Promise<void> {
    const value = await this.#owned.read();
    const nowMs = this.#prost.clock.now();
    const places = (value && placesOf(value)?.places) ?? [];
    for (const { node, beat } of places) {
      if (node === this.#prost.self) this.#beat = Math.max(this.#beat, beat);
      else if (this.#beats.get(node)?.beat !== beat) {
        this.#beats.set(node, { beat, sinceMs: nowMs });
      }
    }
    for (const [node, { sinceMs }] of this.#beats) {
      if (nowMs - sinceMs > PRESENCE_TTL_MS) this.#beats.delete(node);
    }
    this.#beat += 1;
    await this.#write([{ node: this.#prost.self, beat: this.#beat }, ...this.#others()]);
  }

  /** As far as there is time for it. */
  async leave(): Promise<void> {
    await this.#write(this.#others());
  }

  /** One of this person's tabs that did not answer. */
  isGone(node: string): void {
    this.#beats.delete(node);
  }

  async look(publicKey: string): Promise<void> {
    this.#askedMs.set(publicKey, this.#prost.clock.now());
    const found = await readOwned(this.#dht, bytesOfHex(publicKey), RECORD);
    const told = found && placesOf(found.value);
    if (!found || !told) return;
    const ageMs = dateOf(this.#prost) - told.date;
    if (ageMs > MAX_PRESENCE_AGE_MS || ageMs < -MAX_CLOCK_AHEAD_MS) return;
    const nowMs = this.#prost.clock.now();
    const before = this.#people.get(publicKey);
    if (before && found.sequence < before.sequence) return;
    // One who puts an old version again does not make it younger.
    const sinceMs = before?.sequence === found.sequence ? before.sinceMs : nowMs;
    const untilMs = Math.min(nowMs + found.ttlMs, sinceMs + PRESENCE_TTL_MS);
    const nodes = told.places.map(({ node }) => node);
    const { sequence } = found;
    const wasOnline = this.isOnline(publicKey);
    this.#people.set(publicKey, { nodes, sequence, sinceMs, untilMs });
    const isOnline = this.isOnline(publicKey);
    if (isOnline !== wasOnline) this.onChange(publicKey, isOnline);
  }

  /** How long ago it was asked, in ms. */
  ageMs(publicKey: string): number {
    return this.#prost.clock.now() - (this.#askedMs.get(publicKey) ?? Number.NEGATIVE_INFINITY);
  }

  /** Says who went, because nothing was heard. */
  tick(): void {
    const nowMs = this.#prost.clock.now();
    for (const [publicKey, seen] of this.#people) {
      if (seen.nodes.length === 0 || seen.untilMs > nowMs) continue;
      this.#people.set(publicKey, { ...seen, nodes: [] });
      this.onChange(publicKey, false);
    }
  }

  isOnline(publicKey: string): boolean {
    return this.nodesOf(publicKey).length > 0;
  }

  nodesOf(publicKey: string): readonly string[] {
    const seen = this.#people.get(publicKey);
    return seen && seen.untilMs > this.#prost.clock.now() ? seen.nodes : [];
  }

  forget(publicKey: string): void {
    this.#people.delete(publicKey);
    this.#askedMs.delete(publicKey);
  }

  #others(): Place[] {
    const others = [...this.#beats].map(([node, { beat }]) => ({ node, beat }));
    return others.slice(0, MAX_NODES - 1);
  }

  async #write(places: readonly Place[]): Promise<void> {
    const nodes = places.map(({ node, beat }) => [node, beat]);
    const value = utf8(JSON.stringify({ nodes, date: dateOf(this.#prost) }));
    await this.#owned.write(value, PRESENCE_TTL_MS);
  }
}

/** Null for what is no presence. */
function placesOf(value: Uint8Array): { places: Place[]; date: number } | null {
  const { nodes, date } = fieldsOf(value) ?? {};
  if (!isDate(date) || !Array.isArray(nodes) || nodes.length > MAX_NODES) return null;
  const places = (nodes as unknown[]).filter(Array.isArray).map(([node, beat]: unknown[]) => ({
    node: isHex(node, NODE_DIGITS) ? node : "",
    beat: isDate(beat) ? beat : 0,
  }));
  return { places: places.filter(({ node }) => node !== ""), date };
}
