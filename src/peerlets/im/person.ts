/** Who one is: a key, kept on this node, that can be taken along as a text. */
import type { Prost } from "prost/sdk";
import { bytesOfHex, hexOf, isDate, isFields, utf8 } from "./bytes.ts";
import { KEY_BYTES, type Keys, keysOf, sha256 } from "./crypto.ts";
import { isName } from "./texts.ts";

const STORED = "person";
const EXPORT = "prost-im-key-1";
/** Of a check against slips of the pen, in hex digits. */
const CHECK_DIGITS = 8;
const GROUPS = 5;
const GROUP_DIGITS = 5;

export interface Person {
  readonly keys: Keys;
  /** "" until one has given it. */
  readonly name: string;
  /** Since when. */
  readonly since: number;
}

export async function loadPerson(prost: Prost): Promise<Person> {
  const stored = await prost.storage.get(STORED);
  const { seed, name, since } = isFields(stored) ? stored : {};
  if (seed instanceof Uint8Array && seed.length === KEY_BYTES) {
    const called = isName(name) ? name : "";
    return { keys: keysOf(seed), name: called, since: isDate(since) ? since : 0 };
  }
  const person = { keys: keysOf(prost.random.bytes(KEY_BYTES)), name: "", since: 0 };
  await savePerson(prost, person);
  return person;
}

export async function savePerson(prost: Prost, { keys, name, since }: Person): Promise<void> {
  await prost.storage.set(STORED, { seed: keys.seed, name, since });
}

/** All of a person, as a text to keep secret. */
export function exported({ seed }: Keys): string {
  const hex = hexOf(seed);
  return `${EXPORT} ${hex} ${checkOf(hex)}`;
}

export function imported(text: unknown): Keys {
  const [what, hex = "", check] = typeof text === "string" ? text.trim().split(/\s+/, 4) : [];
  if (what !== EXPORT || !/^[0-9a-f]{64}$/.test(hex)) {
    throw new TypeError(
      `a key is the whole text that was exported: "${EXPORT}" and two more words`,
    );
  }
  if (check !== checkOf(hex)) {
    throw new TypeError("the key is not what was exported: a character is wrong");
  }
  return keysOf(bytesOfHex(hex));
}

/** 25 decimal digits (83 bits) to compare with the other, by voice or side by side. */
export function fingerprintOf(publicKey: string): string {
  const hash = sha256(utf8("prost-im fingerprint"), bytesOfHex(publicKey));
  const number = BigInt(`0x${hexOf(hash)}`) % 10n ** BigInt(GROUPS * GROUP_DIGITS);
  const digits = number.toString().padStart(GROUPS * GROUP_DIGITS, "0");
  return digits.match(/\d{5}/g)!.join(" ");
}

function checkOf(hex: string): string {
  return hexOf(sha256(utf8(`${EXPORT} ${hex}`))).slice(0, CHECK_DIGITS);
}
