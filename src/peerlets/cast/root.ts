/**
 * What a node does as the root of a group: it takes messages from their senders,
 * so that all go down one tree in one order, and keeps copies of what the next
 * root has to know.
 *
 * There may be two roots for a while, when a node comes, goes, or is back at once.
 * Each takes what the other has taken, and one gives way when the other has
 * everything. A message may be taken by both; each node keeps it once all the same.
 */
import type { Prost } from "prost/sdk";
import { isRootOf } from "./attachment.ts";
import type { GroupNode } from "./group-node.ts";
import { joined } from "./copies.ts";
import { BECOME_MS, CALL_MS, MAX_PAGES, MIRRORS, NEAR, RENEW_MS, RETRY_MS } from "./limits.ts";
import { Mirrors } from "./mirrors.ts";
import type { Batch } from "./outbox.ts";
import type { AtNode, Copy, Shown, Submitted } from "./protocol.ts";
import { readCopyPage } from "./reading.ts";
import type { References } from "../replicated/references.ts";

export interface Submission extends Batch {
  readonly sender: string;
  readonly run: string;
}

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
  /** It became the root when it knew nobody: a node that starts is not in the ring yet. */
  #isAlone = false;
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

  /** Whether it can speak for the group to another node. One that knew nobody asks the others first what they have. */
  async isFor(caller: string): Promise<boolean> {
    if (this.#isAlone && caller !== this.#prost.self) {
      await this.tick();
      if (this.#isAlone) return false;
    }
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
    const untilMs = this.#prost.clock.now() + BECOME_MS;
    let others = await this.#others();
    let copies = await this.#copiesAt(others);
    while (copies.includes("unknown") && this.#prost.clock.now() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#prost.clock.after(RETRY_MS.first, resolve);
      });
      others = await this.#others();
      copies = await this.#copiesAt(others);
    }
    if (this.#isHere || this.#node.isClosed) return;
    // Last, for it has what came in the meantime.
    const all = [...copies, this.#ports.copyHere(this.#node.group)];
    this.#merge(joined(all.filter((copy) => copy !== null && copy !== "unknown")));
    this.#isHere = true;
    this.#isAlone = others.length === 0;
    this.#node.becomeRoot(this.#isAlone);
    this.#renewedMs = this.#prost.clock.now();
    this.#mirrors.set(others);
  }

  /** What another root took, and hands over. */
  merge(copy: Copy): void {
    this.#merge(copy);
    this.#node.children.pump();
    this.#mirrors.run();
  }

  #merge({ descriptor, messages }: Copy): void {
    this.#node.descriptor ??= descriptor;
    for (const [sender, run, serial, data] of messages) {
      this.#node.take({ sender, run, serial, data, isOld: true });
    }
  }

  /** Messages of one sender, in order. */
  async submit({ sender, run, messages, after }: Submission, shown: Shown): Promise<Submitted> {
    if (!this.#isHere) return { kind: "later" };
    const why = this.#node.refusalOf(sender, shown);
    if (why !== "") return { kind: "no", why };
    if (this.#node.log.lacks(sender, run, after)) return { kind: "behind" };
    for (const { serial, data } of messages) {
      this.#node.take({ sender, run, serial, data, isOld: false });
    }
    this.#node.children.pump();
    return { kind: (await this.#mirrors.caughtUp()) ? "taken" : "later" };
  }

  /** The descriptor is another one: a replica hears of it before this resolves. */
  async describe(): Promise<void> {
    await this.#mirrors.described();
  }

  async tick(): Promise<void> {
    const near = await this.#prost.replicaSet(this.#node.group, NEAR);
    if (!this.#isHere) return;
    const ids = near.map(({ id }) => id);
    if (!ids.includes(this.#prost.self)) return this.#giveWay();
    const others = ids.slice(0, 1 + MIRRORS).filter((id) => id !== this.#prost.self);
    this.#mirrors.set(others);
    if (ids[0] !== this.#prost.self) return this.#handOver(ids[0]!);
    if (this.#isAlone && others.length > 0) {
      // They may have had another root, until this node came back: it begins as any new root does.
      this.#isHere = false;
      return this.become();
    }
    const now = this.#prost.clock.now();
    if (now - this.#renewedMs < RENEW_MS) return;
    this.#renewedMs = now;
    this.#mirrors.run(true);
  }

  /** The key is far from here: two rings have become one, and the other one's root is the root. What it does not take from here it gets from the senders. */
  async #giveWay(): Promise<void> {
    const { group } = this.#node;
    const root = await this.#prost.lookupPeerlet(group, { timeoutMs: CALL_MS }).catch(() => null);
    // Nobody; or it is this node, which does not know enough at the moment.
    if (root === null || root.id === this.#prost.self || !this.#isHere) return;
    this.#resign();
  }

  #resign(): void {
    this.#isHere = false;
    this.#mirrors.stop();
    this.#node.noRoot();
  }

  /** The new root gets what this one knows, and takes over. One that refuses the application is no root, and this one stays it. */
  async #handOver(id: string): Promise<void> {
    if (!(await this.#mirrors.handOver(id))) return;
    if (await isRootOf(this.#prost, this.#node.group)) return;
    // If this one took something in the meantime, it hands over once more, at the next beat.
    if (!this.#isHere || !this.#mirrors.has(id)) return;
    this.#resign();
  }

  close(): void {
    this.#isHere = false;
    this.#mirrors.stop();
  }

  async #others(): Promise<string[]> {
    const replicas = await this.#prost.replicaSet(this.#node.group, 1 + MIRRORS);
    return replicas.map(({ id }) => id).filter((id) => id !== this.#prost.self);
  }

  #copiesAt(ids: readonly string[]): Promise<(Copy | null | "unknown")[]> {
    return Promise.all(ids.map((id) => this.#copyAt(id)));
  }

  /** All that a replica has; null when it has nothing, or refuses the application; "unknown" when it may say later. */
  async #copyAt(id: string): Promise<Copy | null | "unknown"> {
    const pages: Copy[] = [];
    try {
      for (let from: number | null = 0; from !== null && pages.length < MAX_PAGES;) {
        const place: number = from;
        const answer = await this.#references.at(id, (there) =>
          there.copyOf(this.#node.group, place),
        );
        if (answer === null) break;
        const page = readCopyPage(answer);
        pages.push(page);
        from = page.next;
      }
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code !== "refused" && code !== "no-such-method") return "unknown";
    }
    return pages.length === 0 ? null : joined(pages);
  }
}
