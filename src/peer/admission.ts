/**
 * Admission: why an application may not run on this node, if it may not. The
 * node's rules, the version that is here, what its code did before, and the
 * person, who may have to be asked.
 *
 * `policy.ts` keeps the rules; here they meet one application. It gets no code
 * and starts nothing: that is `arrivals.ts`.
 */
import type { Counters } from "../base/counters.ts";
import type { Env } from "../env/env.ts";
import type { Entry } from "./entry.ts";
import type { Grant } from "./grant.ts";
import { type Manifest, compareVersions } from "./manifest.ts";
import type { Question } from "./peer.ts";
import { type NodePolicy, deniesAll, grantFor, originOf, ruleFor } from "./policy.ts";
import type { Records } from "./records.ts";

export interface AdmissionPorts {
  readonly env: Env;
  readonly counters: Counters;
  readonly policy: NodePolicy;
  /** Remembers which code broke the rules. */
  readonly records: Records;
  /** Shows the person a question. The answer is a rule of the policy. */
  ask(question: Question): void;
}

/** A peerlet that breaks the rules so often is not started again. A guess. */
const MOST_OFFENCES = 3;

export const QUARANTINED = `quarantined: its code broke the rules ${MOST_OFFENCES} times on this node`;
const DENIED_APPLICATION = "denied: this node's policy does not allow this application";
const DENIED_PUBLISHER = "denied: this node's policy does not allow its publisher";
const DENIED_ALL = "denied: this node's policy allows no application without a rule of its own";
const ASKING = "the person at this node has not allowed it yet";

export class Admission {
  readonly #ports: AdmissionPorts;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /**
   * Why an application may not run here, or null. `entry` is null for one that is only kept for
   * others. `byHand`: a person installs it now, and has seen the question.
   */
  refusalOf(manifest: Manifest, entry: Entry | null, byHand = false): string | null {
    const { appId, publisher, version, code } = manifest;
    const { policy } = this.#ports;
    const running = entry?.peerlet.package;
    const comes = running ? compareVersions(version, running.manifest.version) : 1;
    if (comes < 0)
      return `version ${version} is older than ${running!.manifest.version}, which is here`;
    if (comes === 0 && running!.manifest.code.sha256 !== code.sha256) {
      return `version ${version} is here already, with other code: a change needs a higher version`;
    }
    if (!byHand && this.offencesOf(manifest) >= MOST_OFFENCES) return QUARANTINED;
    switch (ruleFor(policy.state, appId, publisher)) {
      case "trust":
      case "allow":
        return null;
      case "deny":
        if (policy.state.rules[appId]) return DENIED_APPLICATION;
        return policy.state.rules[publisher] ? DENIED_PUBLISHER : DENIED_ALL;
      case "ask":
        return entry?.installedBy === "hand" ? null : ASKING;
    }
  }

  /** The same before its manifest is known: to get that, somebody would have to be asked. */
  refusalUnseen(appId: string): string | null {
    const { state } = this.#ports.policy;
    if (state.rules[appId] === "deny") return DENIED_APPLICATION;
    return deniesAll(state) ? DENIED_ALL : null;
  }

  /** The same for one that is known, after the policy changed. */
  refusalNow(entry: Entry): string | null {
    const { peerlet } = entry;
    // Of what is here, not of what was looked at last.
    const manifest = peerlet.package?.manifest ?? entry.manifest;
    if (manifest) return this.refusalOf(manifest, entry);
    // Of what is on its way more is known, and judged, when its manifest comes.
    return this.#ports.policy.state.rules[peerlet.appId] === "deny" ? DENIED_APPLICATION : null;
  }

  /** Ends it, if it runs, and says why. `retryInMs` 0: not before the policy changes. */
  refuse(entry: Entry, why: string, retryInMs = 0): void {
    const { env, counters } = this.#ports;
    counters.add("peerlets.refused");
    entry.retryAtMs = retryInMs === 0 ? Number.POSITIVE_INFINITY : env.clock.now() + retryInMs;
    entry.peerlet.stop(why === QUARANTINED ? "quarantined" : "refused", why);
    // Last: who is asked may answer at once.
    if (why === ASKING) this.#askOnce(entry);
  }

  #askOnce(entry: Entry): void {
    const { asked, manifest } = entry;
    if (asked || !manifest) return;
    entry.asked = true;
    const { appId, name, description, version, publisher, wants } = manifest;
    const source = entry.arrival.nodes.at(-1) ?? "";
    const uses = Object.keys(manifest.uses ?? {});
    this.#ports.ask({ appId, name, description, version, publisher, uses, wants, source });
  }

  /** What an application gets here if it runs. */
  grantOf({ appId, publisher, wants }: Manifest): Grant {
    const { state } = this.#ports.policy;
    return grantFor(state, wants, ruleFor(state, appId, publisher));
  }

  /** Only origins that the policy allows; a stranger's message alone makes no node contact a server. */
  allowedUrl(url: string | null): string | null {
    const origin = url === null ? null : originOf(url);
    return origin !== null && this.#ports.policy.codeServers.includes(origin) ? url : null;
  }

  /** How often the code of an application broke the rules. */
  offencesOf({ code }: Manifest): number {
    return this.#ports.records.offencesOf(code.sha256);
  }

  /** Its code broke a rule. True when that is once too often. */
  offend({ code }: Manifest): boolean {
    return this.#ports.records.offend(code.sha256) >= MOST_OFFENCES;
  }

  /** A person lets it try again. */
  pardon({ code }: Manifest): void {
    this.#ports.records.pardon(code.sha256);
  }
}
