/** What this node's view, its page and other applications on it may call. Mistakes of callers are thrown. */
import type { Plain, Prost, RemotePeerlet } from "prost/sdk";
import type { Client } from "../replicated/client.ts";
import { PUBLIC_KEY_BYTES, publicKeyOf, sha256, sign } from "../replicated/crypto.ts";
import { DEFAULT_READ, DEFAULT_WRITE, MAX_PAGE_RECORDS, REPLICAS } from "../replicated/limits.ts";
import { readOptions } from "../replicated/options.ts";
import { hex, isCount, isSlot } from "../replicated/rules.ts";
import { checkKey, checkTtl, foundOf } from "./found.ts";
import { DEFAULT_TTL_MS, MAX_NAME_CHARS, MAX_VALUE_BYTES, MIN_TTL_MS } from "./limits.ts";
import {
  type DhtRecord,
  type Query,
  isGenuine,
  isHash,
  isName,
  isSecret,
  keyOfSigned,
  keyOfValue,
  plainOf,
  readRecord,
  signedBytes,
  tooLarge,
} from "./records.ts";
import type { AtDht } from "./removal.ts";

export interface WriteOptions {
  /** How long it is kept, in ms: 1,000 to 604,800,000; default 3,600,000. */
  readonly ttlMs?: number;
  /** Replicas that must have it before this resolves: 1 to 4; default 2. */
  readonly write?: number;
}

export interface PutOptions extends WriteOptions {
  /** Who knows it can remove the value: 1 to 64 bytes, or a text of as many. */
  readonly secret?: Uint8Array | string;
}

export interface RemoveOptions {
  /** SHA-256 of the one value to remove, 64 hex digits; all that have the secret without it. */
  readonly hash?: string | null;
  readonly write?: number;
}

export interface GetOptions {
  /** Only records of this kind. */
  readonly kind?: "value" | "hash" | "signed";
  /** At most so many values: 1 to 100; default 100. */
  readonly limit?: number;
  /** Where an earlier page ended. */
  readonly cursor?: string | null;
  /** Replicas that must answer: 1 to 4; default 1. */
  readonly read?: number;
}

export interface Signed {
  readonly publicKey: Uint8Array;
  readonly name: string;
  /** Of two records of one owner and name the higher one holds. */
  readonly sequence: number;
  readonly value: Uint8Array | string;
  readonly signature: Uint8Array;
}

export function localMethods(
  prost: Prost,
  client: Client<DhtRecord, Query>,
  stats: () => { readonly [name: string]: number },
) {
  const put = async (record: DhtRecord, { ttlMs, write }: WriteOptions) => {
    const forMs = checkTtl(ttlMs ?? DEFAULT_TTL_MS, MIN_TTL_MS);
    const read = readRecord(plainOf(record, forMs));
    if (read.kind === "bad") throw new TypeError(read.why);
    // Better told here than by four nodes.
    if (!isGenuine(record)) throw new TypeError("the signature is not its owner's");
    const nodes = await client.put(record, forMs, checkCount(write ?? DEFAULT_WRITE, "write"));
    return { key: record.key, id: read.slot, nodes };
  };
  const stamp = () => prost.clock.date();

  return {
    keyOf: (name: string) => {
      if (typeof name !== "string") throw new TypeError("a name is a text");
      return prost.keyOf(name);
    },
    /** Adds a value to those under `key`; the same one again renews it. */
    put: (key: string, value: Uint8Array | string, options?: PutOptions) => {
      const read = readOptions<PutOptions>(options, ["ttlMs", "write", "secret"]);
      const secretHash = read.secret === undefined ? "" : hex(sha256(bytesOfSecret(read.secret)));
      const record = { key: checkKey(key), value: bytesOf(value), secretHash, stamp: stamp() };
      return put({ kind: "value", ...record }, read);
    },
    /** Under the hash of the value, where nothing else can be. Answers the key. */
    putHash: (value: Uint8Array | string, options?: WriteOptions) => {
      const bytes = bytesOf(value);
      const key = keyOfValue(bytes);
      return put({ kind: "hash", key, value: bytes, stamp: stamp() }, writeOptions(options));
    },
    /** Under the hash of public key and name, where only the owner can write. Answers the key. */
    putSigned: (signed: Signed, options?: WriteOptions) => {
      if (typeof signed !== "object" || signed === null) {
        throw new TypeError("a signed record is what sign() makes");
      }
      const { publicKey, name, sequence, signature } = signed;
      const key = keyOfSigned(checkPublicKey(publicKey), checkName(name));
      const value = bytesOf(signed.value);
      const record = { key, value, publicKey, name, sequence, signature, stamp: stamp() };
      return put({ kind: "signed", ...record }, writeOptions(options));
    },
    /** Makes what `putSigned` takes, with 32 secret bytes that stay on this node. */
    sign: (
      secret: Uint8Array,
      name: string,
      sequence: number,
      value: Uint8Array | string,
    ): Signed => {
      if (!(secret instanceof Uint8Array) || secret.length !== 32) {
        throw new TypeError("the secret to sign with has 32 bytes");
      }
      if (!isCount(sequence)) throw new TypeError("a sequence number is a whole number from 0");
      checkName(name);
      const publicKey = publicKeyOf(secret);
      const bytes = bytesOf(value);
      const signature = sign(secret, signedBytes(publicKey, name, sequence, bytes));
      return { publicKey, name, sequence, value: bytes, signature };
    },
    /** The key of a signed record. */
    keyOfSigned: (publicKey: Uint8Array, name: string) =>
      keyOfSigned(checkPublicKey(publicKey), checkName(name)),
    get: async (key: string, options?: GetOptions) => {
      const names = ["kind", "limit", "cursor", "read"] as const;
      const {
        kind = null,
        limit = MAX_PAGE_RECORDS,
        cursor,
        read,
      } = readOptions<GetOptions>(options, names);
      if (kind !== null && !["value", "hash", "signed"].includes(kind)) {
        throw new TypeError("kind is value, hash or signed");
      }
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_RECORDS) {
        throw new TypeError(`limit is from 1 to ${MAX_PAGE_RECORDS}`);
      }
      const after = cursor ?? "";
      if (after !== "" && !isSlot(after)) throw new TypeError("a cursor is what a page ended with");
      const query = { key: checkKey(key), recordKind: kind, after, limit, withRemoved: true };
      const page = await client.get(query, checkCount(read ?? DEFAULT_READ, "read"));
      return { values: page.found.map(foundOf), cursor: page.cursor, nodes: page.nodes };
    },
    /** Removes the values under `key` that were put with this secret; `hash` names one of them. */
    remove: async (key: string, secret: Uint8Array | string, options?: RemoveOptions) => {
      const { hash = null, write = DEFAULT_WRITE } = readOptions<RemoveOptions>(options, [
        "hash",
        "write",
      ]);
      if (hash !== null && !isHash(hash)) throw new TypeError("a hash has 64 hex digits");
      const bytes = bytesOfSecret(secret);
      const count = checkCount(write, "write");
      const written = await client.write(checkKey(key), (there) =>
        (there as RemotePeerlet<AtDht>).remove(key, bytes, hash, count),
      );
      return { removed: written.removed, nodes: written.acks };
    },
    /** The replicas of a key, the root first, and what each says that it has. */
    where: (key: string): Promise<Plain[]> => client.where(checkKey(key)),
    stats,
  };
}

function writeOptions(options: unknown): WriteOptions {
  return readOptions<WriteOptions>(options, ["ttlMs", "write"]);
}

function checkName(name: unknown): string {
  if (isName(name)) return name;
  throw new TypeError(`the name of a signed record has 1 to ${MAX_NAME_CHARS} characters`);
}

function checkPublicKey(key: unknown): Uint8Array {
  if (key instanceof Uint8Array && key.length === PUBLIC_KEY_BYTES) return key;
  throw new TypeError(`a public key has ${PUBLIC_KEY_BYTES} bytes`);
}

export type LocalMethods = ReturnType<typeof localMethods>;

function bytesOf(value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) throw new TypeError("a value is bytes or a text");
  if (bytes.length > MAX_VALUE_BYTES) throw new RangeError(tooLarge(bytes));
  return bytes;
}

function bytesOfSecret(secret: unknown): Uint8Array {
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  if (isSecret(bytes)) return bytes;
  throw new TypeError("a secret has 1 to 64 bytes");
}

function checkCount(count: number, what: string): number {
  if (Number.isInteger(count) && count >= 1 && count <= REPLICAS) return count;
  throw new TypeError(`${what} is from 1 to ${REPLICAS} replicas`);
}
