/**
 * The parent of a node in one tree: how it is found, watched and given up.
 *
 * The rule that is easy to break: a tree has no loops. A parent tells its children
 * the path from the root; a node that finds itself in it, or hears of no path
 * for long, leaves that parent and begins anew at the root.
 */
import type { Prost } from "prost/sdk";
import { type Sought, seekParent } from "./attachment.ts";
import { MAX_DEPTH, ORPHAN_MS, POLL_MS, RETRY_MS } from "./limits.ts";
import type { AtNode, Asking } from "./protocol.ts";
import { readPolled } from "./reading.ts";
import type { References } from "../replicated/references.ts";

export interface ParentPorts {
  readonly prost: Prost;
  readonly references: References<AtNode>;
  readonly group: string;
  /** False for a root, and when the tree has been left. */
  isNeeded(): boolean;
  asking(): Asking;
  /** Of a closed group that this node has the credential of; else "". */
  publicKey(): string;
  isChild(id: string): boolean;
  /** There is none above: this node is the root. */
  becomeRoot(): Promise<void>;
  /** The root says that the group does not want this node. */
  refused(why: string): void;
  /** There is another parent, or another way from the root. */
  changed(hasNewPath: boolean): void;
  lost(): void;
}

export class Parent {
  readonly #ports: ParentPorts;
  #id: string | null = null;
  /** From the root to this node. */
  #path: readonly string[] | null = null;
  #isMember = false;
  /** Who is being asked, and until when. */
  #asked: string | null = null;
  #attempt: Promise<void> = Promise.resolve();
  #isSeeking = false;
  #seeksAtRoot = false;
  #heardMs = 0;
  /** Since when there has been no path. */
  #lostMs: number;

  constructor(ports: ParentPorts) {
    this.#ports = ports;
    this.#lostMs = ports.prost.clock.now();
  }

  get id(): string | null {
    return this.#id;
  }

  /** From the root to this node; null while there is no way to the root. */
  get path(): readonly string[] | null {
    return this.#path;
  }

  /** Whether it has said that it is a member itself. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** Looks for one until there is one. */
  seek(): void {
    if (this.#isSeeking || !this.#isNeeded) return;
    this.#isSeeking = true;
    void this.#seek();
  }

  /** Begins anew at the root. */
  seekAtRoot(): void {
    this.drop();
    this.#seeksAtRoot = true;
    this.seek();
  }

  /** Whether this node is, or may be about to become, below another. */
  isAbove(id: string): boolean {
    return this.#id === id || this.#asked === id || this.#path?.includes(id) === true;
  }

  /** Whether a call comes from the parent; its answer that it is may come a little later. */
  async is(caller: string): Promise<boolean> {
    if (this.#id === null && this.#asked === caller) await this.#attempt;
    return this.#id === caller;
  }

  /** The parent told something; `path`, from the root to it, may be null when that is as before. */
  heard(path: readonly string[] | null): void {
    this.#heardMs = this.#ports.prost.clock.now();
    if (path !== null) this.#setPath(path);
  }

  /** It is the parent no more. */
  drop(): string | null {
    const id = this.#id;
    this.#id = null;
    this.#path = null;
    this.#isMember = false;
    this.#lostMs = this.#ports.prost.clock.now();
    return id;
  }

  lose(atRoot: boolean): void {
    this.drop();
    this.#seeksAtRoot = atRoot;
    this.#ports.lost();
    this.#ports.changed(false);
    this.seek();
  }

  /** Every few seconds: is it there? */
  async tick(isMember: boolean): Promise<void> {
    const now = this.#ports.prost.clock.now();
    if (this.#id === null) return this.seek();
    if (this.#path === null && now - this.#lostMs > ORPHAN_MS) return this.lose(true);
    // What it told meanwhile shows that it is.
    if (now - this.#heardMs > POLL_MS / 2) await this.#poll(this.#id, isMember);
  }

  get #isNeeded(): boolean {
    return this.#id === null && this.#ports.isNeeded();
  }

  async #seek(): Promise<void> {
    const { clock, random } = this.#ports.prost;
    let waitMs: number = RETRY_MS.first;
    while (this.#isNeeded) {
      this.#attempt = this.#attemptOnce();
      await this.#attempt;
      this.#asked = null;
      if (!this.#isNeeded) break;
      const pauseMs = waitMs * (0.5 + random.next());
      await new Promise<void>((resolve) => {
        clock.after(pauseMs, resolve);
      });
      waitMs = Math.min(RETRY_MS.most, waitMs * 2);
    }
    this.#isSeeking = false;
  }

  async #attemptOnce(): Promise<void> {
    const { prost, references, group } = this.#ports;
    const isAtRoot = this.#seeksAtRoot;
    const publicKey = this.#ports.publicKey();
    const sought = await seekParent({
      prost,
      references,
      group,
      asking: this.#ports.asking(),
      atRoot: isAtRoot || publicKey !== "",
      publicKey,
      isChild: (id) => this.#ports.isChild(id),
      asks: (id) => {
        this.#asked = id;
      },
    }).catch((): Sought => ({ kind: "none" }));
    if (!this.#isNeeded) return;
    // Every other time it begins at the root: nodes on the way may be as lost as this one, or lie.
    this.#seeksAtRoot = !isAtRoot;
    if (sought.kind === "parent") this.#found(sought.id, sought.path);
    else if (sought.kind === "root") await this.#ports.becomeRoot();
    else if (sought.kind === "refused" && (isAtRoot || publicKey !== "")) {
      this.#ports.refused(sought.why);
    }
  }

  #found(id: string, path: readonly string[] | null): void {
    this.#id = id;
    this.#isMember = false;
    this.#heardMs = this.#ports.prost.clock.now();
    this.#lostMs = this.#heardMs;
    this.#ports.changed(false);
    this.#setPath(path);
  }

  #setPath(path: readonly string[] | null): void {
    const { self, clock } = this.#ports.prost;
    if (path !== null && (path.includes(self) || path.length >= MAX_DEPTH)) return this.lose(true);
    const now = path && [...path, self];
    if (now?.join() === this.#path?.join()) return;
    if (now === null) this.#lostMs = clock.now();
    this.#path = now;
    this.#ports.changed(now !== null);
  }

  async #poll(id: string, isMember: boolean, isAgain = false): Promise<void> {
    const { references, group } = this.#ports;
    try {
      const answer = readPolled(await references.at(id, (there) => there.poll(group, isMember)));
      if (this.#id !== id) return;
      if (answer.kind === "stranger") return this.lose(false);
      this.#isMember = answer.isMember;
      this.#heardMs = this.#ports.prost.clock.now();
      this.#setPath(answer.path);
    } catch (error) {
      if (this.#id !== id) return;
      const { code } = error as { readonly code?: unknown };
      // Of this node's own making: no fault of the other.
      if (code === "too-many-calls") return;
      if (code === "timed-out" && !isAgain) return this.#poll(id, isMember, true);
      this.lose(false);
    }
  }
}
