/**
 * What a node does as the root of a group: it takes messages from their senders,
 * so that all go down one tree in one order, and keeps copies of what the next
 * root has to know.
 *
 * There may be two roots for a moment, while a node comes or goes. Then a message
 * may be taken by both; each node keeps it once all the same.
 */
import type { Prost } from "prost/sdk";
import { isRootOf } from "./attachment.ts";
import type { GroupNode } from "./group-node.ts";
import { MIRRORS, RENEW_MS } from "./limits.ts";
import { Mirrors } from "./mirrors.ts";
import type { AtNode, Copy, Data, Submitted } from "./protocol.ts";
import { readCopy } from "./reading.ts";
import type { References } from "../replicated/references.ts";

export interface RootPorts {
  readonly prost: Prost;
  readonly references: References<AtNode>;
  /** What was copied to this node as a replica of the group. */
  copyHere(group: string): Copy | null;
}

export class Root {
  readonly #node: GroupNode;
  readonly #ports: RootPorts;
  readonly #prost: Prost;
  readonly #references: References<AtNode>;
  readonly #mirrors: Mirrors;
  #isHere = false;
  #becoming: Promise<void> | null = null;
  #renewedMs = 0;

  constructor(node: GroupNode, ports: RootPorts) {
    this.#node = node;
    this.#ports = ports;
    const { prost, references } = ports;
    this.#prost = prost;
    this.#references = references;
    const { group, log } = node;
    const descriptor = () => node.descriptor;
    this.#mirrors = new Mirrors({ prost, references, group, log, descriptor });
  }

  /** Whether this node is the root. */
  get isHere(): boolean {
    return this.#isHere;
  }

  /** Takes over: what the last root knew is at those who are next to it. */
  become(): Promise<void> {
    if (this.#isHere || this.#node.isClosed) return Promise.resolve();
    this.#becoming ??= this.#become().finally(() => {
      this.#becoming = null;
    });
    return this.#becoming;
  }

  async #become(): Promise<void> {
    const here = this.#ports.copyHere(this.#node.group);
    if (here) this.merge(here);
    const others = await this.#others();
    const copies = await Promise.all(others.map((id) => this.#copyAt(id)));
    if (this.#isHere || this.#node.isClosed) return;
    for (const copy of copies) if (copy) this.merge(copy);
    this.#isHere = true;
    this.#node.becomeRoot();
    this.#renewedMs = this.#prost.clock.now();
    this.#mirrors.set(others);
  }

  /** What another replica knows of the group. */
  merge({ descriptor, messages }: Copy): void {
    this.#node.descriptor ??= descriptor;
    for (const [sender, run, serial, data] of messages) {
      this.#node.take({ sender, run, serial, data, isOld: true });
    }
  }

  /** Messages of one sender, in order. */
  async submit(
    sender: string,
    run: string,
    messages: readonly { readonly serial: number; readonly data: Data }[],
    proof: string,
  ): Promise<Submitted> {
    if (!this.#isHere) return { kind: "later" };
    if (!this.#node.admits(sender, proof)) {
      return { kind: "no", why: "the group is closed, and this is not its credential" };
    }
    for (const { serial, data } of messages) {
      this.#node.take({ sender, run, serial, data, isOld: false });
    }
    this.#node.children.pump();
    await this.#mirrors.caughtUp();
    return { kind: "taken" };
  }

  /** The descriptor is another one: the replicas hear of it before this resolves. */
  async describe(): Promise<void> {
    this.#mirrors.run(true);
    await this.#mirrors.caughtUp();
  }

  async tick(): Promise<void> {
    const replicas = await this.#prost.replicaSet(this.#node.group, 1 + MIRRORS);
    if (!this.#isHere || replicas.length === 0) return;
    const others = replicas.map(({ id }) => id).filter((id) => id !== this.#prost.self);
    this.#mirrors.set(others);
    if (replicas[0]!.id !== this.#prost.self) {
      // The new root gets what this one knows, as any replica does, and takes over.
      await this.describe();
      // One that refuses the application is no root, and this one stays it.
      if (!this.#mirrors.has(replicas[0]!.id)) return;
      if (await isRootOf(this.#prost, this.#node.group)) return;
      this.#isHere = false;
      this.#mirrors.set([]);
      this.#node.noRoot();
      return;
    }
    const now = this.#prost.clock.now();
    if (now - this.#renewedMs < RENEW_MS) return;
    this.#renewedMs = now;
    this.#mirrors.run(true);
  }

  close(): void {
    this.#isHere = false;
    this.#mirrors.set([]);
  }

  async #others(): Promise<string[]> {
    const replicas = await this.#prost.replicaSet(this.#node.group, 1 + MIRRORS);
    return replicas.map(({ id }) => id).filter((id) => id !== this.#prost.self);
  }

  async #copyAt(id: string): Promise<Copy | null> {
    try {
      const copy = await this.#references.at(id, (there) => there.copyOf(this.#node.group));
      return copy === null ? null : readCopy(copy);
    } catch {
      return null;
    }
  }
}
