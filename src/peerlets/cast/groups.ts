/**
 * All the groups that this node has to do with: trees that it is a node of, and
 * copies that it keeps as a replica. What other nodes ask comes in here.
 */
import type { PeerletMessage, Prost } from "prost/sdk";
import { isRootOf } from "./attachment.ts";
import { type Counts, GroupNode } from "./group-node.ts";
import {
  BATCH_MESSAGES,
  JITTER,
  MAX_GROUPS,
  MAX_GROUPS_OF_ONE,
  MIRRORS,
  MIRROR_MS,
  POLL_MS,
  REFUSED_MS,
  UPDATE_MS,
} from "./limits.ts";
import { MessageLog } from "./log.ts";
import { Outbox, type Sent } from "./outbox.ts";
import {
  type Adoption,
  type AtNode,
  type CastMessage,
  type Copy,
  type Data,
  type Descriptor,
  type Polled,
  ROUTED,
  type Submitted,
  type WireMessage,
  readAsking,
  readCopy,
  readData,
  readGroup,
  readHex,
  readList,
  readMessages,
  readPath,
  readRun,
  readSerial,
} from "./protocol.ts";
import { References } from "./references.ts";

export interface GroupsPorts {
  hasMembers(group: string): boolean;
  heard(group: string, message: CastMessage): void;
  /** One member here takes an anycast; false when there is none. */
  anycast(group: string, sender: string, data: Data): boolean;
  changed(group: string): void;
  /** The group does not want this node. */
  ended(group: string, why: string): void;
}

interface Mirror {
  descriptor: Descriptor | null;
  readonly log: MessageLog;
  atMs: number;
}

export class Groups {
  readonly #prost: Prost;
  readonly #ports: GroupsPorts;
  readonly references: References;
  readonly counts: Counts = { handedOn: 0, came: 0, cameTwice: 0, parentsLost: 0 };
  readonly #nodes = new Map<string, GroupNode>();
  readonly #mirrors = new Map<string, Mirror>();
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
    this.references = new References(prost);
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
        proof: () => this.#nodes.get(group)?.proof ?? "",
        submitHere: (messages) => {
          const node = this.#nodes.get(group);
          if (!node?.root.isHere) return null;
          return node.root.submit(this.#prost.self, this.#run, messages, node.proof);
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
    if (node?.isAttached)
      return node.path!.includes(source) || node.parent === source ? undefined : null;
    // A node that looks for a parent itself would be no help.
    if (node || kind === ROUTED.find || this.#refused.has(key)) return;
    return this.#hasRoom() ? null : undefined;
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

  /** What other nodes may ask; each reads what it gets. */
  readonly remote = {
    create: async (caller: string, group: unknown, publicKey: unknown): Promise<Submitted> => {
      const [key, hex] = [readGroup(group), readHex(publicKey, 32)];
      const node = await this.#rootNode(key);
      if (!node) return { kind: "later" };
      return this.#describe(node, { creator: caller, publicKey: hex });
    },
    adopt: async (caller: string, group: unknown, asking: unknown): Promise<Adoption> => {
      const [key, read] = [readGroup(group), readAsking(asking)];
      const refused = this.#refused.get(key);
      if (refused && refused.untilMs > this.#prost.clock.now()) {
        return { kind: "no", why: refused.why, isFinal: true };
      }
      const node = (await this.#rootNode(key)) ?? (this.#hasRoom() ? this.#ensure(key) : null);
      if (!node) return { kind: "no", why: "this node is in too many groups", isFinal: false };
      const answer = node.adopt(caller, read);
      node.seek();
      return answer;
    },
    poll: (caller: string, group: unknown): Polled =>
      this.#nodes.get(readGroup(group))?.poll(caller) ?? { kind: "stranger" },
    deliver: async (
      caller: string,
      group: unknown,
      path: unknown,
      messages: unknown,
      isCaughtUp: unknown,
    ): Promise<boolean> => {
      const node = this.#nodes.get(readGroup(group));
      const [read, batch] = [readPath(path), readMessages(messages)];
      return (await node?.deliver(caller, read, batch, isCaughtUp === true)) === true;
    },
    part: (caller: string, group: unknown, why: unknown): void => {
      this.#nodes
        .get(readGroup(group))
        ?.part(caller, typeof why === "string" ? why.slice(0, 200) : "");
    },
    submit: async (
      caller: string,
      group: unknown,
      run: unknown,
      messages: unknown,
      proof: unknown,
    ): Promise<Submitted> => {
      const list = readList(messages, BATCH_MESSAGES).map((each) => {
        const [serial, data] = readList(each, 2);
        return { serial: readSerial(serial), data: readData(data) };
      });
      const [ofRun, shown] = [readRun(run), readHex(proof, 64)];
      const node = await this.#rootNode(readGroup(group));
      return (await node?.root.submit(caller, ofRun, list, shown)) ?? { kind: "later" };
    },
    mirror: async (caller: string, group: unknown, copy: unknown): Promise<boolean> => {
      const [key, read] = [readGroup(group), readCopy(copy)];
      const replicas = await this.#prost.replicaSet(key, 2 * (1 + MIRRORS));
      const isNear = [caller, this.#prost.self].every((id) =>
        replicas.some((each) => each.id === id),
      );
      return isNear && this.#mirror(key, read);
    },
    copyOf: async (caller: string, group: unknown): Promise<Copy | null> => {
      const key = readGroup(group);
      const replicas = await this.#prost.replicaSet(key, 1 + MIRRORS);
      if (!replicas.some(({ id }) => id === caller)) return null;
      const mirror = this.#mirrors.get(key);
      const node = this.#nodes.get(key);
      const isRoot = node?.root.isHere === true;
      if (!isRoot && !mirror) return null;
      const from = isRoot ? node : mirror!;
      return { descriptor: from.descriptor, messages: from.log.newest().map(toWire) };
    },
    anycast: (caller: string, group: unknown, data: unknown, proof: unknown) => {
      const [node, read, shown] = [
        this.#nodes.get(readGroup(group)),
        readData(data),
        readHex(proof, 64),
      ];
      if (!node?.admits(caller, shown)) return { isTaken: false, next: [] };
      if (this.#ports.anycast(node.group, caller, read)) return { isTaken: true, next: [] };
      return { isTaken: false, next: neighboursOf(node) };
    },
  } satisfies { readonly [Name in keyof AtNode]: unknown };

  /** The group has an owner now, or it is said why not. */
  async #describe(node: GroupNode, wanted: Descriptor): Promise<Submitted> {
    const { descriptor } = node;
    if (descriptor) {
      const isSame =
        descriptor.creator === wanted.creator && descriptor.publicKey === wanted.publicKey;
      return isSame
        ? { kind: "taken" }
        : { kind: "no", why: "a group of this name was created before" };
    }
    const isUsed = node.children.count > 0 || this.#ports.hasMembers(node.group);
    if (isUsed && wanted.publicKey !== "") {
      return { kind: "no", why: "an open group of this name is in use: take another name" };
    }
    const own = this.all.filter((each) => each.descriptor?.creator === wanted.creator);
    if (own.length >= MAX_GROUPS_OF_ONE) {
      return {
        kind: "no",
        why: `this root keeps ${MAX_GROUPS_OF_ONE} groups of this node already`,
      };
    }
    node.descriptor = wanted;
    await node.root.describe();
    return { kind: "taken" };
  }

  /** This node as the root of a group; null when it is not. */
  async #rootNode(group: string): Promise<GroupNode | null> {
    const known = this.#nodes.get(group);
    if (known?.root.isHere) return known;
    if (!(await isRootOf(this.#prost, group)) || (!known && !this.#hasRoom())) return null;
    const node = this.#ensure(group);
    await node.root.become();
    return node.root.isHere ? node : null;
  }

  #hasRoom(): boolean {
    return this.#nodes.size < MAX_GROUPS && !this.#isClosed;
  }

  #ensure(group: string): GroupNode {
    const known = this.#nodes.get(group);
    if (known) return known;
    if (!this.#hasRoom()) throw new Error(`this node is in ${MAX_GROUPS} groups already`);
    const node: GroupNode = new GroupNode(group, {
      prost: this.#prost,
      references: this.references,
      counts: this.counts,
      hasMembers: this.#ports.hasMembers,
      heard: this.#ports.heard,
      changed: this.#ports.changed,
      copyHere: () => {
        const mirror = this.#mirrors.get(group);
        return mirror
          ? { descriptor: mirror.descriptor, messages: mirror.log.all().map(toWire) }
          : null;
      },
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

  #mirror(group: string, copy: Copy): boolean {
    const known = this.#mirrors.get(group);
    if (!known && this.#mirrors.size >= MAX_GROUPS) return false;
    const mirror = known ?? { descriptor: null, log: new MessageLog(), atMs: 0 };
    mirror.descriptor ??= copy.descriptor;
    mirror.atMs = this.#prost.clock.now();
    for (const [sender, run, serial, data] of copy.messages) {
      mirror.log.add({ sender, run, serial, data, isOld: true });
    }
    this.#mirrors.set(group, mirror);
    // The old root gives way to this one.
    void this.#updateOne(group);
    return true;
  }

  async #updateAll(): Promise<void> {
    for (const node of this.all) await node.updated();
    for (const group of this.#mirrors.keys()) await this.#updateOne(group);
  }

  /** A group that this node has a copy of, and may be the root of now. */
  async #updateOne(group: string): Promise<void> {
    if (this.#nodes.get(group)?.root.isHere || !this.#hasRoom()) return;
    const mirror = this.#mirrors.get(group);
    // A root that nobody uses need not be replaced before somebody does.
    if (!mirror || (mirror.descriptor === null && mirror.log.head === 0)) return;
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
    for (const [group, { atMs }] of this.#mirrors)
      if (now - atMs > MIRROR_MS) this.#mirrors.delete(group);
    for (const [group, { untilMs }] of this.#refused)
      if (untilMs < now) this.#refused.delete(group);
    for (const group of this.#outboxes.keys()) {
      if (this.#outboxes.size <= MAX_GROUPS) break;
      this.#outboxes.delete(group);
    }
    for (const node of this.all) void node.tick().catch(() => {});
  }
}

/** Whom else to ask for a member: below first, for that is where they are near. */
export function neighboursOf(node: GroupNode): string[] {
  return node.parent === null ? node.children.ids : [...node.children.ids, node.parent];
}

function toWire({ sender, run, serial, data }: CastMessage): WireMessage {
  return [sender, run, serial, data, true];
}
