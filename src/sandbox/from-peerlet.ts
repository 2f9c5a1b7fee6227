/**
 * Reads what came from the worker of a peerlet. It may be anything that the
 * structured clone algorithm passes: what leaves here is a message of the
 * table, made of fresh plain data within the grant.
 *
 * An honest bootstrap checks before it sends, so that an author hears of a
 * mistake as an error. What is refused here was therefore sent by somebody who
 * got around the bootstrap: an offence.
 */
import { type Plain, rebuildPlain } from "../base/plain.ts";
import type { Grant } from "../peer/grant.ts";
import {
  type CallErrorCode,
  HOST_METHODS,
  type HostMethod,
  type Offered,
  PLAIN_DEPTH,
  PLAIN_NODES,
} from "../peer/sandbox.ts";
import { type FromPeerlet, isMethodName, MAX_METHODS } from "./messages.ts";

export type ReadMessage =
  | { readonly kind: "message"; readonly message: FromPeerlet; readonly bytes: number }
  | { readonly kind: "refused"; readonly why: string };

/** The end of a text is cut here; for people, and bounded because it travels. Guess. */
export const MAX_WHY_CHARS = 500;

const METHODS: ReadonlySet<unknown> = new Set(HOST_METHODS);

/** They have no answer. */
export const TELLING: ReadonlySet<unknown> = new Set(["log", "emit"] satisfies HostMethod[]);

/** The other codes are not a peerlet's to give. */
const ERROR_CODES: ReadonlySet<unknown> = new Set([
  "failed",
  "no-such-method",
  "bad-parameter",
] satisfies CallErrorCode[]);

const UPCALLS = ["deliver", "forward", "update", "told"] as const;

export function readFromPeerlet(data: unknown, grant: Grant): ReadMessage {
  if (!Array.isArray(data)) return refused("it is not a message");
  const items: readonly unknown[] = data;
  switch (items[0]) {
    case "pong":
      return isId(items[1]) ? message(["pong", items[1]], 0) : refused("a pong has a number");
    case "closed":
      return message(["closed"], 0);
    case "violations":
      return message(["violations"], 0);
    case "call":
      return readCall(items, grant);
    case "value":
      return readValue(items, grant);
    case "error":
      return readError(items);
    case "failed":
      return message(["failed", cut(items[1])], 0);
    case "ready":
      return readOffered(items[1]);
    default:
      return refused("its tag is unknown");
  }
}

function readCall(items: readonly unknown[], grant: Grant): ReadMessage {
  const [, id, method] = items;
  if (!METHODS.has(method)) return refused("it calls a method that the host does not have");
  if (!isId(id) || (id === 0) !== TELLING.has(method)) return refused("its call's id is wrong");
  const args = rebuild(items[3], grant);
  if (args.kind === "refused") return refused(`an argument cannot pass: ${args.why}`);
  if (!Array.isArray(args.value)) return refused("its arguments are not a list");
  return message(["call", id, method as HostMethod, args.value as Plain[]], args.bytes);
}

function readValue(items: readonly unknown[], grant: Grant): ReadMessage {
  const id = items[1];
  if (!isId(id)) return refused("its answer's id is wrong");
  const value = rebuild(items[2], grant);
  if (value.kind === "refused") return refused(`an answer cannot pass: ${value.why}`);
  return message(["value", id, value.value], value.bytes);
}

function readError(items: readonly unknown[]): ReadMessage {
  const [, id, code, why] = items;
  if (!isId(id)) return refused("its answer's id is wrong");
  if (!ERROR_CODES.has(code)) return refused("its error's code is unknown");
  const text = cut(why);
  return message(["error", id, code as CallErrorCode, text], 2 * text.length);
}

function readOffered(value: unknown): ReadMessage {
  const offered = rebuildPlain(value, {
    maxDepth: 2,
    maxNodes: 4 * MAX_METHODS,
    maxBytes: 400 * MAX_METHODS,
  });
  if (offered.kind === "refused") return refused(`what it offers cannot pass: ${offered.why}`);
  const { upcalls, remote, local, service } = (offered.value ?? {}) as Partial<
    Record<string, Plain>
  >;
  const areNames =
    isListOf(upcalls, isUpcall) &&
    isListOf(remote, isMethodName) &&
    isListOf(local, isMethodName) &&
    isListOf(service, isMethodName);
  if (!areNames) return refused("what it offers is no list of names");
  const names: Offered = {
    upcalls: [...new Set(upcalls)],
    remote: [...new Set(remote)],
    local: [...new Set(local)],
    service: [...new Set(service)],
  };
  return message(["ready", names], 0);
}

function isListOf<T extends Plain>(
  list: Plain,
  isItem: (item: unknown) => item is T,
): list is readonly T[] {
  return Array.isArray(list) && list.length <= MAX_METHODS && list.every(isItem);
}

function isUpcall(name: unknown): name is (typeof UPCALLS)[number] {
  return UPCALLS.some((upcall) => upcall === name);
}

function rebuild(value: unknown, { messageBytes }: Grant) {
  return rebuildPlain(value, {
    maxDepth: PLAIN_DEPTH,
    maxNodes: PLAIN_NODES,
    maxBytes: messageBytes,
  });
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function cut(text: unknown): string {
  return typeof text === "string" ? text.slice(0, MAX_WHY_CHARS) : "(no reason)";
}

function message(read: FromPeerlet, bytes: number): ReadMessage {
  return { kind: "message", message: read, bytes };
}

function refused(why: string): ReadMessage {
  return { kind: "refused", why };
}
