/**
 * This node in the tree of one group: as the root, as a forwarder, as the node
 * of members. It has one parent, or is the root, or is looking for a parent; and
 * it hands on what it gets to a bounded number of children.
 *
 * The rule that is easy to break: a tree has no loops. A node tells its children
 * the path from the root; one that finds itself in it, or hears of no path for
 * long, leaves that parent and begins anew at the root. A node that has no way
 * to the root ends nobody's join.
 *
 * Who the members are it does not know: that is `clients.ts`. Sources: Castro,
 * Druschel, Kermarrec, Rowstron, "Scribe", IEEE JSAC 2002.
 */
import type { Prost } from "prost/sdk";
import { type Sought, isRootOf, seekParent } from "./attachment.ts";
import { Children } from "./children.ts";
import { isProof, proofOf, publicKeyOf } from "./crypto.ts";
import { GIVE_UP_MS, IDLE_ROOT_MS, MAX_DEPTH, ORPHAN_MS, POLL_MS, RETRY_MS } from "./limits.ts";
import { type Logged, MessageLog } from "./log.ts";
import {
  type Adoption,
  type Asking,
  type CastMessage,
  type Copy,
  type Descriptor,
  type Polled,
  type WireMessage,
  readPath,
} from "./protocol.ts";
import type { References } from "./references.ts";
import { Root } from "./root.ts";

export interface GroupNodePorts {
  readonly prost: Prost;
  readonly references: References;
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

export class GroupNode {
  readonly group: string;
  readonly log = new MessageLog();
  readonly children: Children;
  readonly root: Root;
  readonly #ports: GroupNodePorts;
  /** Of a closed group, when this node has its credential; else "". */
  #publicKey = "";
  #proof = "";
  /** What is known of the group; null while nothing is. */
  descriptor: Descriptor | null = null;
  #parent: string | null = null;
  /** From the root to this node; null while it has no way to the root. */
  #path: readonly string[] | null = null;
  /** Who is being asked to be the parent. */
  #asked: string | null = null;
  #isSeeking = false;
  #attempt: Promise<void> = Promise.resolve();
  #seeksAtRoot = false;
  /** Until its first parent has told what was sent before: that is not for the members here. */
  #isFresh = true;
  #isClosed = false;
  #heardMs = 0;
  /** Since when it has had no path, members or children. */
  #lostMs: number;
  #usedMs: number;
  #waiting: ((why: string) => void)[] = [];

  constructor(group: string, ports: GroupNodePorts) {
    this.group = group;
    this.#ports = ports;
    const { prost, references, counts } = ports;
    this.#lostMs = prost.clock.now();
    this.#usedMs = this.#lostMs;
    this.children = new Children({
      prost,
      references,
      group,
      log: this.log,
      path: () => this.#path,
      changed: () => ports.changed(group),
      counted: (messages) => {
        counts.handedOn += messages;
      },
    });
    this.root = new Root(this, ports);
  }

  get parent(): string | null {
    return this.#parent;
  }

  get path(): readonly string[] | null {
    return this.#path;
  }

  get isAttached(): boolean {
    return this.#path !== null && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What this node shows to others of a closed group; "" without a credential. */
  get proof(): string {
    return this.#proof;
  }

  /** 64 hex digits: the secret of a closed group. */
  setCredential(credential: string): void {
    this.#publicKey = publicKeyOf(credential);
    this.#proof = proofOf(credential, this.group, this.#ports.prost.self);
  }

  /** Whether somebody may be in the group, or send to it. */
  admits(node: string, proof: string): boolean {
    const publicKey = this.descriptor?.publicKey || this.#publicKey;
    return publicKey === "" || isProof(publicKey, this.group, node, proof);
  }

  /** Resolves when this node is in the tree; rejects when the group does not want it, or nobody answers. */
  attached(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error("this node left the group"));
    if (this.isAttached && !this.#isFresh) return Promise.resolve();
    this.seek();
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

  /** Looks for a parent until there is one. */
  seek(): void {
    if (this.#isSeeking || !this.#needsParent) return;
    this.#isSeeking = true;
    void this.#seek();
  }

  async #seek(): Promise<void> {
    let waitMs: number = RETRY_MS.first;
    while (this.#needsParent) {
      this.#attempt = this.#attemptOnce();
      await this.#attempt;
      this.#asked = null;
      if (!this.#needsParent) break;
      await this.#pause(waitMs * (0.5 + this.#ports.prost.random.next()));
      waitMs = Math.min(RETRY_MS.most, waitMs * 2);
    }
    this.#isSeeking = false;
  }

  get #needsParent(): boolean {
    return !this.#isClosed && this.#parent === null && !this.root.isHere;
  }

  async #attemptOnce(): Promise<void> {
    const isAtRoot = this.#seeksAtRoot;
    const sought = await this.#seekOnce().catch((): Sought => ({ kind: "none" }));
    if (!this.#needsParent) return;
    // Every other time it begins at the root: nodes on the way may be as lost as this one, or lie.
    this.#seeksAtRoot = !isAtRoot;
    if (sought.kind === "parent") this.#adoptedBy(sought.id, sought.path);
    else if (sought.kind === "root") await this.root.become();
    else if (sought.kind === "refused" && isAtRoot) this.close(sought.why);
  }

  #seekOnce(): Promise<Sought> {
    const { prost, references } = this.#ports;
    return seekParent({
      prost,
      references,
      group: this.group,
      asking: { last: this.#isFresh ? null : (this.log.last ?? "start"), proof: this.#proof },
      atRoot: this.#seeksAtRoot || this.#publicKey !== "",
      publicKey: this.#publicKey,
      isChild: (id) => this.children.has(id),
      asks: (id) => {
        this.#asked = id;
      },
    });
  }

  #adoptedBy(id: string, path: readonly string[] | null): void {
    this.#parent = id;
    this.#heardMs = this.#ports.prost.clock.now();
    this.#lostMs = this.#heardMs;
    this.#setPath(path);
    this.#ports.changed(this.group);
  }

  /** `path`: from the root to the parent. */
  #setPath(path: readonly string[] | null): void {
    const { self, clock } = this.#ports.prost;
    if (path !== null && (path.includes(self) || path.length >= MAX_DEPTH)) return this.#lost(true);
    if (
      path?.join() === this.#path?.slice(0, -1).join() &&
      (path === null) === (this.#path === null)
    )
      return;
    if (path === null) this.#lostMs = clock.now();
    this.#path = path && [...path, self];
    if (path !== null) this.children.pump(true);
    this.#ports.changed(this.group);
  }

  #lost(atRoot: boolean): void {
    this.#ports.counts.parentsLost += 1;
    this.#parent = null;
    this.#path = null;
    this.#seeksAtRoot = atRoot;
    this.#ports.changed(this.group);
    this.seek();
  }

  /** This node is the root from now on. */
  becomeRoot(): void {
    const { parent } = this;
    if (parent !== null) void this.#tellParted(parent, "");
    this.#parent = null;
    this.#path = [this.#ports.prost.self];
    this.#isFresh = false;
    this.#settle("");
    this.children.pump(true);
    this.#ports.changed(this.group);
  }

  /** Another node is the root now. */
  noRoot(): void {
    this.#path = null;
    this.#lostMs = this.#ports.prost.clock.now();
    this.#seeksAtRoot = true;
    this.#ports.changed(this.group);
    this.seek();
  }

  /** Takes a message, once, and hands it on. False when it was here already. */
  take(message: Logged): boolean {
    const isOld = message.isOld && this.#isFresh;
    if (!this.log.add({ ...message, isOld })) return false;
    if (!isOld) this.#ports.heard(this.group, message);
    return true;
  }

  adopt(caller: string, asking: Asking): Adoption {
    if (!this.admits(caller, asking.proof)) {
      const why = "the group is closed, and this is not its credential";
      return { kind: "no", why, isFinal: true };
    }
    const isAbove =
      this.#path?.includes(caller) || this.#parent === caller || this.#asked === caller;
    if (isAbove) return { kind: "no", why: "you are above this node", isFinal: false };
    this.#usedMs = this.#ports.prost.clock.now();
    if (this.children.adopt(caller, asking)) {
      return { kind: "adopted", path: this.#path, proof: this.#proof };
    }
    return { kind: "ask", nodes: this.children.sample(caller) };
  }

  poll(caller: string): Polled {
    if (!this.children.has(caller)) return { kind: "stranger" };
    this.children.heard(caller);
    return { kind: "child", path: this.#path };
  }

  /** From the parent, or from who is about to be it. */
  async deliver(
    caller: string,
    path: readonly string[] | null,
    messages: readonly WireMessage[],
    isCaughtUp: boolean,
  ): Promise<boolean> {
    // It may come before its answer that it is the parent.
    if (this.#parent === null && this.#asked === caller) await this.#attempt;
    if (this.#parent !== caller) return false;
    const { counts, prost } = this.#ports;
    this.#heardMs = prost.clock.now();
    if (path !== null) this.#setPath(path);
    if (this.#parent !== caller) return false;
    for (const [sender, run, serial, data, isOld] of messages) {
      counts.came += 1;
      if (!this.take({ sender, run, serial, data, isOld })) counts.cameTwice += 1;
    }
    if (isCaughtUp) {
      this.#isFresh = false;
      if (this.#path !== null) this.#settle("");
    }
    this.children.pump();
    return true;
  }

  /** Parent or child goes; with `why` the group does not want this node, which only the parent may say. */
  part(caller: string, why: string): void {
    this.children.remove(caller);
    // Who says "closed" may lie: the root is asked.
    if (this.#parent === caller) this.#lost(why !== "");
  }

  /** Every few seconds. */
  async tick(): Promise<void> {
    const { prost, hasMembers } = this.#ports;
    const now = prost.clock.now();
    this.children.sweep();
    if (hasMembers(this.group) || this.children.count > 0) this.#usedMs = now;
    if (this.root.isHere) {
      await this.root.tick();
      if (this.descriptor === null && now - this.#usedMs > IDLE_ROOT_MS) this.close("");
      return;
    }
    // A forwarder that forwards to nobody; the newest child may be on its way.
    if (now - this.#usedMs > POLL_MS) return this.close("");
    if (this.#parent === null) return this.seek();
    if (this.#path === null && now - this.#lostMs > ORPHAN_MS) return this.#lost(true);
    if (now - this.#heardMs > POLL_MS / 2) await this.#poll(this.#parent);
  }

  /** The neighbours changed: this node may be the root now, or not any more. */
  async updated(): Promise<void> {
    if (this.root.isHere) await this.root.tick();
    else if (!this.#isClosed && (await isRootOf(this.#ports.prost, this.group)))
      await this.root.become();
  }

  async #poll(parent: string, isAgain = false): Promise<void> {
    const { references, prost } = this.#ports;
    try {
      const answer = await references.at(parent, (there) => there.poll(this.group));
      if (this.#parent !== parent) return;
      if (answer?.kind !== "child") return this.#lost(false);
      this.#heardMs = prost.clock.now();
      this.#setPath(readPath(answer.path));
    } catch (error) {
      if (this.#parent !== parent) return;
      const { code } = error as { readonly code?: unknown };
      if (code === "too-many-calls") return;
      if (code === "timed-out" && !isAgain) return this.#poll(parent, true);
      this.#lost(false);
    }
  }

  /** Leaves the tree. With `why` the group does not want this node. */
  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.root.close();
    const nodes = this.children.ids;
    if (this.#parent !== null) nodes.push(this.#parent);
    for (const id of nodes) {
      this.children.remove(id);
      void this.#tellParted(id, why);
    }
    this.#parent = null;
    this.#path = null;
    this.#settle(why || "this node left the group");
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

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ports.prost.clock.after(ms, resolve);
    });
  }
}
