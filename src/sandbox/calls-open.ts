/** Which calls wait for an answer, each way, and how many may. Ids rise, so none can be used twice. */
export class CallsOpen {
  readonly #max: number;
  readonly #calls = new Set<number>();
  readonly #upcalls = new Set<number>();
  #lastId = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Both ways. */
  get count(): number {
    return this.#calls.size + this.#upcalls.size;
  }

  /** A call of the peerlet's. */
  openCall(id: number): "open" | "bad-id" | "too-many" {
    if (id <= this.#lastId) return "bad-id";
    this.#lastId = id;
    if (this.#calls.size >= this.#max) return "too-many";
    this.#calls.add(id);
    return "open";
  }

  /** False when it was not open. */
  close(id: number): boolean {
    return this.#calls.delete(id);
  }

  /**
   * A call of the host's, whose ids are right. False when there are too many: those that the host
   * has given up count as well, but a few of them do no harm.
   */
  openUpcall(id: number): boolean {
    if (this.#upcalls.size >= 2 * this.#max) return false;
    this.#upcalls.add(id);
    return true;
  }

  closeUpcall(id: number): boolean {
    return this.#upcalls.delete(id);
  }
}
