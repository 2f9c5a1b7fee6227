/**
 * What nodes of an application that replicates may call on each other.
 *
 * | method    | called by                        | does                                                     |
 * | --------- | -------------------------------- | -------------------------------------------------------- |
 * | `put`     | whoever writes, at the root      | keeps the record, and has the other replicas keep it     |
 * | `get`     | whoever reads, at the root       | a page; asks the others when this node is too new to know |
 * | `page`    | a root, or a reader of several   | a page of what this node has, as it is                   |
 * | `store`   | a root, a partner                | keeps records                                            |
 * | `compare` | a partner                        | what differs in a piece of the ring                      |
 * | `fetch`   | a partner                        | records by slot                                          |
 * | `lacks`   | who keeps what it should not     | which of these records this node, their keeper, lacks    |
 * | `holds`   | anybody                          | what this node has under a key, without the values       |
 *
 * All arguments are a stranger's, and so are all answers: `unknown` until read.
 */
import type { Plain } from "prost/sdk";
import { isKey } from "./arcs.ts";
import { MAX_PAGE_RECORDS } from "./limits.ts";
import { type BaseQuery, type PlainRecord, isSlot } from "./rules.ts";

export interface AtReplica {
  put(caller: string, record: PlainRecord, write: number): Promise<Plain>;
  get(caller: string, query: Plain): Promise<Plain>;
  page(caller: string, query: Plain): Promise<Plain>;
  store(caller: string, records: readonly PlainRecord[]): Promise<Plain>;
  compare(caller: string, low: string, high: string, count: number, digest: string): Promise<Plain>;
  fetch(caller: string, slots: readonly string[]): Promise<Plain>;
  lacks(caller: string, items: readonly Plain[]): Promise<Plain>;
  holds(caller: string, key: string): Promise<Plain>;
}

/** Answers of `put`, and of whatever else writes. */
export type Written =
  | { readonly kind: "written"; readonly acks: readonly string[]; readonly removed: number }
  /** It will never be taken as it is. */
  | { readonly kind: "refused"; readonly why: string }
  /** Not here, or not now: look the key up again. */
  | { readonly kind: "later"; readonly why: string };

/** Answers of `get` and `page`. */
export type Paged =
  | {
      readonly kind: "page";
      readonly records: readonly PlainRecord[];
      readonly more: boolean;
      /** Slots up to this one were looked through, whatever the last record is; "" for no more than that. */
      readonly upTo: string;
    }
  | { readonly kind: "later"; readonly why: string };

/** Answers of `compare`. */
export type Compared =
  | { readonly kind: "same" }
  /** Slot and version of each record, in one text. */
  | { readonly kind: "list"; readonly items: readonly string[] }
  /** The piece in parts, each up to and with `to`. */
  | {
      readonly kind: "parts";
      readonly parts: readonly {
        readonly to: string;
        readonly count: number;
        readonly digest: string;
      }[];
    };

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An answer of `store`: the record is there. */
export function isStored(answer: unknown): boolean {
  return answer === "ok" || answer === "first";
}

export function readWritten(answer: unknown, mostAcks: number): Written {
  if (isObject(answer)) {
    const { kind, why, acks, removed } = answer;
    if (kind === "refused" || kind === "later") return { kind, why: String(why).slice(0, 300) };
    if (kind === "written" && Array.isArray(acks) && acks.length <= mostAcks) {
      const count = typeof removed === "number" && removed >= 0 ? removed : 0;
      return { kind, acks: acks.map((ack) => String(ack).slice(0, 40)), removed: count };
    }
  }
  return { kind: "later", why: "the node's answer makes no sense" };
}

/** Null for what is no page. */
export function readPage(answer: unknown): Extract<Paged, { kind: "page" }> | null {
  if (!isObject(answer) || answer["kind"] !== "page") return null;
  const { records, more, upTo } = answer;
  if (!Array.isArray(records) || records.length > MAX_PAGE_RECORDS) return null;
  return {
    kind: "page",
    records: records as PlainRecord[],
    more: more === true,
    upTo: isSlot(upTo) ? upTo : "",
  };
}

/** What every query has; null for what is none. Whatever else it asks is for the application. */
export function readBaseQuery(asked: unknown): BaseQuery | null {
  if (!isObject(asked)) return null;
  const { key, after, limit, withRemoved } = asked;
  const isSound =
    isKey(key) &&
    (after === "" || isSlot(after)) &&
    typeof limit === "number" &&
    Number.isInteger(limit) &&
    limit >= 1;
  if (!isSound) return null;
  const most = Math.min(limit, MAX_PAGE_RECORDS);
  return { key, after, limit: most, withRemoved: withRemoved === true };
}
