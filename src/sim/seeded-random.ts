/**
 * Dice with a seed: sfc32 (Doty-Humphrey, PractRand), which passes its own
 * suite with 128 bits of state. Not for secrets; the simulation has none.
 */
import type { Random } from "../env/env.ts";

export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = stream >>> 0;
    for (let i = 0; i < 15; i++) this.#uint32();
  }

  next(): number {
    return this.#uint32() / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#uint32() >>> 24);
  }

  fork(label: string): Random {
    let stream = this.#uint32();
    for (const char of label) stream = Math.imul(stream ^ char.codePointAt(0)!, 0x01000193);
    return new SeededRandom(this.#uint32(), stream);
  }

  /** One of the items; there must be one. */
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!;
  }

  #uint32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }
}
