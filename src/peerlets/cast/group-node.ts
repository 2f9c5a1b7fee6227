/**
 * This node in the tree of one group: as the root, as a forwarder, as the node
 * of members. It has one parent, or is the root, or is looking for a parent; and
 * it hands on what it gets to a bounded number of children.
 *
 * Who the members are it does not know: that is `clients.ts`. Source: Castro,
 * Druschel, Kermarrec, Rowstron, "Scribe", IEEE JSAC 2002.
 */
import type { Prost } from "prost/sdk";
import { isRootOf } from "./attachment.ts";
import { Children } from "./children.ts";
import { isProof, proofOf, publicKeyOf } from "./crypto.ts";
import { GIVE_UP_MS, IDLE_ROOT_MS, POLL_MS } from "./limits.ts";
import { type Logged, MessageLog } from "./log.ts";
import { Parent } from "./parent.ts";
import type {
  AtNode,
  Adoption,
  Asking,
  CastMessage,
  Copy,
  Descriptor,
  Polled,
  Shown,
  WireMessage,
} from "./protocol.ts";
import type { References } from "../replicated/references.ts";
import { Root } from "./root.ts";

export interface GroupNodePorts {
  readonly prost: Prost;
  readonly references: References<AtNode>;
  readonly counts: Counts;
  /** Whether a client of this node is a member. */
  hasMembers(group: string): boolean;
  /** A message for the members here. */
  heard(group: string, message: CastMessage): void;
  /** What was copied to this node as a replica of the group. */
  copyHere(group: string): Copy | null;
  /** Its place in the tree is another one. */
  changed(group: string): void;
  /** It is in this tree no more; `why` is "" when it left. */
  ended(group: string, why: string): void;
}

/** What this node did, for those who measure. */
export interface Counts {
  /** Messages handed on to children. */
  handedOn: number;
  /** Messages that came from parents, and those of them that were here already. */
  came: number;
  cameTwice: number;
  parentsLost: number;
}

const LEFT = "this node left the group";
const NO_CREDENTIAL = "the group is closed: join it with its credential";
const WRONG_CREDENTIAL = "the group is closed, and this is not its credential";
const NO_CLOSED_GROUP = "the group is open: join it without a credential";

export class GroupNode {
  readonly group: string;
  readonly log = new MessageLog();
  readonly parent: Parent;
  readonly children: Children;
  readonly root: Root;
  /** What is known of the group; null while nothing is. */
  descriptor: Descriptor | null = null;
  readonly #ports: GroupNodePorts;
  readonly #rootPath: readonly string[];
  /** Of a closed group, when this node has its credential; else "". */
  #publicKey = "";
  #proof = "";
  /** Until its first parent has told what was sent before: that is not for the members here. */
  #isFresh = true;
  #isClosed = false;
  /** When it last had members or children. */
  #usedMs: number;
  #waiting: ((why: string) => void)[] = [];

  constructor(group: string, ports: GroupNodePorts) {
    this.group = group;
    this.#ports = ports;
    const { prost, references, counts } = ports;
    this.#usedMs = prost.clock.now();
    this.#rootPath = [prost.self];
    this.parent = new Parent({
      prost,
      references,
      group,
      isNeeded: () => !this.#isClosed && !this.root.isHere,
      asking: () => ({
        has: this.#isFresh ? null : this.log.latest(),
        proof: this.#proof,
        publicKey: this.#publicKey,
        isMember: ports.hasMembers(group),
      }),
      publicKey: () => this.#publicKey,
      isChild: (id) => this.children.has(id),
      becomeRoot: () => this.root.become(),
      refused: (why) => this.close(why),
      changed: (hasNewPath) => {
        if (hasNewPath) this.children.pump(true);
        ports.changed(group);
      },
      lost: () => {
        counts.parentsLost += 1;
      },
    });
    this.children = new Children({
      prost,
      references,
      group,
      log: this.log,
      // Who has not been told everything itself cannot say that it has told everything.
      path: () => (this.#isFresh && !this.root.isHere ? null : this.path),
      changed: () => ports.changed(group),
      counted: (messages) => {
        counts.handedOn += messages;
      },
    });
    this.root = new Root(this, ports);
  }

  /** From the root to this node; null while it has no way to the root. */
  get path(): readonly string[] | null {
    return this.root.isHere ? this.#rootPath : this.parent.path;
  }

  get isAttached(): boolean {
    return this.path !== null && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whom else to ask for a member: below first, for that is where they are near. */
  get neighbours(): string[] {
    return this.parent.id === null ? this.children.ids : [...this.children.ids, this.parent.id];
  }

  /** Parent and children that are members, as far as they have said so. */
  get near(): string[] {
    const { id, isMember } = this.parent;
    return id !== null && isMember ? [id, ...this.children.members] : this.children.members;
  }

  /** What this node shows to others of a closed group; "" without a credential. */
  get proof(): string {
    return this.#proof;
  }

  /** Of the credential that this node has; "" without one. */
  get publicKey(): string {
    return this.#publicKey;
  }

  /** 64 hex digits: the secret of a closed group. Throws for another one than this node is in the group with. */
  setCredential(credential: string): void {
    const publicKey = publicKeyOf(credential);
    const known = this.#knownKey;
    if (known !== "" && known !== publicKey) throw new Error(WRONG_CREDENTIAL);
    if (known === "" && this.isAttached) throw new Error(NO_CLOSED_GROUP);
    this.#publicKey = publicKey;
    this.#proof = proofOf(credential, this.group, this.#ports.prost.self);
  }

  /** Why somebody may not be in the group, nor send to it; "" when it may. What is said in a closed group is nothing for an open one. */
  refusalOf(node: string, { proof, publicKey }: Shown): string {
    const known = this.#knownKey;
    if (known === "") return publicKey === "" ? "" : NO_CLOSED_GROUP;
    if (isProof(known, this.group, node, proof)) return "";
    return proof === "" ? NO_CREDENTIAL : WRONG_CREDENTIAL;
  }

  /** Of a closed group, as far as it is known here; else "". */
  get #knownKey(): string {
    return this.descriptor?.publicKey || this.#publicKey;
  }

  /** Resolves when this node is in the tree; rejects when the group does not want it, or nobody answers. */
  attached(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error(LEFT));
    if (this.root.isHere || (this.isAttached && !this.#isFresh)) return Promise.resolve();
    this.parent.seek();
    return new Promise((resolve, reject) => {
      const cancel = this.#ports.prost.clock.after(GIVE_UP_MS, () =>
        end("nobody of the group's tree answered: try again"),
      );
      const end = (why: string) => {
        cancel();
        this.#waiting = this.#waiting.filter((each) => each !== end);
        if (why === "") resolve();
        else reject(new Error(why));
      };
      this.#waiting.push(end);
    });
  }

  /** This node is the root from now on. `isAlone`: it knew nobody to ask what was sent before. */
  becomeRoot(isAlone: boolean): void {
    const parent = this.parent.drop();
    if (parent !== null) void this.#tellParted(parent, "");
    this.#isFresh &&= isAlone;
    // Those who knew that the group is closed may all be gone.
    if (this.#publicKey !== "")
      this.descriptor ??= { creator: this.#ports.prost.self, publicKey: this.#publicKey };
    this.#settle("");
    this.children.pump(true);
    this.#ports.changed(this.group);
  }

  /** Another node is the root now. */
  noRoot(): void {
    this.parent.seekAtRoot();
    this.#ports.changed(this.group);
  }

  /** Takes a message, once. False when it was here already. */
  take(message: Logged): boolean {
    const isOld = message.isOld && this.#isFresh;
    if (!this.log.add({ ...message, isOld })) return false;
    if (!isOld) this.#ports.heard(this.group, message);
    return true;
  }

  adopt(caller: string, asking: Asking): Adoption {
    const why = this.refusalOf(caller, asking);
    // A member of a closed group that is taken for an open one here waits for better times.
    const isFinal = why !== NO_CLOSED_GROUP || (this.root.isHere && asking.has === null);
    if (why !== "") return { kind: "no", why, isFinal };
    if (this.parent.isAbove(caller)) {
      return { kind: "no", why: "you are above this node", isFinal: false };
    }
    this.#usedMs = this.#ports.prost.clock.now();
    if (this.children.adopt(caller, asking)) {
      return { kind: "adopted", path: this.path, proof: this.#proof };
    }
    return { kind: "ask", nodes: this.children.sample(caller) };
  }

  poll(caller: string, isMember: boolean): Polled {
    if (!this.children.has(caller)) return { kind: "stranger" };
    this.children.heard(caller, isMember);
    return { kind: "child", path: this.path, isMember: this.#ports.hasMembers(this.group) };
  }

  async deliver(
    caller: string,
    path: readonly string[] | null,
    messages: readonly WireMessage[],
    isCaughtUp: boolean,
  ): Promise<boolean> {
    if (!(await this.parent.is(caller))) return false;
    this.parent.heard(path);
    // The path may have shown a loop.
    if (this.parent.id !== caller) return false;
    const { counts } = this.#ports;
    for (const [sender, run, serial, data, isOld] of messages) {
      counts.came += 1;
      if (!this.take({ sender, run, serial, data, isOld })) counts.cameTwice += 1;
    }
    if (isCaughtUp) {
      this.#isFresh = false;
      if (this.path !== null) this.#settle("");
    }
    this.children.pump();
    return true;
  }

  /** Parent or child goes; with `why` the group does not want this node, which only the parent may say. */
  part(caller: string, why: string): void {
    this.children.remove(caller);
    // Who says "closed" may lie: the root is asked.
    if (this.parent.id === caller) this.parent.lose(why !== "");
  }

  /** Every few seconds. */
  async tick(): Promise<void> {
    const now = this.#ports.prost.clock.now();
    const isMember = this.#ports.hasMembers(this.group);
    this.children.sweep();
    if (isMember || this.children.count > 0) this.#usedMs = now;
    if (this.root.isHere) {
      await this.root.tick();
      if (this.descriptor === null && now - this.#usedMs > IDLE_ROOT_MS) this.close("");
      return;
    }
    // A forwarder that forwards to nobody.
    if (now - this.#usedMs > POLL_MS) return this.close("");
    await this.parent.tick(isMember);
  }

  /** The neighbours changed: this node may be the root now, or not any more. */
  async updated(): Promise<void> {
    if (this.root.isHere) return this.root.tick();
    if (this.#isClosed || !(await isRootOf(this.#ports.prost, this.group))) return;
    await this.root.become();
  }

  /** Leaves the tree. With `why` the group does not want this node. */
  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.root.close();
    const nodes = this.neighbours;
    this.parent.drop();
    for (const id of nodes) {
      this.children.remove(id);
      void this.#tellParted(id, why);
    }
    this.#settle(why || LEFT);
    this.#ports.ended(this.group, why);
  }

  async #tellParted(id: string, why: string): Promise<void> {
    try {
      await this.#ports.references.at(id, (there) => there.part(this.group, why));
    } catch {
      // It finds out by itself.
    }
  }

  #settle(why: string): void {
    for (const end of this.#waiting) end(why);
  }
}
