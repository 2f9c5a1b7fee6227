/**
 * Reads the options that clients give. One that is not known, or of another kind,
 * is refused: a group that was meant to be closed and is open shows itself to nobody.
 */
import { readOptions } from "../replicated/options.ts";
import { readHex } from "./reading.ts";

/** Of a secret. */
export const CREDENTIAL_BYTES = 32;

/** Options whose names are known, and nothing else. */
type Strange = Readonly<Record<string, unknown>>;

export interface Creating {
  readonly isClosed: boolean;
  /** "" when it is to be drawn, or there is none. */
  readonly credential: string;
}

export function readCreating(value: unknown): Creating {
  const { closed, credential } = readOptions<Strange>(value, ["closed", "credential"]);
  if (closed !== undefined && typeof closed !== "boolean") {
    throw new TypeError(
      "closed is true or false: true for a group that takes a credential to join",
    );
  }
  if (credential === undefined) return { isClosed: closed === true, credential: "" };
  if (closed === false) {
    throw new TypeError("an open group has no credential: say closed: true, or leave it out");
  }
  if (credential === "") {
    throw new TypeError("credential is 64 hex digits: leave it out to have one drawn");
  }
  return { isClosed: true, credential: readCredential(credential) };
}

/** The credential; "" when there is none. */
export function readJoining(value: unknown): string {
  const { credential } = readOptions<Strange>(value, ["credential"]);
  // What `create` answers for an open group is "".
  return credential === undefined || credential === "" ? "" : readCredential(credential);
}

/** After which number. */
export function readReceiving(value: unknown): number {
  const { after } = readOptions<Strange>(value, ["after"]);
  if (after === undefined) return 0;
  if (Number.isSafeInteger(after) && (after as number) >= 0) return after as number;
  throw new TypeError("after is the number of a message that came: a whole number from 0");
}

function readCredential(value: unknown): string {
  try {
    return readHex(value, CREDENTIAL_BYTES);
  } catch {
    throw new TypeError("credential is 64 hex digits: what create answered to who made the group");
  }
}
