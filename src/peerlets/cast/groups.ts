/**
 * All the groups that this node has to do with: trees that it is a node of, and
 * copies that it keeps as a replica. What other nodes ask comes in by `remote.ts`.
 */
import type { PeerletMessage, Prost } from "prost/sdk";
import { isRootInstead, isRootOf } from "./attachment.ts";
import { type Counts, GroupNode } from "./group-node.ts";
import { Copies } from "./copies.ts";
import {
  CALL_MS,
  MOST_REFERENCES,
  JITTER,
  MAX_GROUPS,
  POLL_MS,
  REFUSED_MS,
  UPDATE_MS,
} from "./limits.ts";
import { Outbox, type Sent } from "./outbox.ts";
import { type AtNode, type CastMessage, type Data, ROUTED } from "./protocol.ts";
import { References } from "../replicated/references.ts";

export interface GroupsPorts {
  hasMembers(group: string): boolean;
  heard(group: string, message: CastMessage): void;
  /** One member here takes an anycast; false when there is none. */
  anycast(group: string, sender: string, data: Data): boolean;
  changed(group: string): void;
  /** The group does not want this node. */
  ended(group: string, why: string): void;
}

export class Groups {
  readonly #prost: Prost;
  readonly #ports: GroupsPorts;
  readonly references: References<AtNode>;
  readonly copies: Copies;
  readonly counts: Counts = { handedOn: 0, came: 0, cameTwice: 0, parentsLost: 0 };
  readonly #nodes = new Map<string, GroupNode>();
  /** Groups that did not want this node, until when, and why. */
  readonly #refused = new Map<string, { readonly untilMs: number; readonly why: string }>();
  readonly #outboxes = new Map<string, Outbox>();
  readonly #run: string;
  #serial = 0;
  #cancelTick: () => void = () => {};
  #cancelUpdate: (() => void) | null = null;
  #isClosed = false;

  constructor(prost: Prost, run: string, ports: GroupsPorts) {
    this.#prost = prost;
    this.#ports = ports;
    this.#run = run;
    this.references = new References<AtNode>(prost, CALL_MS, MOST_REFERENCES);
    this.copies = new Copies(prost);
    this.#wait();
  }

  get all(): readonly GroupNode[] {
    return [...this.#nodes.values()];
  }

  get(group: string): GroupNode | undefined {
    return this.#nodes.get(group);
  }

  /** This node in the tree of a group; resolves when it is there. */
  async join(group: string, credential: string): Promise<void> {
    this.#refused.delete(group);
    const node = this.#ensure(group);
    if (credential !== "") node.setCredential(credential);
    await node.attached();
    // The root is in the tree of a closed group anyway, whoever is a member.
    const why = node.refusalOf(this.#prost.self, node);
    if (why !== "") throw new Error(why);
  }

  /** A member left; what is forwarded for others goes on. */
  left(group: string): void {
    const node = this.#nodes.get(group);
    if (!node || this.#ports.hasMembers(group)) return;
    if (node.children.count === 0 && !node.root.isHere) node.close("");
    else this.#ports.changed(group);
  }

  send(group: string, data: Data): Promise<Sent> {
    const outbox =
      this.#outboxes.get(group) ??
      new Outbox({
        prost: this.#prost,
        group,
        run: this.#run,
        drawSerial: () => ++this.#serial,
        shown: () => this.#nodes.get(group) ?? { proof: "", publicKey: "" },
        submitHere: (batch) => {
          const node = this.#nodes.get(group);
          if (!node?.root.isHere) return null;
          const sender = this.#prost.self;
          return node.root.submit({ ...batch, sender, run: this.#run }, node);
        },
      });
    this.#outboxes.delete(group);
    this.#outboxes.set(group, outbox);
    return outbox.send(data);
  }

  /** A routed message passes. Null ends it here: this node is where a join, or a search, gets into the tree. */
  forward({ key, data, source }: PeerletMessage): null | undefined {
    const kind = data.length === 1 ? data[0] : undefined;
    if (source === this.#prost.self || (kind !== ROUTED.join && kind !== ROUTED.find)) return;
    const node = this.#nodes.get(key);
    if (node?.isAttached) return node.parent.isAbove(source) ? undefined : null;
    // A node that looks for a parent itself would be no help.
    if (node || kind === ROUTED.find || this.#refused.has(key)) return;
    return this.#hasRoom ? null : undefined;
  }

  /** The neighbours changed. They do so many at a time. */
  updated(): void {
    this.#cancelUpdate ??= this.#prost.clock.after(UPDATE_MS, () => {
      this.#cancelUpdate = null;
      void this.#updateAll();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTick();
    this.#cancelUpdate?.();
    for (const node of this.all) node.close("");
  }

  /** This node as the root of a group, for who calls; null when it is not. */
  async rootNode(group: string, caller: string): Promise<GroupNode | null> {
    const known = this.#nodes.get(group);
    if (known?.root.isHere) return (await known.root.isFor(caller)) ? known : null;
    if (!known && !this.#hasRoom) return null;
    const isRoot =
      (await isRootOf(this.#prost, group)) ||
      (known?.isAttached !== true && (await isRootInstead(this.#prost, group)));
    if (!isRoot) return null;
    const node = this.#ensure(group);
    await node.root.become();
    return node.root.isHere ? node : null;
  }

  get #hasRoom(): boolean {
    return this.#nodes.size < MAX_GROUPS && !this.#isClosed;
  }

  /** This node as the root, or else as one that forwards for others; null when it is in too many groups. */
  async nodeFor(group: string, caller: string): Promise<GroupNode | null> {
    const node = (await this.rootNode(group, caller)) ?? this.#nodes.get(group);
    return node ?? (this.#hasRoom ? this.#ensure(group) : null);
  }

  /** Why a group did not want this node, a moment ago; null when it is not known to. */
  whyRefused(group: string): string | null {
    const refused = this.#refused.get(group);
    return refused && refused.untilMs > this.#prost.clock.now() ? refused.why : null;
  }

  /** One member here takes an anycast; false when there is none. */
  takeAnycast(group: string, sender: string, data: Data): boolean {
    return this.#ports.anycast(group, sender, data);
  }

  hasMembers(group: string): boolean {
    return this.#ports.hasMembers(group);
  }

  #ensure(group: string): GroupNode {
    const known = this.#nodes.get(group);
    if (known) return known;
    if (!this.#hasRoom) throw new Error(`this node is in ${MAX_GROUPS} groups already`);
    const node: GroupNode = new GroupNode(group, {
      prost: this.#prost,
      references: this.references,
      counts: this.counts,
      hasMembers: () => this.#ports.hasMembers(group),
      heard: (_group, message) => this.#ports.heard(group, message),
      changed: () => this.#ports.changed(group),
      copyHere: () => this.copies.all(group),
      ended: (_group, why) => {
        this.#nodes.delete(group);
        if (why === "") return;
        this.#refused.set(group, { untilMs: this.#prost.clock.now() + REFUSED_MS, why });
        this.#ports.ended(group, why);
      },
    });
    this.#nodes.set(group, node);
    return node;
  }

  async #updateAll(): Promise<void> {
    for (const node of this.all) await node.updated();
    for (const group of this.copies.groups) await this.copied(group);
  }

  /** A group that this node has a copy of, and may be the root of now. */
  async copied(group: string): Promise<void> {
    const isThere = this.#nodes.get(group)?.root.isHere === true;
    if (isThere || !this.#hasRoom || !this.copies.isWorthARoot(group)) return;
    if (await isRootOf(this.#prost, group)) await this.#ensure(group).root.become();
  }

  #wait(): void {
    const { clock, random } = this.#prost;
    const ms = POLL_MS * (1 + JITTER * (2 * random.next() - 1));
    this.#cancelTick = clock.after(ms, () => {
      if (this.#isClosed) return;
      this.#wait();
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#prost.clock.now();
    this.copies.sweep();
    for (const [group, { untilMs }] of this.#refused)
      if (untilMs < now) this.#refused.delete(group);
    for (const outbox of this.#outboxes.values()) outbox.sweep();
    for (const group of this.#outboxes.keys()) {
      if (this.#outboxes.size <= MAX_GROUPS) break;
      this.#outboxes.delete(group);
    }
    for (const node of this.all) void node.tick().catch(() => {});
  }
}
