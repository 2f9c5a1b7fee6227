/**
 * What a peerlet is, wants, gets and uses, in words for people. Pure.
 */
import { ProstError } from "../base/errors.ts";
import type { Grant, Usage, Wants } from "../peer/grant.ts";
import type { InstalledPeerlet, PeerletState } from "../peer/peer.ts";
import { formatBytes, formatCount, formatRate, plural } from "./format.ts";

export const STATE_WORDS: Readonly<Record<PeerletState, string>> = {
  installing: "Installing",
  running: "Running",
  idle: "Idle",
  refused: "Refused",
  quarantined: "Quarantined",
};

export const APP_TYPE_WORDS: Readonly<Record<InstalledPeerlet["appType"], string>> = {
  "end-node": "runs where its messages end",
  "per-hop": "runs at every hop of its messages",
};

export function cameWords({ installedBy }: Pick<InstalledPeerlet, "installedBy">): string {
  return installedBy === "hand" ? "installed by hand" : "came by itself";
}

const SHARES: readonly (readonly [number, string])[] = [
  [1, "a whole core"],
  [0.75, "three quarters of one core"],
  [0.5, "half of one core"],
  [0.25, "a quarter of one core"],
  [0.2, "a fifth of one core"],
  [0.1, "a tenth of one core"],
  [0.05, "a twentieth of one core"],
  [0.02, "a fiftieth of one core"],
  [0.01, "a hundredth of one core"],
];

/** "a tenth of one core", "7% of one core". */
export function shareWords(share: number): string {
  const named = SHARES.find(([value]) => Math.abs(value - share) < 0.0005);
  return named?.[1] ?? `${formatPercent(share)} of one core`;
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  if (percent === 0) return "0%";
  if (percent < 0.95) return percent < 0.1 ? "under 0.1%" : `${percent.toFixed(1)}%`;
  return `${Math.round(percent)}%`;
}

/** A line for each thing; the same words serve for what it gets. */
/** Names have been checked: letters, digits, "-". */
export function needsWords(uses: readonly string[]): string {
  return uses.length === 0 ? "no other application" : `${uses.join(", ")}, on this node too`;
}

export function wantsWords(wants: Wants): string[] {
  return [
    `up to ${shareWords(wants.cpuShare)}`,
    wants.storageBytes === 0 ? "no storage" : `${roundBytes(wants.storageBytes)} of storage`,
    `${plural(wants.messagesPerSecond, "message")} a second`,
    `${plural(wants.callsOpen, "call")} at once`,
  ];
}

/** "5 MB", where a table would say "5.0 MB". */
function roundBytes(bytes: number): string {
  return formatBytes(bytes).replace(".0 ", " ");
}

export interface MeterWords {
  readonly label: string;
  /** From 0 to 1, and no further: more than the grant is never used for long. */
  readonly ratio: number;
  /** Short, for the eye: "3 of 50/s". */
  readonly text: string;
}

export function meters(usage: Usage, grant: Grant): MeterWords[] {
  return [
    meter("CPU", usage.cpuShare, grant.cpuShare, formatPercent),
    meter("Storage", usage.storageBytes, grant.storageBytes, roundBytes),
    meter("Messages", usage.messagesPerSecond, grant.messagesPerSecond, formatRate, "/s"),
    meter("Calls", usage.callsOpen, grant.callsOpen, formatCount),
  ];
}

function meter(
  label: string,
  used: number,
  granted: number,
  format: (value: number) => string,
  unit = "",
): MeterWords {
  const ratio = granted > 0 ? Math.min(1, Math.max(0, used / granted)) : 0;
  return { label, ratio, text: `${format(used)} of ${format(granted)}${unit}` };
}

/** A reason as a sentence: reasons are written to follow a colon. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const [first = ""] = trimmed;
  return stopped(first.toUpperCase() + trimmed.slice(first.length));
}

function stopped(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What went wrong with an install, a view, an uninstall, or a change of the policy. */
export function failureWords(error: unknown): string {
  if (error instanceof ProstError) {
    switch (error.code) {
      case "closed":
        return "This node has left the ring. Join again first.";
      case "bad-package":
        return `Not a good package, so nothing of it ran: ${stopped(error.message)}`;
      case "refused":
        return `Refused by this node: ${stopped(error.message)}`;
      case "not-found":
        return `Not found: ${stopped(error.message)}`;
      case "bad-parameter":
      case "no-answer":
      case "no-webrtc":
      case "insecure-context":
        return sentence(error.message);
    }
  }
  return sentence(error instanceof Error ? error.message : String(error));
}
