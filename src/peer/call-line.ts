/**
 * Calls that wait for their turn: some at once, the others in the order in which
 * they came. For the page alone, which is trusted not to line up what it cannot
 * hold: a peerlet and its view are refused instead, and know their grant.
 */
export type LinedCall = (over: () => void) => void;

export class CallLine {
  readonly #most: () => number;
  readonly #waiting: LinedCall[] = [];
  #open = 0;
  #isTurning = false;

  /** `most`: how many may be open now. */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Begins the call when it is its turn. It says once that it is over. */
  add(call: LinedCall): void {
    this.#waiting.push(call);
    this.#turn();
  }

  /** A call may be over before it returns: no turn begins within another, however long the line. */
  #turn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    while (this.#waiting.length > 0 && this.#open < this.#most()) {
      this.#open += 1;
      this.#waiting.shift()!(() => {
        this.#open -= 1;
        this.#turn();
      });
    }
    this.#isTurning = false;
  }
}
