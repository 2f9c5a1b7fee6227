/**
 * The file with a publisher's secret key: whoever has it can publish and
 * upgrade under this publisher's app ids.
 *
 *     # PROST publisher key: keep it secret, and keep a copy
 *     # publisher <64 hex digits: the public key>
 *     <64 hex digits: the Ed25519 secret>
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type Identity, identityFromSecret } from "../src/id/identity.ts";
import { Failure, fileFailure } from "./failure.ts";

/** Only its owner may read it. */
const MODE = 0o600;

/** This machine's key, that the build signs with as well: PROST_KEY, or in the user's configuration folder. */
export function defaultKeyPath(): string {
  const named = process.env["PROST_KEY"];
  if (named) return named;
  const folder =
    process.platform === "win32" ? process.env["APPDATA"] : process.env["XDG_CONFIG_HOME"];
  return join(folder || join(homedir(), ".config"), "prost", "publisher.key");
}

/** Makes a key; never replaces a file that is there. */
export function makeKey(path: string): Identity {
  const secret = new Uint8Array(randomBytes(32));
  const identity = identityFromSecret(secret);
  const text = [
    "# PROST publisher key: keep it secret, and keep a copy",
    `# publisher ${hex(identity.publicKey)}`,
    hex(secret),
    "",
  ].join("\n");
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: "wx", mode: MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new Failure(
        `${path} is there already, and a key that is lost cannot be made again. Use it, or name another file with --out.`,
      );
    }
    throw fileFailure("Cannot write the key", path, error);
  }
  return identity;
}

export function readKey(path: string): Identity {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (!isAbsent) throw fileFailure("Cannot read the key", path, error);
    throw new Failure(
      `There is no key at ${path}. Make one with "prost keygen", or name yours with --key.`,
    );
  }
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
  const [secret] = lines;
  if (lines.length !== 1 || !/^[0-9a-f]{64}$/.test(secret!)) {
    throw new Failure(
      `${path} is no PROST key: beside comments it has one line of 64 lowercase hex digits.`,
    );
  }
  return identityFromSecret(new Uint8Array(Buffer.from(secret!, "hex")));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
