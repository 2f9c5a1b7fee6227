/**
 * The node's budgets as a person edits them: each in a unit of its own, within bounds. Pure.
 */
import type { Budgets } from "../peer/peer.ts";

export interface BudgetField {
  readonly name: keyof Budgets;
  readonly label: string;
  readonly unit: string;
  /** How much of the policy's unit one of the person's is. */
  readonly scale: number;
  /** In the person's unit. */
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const KIB = 1024;
const MIB = 1024 * 1024;

/** Within what a policy takes: see MOST_BUDGETS in `policy.ts`. */
export const BUDGET_FIELDS: readonly BudgetField[] = [
  field("cpuShare", "CPU", "% of one core", 0.01, 0.1, 100),
  field("memoryBytes", "Memory", "MiB", MIB, 1, 4_096),
  field("storageBytes", "Storage", "MiB", MIB, 0.001, 1_024),
  field("messagesPerSecond", "Messages", "a second", 1, 1, 100_000),
  field("bytesPerSecond", "Bytes", "KiB a second", KIB, 1, 262_144),
  field("callsOpen", "Calls", "open at once", 1, 1, 4_096),
  field("running", "Running at once", "applications", 1, 1, 256),
  field("packageBytes", "Packages kept", "MiB in all", MIB, 1, 4_096),
];

function field(
  name: keyof Budgets,
  label: string,
  unit: string,
  scale: number,
  least: number,
  most: number,
): BudgetField {
  return { name, label, unit, scale, least, most, isWhole: scale === 1 };
}

export type BudgetRead =
  | { readonly kind: "value"; readonly value: number }
  /** `why` is a sentence for the person. */
  | { readonly kind: "invalid"; readonly why: string };

/** As the field shows it: without the dust that the scale leaves. */
export function budgetText({ scale }: BudgetField, value: number): string {
  return String(Number((value / scale).toPrecision(8)));
}

export function readBudget({ scale, least, most, isWhole }: BudgetField, text: string): BudgetRead {
  const number = text.trim() === "" ? Number.NaN : Number(text.trim().replace(",", "."));
  const range = `from ${least} to ${most}`;
  if (!Number.isFinite(number)) return { kind: "invalid", why: `A number ${range}.` };
  if (number < least || number > most) return { kind: "invalid", why: `It goes ${range}.` };
  if (isWhole && !Number.isInteger(number)) return { kind: "invalid", why: "A whole number." };
  const value = number * scale;
  return { kind: "value", value: scale >= 1 ? Math.round(value) : Number(value.toPrecision(6)) };
}
