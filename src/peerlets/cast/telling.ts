/**
 * Tells other applications of this node what came, each in order and one thing
 * at a time: what one of them takes long over keeps nobody else waiting.
 */
import type { Plain, Prost } from "prost/sdk";
import { MAX_TOLD, RETRY_MS } from "./limits.ts";

interface Word {
  readonly event: string;
  readonly detail: Plain;
}

export class Telling {
  readonly #prost: Prost;
  /** The application is not on this node any more, or does not listen. */
  readonly #gone: (client: string) => void;
  readonly #waiting = new Map<string, Word[]>();

  constructor(prost: Prost, gone: (client: string) => void) {
    this.#prost = prost;
    this.#gone = gone;
  }

  tell(client: string, event: string, detail: Plain): void {
    const waiting = this.#waiting.get(client);
    if (waiting) {
      waiting.push({ event, detail });
      // It is far behind: the oldest would come too late anyhow.
      if (waiting.length > MAX_TOLD) waiting.shift();
      return;
    }
    this.#waiting.set(client, [{ event, detail }]);
    void this.#run(client);
  }

  async #run(client: string): Promise<void> {
    const waiting = this.#waiting.get(client)!;
    for (let word = waiting.shift(); word; word = waiting.shift()) {
      try {
        await this.#prost.tell(client, word.event, word.detail);
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        if (code === "refused" || code === "no-such-method") {
          waiting.length = 0;
          this.#gone(client);
        } else if (code === "too-many-calls") {
          waiting.unshift(word);
          await new Promise<void>((resolve) => {
            this.#prost.clock.after(RETRY_MS.first, resolve);
          });
        }
        // Else it failed on it, or is slow: the next one.
      }
    }
    this.#waiting.delete(client);
  }
}
