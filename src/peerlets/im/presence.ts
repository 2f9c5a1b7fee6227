/**
 * Where people are: a signed record per person, that lasts a minute and is renewed
 * by each of their tabs. A tab is one entry of it, with a beat that it raises; the
 * others leave out an entry whose beat stands still, so no two clocks are compared.
 *
 * The record says where to ask; whether somebody is there the tabs say: `tabs.ts`.
 */
import type { Prost } from "prost/sdk";
import { NODE_DIGITS } from "./bodies.ts";
import { bytesOfHex, fieldsOf, isDate, isHex, utf8 } from "./bytes.ts";
import type { Keys } from "./crypto.ts";
import {
  MAX_CLOCK_AHEAD_MS,
  MAX_NODES,
  MAX_PRESENCE_AGE_MS,
  PRESENCE_TTL_MS,
  YOUNG_MS,
} from "./limits.ts";
import { type Dht, Owned, readOwned } from "./owned.ts";
import { dateOf } from "./dates.ts";
import type { Tabs } from "./tabs.ts";

const RECORD = "im presence";

interface Place {
  readonly node: string;
  readonly beat: number;
}

interface Seen {
  readonly places: readonly Place[];
  readonly sequence: number;
  /** When this version was first seen, on this node's clock. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

export class Presence {
  readonly #prost: Prost;
  readonly #dht: Dht;
  readonly #owned: Owned;
  readonly #tabs: Tabs;
  #beat = 0;
  /** Of this person's other tabs: the last beat, and since when. */
  readonly #beats = new Map<string, { readonly beat: number; readonly sinceMs: number }>();
  /** Those that came while this one was here, and when. */
  readonly #cameMs = new Map<string, number>();
  readonly #people = new Map<string, Seen>();
  /** Nodes that said themselves that a person is there, and until when that holds. */
  readonly #told = new Map<string, Map<string, number>>();
  readonly #online = new Set<string>();
  readonly #askedMs = new Map<string, number>();
  /** Somebody came or went. */
  onChange: (publicKey: string, isOnline: boolean) => void = () => {};

  constructor(prost: Prost, dht: Dht, keys: Keys, tabs: Tabs) {
    this.#prost = prost;
    this.#dht = dht;
    this.#owned = new Owned(prost, dht, keys, RECORD);
    this.#tabs = tabs;
    tabs.onChange = () => this.#tellAll();
  }

  /** This person's other tabs that are not known to be gone. */
  ownNodes(): string[] {
    return [...this.#beats.keys()].filter((node) => !this.#tabs.isGone(node));
  }

  /** Answers which of this person's other tabs were not known before. */
  async announce(): Promise<string[]> {
    const value = await this.#owned.read();
    const nowMs = this.#prost.clock.now();
    const places = (value && placesOf(value)?.places) ?? [];
    const fresh: string[] = [];
    for (const { node, beat } of places) {
      const known = this.#beats.get(node);
      if (node === this.#prost.self) this.#beat = Math.max(this.#beat, beat);
      else if (known?.beat !== beat) {
        this.#beats.set(node, { beat, sinceMs: nowMs });
        if (!known) fresh.push(node);
        else if (this.#tabs.isGone(node)) this.#tabs.doubt(node);
      }
    }
    // Those that are gone, too: forgotten at once they would come back from what another tab wrote.
    for (const [node, { sinceMs }] of this.#beats) {
      if (nowMs - sinceMs <= 2 * PRESENCE_TTL_MS) continue;
      this.#beats.delete(node);
      this.#cameMs.delete(node);
    }
    this.#keepTabs();
    this.#beat += 1;
    await this.#write([{ node: this.#prost.self, beat: this.#beat }, ...this.#others()]);
    return fresh;
  }

  /** As far as there is time for it. */
  async leave(): Promise<void> {
    await this.#write(this.#others());
  }

  /** Another tab of this person says so itself. */
  toldOwn(node: string): void {
    const beat = this.#beats.get(node)?.beat ?? 0;
    const nowMs = this.#prost.clock.now();
    this.#beats.set(node, { beat, sinceMs: nowMs });
    this.#cameMs.set(node, nowMs);
    this.#keepTabs();
    this.#tabs.heard(node);
  }

  /** Own tabs that not everybody may know of yet. */
  youngNodes(): string[] {
    const nowMs = this.#prost.clock.now();
    return this.ownNodes().filter(
      (node) => nowMs - (this.#cameMs.get(node) ?? Number.NEGATIVE_INFINITY) < YOUNG_MS,
    );
  }

  /** A tab of this person says so itself. */
  told(publicKey: string, node: string): void {
    const nodes = this.#told.get(publicKey) ?? new Map<string, number>();
    this.#told.set(publicKey, nodes);
    nodes.delete(node);
    nodes.set(node, this.#prost.clock.now() + PRESENCE_TTL_MS);
    const [oldest] = nodes.keys();
    if (nodes.size > MAX_NODES) nodes.delete(oldest!);
    this.#keepTabs();
    this.#tabs.heard(node);
    this.#tell(publicKey);
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
    const { places } = told;
    const { sequence } = found;
    this.#people.set(publicKey, { places, sequence, sinceMs, untilMs });
    this.#keepTabs();
    for (const { node, beat } of places) {
      const last = before?.places.find((each) => each.node === node);
      // Gone, and its beat went on: it may have come back.
      if (this.#tabs.isGone(node) && last?.beat !== beat) this.#tabs.doubt(node);
    }
    this.#tabs.ask();
    this.#tell(publicKey);
  }

  /** How long ago it was asked, in ms. */
  ageMs(publicKey: string): number {
    return this.#prost.clock.now() - (this.#askedMs.get(publicKey) ?? Number.NEGATIVE_INFINITY);
  }

  /** Says who went, because nothing was heard. */
  tick(): void {
    this.#keepTabs();
    this.#tabs.ask();
    this.#tellAll();
  }

  /** One of their tabs has answered. */
  isOnline(publicKey: string): boolean {
    return this.nodesOf(publicKey).some((node) => this.#tabs.isThere(node));
  }

  /** Where they may be: nodes that are not known to be gone. */
  nodesOf(publicKey: string): string[] {
    return this.#placesOf(publicKey).filter((node) => !this.#tabs.isGone(node));
  }

  forget(publicKey: string): void {
    this.#people.delete(publicKey);
    this.#told.delete(publicKey);
    this.#askedMs.delete(publicKey);
    this.#online.delete(publicKey);
  }

  #placesOf(publicKey: string): string[] {
    const nowMs = this.#prost.clock.now();
    const seen = this.#people.get(publicKey);
    const nodes = seen && seen.untilMs > nowMs ? seen.places.map(({ node }) => node) : [];
    for (const [node, untilMs] of this.#told.get(publicKey) ?? []) {
      if (untilMs > nowMs && !nodes.includes(node)) nodes.push(node);
    }
    return nodes;
  }

  #keepTabs(): void {
    const people = new Set([...this.#people.keys(), ...this.#told.keys()]);
    const theirs = [...people].flatMap((publicKey) => this.#placesOf(publicKey));
    const all = new Set([...this.#beats.keys(), ...theirs]);
    all.delete(this.#prost.self);
    this.#tabs.keep([...all]);
  }

  #tellAll(): void {
    const people = new Set([...this.#people.keys(), ...this.#told.keys()]);
    for (const publicKey of people) this.#tell(publicKey);
  }

  #tell(publicKey: string): void {
    const isOnline = this.isOnline(publicKey);
    if (isOnline === this.#online.has(publicKey)) return;
    if (isOnline) this.#online.add(publicKey);
    else this.#online.delete(publicKey);
    this.onChange(publicKey, isOnline);
  }

  /** This person's other tabs whose beat goes on. */
  #others(): Place[] {
    const nowMs = this.#prost.clock.now();
    const others = [...this.#beats]
      .filter(
        ([node, { sinceMs }]) => nowMs - sinceMs <= PRESENCE_TTL_MS && !this.#tabs.isGone(node),
      )
      .map(([node, { beat }]) => ({ node, beat }));
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
