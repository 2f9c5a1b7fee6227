/**
 * Named events with typed details. Listeners run in the order they were added;
 * one that throws does not keep the others from running.
 */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  on<E extends keyof Events>(event: E, listener: (detail: Events[E]) => void): () => void {
    const own = (detail: Events[E]) => listener(detail);
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(own));
    return () => void set.delete(own);
  }

  emit<E extends keyof Events>(event: E, detail: Events[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(detail as never);
      } catch {
        // A listener's fault is its own; the one who emits cannot mend it.
      }
    }
  }
}
