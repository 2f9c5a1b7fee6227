/**
 * Which rule of the policy holds for an application, why, and how to change it. Pure but for the change.
 */
import type { Policy, Rule } from "../peer/peer.ts";

export const RULES = ["trust", "allow", "ask", "deny"] as const satisfies readonly Rule[];

export const RULE_WORDS: Readonly<Record<Rule, string>> = {
  trust: "Trust",
  allow: "Allow",
  ask: "Ask",
  deny: "Deny",
};

export interface Holding {
  readonly rule: Rule;
  /** Whose rule it is. */
  readonly of: "application" | "publisher" | "default";
}

/** As the policy looks them up: the application, then its publisher, then the default. */
export function holdingRule(
  policy: Pick<Policy, "rules" | "default">,
  appId: string,
  publisher: string,
): Holding {
  // Read once: each time is a copy.
  const { rules } = policy;
  const own = ruleOf(rules, appId);
  if (own !== null) return { rule: own, of: "application" };
  const publishers = ruleOf(rules, publisher);
  if (publishers !== null) return { rule: publishers, of: "publisher" };
  return { rule: policy.default, of: "default" };
}

/** The rule for exactly this id, if there is one. */
export function ruleOf(rules: Policy["rules"], id: string): Rule | null {
  return Object.hasOwn(rules, id) ? rules[id]! : null;
}

/** Null takes the rule away. Throws a ProstError for an id that is none. */
export function setRule(policy: Policy, id: string, rule: Rule | null): void {
  if (rule === null) policy.forget(id);
  else policy[rule](id);
}

const PAST: Readonly<Record<Rule, string>> = {
  trust: "trusted",
  allow: "allowed",
  ask: "asked about first",
  deny: "denied",
};

/** "Its publisher is trusted." */
export function holdingWords({ rule, of }: Holding): string {
  switch (of) {
    case "application":
      return `This application is ${PAST[rule]} by a rule of its own.`;
    case "publisher":
      return `This publisher is ${PAST[rule]}, and so is this application.`;
    case "default":
      return `No rule of its own: applications are ${PAST[rule]} by default.`;
  }
}

export type RuleTarget =
  | { readonly kind: "application" | "publisher"; readonly id: string }
  /** `why` is a sentence for the person. */
  | { readonly kind: "invalid"; readonly why: string };

/** Whom a person means: an app id or a publisher's key, as copied from this page, spaces or not. */
export function readRuleTarget(text: string): RuleTarget {
  const id = text.replace(/\s+/g, "").toLowerCase();
  if (id === "") return { kind: "invalid", why: "Type an application's id or a publisher's key." };
  if (!/^[0-9a-f]+$/.test(id)) {
    return { kind: "invalid", why: "Ids and keys have only the digits 0 to 9 and a to f." };
  }
  if (id.length === 32) return { kind: "application", id };
  if (id.length === 64) return { kind: "publisher", id };
  return {
    kind: "invalid",
    why: `An application's id has 32 digits, a publisher's key 64; this has ${id.length}.`,
  };
}
