/**
 * The applications known on this node: those that are here, on their way, or
 * refused. Bounded, for strangers' messages name them.
 *
 * It does not know how an application comes here (`arrivals.ts`), nor whether
 * it may (`admission.ts`).
 */
import type { Env } from "../env/env.ts";
import { type Entry, entryOf } from "./entry.ts";
import type { Peerlet } from "./peerlet.ts";

/** Applications known here, the refused ones included. Beyond that those are forgotten first. A guess. */
const MOST_ENTRIES = 512;

export class Entries {
  readonly #env: Env;
  readonly #makePeerlet: (appId: string) => Peerlet;
  readonly #byAppId = new Map<string, Entry>();

  constructor(env: Env, makePeerlet: (appId: string) => Peerlet) {
    this.#env = env;
    this.#makePeerlet = makePeerlet;
  }

  /** In the order in which they came; what comes meanwhile is seen, too. */
  [Symbol.iterator](): Iterator<Entry> {
    return this.#byAppId.values();
  }

  get(appId: string): Entry | undefined {
    return this.#byAppId.get(appId);
  }

  /** Neither uninstalled nor forgotten, even if the application came again since. */
  has(entry: Entry): boolean {
    return this.#byAppId.get(entry.peerlet.appId) === entry;
  }

  /** Null when there is no room. */
  add(appId: string, installedBy: Entry["installedBy"]): Entry | null {
    if (this.#byAppId.size >= MOST_ENTRIES) {
      const old = [...this.#byAppId.values()].find(isForgettable);
      if (!old) return null;
      this.#byAppId.delete(old.peerlet.appId);
    }
    const entry = entryOf(this.#makePeerlet(appId), installedBy, this.#env);
    this.#byAppId.set(appId, entry);
    return entry;
  }

  delete(appId: string): void {
    this.#byAppId.delete(appId);
  }
}

/** Nobody put it here, and there is nothing of it here: strangers' messages must not fill the list for ever. */
function isForgettable({ peerlet, installedBy }: Entry): boolean {
  const isRefused = peerlet.state === "refused" || peerlet.state === "quarantined";
  return isRefused && peerlet.package === null && installedBy === "message";
}
