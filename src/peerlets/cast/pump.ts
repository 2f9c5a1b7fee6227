/**
 * Hands the messages of a log on to one node, in order: one call at a time, and
 * what comes meanwhile goes with the next one. So a slow node gets batches, a
 * dead one costs a call, and nothing is overtaken.
 */
import type { Prost } from "prost/sdk";
import { RETRY_MS } from "./limits.ts";
import type { Logged, MessageLog } from "./log.ts";

export interface PumpPorts {
  readonly prost: Prost;
  readonly log: MessageLog;
  /** False while there is nothing that may be handed on. */
  mayRun(): boolean;
  /** False: the node does not want it. `next` is the place after the batch. */
  send(messages: readonly Logged[], next: number): Promise<boolean>;
  /** The node is gone, or does not want it. Nothing more is sent. */
  ended(): void;
  /** A batch has arrived. */
  sent(): void;
}

/** A call that was not answered in time is made once more: the overlay has sent it again by itself meanwhile. */
const TRIES = 2;

export class Pump {
  readonly #ports: PumpPorts;
  /** The place of the next message to send. */
  cursor: number;
  #isRunning = false;
  #hasEnded = false;
  #isSending = false;
  /** Something is to be said although there is no message. */
  #isDue = true;

  constructor(cursor: number, ports: PumpPorts) {
    this.cursor = cursor;
    this.#ports = ports;
  }

  /** Whether the other has all there is, and what was due. */
  get isDone(): boolean {
    const isSent = !this.#isDue && !this.#isSending && this.cursor >= this.#ports.log.head;
    return isSent && !this.#hasEnded;
  }

  /** Sends what there is; with `isDue` even if there is nothing. */
  run(isDue = false): void {
    if (isDue) this.#isDue = true;
    if (this.#isRunning || this.#hasEnded) return;
    this.#isRunning = true;
    void this.#run();
  }

  stop(): void {
    this.#hasEnded = true;
  }

  async #run(): Promise<void> {
    const { log } = this.#ports;
    let failures = 0;
    while (!this.#hasEnded && this.#ports.mayRun() && (this.#isDue || this.cursor < log.head)) {
      this.#isDue = false;
      const { messages, next } = log.from(this.cursor);
      try {
        this.#isSending = true;
        const isWanted = await this.#ports.send(messages, next);
        this.#isSending = false;
        if (!isWanted) {
          this.#end();
          break;
        }
        this.cursor = next;
        failures = 0;
        if (!this.#hasEnded) this.#ports.sent();
      } catch (error) {
        this.#isSending = false;
        this.#isDue = true;
        const { code } = error as { readonly code?: unknown };
        // Of this node's own making: no fault of the other.
        if (code === "too-many-calls") await this.#pause();
        else if (code !== "timed-out" || ++failures === TRIES) this.#end();
      }
    }
    // At once, not when the promise settles: whoever runs it in between would be overheard.
    this.#isRunning = false;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#ports.prost.clock.after(RETRY_MS.first, resolve);
    });
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ports.ended();
  }
}
