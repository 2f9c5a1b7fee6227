/**
 * The messages of this node on their way to the root of one group, in order: the
 * next batch goes when the last one is taken. A batch that got no answer is sent
 * again, to whoever is the root then; each message is taken once all the same.
 */
import type { Prost } from "prost/sdk";
import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  CALL_MS,
  GIVE_UP_MS,
  MAX_OUTBOX,
  RETRY_MS,
} from "./limits.ts";
import type { AtNode, Data, Submitted } from "./protocol.ts";
import { bytesOf, readSubmitted } from "./reading.ts";

export interface Sent {
  readonly serial: number;
}

interface Waiting {
  readonly serial: number;
  readonly data: Data;
  readonly untilMs: number;
  readonly done: (why: string) => void;
}

export interface OutboxPorts {
  readonly prost: Prost;
  readonly group: string;
  readonly run: string;
  proof(): string;
  /** One more for each message of this node, whatever its group. */
  drawSerial(): number;
  /** The root, when it is this node. */
  submitHere(messages: readonly Pick<Waiting, "serial" | "data">[]): Promise<Submitted> | null;
}

export class Outbox {
  readonly #ports: OutboxPorts;
  #waiting: Waiting[] = [];
  #isRunning = false;
  #root: string | null = null;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** Resolves when the root has it, and a copy is made. */
  send(data: Data): Promise<Sent> {
    if (this.#waiting.length >= MAX_OUTBOX) {
      const why = `${MAX_OUTBOX} messages wait for the root of this group already: wait for one of them`;
      return Promise.reject(new Error(why));
    }
    const serial = this.#ports.drawSerial();
    const untilMs = this.#ports.prost.clock.now() + GIVE_UP_MS;
    return new Promise((resolve, reject) => {
      const done = (why: string) => (why === "" ? resolve({ serial }) : reject(new Error(why)));
      this.#waiting.push({ serial, data, untilMs, done });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const { clock, random } = this.#ports.prost;
    let waitMs: number = RETRY_MS.first;
    while (this.#waiting.length > 0) {
      const batch = this.#batch();
      const answer = await this.#submit(batch).catch((): Submitted => ({ kind: "later" }));
      if (answer.kind === "later") {
        this.#root = null;
        this.#giveUp();
        const pauseMs = waitMs * (0.5 + random.next());
        await new Promise<void>((resolve) => {
          clock.after(pauseMs, resolve);
        });
        waitMs = Math.min(RETRY_MS.most, waitMs * 2);
        continue;
      }
      waitMs = RETRY_MS.first;
      this.#waiting.splice(0, batch.length);
      const why = answer.kind === "no" ? answer.why || "the root refused it" : "";
      for (const { done } of batch) done(why);
    }
    this.#isRunning = false;
  }

  #batch(): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const message of this.#waiting.slice(0, BATCH_MESSAGES)) {
      bytes += bytesOf(message.data);
      if (bytes > BATCH_BYTES && batch.length > 0) break;
      batch.push(message);
    }
    return batch;
  }

  async #submit(batch: readonly Waiting[]): Promise<Submitted> {
    const { prost, group, run } = this.#ports;
    const messages = batch.map(({ serial, data }) => ({ serial, data }));
    const here = this.#ports.submitHere(messages);
    if (here) return here;
    const options = { timeoutMs: 2 * CALL_MS };
    const there =
      this.#root === null
        ? await prost.lookupPeerlet<AtNode>(group, options)
        : await prost.peerletAt<AtNode>(this.#root, options);
    this.#root = there.id;
    const pairs = messages.map(({ serial, data }) => [serial, data] as const);
    return readSubmitted(await there.submit(group, run, pairs, this.#ports.proof()));
  }

  /** What waited too long may still arrive, if the root took it and could not say so. */
  #giveUp(): void {
    const now = this.#ports.prost.clock.now();
    const late = this.#waiting.filter(({ untilMs }) => untilMs <= now);
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > now);
    for (const { done } of late) done("the root of the group did not take it in time: try again");
  }
}
