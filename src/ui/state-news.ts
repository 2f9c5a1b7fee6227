/**
 * Changes of peerlets, gathered for a screen reader: what a person would want
 * to hear, in one sentence now and then, whatever strangers' messages cause.
 */
import type { PeerEvents } from "../peer/peer.ts";
import { plural } from "./format.ts";

type Change = PeerEvents["peerlet"];

/** What happens within this time is said together, in ms. A guess. */
const GATHER_MS = 1_500;
/** So many are named; of more, only the number is said. */
const MOST_NAMED = 2;

/** Installing and idle come and go by themselves. */
const WORDS: Readonly<Partial<Record<Change["state"], string>>> = {
  running: "runs",
  refused: "is refused",
  quarantined: "is quarantined",
  uninstalled: "is uninstalled",
};

export class StateNews {
  readonly #say: (text: string) => void;
  readonly #told = new Map<string, Change["state"]>();
  readonly #waiting = new Map<string, string>();
  #timer = 0;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** `name` is fit to be shown already. */
  add({ appId, state }: Change, name: string): void {
    const word = WORDS[state];
    // A peerlet that wakes again is no news.
    if (word === undefined || this.#told.get(appId) === state) return;
    if (state === "uninstalled") this.#told.delete(appId);
    else this.#told.set(appId, state);
    this.#waiting.set(appId, `${name} ${word}`);
    if (this.#timer === 0) this.#timer = window.setTimeout(() => this.#tell(), GATHER_MS);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#waiting.clear();
    this.#told.clear();
  }

  #tell(): void {
    this.#timer = 0;
    this.#say(newsWords([...this.#waiting.values()]));
    this.#waiting.clear();
  }
}

/** "counter runs. tracer is refused." */
export function newsWords(changes: readonly string[]): string {
  if (changes.length <= MOST_NAMED) return changes.map((change) => `${change}.`).join(" ");
  return `${plural(changes.length, "application")} changed their state.`;
}
