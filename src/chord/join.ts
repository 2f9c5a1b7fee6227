/**
 * Entering a ring through an open link to one of its members: Zave's join.
 *
 * The newcomer asks for the root of its own id, links to it, and takes its
 * neighbours over from there; only then is it a member. The same steps bring a
 * member back that lost everybody, and merge two rings that met: then the node
 * is a member already, and its neighbours of both rings find each other by
 * stabilizing.
 */
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import type { Link } from "../link/link.ts";
import type { Links } from "../link/links.ts";
import { decodeSystem, encodeSystem } from "../wire/codec.ts";
import type { Dialer } from "./dialer.ts";
import type { Router } from "./router.ts";

export interface EntryResult {
  readonly ok: boolean;
  readonly why: string;
}

interface Entry {
  /** The successors to link to, nearest first. */
  readonly targets: Id[];
  readonly through: Link;
  readonly done: (result: EntryResult) => void;
  /** The link to the successor, once open: waits for its state. */
  link: Link | null;
  cancelLimit: () => void;
}

/** From the question to the first state of the successor, in ms. A guess: two dials. */
const ENTRY_MS = 20_000;
const FIND_TIMEOUT_MS = 6_000;
/** Successors that are tried when the nearest cannot be linked. A guess. */
const TARGETS = 3;

export class Join {
  readonly #env: Env;
  readonly #self: Id;
  readonly #links: Links;
  readonly #dialer: Dialer;
  readonly #router: Router;
  #entry: Entry | null = null;

  constructor(env: Env, self: Id, links: Links, dialer: Dialer, router: Router) {
    this.#env = env;
    this.#self = self;
    this.#links = links;
    this.#dialer = dialer;
    this.#router = router;
  }

  /** One at a time: a second call while one is under way fails at once. `done` is called once. */
  enter(through: Link, done: (result: EntryResult) => void): void {
    if (this.#entry) return done({ ok: false, why: "an entry is under way" });
    const entry: Entry = {
      targets: [],
      through,
      done,
      link: null,
      cancelLimit: this.#env.clock.after(ENTRY_MS, () => this.#finish(entry, "it took too long")),
    };
    this.#entry = entry;
    const options = { exact: false, timeoutMs: FIND_TIMEOUT_MS, through };
    this.#router.routeSystem(this.#self, encodeSystem("find", {}), options, (result) => {
      const { receipt } = result;
      if (receipt.kind !== "delivered") {
        const why = receipt.kind === "timed-out" ? "no answer came" : receipt.why;
        return this.#finish(entry, `no successor found: ${why}`);
      }
      const found = decodeSystem(result.body);
      const successors = found?.tag === "found" ? found.body.successors : [];
      const targets = [receipt.root as Id, ...successors].filter((id) => id !== this.#self);
      entry.targets.push(...targets.slice(0, TARGETS));
      this.#linkNext(entry, "no successor to link to");
    });
  }

  /** A link told its state, or closed. */
  linkChanged(): void {
    const entry = this.#entry;
    if (!entry) return;
    if (!entry.link) {
      // What was asked through it can no longer be answered; another way in can be tried at once.
      const isCutOff = this.#links.get(entry.through.id) === undefined;
      if (isCutOff) this.#finish(entry, "the link to the gate closed");
      return;
    }
    if (entry.link.isMember) this.#finish(entry, null);
    else if (!entry.link.isOpen) {
      entry.link = null;
      this.#linkNext(entry, "the link to the successor broke");
    }
  }

  close(): void {
    if (this.#entry) this.#finish(this.#entry, "this node left");
  }

  #linkNext(entry: Entry, why: string): void {
    if (this.#entry !== entry) return;
    const target = entry.targets.shift();
    if (target === undefined) return this.#finish(entry, why);
    const linked = this.#links.get(target);
    if (linked) {
      entry.link = linked;
      return this.linkChanged();
    }
    this.#dialer.dial(target, entry.through, (result) => {
      if (this.#entry !== entry) return;
      if (result.kind === "failed") return this.#linkNext(entry, result.why);
      entry.link = result.link;
      this.linkChanged();
    });
  }

  #finish(entry: Entry, why: string | null): void {
    if (this.#entry !== entry) return;
    this.#entry = null;
    entry.cancelLimit();
    entry.done({ ok: why === null, why: why ?? "" });
  }
}
