/**
 * Plain data: all that may pass between a peerlet, its host, its view, and
 * peerlets on other nodes.
 *
 * `rebuildPlain` copies a value that a stranger made into fresh plain objects,
 * or says why it will not: it never follows an accessor, a prototype, a cycle,
 * or more than its bounds allow. Knows no domain.
 */
export type Plain =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [name: string]: Plain };

export interface PlainBounds {
  readonly maxDepth: number;
  /** Values, those inside others included. */
  readonly maxNodes: number;
  /** As `plainBytes` counts them. */
  readonly maxBytes: number;
}

export type Rebuilt =
  | { readonly kind: "plain"; readonly value: Plain; readonly bytes: number }
  | { readonly kind: "refused"; readonly why: string };

/** What a value costs beside its characters or bytes. A guess, of the order of what the clone algorithm writes. */
const NODE_BYTES = 8;

class Refused extends Error {}

/**
 * Taken before any code of a stranger runs in this realm. It could still break what is below, and
 * then its messages; who reads them rebuilds them in a realm of its own.
 */
/* oxlint-disable typescript/unbound-method -- that is the point: none of them uses `this`, or it is given. */
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys } = Object;
const { apply } = Reflect;
const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
/** Undefined for what is no typed array, whatever it says of itself. */
const kindOf = getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get!;
const lengthOf = getOwnPropertyDescriptor(typedArray, "length")!.get!;
/* oxlint-enable typescript/unbound-method */

/** Each text counts two bytes a character, each array of bytes its length, each value 8 more. */
export function rebuildPlain(value: unknown, bounds: PlainBounds): Rebuilt {
  const spent = { nodes: 0, bytes: 0 };
  const spend = (bytes: number) => {
    spent.nodes += 1;
    spent.bytes += NODE_BYTES + bytes;
    if (spent.nodes > bounds.maxNodes) {
      throw new Refused(`it has more than ${bounds.maxNodes} values`);
    }
    if (spent.bytes > bounds.maxBytes) {
      throw new Refused(`it is larger than ${bounds.maxBytes} bytes`);
    }
  };
  try {
    return { kind: "plain", value: rebuild(value, bounds.maxDepth, spend), bytes: spent.bytes };
  } catch (error) {
    // A proxy may throw whatever it likes: only our own words are passed on.
    return {
      kind: "refused",
      why: error instanceof Refused ? error.message : "it cannot be read",
    };
  }
}

/** The bytes of plain data, as `rebuildPlain` counts them. */
export function plainBytes(value: Plain): number {
  if (typeof value === "string") return NODE_BYTES + 2 * value.length;
  if (typeof value !== "object" || value === null) return NODE_BYTES;
  if (value instanceof Uint8Array) return NODE_BYTES + value.byteLength;
  if (isArray(value)) {
    return (value as readonly Plain[]).reduce<number>(
      (sum, item) => sum + plainBytes(item),
      NODE_BYTES,
    );
  }
  return Object.entries(value).reduce(
    (sum, [name, item]) => sum + NODE_BYTES + 2 * name.length + plainBytes(item),
    NODE_BYTES,
  );
}

function rebuild(value: unknown, depthLeft: number, spend: (bytes: number) => void): Plain {
  switch (typeof value) {
    case "undefined":
    case "boolean":
    case "number":
      spend(0);
      return value;
    case "string":
      spend(2 * value.length);
      return value;
    case "object":
      break;
    default:
      throw new Refused(`a ${typeof value} is not plain data`);
  }
  if (value === null) {
    spend(0);
    return null;
  }
  if (depthLeft === 0) throw new Refused("it is nested too deeply");
  if (isView(value)) return rebuildBytes(value, spend);
  if (isArray(value)) return rebuildArray(value, depthLeft, spend);
  const prototype: unknown = getPrototypeOf(value);
  // Of whatever realm: Object.prototype is the one without a prototype of its own.
  if (prototype !== null && getPrototypeOf(prototype) !== null) {
    throw new Refused("only plain objects, arrays and Uint8Array may pass");
  }
  return rebuildObject(value, depthLeft, spend);
}

function rebuildBytes(value: ArrayBufferView, spend: (bytes: number) => void): Uint8Array {
  if (apply(kindOf, value, []) !== "Uint8Array") {
    throw new Refused("of the typed arrays only Uint8Array may pass");
  }
  spend(apply(lengthOf, value, []) as number);
  // A copy: memory that is shared would change under the eyes of its reader.
  return new Uint8Array(value as Uint8Array);
}

function rebuildArray(
  value: readonly unknown[],
  depthLeft: number,
  spend: (bytes: number) => void,
): Plain[] {
  spend(0);
  const copy: Plain[] = [];
  const { length } = value;
  for (let i = 0; i < length; i++) copy[i] = rebuild(ownValue(value, i), depthLeft - 1, spend);
  return copy;
}

function rebuildObject(
  value: object,
  depthLeft: number,
  spend: (bytes: number) => void,
): { readonly [name: string]: Plain } {
  spend(0);
  const copy: Record<string, Plain> = {};
  for (const name of keys(value)) {
    if (name === "__proto__") throw new Refused("no property may be called __proto__");
    spend(2 * name.length);
    copy[name] = rebuild(ownValue(value, name), depthLeft - 1, spend);
  }
  return copy;
}

/** A hole of an array is undefined; an accessor is refused, for it would run. */
function ownValue(holder: object, name: string | number): unknown {
  const property = getOwnPropertyDescriptor(holder, name);
  if (property === undefined) return undefined;
  if (!hasOwn(property, "value")) throw new Refused("a property with a getter may not pass");
  return property.value;
}
