/** What follows from a room's name: its group, its key, and where its history is. Who knows the name has them all. */
import { hexOf, utf8 } from "./bytes.ts";
import { derive } from "./crypto.ts";
import { sameName } from "./texts.ts";

/** Of a key of the dht, too. */
const GROUP_BYTES = 20;
const MAX_KEY_CHARS = 32;
const NO_SALT = new Uint8Array();

export interface RoomKeys {
  readonly group: string;
  readonly secret: Uint8Array;
  readonly lockKey: Uint8Array;
}

/** Under which a room is kept: names that look alike are one room. */
export function keyOfRoom(name: string): string {
  return `#${sameName(name)}`.slice(0, MAX_KEY_CHARS);
}

export function keysOfRoom(key: string): RoomKeys {
  const secret = derive(utf8(key), NO_SALT, "prost-im room");
  const group = hexOf(derive(secret, NO_SALT, "prost-im group", GROUP_BYTES));
  return { group, secret, lockKey: derive(secret, NO_SALT, "prost-im room key") };
}

/** Where the messages of one day are. */
export function bucketOf({ secret }: RoomKeys, day: number): string {
  return hexOf(derive(secret, utf8(String(day)), "prost-im room history", GROUP_BYTES));
}
