/** The children of a node in one tree: a bounded number, each with a pump of its own. */
import type { Prost } from "prost/sdk";
import { ASK_CHILDREN, CHILD_SILENT_MS, MAX_CHILDREN } from "./limits.ts";
import { type Has, type MessageLog, hasOf, isIn } from "./log.ts";
import type { AtNode, Asking, WireMessage } from "./protocol.ts";
import { Pump } from "./pump.ts";
import type { References } from "../replicated/references.ts";

interface Child {
  readonly pump: Pump;
  /** What lies before this place was sent before the child came. */
  readonly oldBefore: number;
  /** What it had when it came: only the rest is handed on. */
  readonly had: Has;
  /** It has been looked where the rest begins, which takes a log to look in. */
  isPlaced: boolean;
  heardMs: number;
  isMember: boolean;
  toldPath: readonly string[] | null;
}

export interface ChildrenPorts {
  readonly prost: Prost;
  readonly references: References<AtNode>;
  readonly group: string;
  readonly log: MessageLog;
  /** From the root to this node; null while it has no way to the root. */
  path(): readonly string[] | null;
  /** A child came or went. */
  changed(): void;
  /** Messages that were handed on. */
  counted(messages: number): void;
}

export class Children {
  readonly #ports: ChildrenPorts;
  readonly #children = new Map<string, Child>();

  constructor(ports: ChildrenPorts) {
    this.#ports = ports;
  }

  get ids(): string[] {
    return [...this.#children.keys()];
  }

  get count(): number {
    return this.#children.size;
  }

  has(id: string): boolean {
    return this.#children.has(id);
  }

  /** Some that a newcomer may ask instead, at random. */
  sample(except: string): string[] {
    const ids = this.ids.filter((id) => id !== except);
    const picked: string[] = [];
    while (picked.length < ASK_CHILDREN && ids.length > 0) {
      const at = Math.floor(this.#ports.prost.random.next() * ids.length);
      picked.push(...ids.splice(at, 1));
    }
    return picked;
  }

  /** False when there is no place. One that is there already begins anew. */
  adopt(id: string, { has, isMember }: Asking): boolean {
    const { prost, log } = this.#ports;
    if (!this.has(id) && this.count >= MAX_CHILDREN) return false;
    this.#children.get(id)?.pump.stop();
    const child: Child = {
      pump: new Pump(log.base, {
        prost,
        log,
        mayRun: () => this.#ports.path() !== null,
        send: (messages, next) => {
          const wire = messages
            .map((message, at): WireMessage => [
              message.sender,
              message.run,
              message.serial,
              message.data,
              message.isOld || next - messages.length + at < child.oldBefore,
            ])
            .filter(([sender, run, serial]) => !isIn(child.had, { sender, run, serial }));
          return this.#send(id, child, wire, next >= child.oldBefore);
        },
        sent: () => {
          child.heardMs = prost.clock.now();
        },
        ended: () => this.remove(id, child),
      }),
      oldBefore: has === null ? log.head : 0,
      had: hasOf(has ?? []),
      isPlaced: false,
      isMember,
      heardMs: prost.clock.now(),
      toldPath: null,
    };
    this.#children.set(id, child);
    this.#ports.changed();
    this.#run(child, true);
    return true;
  }

  /** It told something: it is there. */
  heard(id: string, isMember: boolean): void {
    const child = this.#children.get(id);
    if (!child) return;
    child.heardMs = this.#ports.prost.clock.now();
    child.isMember = isMember;
  }

  get members(): string[] {
    return this.ids.filter((id) => this.#children.get(id)!.isMember);
  }

  remove(id: string, only?: Child): void {
    const child = this.#children.get(id);
    if (!child || (only && child !== only)) return;
    child.pump.stop();
    this.#children.delete(id);
    this.#ports.changed();
  }

  /** There are messages; with `isDue` there is another path. */
  pump(isDue = false): void {
    for (const child of this.#children.values()) this.#run(child, isDue);
  }

  /** Those that were silent for long are none. */
  sweep(): void {
    const sinceMs = this.#ports.prost.clock.now() - CHILD_SILENT_MS;
    for (const [id, { heardMs }] of this.#children) if (heardMs < sinceMs) this.remove(id);
  }

  #run(child: Child, isDue: boolean): void {
    const { log } = this.#ports;
    if (this.#ports.path() === null) return;
    if (!child.isPlaced) child.pump.cursor = log.firstLacking(child.had);
    child.isPlaced = true;
    child.pump.run(isDue);
  }

  async #send(
    id: string,
    child: Child,
    messages: readonly WireMessage[],
    isCaughtUp: boolean,
  ): Promise<boolean> {
    const { references, group } = this.#ports;
    const path = this.#ports.path();
    const told = path === child.toldPath ? null : path;
    this.#ports.counted(messages.length);
    const isChild = await references.at(id, (there) =>
      there.deliver(group, told, messages, isCaughtUp),
    );
    child.toldPath = path;
    return isChild === true;
  }
}
