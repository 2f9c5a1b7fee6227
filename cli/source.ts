/**
 * What an author writes: a folder with `manifest.json`, `peerlet.ts` (or .js),
 * and if it has one `view.ts` (or .js).
 *
 * The author's manifest lacks what follows from code and key; it has `name`,
 * `version` and `appType`, and if one likes `description`, `wants`, `uses`, `previous`.
 * `salt` is added by the first pack and must stay: the app id depends on it.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Json, readJson } from "../src/peer/canonical-json.ts";
import type { Wants } from "../src/peer/grant.ts";
import {
  API_VERSION,
  type PartRef,
  type UnsignedManifest,
  type Use,
  appIdOf,
  manifestBytes,
  readManifest,
} from "../src/peer/manifest.ts";
import { Failure, fileFailure } from "./failure.ts";

/** What a peerlet gets asked for that says nothing else. Guesses: enough for most, and little. */
export const DEFAULT_WANTS: Wants = {
  cpuShare: 0.1,
  storageBytes: 1_048_576,
  messagesPerSecond: 100,
  callsOpen: 32,
};

const FIELDS = ["name", "version", "description", "appType", "wants", "uses", "salt", "previous"];
const SALT_BYTES = 16;

export interface Source {
  /** Of the author's manifest. */
  readonly path: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, Json>>;
  readonly peerlet: string;
  readonly view: string | null;
}

export function readSource(folder: string): Source {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fileFailure("Cannot read", path, error);
  }
  const read = readJson(text);
  if (read.kind === "bad") throw new Failure(`${path}: ${read.why}.`);
  const fields = read.value;
  if (fields === null || typeof fields !== "object" || Array.isArray(fields)) {
    throw new Failure(`${path}: it is no object. Write { "name": …, "version": …, "appType": … }`);
  }
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    const hint =
      unknown === "signature" || unknown === "publisher"
        ? " This looks like a packed manifest: pack the folder it was made from."
        : "";
    throw new Failure(
      `${place(path, text, unknown)}: unknown field ${JSON.stringify(unknown)}. Known are ${FIELDS.join(", ")}.${hint}`,
    );
  }
  const peerlet = findModule(folder, "peerlet");
  if (peerlet === null) {
    throw new Failure(`${folder} has no peerlet.ts (or peerlet.js): that is where the code is.`);
  }
  return {
    path,
    text,
    fields: fields as Readonly<Record<string, Json>>,
    peerlet,
    view: findModule(folder, "view"),
  };
}

function findModule(folder: string, name: string): string | null {
  const found = [`${name}.ts`, `${name}.js`].filter((file) => existsSync(join(folder, file)));
  if (found.length > 1) {
    throw new Failure(`${folder} has both ${found.join(" and ")}. Keep one of them.`);
  }
  return found[0] === undefined ? null : join(folder, found[0]);
}

/** The applications whose services it calls, by name. */
export function usesOf({ path, text, fields }: Source): readonly string[] {
  const { uses } = { uses: undefined, ...fields } as { uses: Json | undefined };
  if (uses === undefined) return [];
  const isList = Array.isArray(uses) && uses.every((name) => typeof name === "string");
  if (isList) return uses;
  throw new Failure(
    `${place(path, text, "uses")}: uses is ${JSON.stringify(uses)}: it is a list of names of applications, like ["dht"].`,
  );
}

/** The salt of the source, or a fresh one. */
export function saltOf({ path, text, fields }: Source): string {
  const { salt } = { salt: undefined, ...fields } as { salt: Json | undefined };
  if (salt === undefined) return randomBytes(SALT_BYTES).toString("hex");
  if (typeof salt === "string" && /^[0-9a-f]{32}$/.test(salt)) return salt;
  throw new Failure(
    `${place(path, text, "salt")}: salt is ${JSON.stringify(salt)}: it is 32 lowercase hex digits. Take the old one back, or remove it for a new app id.`,
  );
}

/** Keeps a fresh salt in the source, so that the app id stays. All else in the file is left as it is. */
export function keepSalt({ path, text, fields }: Source, salt: string): void {
  if ("salt" in fields) return;
  try {
    writeFileSync(path, text.replace(/\s*\}\s*$/, `,\n  "salt": "${salt}"\n}\n`));
  } catch (error) {
    throw fileFailure("Cannot add the salt to", path, error);
  }
}

export interface Additions {
  readonly publisher: Uint8Array;
  readonly salt: string;
  readonly code: PartRef;
  readonly view: PartRef | null;
  readonly uses: Readonly<Record<string, Use>>;
}

/** All that is signed. A Failure names the author's file and line when a field is not within its bounds. */
export function composeManifest(source: Source, additions: Additions): UnsignedManifest {
  const { publisher, salt, code, view, uses } = additions;
  const { path, text } = source;
  const { uses: _names, ...fields } = source.fields;
  const candidate = {
    description: "",
    previous: null,
    ...fields,
    api: API_VERSION,
    appId: appIdOf(publisher, Buffer.from(salt, "hex")),
    code,
    publisher: Buffer.from(publisher).toString("hex"),
    salt,
    signature: "0".repeat(128),
    ...(Object.keys(uses).length > 0 && { uses }),
    view,
    wants: withDefaults(fields["wants"]),
  };
  const read = readManifest(
    manifestBytes(candidate as unknown as Parameters<typeof manifestBytes>[0]),
  );
  if (read.kind === "bad") {
    const [, field = ""] = /^(?:unknown field ")?([\w.]+)/.exec(read.why) ?? [];
    throw new Failure(`${place(path, text, field.split(".").at(-1)!)}: ${read.why}.`);
  }
  const { signature: _, ...unsigned } = read.manifest;
  return unsigned;
}

/** What is no object is left for the reader to refuse. */
function withDefaults(wants: Json | undefined): Json {
  if (wants === undefined) return { ...DEFAULT_WANTS };
  const isObject = wants !== null && typeof wants === "object" && !Array.isArray(wants);
  return isObject ? { ...DEFAULT_WANTS, ...(wants as Readonly<Record<string, Json>>) } : wants;
}

/** The file, and the line when the field's name is found in it. */
function place(path: string, text: string, field: string): string {
  const name = JSON.stringify(field).replaceAll(/[^\w"]/g, "\\$&");
  const at = text.search(new RegExp(`${name}\\s*:`));
  return at === -1 ? path : `${path}:${text.slice(0, at).split("\n").length}`;
}
