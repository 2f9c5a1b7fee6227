/**
 * Watches a world's traffic: keeps the last of it to be read when something
 * went wrong, and a digest of all of it to tell two runs apart.
 *
 * Frames are read only when somebody asks for the lines; a thousand seeds pay
 * for a copy at most.
 */
import { decode, decodeSystem, isRouted, splitFrame } from "../wire/codec.ts";
import type { Message } from "../wire/messages.ts";
import { Routed } from "../wire/routed.ts";
import type { Host } from "./memory-network.ts";
import type { LogLine, World } from "./world.ts";

interface Sent {
  readonly atMs: number;
  readonly from: Host;
  readonly to: Host;
  readonly frame: Uint8Array;
}

type Entry = Sent | LogLine | string;

export class Recorder {
  readonly #world: World;
  readonly #most: number;
  /** A ring buffer: entry i is at i modulo `#most`. */
  readonly #entries: Entry[] = [];
  #count = 0;
  #digest = 0x811c9dc5;

  /** Listens from here on. Keeps the last `most` entries. */
  constructor(world: World, most: number) {
    this.#world = world;
    this.#most = most;
    world.network.tap = (from, to, frame) => {
      const atMs = world.clock.now();
      this.#mix(`${atMs}|${from.number}|${to.number}|${frame.length}`);
      for (const byte of frame) this.#digest = Math.imul(this.#digest ^ byte, 0x01000193);
      this.#keep({ atMs, from, to, frame: frame.slice() });
    };
    world.heard = (line) => this.#keep(line);
  }

  /** Something that the scenario did. */
  note(what: string): void {
    this.#mix(what);
    this.#keep(`${seconds(this.#world.clock.now())} -- ${what}`);
  }

  /** FNV-1a over every frame with its time, its ends, and every note: 8 hex digits. */
  get digest(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, "0");
  }

  /** The last entries, oldest first. */
  lines(): string[] {
    const kept = Math.min(this.#count, this.#most);
    const first = this.#count - kept;
    return Array.from({ length: kept }, (_, i) => lineOf(this.#entries[(first + i) % this.#most]!));
  }

  #mix(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.#digest = Math.imul(this.#digest ^ text.charCodeAt(i), 0x01000193);
    }
  }

  #keep(entry: Entry): void {
    this.#entries[this.#count++ % this.#most] = entry;
  }
}

function lineOf(entry: Entry): string {
  if (typeof entry === "string") return entry;
  if ("frame" in entry) {
    const messages = (splitFrame(entry.frame) ?? []).map(wordsOf).join(", ");
    return `${seconds(entry.atMs)} n${entry.from.number} > n${entry.to.number}: ${messages}`;
  }
  const detail = Object.entries(entry.detail ?? {}).map(([name, value]) => `${name} ${value}`);
  return `${seconds(entry.atMs)} n${entry.host.number} logs: ${[entry.what, ...detail].join(", ")}`;
}

function wordsOf(bytes: Uint8Array): string {
  if (isRouted(bytes)) return routedWords(Routed.parse(bytes));
  const message = decode(bytes);
  return message === null ? "malformed" : messageWords(message);
}

function routedWords(message: Routed | null): string {
  if (message === null) return "malformed";
  const what = message.isSystem ? decodeSystem(message.data)?.tag : "application";
  const last = message.final ? " (last step)" : "";
  return `${what} to ${short(message.key)} from ${short(message.source)}${last}`;
}

function messageWords(message: Message): string {
  switch (message.tag) {
    case "state": {
      const { member, wants, predecessors, successors } = message.body;
      const before = predecessors.map(short).toReversed().join(" ");
      const after = successors.map(short).join(" ");
      return `state${member ? "" : " of no member"} for ${wants} [${before} | ${after}]`;
    }
    case "goodbye":
      return `goodbye (${message.body.why})`;
    case "receipt":
      return `receipt ${message.body.outcome} by ${short(message.body.by)} for ${short(message.body.source)}`;
    default:
      return message.tag;
  }
}

function short(id: string): string {
  return id.slice(0, 6);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3).padStart(9)} s`;
}
