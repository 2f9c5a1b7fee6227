/**
 * What this node trusts, allows and gives. Decides; never acts: `admission.ts`
 * asks it, and the manager is told when it changed.
 *
 * A rule for the application goes before one for its publisher, and that before
 * the default. Pure functions of the rules, and one small class that keeps them.
 */
import { ProstError } from "../base/errors.ts";
import type { Grant, Wants } from "./grant.ts";
import type { Budgets, Policy, Rule } from "./peer.ts";

const MIB = 1024 * 1024;

/** For a tab among others on a laptop. All of them guesses. */
export const DEFAULT_BUDGETS: Budgets = {
  cpuShare: 0.25,
  storageBytes: 16 * MIB,
  messagesPerSecond: 1_000,
  callsOpen: 64,
  bytesPerSecond: 2 * MIB,
  // What one routed message may carry, and some air.
  messageBytes: 320 * 1024,
  timers: 64,
  memoryBytes: 128 * MIB,
  running: 16,
  packageBytes: 64 * MIB,
};

/** No budget may be set beyond these: a slip of the hand must not open a node wide. Guesses. */
const MOST_BUDGETS: Budgets = {
  cpuShare: 1,
  storageBytes: 1_024 * MIB,
  messagesPerSecond: 100_000,
  callsOpen: 4_096,
  bytesPerSecond: 256 * MIB,
  messageBytes: 4 * MIB,
  timers: 4_096,
  memoryBytes: 4_096 * MIB,
  running: 256,
  packageBytes: 4_096 * MIB,
};

/** What a trusted peerlet may get of what it wants, in budgets. A guess. */
const TRUSTED_BUDGETS = 10;
/** Rules and code servers kept. A guess. */
const MOST_RULES = 10_000;

const APP_ID = /^[0-9a-f]{32}$/;
const PUBLISHER = /^[0-9a-f]{64}$/;

/** As it is kept, and as a page may show it. */
export interface PolicyState {
  readonly default: Policy["default"];
  readonly rules: Policy["rules"];
  readonly budgets: Budgets;
  readonly codeServers: readonly string[];
}

/** The rule for an application; `publisher` is "" while its manifest is not known. */
export function ruleFor(policy: PolicyState, appId: string, publisher: string): Rule {
  return policy.rules[appId] ?? policy.rules[publisher] ?? policy.default;
}

/** No application can be welcome, whoever published it. */
export function deniesAll(policy: PolicyState): boolean {
  return policy.default === "deny" && !Object.values(policy.rules).some((rule) => rule !== "deny");
}

/** What a peerlet gets here: what it wants, cut to the budgets. */
export function grantFor(policy: PolicyState, wants: Wants, rule: Rule): Grant {
  const { running: _running, packageBytes: _packageBytes, ...budgets } = policy.budgets;
  const times = rule === "trust" ? TRUSTED_BUDGETS : 1;
  return {
    ...budgets,
    cpuShare: Math.min(1, wants.cpuShare, budgets.cpuShare * times),
    storageBytes: Math.min(wants.storageBytes, budgets.storageBytes * times),
    messagesPerSecond: Math.min(wants.messagesPerSecond, budgets.messagesPerSecond * times),
    callsOpen: Math.min(wants.callsOpen, budgets.callsOpen * times),
  };
}

export class NodePolicy implements Policy {
  readonly #initial: PolicyState;
  #state: PolicyState;
  readonly #changed: () => void;
  /** What was changed before an earlier visit's was taken up: see `restore`. */
  #early: Change[] | null = [];

  /** `changed` is called after each change, to keep it and to act on it. */
  constructor(codeServers: readonly string[], changed: () => void) {
    this.#initial = { default: "allow", rules: {}, budgets: DEFAULT_BUDGETS, codeServers };
    this.#state = this.#initial;
    this.#changed = changed;
  }

  get default(): Policy["default"] {
    return this.#state.default;
  }

  get rules(): Policy["rules"] {
    return { ...this.#state.rules };
  }

  get budgets(): Budgets {
    return { ...this.#state.budgets };
  }

  get codeServers(): readonly string[] {
    return [...this.#state.codeServers];
  }

  get state(): PolicyState {
    return this.#state;
  }

  /** So that a console, a log or a test that asks for all of it gets all of it. */
  toJSON(): PolicyState {
    return this.#state;
  }

  /**
   * Takes up what was kept on an earlier visit; what makes no sense of it is left out. Changes that
   * came before go on top of it: true when there were some.
   */
  restore(kept: unknown): boolean {
    const early = this.#early ?? [];
    this.#early = null;
    if (kept !== null && typeof kept === "object") this.#state = restored(this.#initial, kept);
    else if (early.length > 0) this.#state = this.#initial;
    for (const change of early) this.#state = { ...this.#state, ...change(this.#state) };
    return early.length > 0;
  }

  setDefault(rule: Policy["default"]): void {
    if (!isDefault(rule)) throw bad('the default is "allow", "ask" or "deny"');
    this.#become(() => ({ default: rule }));
  }

  trust(id: string): void {
    this.#rule(id, "trust");
  }

  allow(id: string): void {
    this.#rule(id, "allow");
  }

  ask(id: string): void {
    this.#rule(id, "ask");
  }

  deny(id: string): void {
    this.#rule(id, "deny");
  }

  forget(id: string): void {
    checkSubject(id);
    this.#become((state) => {
      const { [id]: _gone, ...rules } = state.rules;
      return { rules };
    });
  }

  setBudgets(budgets: Partial<Budgets>): void {
    if (budgets === null || typeof budgets !== "object") throw bad("budgets is an object");
    for (const name of Object.keys(budgets)) {
      if (!(name in MOST_BUDGETS)) throw bad(`there is no budget called "${name}"`);
    }
    for (const [name, value] of Object.entries(budgets)) {
      const most = MOST_BUDGETS[name as keyof Budgets];
      if (!isSoundBudget(name, value)) {
        throw bad(
          `${name} is ${name === "cpuShare" ? "above 0" : "a whole number from 1"}, at most ${most}`,
        );
      }
    }
    const asked = { ...budgets };
    this.#become((state) => ({ budgets: { ...state.budgets, ...asked } }));
  }

  setCodeServers(origins: readonly string[]): void {
    if (!Array.isArray(origins) || origins.length > MOST_RULES) throw bad("origins is a list");
    const codeServers = origins.map((address: unknown) => {
      const origin = originOf(address);
      if (origin === null) {
        throw bad(
          `a code server is an origin such as https://example.org, not "${String(address)}"`,
        );
      }
      return origin;
    });
    this.#become(() => ({ codeServers: [...new Set(codeServers)] }));
  }

  #rule(id: string, rule: Rule): void {
    checkSubject(id);
    const { rules } = this.#state;
    if (!(id in rules) && Object.keys(rules).length >= MOST_RULES) {
      throw bad(`there are ${MOST_RULES} rules already`);
    }
    this.#become((state) => ({ rules: { ...state.rules, [id]: rule } }));
  }

  #become(change: Change): void {
    this.#early?.push(change);
    this.#state = { ...this.#state, ...change(this.#state) };
    this.#changed();
  }
}

type Change = (state: PolicyState) => Partial<PolicyState>;

/** What makes sense of `kept`; the rest as at the start. */
function restored(initial: PolicyState, kept: object): PolicyState {
  const { default: rule, rules, budgets, codeServers } = kept as Partial<PolicyState>;
  const sound = Object.entries(rules ?? {}).filter(([id, value]) => isSubject(id) && isRule(value));
  // The person's own list, also when it is shorter than the one at the start.
  const origins = Array.isArray(codeServers) ? codeServers.map(originOf) : initial.codeServers;
  return {
    default: isDefault(rule) ? rule : initial.default,
    rules: Object.fromEntries(sound.slice(0, MOST_RULES)),
    budgets: { ...initial.budgets, ...soundBudgets(budgets ?? {}) },
    codeServers: [...new Set(origins)].filter((origin) => origin !== null).slice(0, MOST_RULES),
  };
}

/** The origin of an http or https address, else null. The core knows no URL. */
export function originOf(address: unknown): string | null {
  if (typeof address !== "string") return null;
  const match = /^(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(?=[/?#]|$)/i.exec(address);
  return match === null ? null : match[0].toLowerCase();
}

function soundBudgets(budgets: Partial<Budgets>): Partial<Budgets> {
  return Object.fromEntries(
    Object.entries(budgets).filter(([name, value]) => isSoundBudget(name, value)),
  );
}

function isSoundBudget(name: string, value: unknown): boolean {
  const most = MOST_BUDGETS[name as keyof Budgets];
  if (most === undefined || typeof value !== "number" || !(value <= most)) return false;
  return name === "cpuShare" ? value > 0 : Number.isInteger(value) && value >= 1;
}

function isRule(value: unknown): value is Rule {
  return value === "trust" || isDefault(value);
}

function isDefault(value: unknown): value is Policy["default"] {
  return value === "allow" || value === "ask" || value === "deny";
}

function isSubject(id: unknown): id is string {
  return typeof id === "string" && (APP_ID.test(id) || PUBLISHER.test(id));
}

function checkSubject(id: unknown): string {
  if (isSubject(id)) return id;
  throw bad("a rule is for an app id (32 hex digits) or a publisher's key (64 hex digits)");
}

function bad(message: string): ProstError {
  return new ProstError("bad-parameter", message);
}
