/**
 * The copies of what a root keeps: the group's descriptor and its recent
 * messages, on those who would be root after it. A sender hears that its message
 * is taken when one of them has it, so that the next root knows it, too.
 */
import type { Prost } from "prost/sdk";
import { CALL_MS } from "./limits.ts";
import type { MessageLog } from "./log.ts";
import type { AtNode, Descriptor } from "./protocol.ts";
import { Pump } from "./pump.ts";
import type { References } from "../replicated/references.ts";

export interface MirrorsPorts {
  readonly prost: Prost;
  readonly references: References<AtNode>;
  readonly group: string;
  readonly log: MessageLog;
  descriptor(): Descriptor | null;
}

export class Mirrors {
  readonly #ports: MirrorsPorts;
  readonly #pumps = new Map<string, Pump>();
  /** Who waits for something to be copied: whether it is, and what to do then. */
  #waiting: { readonly holds: () => boolean; readonly done: (isCopied: boolean) => void }[] = [];

  constructor(ports: MirrorsPorts) {
    this.#ports = ports;
  }

  /** These are the replicas now. */
  set(ids: readonly string[]): void {
    for (const [id, pump] of this.#pumps) {
      if (ids.includes(id)) continue;
      pump.stop();
      this.#pumps.delete(id);
    }
    for (const id of ids) if (!this.#pumps.has(id)) this.#add(id);
    this.#settle();
  }

  /** This node is the root no more: who waits has to turn to the one that is. */
  stop(): void {
    for (const pump of this.#pumps.values()) pump.stop();
    this.#pumps.clear();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done(false);
  }

  run(isDue = false): void {
    for (const pump of this.#pumps.values()) pump.run(isDue);
  }

  /** True when one replica has everything, when there is none, or after a while; false when it was stopped before. */
  caughtUp(): Promise<boolean> {
    const place = this.#ports.log.head;
    this.run();
    return this.#until(() => this.#isAtSome((pump) => pump.cursor >= place), true);
  }

  /** As `caughtUp`, with the descriptor. */
  described(): Promise<boolean> {
    this.run(true);
    return this.#until(() => this.#isAtSome((pump) => pump.isDone), true);
  }

  /** Whether this node gets to have all there is. */
  async handOver(id: string): Promise<boolean> {
    this.#pumps.get(id)?.run(true);
    await this.#until(() => this.#pumps.get(id)?.isDone !== false, false);
    return this.has(id);
  }

  /** Whether this node has all there is. */
  has(id: string): boolean {
    return this.#pumps.get(id)?.isDone === true;
  }

  #isAtSome(holds: (pump: Pump) => boolean): boolean {
    return this.#pumps.size === 0 || [...this.#pumps.values()].some(holds);
  }

  #until(holds: () => boolean, orElse: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = {
        holds,
        done: (isCopied: boolean) => {
          cancel();
          resolve(isCopied);
        },
      };
      const cancel = this.#ports.prost.clock.after(CALL_MS, () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        resolve(orElse);
      });
      this.#waiting.push(waiting);
      this.#settle();
    });
  }

  #add(id: string): void {
    const { prost, references, group, log } = this.#ports;
    const pump: Pump = new Pump(log.base, {
      prost,
      log,
      mayRun: () => true,
      send: async (messages) => {
        const wire = messages.map(
          ({ sender, run, serial, data }) => [sender, run, serial, data, false] as const,
        );
        const copy = { descriptor: this.#ports.descriptor(), messages: wire };
        return (await references.at(id, (there) => there.mirror(group, copy))) === true;
      },
      sent: () => this.#settle(),
      ended: () => {
        if (this.#pumps.get(id) === pump) this.#pumps.delete(id);
        this.#settle();
      },
    });
    this.#pumps.set(id, pump);
    pump.run();
  }

  #settle(): void {
    const done = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((each) => !done.includes(each));
    for (const { done: tell } of done) tell(true);
  }
}
