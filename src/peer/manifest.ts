/**
 * What a package declares about itself: its form, its bounds, its signature,
 * its hash.
 *
 * A manifest comes from a stranger. `readManifest` takes any spelling of the
 * JSON but only known fields within their bounds, and answers the one canonical
 * form (RFC 8785), whose SHA-256 is the package's address. The signature covers
 * that form without the field `signature`. The app id follows from the
 * publisher's key and a salt, so nobody can publish under another's app id.
 *
 * Whether a good manifest is also welcome is a matter of `policy.ts`.
 */
import { Malformed, concat, textOfUtf8, utf8 } from "../base/bytes.ts";
import { sha256 } from "../id/hash.ts";
import { hexOf, writeHex } from "../id/id.ts";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type Verify } from "../id/identity.ts";
import type { AppType } from "../kbr/kbr.ts";
import { canonicalJson, quote, readJson } from "./canonical-json.ts";
import { Fields, Refused } from "./fields.ts";
import type { Wants } from "./grant.ts";
import { MAX_VERSION_CHARS, isVersion } from "./version.ts";

export { compareVersions } from "./version.ts";

/** The host interface that the code is written for. */
export const API_VERSION = 1;

/** The largest possible one has about 1,800 bytes in canonical form; the rest is for indentation. */
export const MAX_MANIFEST_BYTES = 4_096;
/** A guess: applications of some thousand lines, minified, stay below. */
export const MAX_CODE_BYTES = 524_288;
/** A guess: a view may bring a small framework and pictures as data. */
export const MAX_VIEW_BYTES = 1_048_576;

/** Characters; both are guesses at what a page can show in one line, and in a question. */
const MAX_NAME_CHARS = 32;
const MAX_DESCRIPTION_CHARS = 200;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const APP_ID_BYTES = 16;
/** Each is installed with the application; a guess at what a person can still judge. */
const MAX_USES = 8;

/**
 * What may be asked for at all; a node's policy gives less. Guesses: the
 * storage is what browsers let one site use without a question, times a small
 * share; more messages than this keep a core busy with passing them.
 */
const MOST: Wants = {
  cpuShare: 1,
  storageBytes: 268_435_456,
  messagesPerSecond: 10_000,
  callsOpen: 1_024,
};

/** One ES module of the package. */
export interface PartRef {
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** Another application whose service it calls on its own node: installed with it, under the same policy. */
export interface Use {
  readonly appId: string;
  /** A package of it that will do; so will others of the application. 64 hex digits. */
  readonly hash: string;
}

export interface Manifest {
  readonly api: typeof API_VERSION;
  /** 32 hex digits: see `appIdOf`. */
  readonly appId: string;
  readonly appType: AppType;
  readonly code: PartRef;
  /** One line for people; may be empty. */
  readonly description: string;
  /** 1 to 32 lowercase letters, digits, "-". */
  readonly name: string;
  /** The address of the package that this one replaces. */
  readonly previous: string | null;
  /** The Ed25519 public key, 64 hex digits. */
  readonly publisher: string;
  /** 32 hex digits: one publisher may have many applications. */
  readonly salt: string;
  /** 128 hex digits. */
  readonly signature: string;
  /** By the names of those applications. Left out when there are none. */
  readonly uses?: Readonly<Record<string, Use>>;
  readonly version: string;
  readonly view: PartRef | null;
  readonly wants: Wants;
}

export type UnsignedManifest = Omit<Manifest, "signature">;

export type ManifestRead =
  | {
      readonly kind: "manifest";
      readonly manifest: Manifest;
      /** The canonical form, signature included. */
      readonly bytes: Uint8Array;
      /** SHA-256 of these bytes, 64 hex digits: the package's address. */
      readonly hash: string;
    }
  /** In words for people; of the stranger's own text it quotes only a start. */
  | { readonly kind: "bad"; readonly why: string };

/** Checks everything but the signature, for which see `verifySignature`. Never throws. */
export function readManifest(bytes: Uint8Array): ManifestRead {
  try {
    if (bytes.length > MAX_MANIFEST_BYTES) throw tooLong(bytes.length);
    const read = readJson(readText(bytes));
    if (read.kind === "bad") return { kind: "bad", why: `the manifest: ${read.why}` };
    const manifest = manifestOf(new Fields(read.value, ""));
    const canonical = manifestBytes(manifest);
    // 1e9 grows by being spelt out.
    if (canonical.length > MAX_MANIFEST_BYTES) throw tooLong(canonical.length);
    return { kind: "manifest", manifest, bytes: canonical, hash: hexSha256(canonical) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: "bad", why: error.message };
  }
}

function tooLong(length: number): Refused {
  return new Refused(`the manifest has ${length} bytes: it has at most ${MAX_MANIFEST_BYTES}`);
}

function readText(bytes: Uint8Array): string {
  try {
    return textOfUtf8(bytes);
  } catch (error) {
    if (error instanceof Malformed) throw new Refused("the manifest is not UTF-8 text");
    throw error;
  }
}

function manifestOf(fields: Fields): Manifest {
  // First: what another version's manifest holds, nobody can know.
  const api = fields.number(
    "api",
    (value) => value === API_VERSION,
    `it is ${API_VERSION}, or this node is too old or too new`,
  );
  const appType = fields.oneOf<AppType>("appType", ["end-node", "per-hop"]);
  const manifest: Manifest = {
    api: api as typeof API_VERSION,
    appId: fields.hex("appId", APP_ID_BYTES),
    appType,
    code: readPart(fields.object("code"), MAX_CODE_BYTES),
    description: fields.text(
      "description",
      isDescription,
      `it is one line of at most ${MAX_DESCRIPTION_CHARS} characters, none of them invisible`,
    ),
    name: fields.text(
      "name",
      isName,
      `it is 1 to ${MAX_NAME_CHARS} lowercase letters, digits and "-"`,
    ),
    previous: fields.isNull("previous") ? null : fields.hex("previous", HASH_BYTES),
    publisher: fields.hex("publisher", PUBLIC_KEY_BYTES),
    salt: fields.hex("salt", SALT_BYTES),
    signature: fields.hex("signature", SIGNATURE_BYTES),
    ...(fields.has("uses") && { uses: readUses(fields.object("uses")) }),
    version: fields.text(
      "version",
      isVersion,
      `it is like 1.2.3 or 1.2.3-beta.1, at most ${MAX_VERSION_CHARS} characters`,
    ),
    view: fields.isNull("view") ? null : readPart(fields.object("view"), MAX_VIEW_BYTES),
    wants: readWants(fields.object("wants")),
  };
  fields.end();
  checkAppId(manifest);
  return manifest;
}

function readPart(fields: Fields, most: number): PartRef {
  const part = {
    bytes: fields.integer("bytes", 1, most),
    sha256: fields.hex("sha256", HASH_BYTES),
  };
  fields.end();
  return part;
}

function readWants(fields: Fields): Wants {
  const wants = {
    cpuShare: fields.number(
      "cpuShare",
      (share) => share > 0 && share <= MOST.cpuShare,
      `it is above 0 and at most ${MOST.cpuShare}`,
    ),
    storageBytes: fields.integer("storageBytes", 0, MOST.storageBytes),
    messagesPerSecond: fields.integer("messagesPerSecond", 1, MOST.messagesPerSecond),
    callsOpen: fields.integer("callsOpen", 1, MOST.callsOpen),
  };
  fields.end();
  return wants;
}

function readUses(fields: Fields): Readonly<Record<string, Use>> {
  const { names } = fields;
  if (names.length === 0 || names.length > MAX_USES) {
    throw new Refused(`uses names 1 to ${MAX_USES} applications; leave it out when there are none`);
  }
  const uses = names.map((name) => {
    if (!isName(name)) throw new Refused(`uses: ${quote(name)} is no name of an application`);
    const use = fields.object(name);
    const read = { appId: use.hex("appId", APP_ID_BYTES), hash: use.hex("hash", HASH_BYTES) };
    use.end();
    return [name, read] as const;
  });
  return Object.fromEntries(uses);
}

function isName(text: string): boolean {
  return text.length <= MAX_NAME_CHARS && /^[a-z0-9-]+$/.test(text);
}

/** Control characters, and those that turn the direction of text, could make a question say another thing than it does. */
function isDescription(text: string): boolean {
  return (
    text.length <= MAX_DESCRIPTION_CHARS && !/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text)
  );
}

function checkAppId({ appId, publisher, salt, uses }: Manifest): void {
  const isCircular = Object.values(uses ?? {}).some((use) => use.appId === appId);
  if (isCircular) throw new Refused("uses names the application itself");
  if (isReserved(appId)) throw new Refused(`appId is ${appId}: that is one of the overlay's own`);
  if (appIdOf(bytesOfHex(publisher), bytesOfHex(salt)) !== appId) {
    throw new Refused("the app id does not belong to this publisher and salt");
  }
}

/** The overlay's own messages: all but the last byte are zero. Nobody finds a salt for one; refused all the same. */
function isReserved(appId: string): boolean {
  return appId.startsWith("0".repeat(2 * (APP_ID_BYTES - 1)));
}

/** The first 128 bits of SHA-256("prost-app" || publisher's key || salt), in hex. */
export function appIdOf(publisher: Uint8Array, salt: Uint8Array): string {
  return hexOf(sha256(concat(utf8("prost-app"), publisher, salt)), 0, APP_ID_BYTES);
}

/** What the publisher signs: the canonical form without `signature`. */
export function signingBytes(manifest: UnsignedManifest | Manifest): Uint8Array {
  const { signature: _, ...unsigned } = { signature: "", ...manifest };
  return utf8(canonicalJson(unsigned));
}

/** The canonical form, which is hashed, kept and sent. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return utf8(canonicalJson(manifest));
}

/** Ed25519, by the publisher's key that the manifest names. `done` is called once, now or later. */
export function verifySignature(
  manifest: Manifest,
  verify: Verify,
  done: (isGood: boolean) => void,
): void {
  const { publisher, signature } = manifest;
  verify(bytesOfHex(publisher), signingBytes(manifest), bytesOfHex(signature), done);
}

/** Null when `bytes` are the code, or the view, that the manifest names; else what is wrong. */
export function checkCode(
  manifest: Manifest,
  part: "code" | "view",
  bytes: Uint8Array,
): string | null {
  const named = manifest[part];
  if (named === null) return "the manifest names no view";
  if (bytes.length !== named.bytes) {
    return `the ${part} has ${bytes.length} bytes, the manifest says ${named.bytes}`;
  }
  const hash = hexSha256(bytes);
  if (hash === named.sha256) return null;
  return `the ${part}'s SHA-256 is ${hash}, the manifest says ${named.sha256}`;
}

function hexSha256(bytes: Uint8Array): string {
  return hexOf(sha256(bytes), 0, HASH_BYTES);
}

/** An even number of lowercase hex digits, already checked. */
function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  writeHex(hex, bytes, 0);
  return bytes;
}
