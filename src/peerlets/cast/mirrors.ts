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
  /** Who waits for a message to be copied: the place after it, and what to do then. */
  #waiting: { readonly place: number; readonly done: () => void }[] = [];

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

  /** False when it is none, or did not take what it was sent. */
  has(id: string): boolean {
    return this.#pumps.has(id);
  }

  run(isDue = false): void {
    for (const pump of this.#pumps.values()) pump.run(isDue);
  }

  /** Resolves when one replica has everything, when there is none, or after a while. */
  caughtUp(): Promise<void> {
    const { log, prost } = this.#ports;
    const place = log.head;
    return new Promise((resolve) => {
      const cancel = prost.clock.after(CALL_MS, resolve);
      const done = () => {
        cancel();
        resolve();
      };
      this.#waiting.push({ place, done });
      this.run();
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
    const cursors = [...this.#pumps.values()].map(({ cursor }) => cursor);
    const most = cursors.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...cursors);
    const done = this.#waiting.filter(({ place }) => place <= most);
    this.#waiting = this.#waiting.filter(({ place }) => place > most);
    for (const { done: tell } of done) tell();
  }
}
