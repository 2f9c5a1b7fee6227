/**
 * The messages of this node on their way to the root of one group, in order: the
 * next batch goes when the last one is taken. A batch that got no answer is sent
 * again, to whoever is the root then; each message is taken once all the same.
 *
 * What was taken is kept for a while. A root says when it does not know of the
 * last of it, because another node was the root meanwhile: then it gets all of that
 * again, first. For a root that took a message without those before it could not
 * put them in order later.
 */
import type { Prost } from "prost/sdk";
import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  CALL_MS,
  GIVE_UP_MS,
  KEEP_SENT_MS,
  LOG_BYTES,
  LOG_MESSAGES,
  MAX_OUTBOX,
  RETRY_MS,
} from "./limits.ts";
import type { AtNode, Data, Shown, Submitted } from "./protocol.ts";
import { bytesOf, readSubmitted } from "./reading.ts";

export interface Sent {
  readonly serial: number;
}

interface Waiting {
  readonly serial: number;
  readonly data: Data;
  readonly untilMs: number;
  readonly done: (why: string) => void;
  /** A root took it before. */
  readonly isAgain: boolean;
}

/** Messages of one sender for a root, in order. */
export interface Batch {
  readonly messages: readonly { readonly serial: number; readonly data: Data }[];
  /** The one before, which a root took; 0 when none is kept. */
  readonly after: number;
}

export interface OutboxPorts {
  readonly prost: Prost;
  readonly group: string;
  readonly run: string;
  shown(): Shown;
  /** One more for each message of this node, whatever its group. */
  drawSerial(): number;
  /** The root, when it is this node. */
  submitHere(batch: Batch): Promise<Submitted> | null;
}

export class Outbox {
  readonly #ports: OutboxPorts;
  #waiting: Waiting[] = [];
  /** What a root took, the oldest first. */
  #taken: { readonly serial: number; readonly data: Data; readonly atMs: number }[] = [];
  #isRunning = false;
  #root: string | null = null;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** Resolves when the root has it, and a copy is made. */
  send(data: Data): Promise<Sent> {
    if (this.#waiting.filter(({ isAgain }) => !isAgain).length >= MAX_OUTBOX) {
      const why = `${MAX_OUTBOX} messages wait for the root of this group already: wait for one of them`;
      return Promise.reject(new Error(why));
    }
    const serial = this.#ports.drawSerial();
    const untilMs = this.#ports.prost.clock.now() + GIVE_UP_MS;
    return new Promise((resolve, reject) => {
      const done = (why: string) => (why === "" ? resolve({ serial }) : reject(new Error(why)));
      this.#waiting.push({ serial, data, untilMs, done, isAgain: false });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Forgets what was taken long ago, and what there is no room for. */
  sweep(): void {
    const sinceMs = this.#ports.prost.clock.now() - KEEP_SENT_MS;
    let bytes = 0;
    const last = this.#taken.findLastIndex(({ data, atMs }) => {
      bytes += bytesOf(data);
      return atMs < sinceMs || bytes > LOG_BYTES;
    });
    this.#taken = this.#taken.slice(last + 1).slice(-LOG_MESSAGES);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const { clock, random } = this.#ports.prost;
    let waitMs: number = RETRY_MS.first;
    while (this.#waiting.length > 0) {
      const batch = this.#batch();
      const answer = await this.#submit(batch).catch((): Submitted => ({ kind: "later" }));
      if (answer.kind === "behind" && this.#taken.length > 0) {
        this.#sendAgain();
        continue;
      }
      if (answer.kind === "later" || answer.kind === "behind") {
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
      const atMs = clock.now();
      if (why === "")
        this.#taken.push(...batch.map(({ serial, data }) => ({ serial, data, atMs })));
      for (const { done } of batch) done(why);
    }
    this.#isRunning = false;
  }

  #sendAgain(): void {
    const untilMs = this.#ports.prost.clock.now() + GIVE_UP_MS;
    const again = this.#taken.map(({ serial, data }): Waiting => {
      return { serial, data, untilMs, done: () => {}, isAgain: true };
    });
    this.#taken = [];
    this.#waiting.unshift(...again);
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
    this.sweep();
    const after = this.#taken.at(-1)?.serial ?? 0;
    const here = this.#ports.submitHere({ messages, after });
    if (here) return here;
    const options = { timeoutMs: 2 * CALL_MS };
    const there =
      this.#root === null
        ? await prost.lookupPeerlet<AtNode>(group, options)
        : await prost.peerletAt<AtNode>(this.#root, options);
    this.#root = there.id;
    const pairs = messages.map(({ serial, data }) => [serial, data] as const);
    const { proof, publicKey } = this.#ports.shown();
    return readSubmitted(await there.submit(group, run, pairs, proof, after, publicKey));
  }

  /** What waited too long may still arrive, if the root took it and could not say so. */
  #giveUp(): void {
    const now = this.#ports.prost.clock.now();
    const late = this.#waiting.filter(({ untilMs }) => untilMs <= now);
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > now);
    for (const { done } of late) done("the root of the group did not take it in time: try again");
  }
}
