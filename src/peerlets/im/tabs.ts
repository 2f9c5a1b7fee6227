/**
 * Which tabs are there. A tab that closes has time to tell its neighbours on the
 * ring, and nobody else; so who shows a person as there asks their tabs, when
 * nothing was heard of them for a few seconds. A call is heard by both ends: of
 * two people who know each other one asks, and both know.
 *
 * A tab that was found gone is there again when it answers or calls; what the
 * replicas still say of it does not count.
 */
import type { CallError, Prost, RemotePeerlet } from "prost/sdk";
import {
  ASKS_AT_ONCE,
  ASKS_PER_SECOND,
  ASK_BURST,
  ASK_LEAST_MS,
  ASK_MOST_MS,
  HAND_MS,
  MAX_MISSES,
  MAX_REFERENCES,
  SILENT_MS,
} from "./limits.ts";
import { Rates } from "./rates.ts";

/** What tabs may call on each other. */
export interface AtTab {
  hand(caller: string, letter: Uint8Array): Promise<string>;
  /** Whether anybody uses it there. */
  there(caller: string): boolean;
}

type State = "unknown" | "there" | "gone";

interface Tab {
  state: State;
  /** Asks that had no answer, since the last one that had. */
  misses: number;
  dueMs: number;
  isAsked: boolean;
}

export class Tabs {
  readonly #prost: Prost;
  readonly #rate: Rates;
  readonly #tabs = new Map<string, Tab>();
  readonly #references = new Map<string, Promise<RemotePeerlet<AtTab>>>();
  #asking = 0;
  readonly counts = { asked: 0 };
  /** A tab that is kept came or went. */
  onChange: () => void = () => {};

  constructor(prost: Prost) {
    this.#prost = prost;
    this.#rate = new Rates(prost.clock, ASK_BURST, ASKS_PER_SECOND);
  }

  /** These are of interest, and no others. */
  keep(nodes: readonly string[]): void {
    const dueMs = this.#prost.clock.now();
    for (const node of nodes) {
      if (this.#tabs.has(node)) continue;
      this.#tabs.set(node, { state: "unknown", misses: 0, dueMs, isAsked: false });
    }
    if (this.#tabs.size === nodes.length) return;
    const kept = new Set(nodes);
    for (const node of this.#tabs.keys()) if (!kept.has(node)) this.#tabs.delete(node);
  }

  /** It has answered, or called. */
  isThere(node: string): boolean {
    return this.#tabs.get(node)?.state === "there";
  }

  isGone(node: string): boolean {
    return this.#tabs.get(node)?.state === "gone";
  }

  /** Something came from it: a call that was checked, or an answer. */
  heard(node: string): void {
    const tab = this.#tabs.get(node);
    if (!tab) return;
    const span = ASK_MOST_MS - ASK_LEAST_MS;
    // Not at the same time as the other end, so that one asks for both.
    tab.dueMs = this.#prost.clock.now() + ASK_LEAST_MS + span * this.#prost.random.next();
    tab.misses = 0;
    this.#become(tab, "there");
  }

  /** It may be otherwise than it was: asked as soon as may be, also when it was gone. */
  doubt(node: string): void {
    const tab = this.#tabs.get(node);
    if (!tab) return;
    tab.dueMs = this.#prost.clock.now();
    if (tab.state === "gone") tab.state = "unknown";
    this.ask();
  }

  /** Asks those that are due, the longest overdue first. */
  ask(): void {
    const nowMs = this.#prost.clock.now();
    const due = [...this.#tabs].filter(
      ([, { state, dueMs, isAsked }]) => state !== "gone" && !isAsked && dueMs <= nowMs,
    );
    for (const [node, tab] of due.toSorted(([, a], [, b]) => a.dueMs - b.dueMs)) {
      if (this.#asking >= ASKS_AT_ONCE || !this.#rate.take("")) return;
      void this.#ask(node, tab);
    }
  }

  /** A call to a tab: what becomes of it is noted. Rejects as calls of remote methods do. */
  async call<T>(node: string, use: (tab: RemotePeerlet<AtTab>) => Promise<T>): Promise<T> {
    try {
      const answer = await use(await this.#at(node));
      this.heard(node);
      return answer;
    } catch (error) {
      this.#references.delete(node);
      this.#failed(node, (error as CallError).code);
      throw error;
    }
  }

  async #ask(node: string, tab: Tab): Promise<void> {
    tab.isAsked = true;
    this.#asking += 1;
    this.counts.asked += 1;
    let isWaiting = true;
    const over = () => {
      if (!isWaiting) return false;
      isWaiting = false;
      this.#asking -= 1;
      tab.isAsked = false;
      cancel();
      return true;
    };
    const cancel = this.#prost.clock.after(SILENT_MS, () => {
      if (!over()) return;
      this.#miss(node);
      this.ask();
    });
    try {
      const isUsed = await this.call(node, (there) => there.there());
      over();
      if (!isUsed && this.#tabs.get(node) === tab) this.#become(tab, "gone");
    } catch {
      over();
    }
  }

  #failed(node: string, code: CallError["code"] | undefined): void {
    const tab = this.#tabs.get(node);
    switch (code) {
      case "gone":
      case "unreachable":
        if (tab) this.#become(tab, "gone");
        return;
      // It is asked by a clock of its own, see `#ask`.
      case "timed-out":
        return;
      // Not the other's doing.
      case "too-many-calls":
      case "bad-parameter":
        return;
      case "refused":
      case "no-such-method":
        return this.#miss(node);
      // It runs, and says no.
      default:
        return this.heard(node);
    }
  }

  #miss(node: string): void {
    const tab = this.#tabs.get(node);
    if (!tab) return;
    tab.misses += 1;
    tab.dueMs = this.#prost.clock.now();
    if (tab.misses >= MAX_MISSES) this.#become(tab, "gone");
  }

  #become(tab: Tab, state: State): void {
    if (tab.state === state) return;
    tab.state = state;
    this.onChange();
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
