/**
 * Who fills this node: every byte is on the account of the node that brought it,
 * whose id the overlay has verified. Nothing is ever put out for another: what
 * was acknowledged stays until its time is over.
 */
export class FairUse {
  readonly #capacityBytes: number;
  readonly #heldBytes = new Map<string, number>();
  #usedBytes = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = Math.floor(capacityBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  /** `share` of what is free, see `limits.ts`. */
  admits(account: string, share: number, bytes: number): boolean {
    const freeBytes = this.#capacityBytes - this.#usedBytes;
    if (bytes > freeBytes) return false;
    return (this.#heldBytes.get(account) ?? 0) + bytes <= share * freeBytes;
  }

  add(account: string, bytes: number): void {
    this.#usedBytes += bytes;
    const held = (this.#heldBytes.get(account) ?? 0) + bytes;
    if (held > 0) this.#heldBytes.set(account, held);
    else this.#heldBytes.delete(account);
  }
}
