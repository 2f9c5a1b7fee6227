/**
 * What comlink may hear of a view.
 *
 * `expose` follows any path that the other side sends, and `constructor.constructor`
 * of anything makes functions; it also revives what the message says it should
 * revive. So nothing reaches it but calls of one listed name, one step deep,
 * with plain arguments, rebuilt. Everything else a message of comlink's could
 * be (GET, SET, CONSTRUCT, ENDPOINT, RELEASE, HANDLER) is an offence: our own
 * runtime in the view sends none of them.
 */
import { type Plain, type PlainBounds, rebuildPlain } from "../base/plain.ts";

/** A call as comlink reads it. */
export interface GuardedCall {
  readonly id: string;
  readonly type: "APPLY";
  readonly path: readonly [string];
  readonly argumentList: readonly { readonly type: "RAW"; readonly value: Plain }[];
}

export type GuardedRead =
  | { readonly kind: "call"; readonly call: GuardedCall; readonly bytes: number }
  | { readonly kind: "refused"; readonly why: string };

/** Comlink's are four random numbers in hex, with dashes: 35 at most. */
const MAX_ID_CHARS = 64;

const MAX_ARGUMENTS = 32;

export function readCall(
  data: unknown,
  methods: ReadonlySet<string>,
  bounds: PlainBounds,
): GuardedRead {
  if (typeof data !== "object" || data === null) return refused("it is not a message");
  const id = own(data, "id");
  if (typeof id !== "string" || id === "" || id.length > MAX_ID_CHARS) {
    return refused("its id is wrong");
  }
  if (own(data, "type") !== "APPLY") return refused("it is not a call");
  const path = own(data, "path");
  if (!Array.isArray(path) || path.length !== 1) return refused("its path is not one step long");
  const name: unknown = path[0];
  if (typeof name !== "string" || !methods.has(name))
    return refused("it calls what is not offered");
  const wired = own(data, "argumentList");
  if (!Array.isArray(wired) || wired.length > MAX_ARGUMENTS) {
    return refused("its arguments are not a short list");
  }
  const raw: unknown[] = [];
  for (const item of wired as unknown[]) {
    if (typeof item !== "object" || item === null || own(item, "type") !== "RAW") {
      return refused("an argument is not given as it is");
    }
    raw.push(own(item, "value"));
  }
  const rebuilt = rebuildPlain(raw, bounds);
  if (rebuilt.kind === "refused") return refused(`an argument cannot pass: ${rebuilt.why}`);
  const argumentList = (rebuilt.value as readonly Plain[]).map((value) => ({
    type: "RAW" as const,
    value,
  }));
  return {
    kind: "call",
    call: { id, type: "APPLY", path: [name], argumentList },
    bytes: rebuilt.bytes,
  };
}

/** No accessor runs, and nothing of a prototype's is found. */
function own(holder: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(holder, name)?.value;
}

function refused(why: string): GuardedRead {
  return { kind: "refused", why };
}
