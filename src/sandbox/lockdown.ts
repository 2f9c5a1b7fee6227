/**
 * Takes from a worker everything that is not on the list: what the language
 * gives stays, what the browser adds goes, all the way up the prototypes of the
 * global object. A worker cannot get a fresh realm back, so gone is gone.
 *
 * The Content-Security-Policy of the frame forbids the network, eval and
 * imports once more; where it does not reach (storage, channels to other
 * tabs, native work that nobody can stop) this file is what holds.
 */

/** What ECMAScript defines, but for what opens a door: eval, and memory that is shared or not JavaScript's. */
const LANGUAGE = [
  "AggregateError",
  "Array",
  "ArrayBuffer",
  "AsyncDisposableStack",
  "BigInt",
  "BigInt64Array",
  "BigUint64Array",
  "Boolean",
  "DataView",
  "Date",
  "DisposableStack",
  "Error",
  "EvalError",
  "FinalizationRegistry",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Function",
  "Infinity",
  "Int16Array",
  "Int32Array",
  "Int8Array",
  "Intl",
  "Iterator",
  "JSON",
  "Map",
  "Math",
  "NaN",
  "Number",
  "Object",
  "Promise",
  "Proxy",
  "RangeError",
  "ReferenceError",
  "Reflect",
  "RegExp",
  "Set",
  "String",
  "SuppressedError",
  "Symbol",
  "SyntaxError",
  "Temporal",
  "TypeError",
  "URIError",
  "Uint16Array",
  "Uint32Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "WeakMap",
  "WeakRef",
  "WeakSet",
  "decodeURI",
  "decodeURIComponent",
  "encodeURI",
  "encodeURIComponent",
  "escape",
  "globalThis",
  "isFinite",
  "isNaN",
  "parseFloat",
  "parseInt",
  "undefined",
  "unescape",
];

/** What browsers and Node both have, and what only computes. */
const COMPUTING = [
  "DOMException",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "URLSearchParams",
  "atob",
  "btoa",
  "queueMicrotask",
  "structuredClone",
];

const ALLOWED: ReadonlySet<PropertyKey> = new Set([...LANGUAGE, ...COMPUTING]);

/** Statics of what is allowed that reach further than computing. */
const FORBIDDEN_STATICS = [
  ["URL", "createObjectURL"],
  ["URL", "revokeObjectURL"],
] as const;

/** Throws when the browser will not let go of something: then nothing of a stranger may run. */
export function lockDown(global: object): void {
  const { deleteProperty, ownKeys, getPrototypeOf } = Reflect;
  for (const [holder, name] of FORBIDDEN_STATICS) {
    const value = (global as Record<string, object | undefined>)[holder];
    if (value !== undefined && !deleteProperty(value, name)) throw kept(`${holder}.${name}`);
  }
  // Some stand on a prototype, from which they are about to be taken.
  const computing = COMPUTING.map((name) => [name, own(global, name)] as const);
  const kinds: object[] = [];
  for (
    let holder: object | null = global;
    holder !== null && holder !== Object.prototype;
    holder = getPrototypeOf(holder)
  ) {
    kinds.push(holder);
  }
  for (const holder of kinds) {
    for (const key of ownKeys(holder)) {
      if (holder === global && ALLOWED.has(key)) continue;
      if (!deleteProperty(holder, key) && !isConstant(holder, key)) throw kept(String(key));
    }
  }
  for (const [name, value] of computing)
    if (value !== undefined) provide(global, { [name]: value });
}

/** A fixed number or text, such as TEMPORARY of Chromium's file systems, leads nowhere. */
function isConstant(holder: object, key: PropertyKey): boolean {
  const property = Reflect.getOwnPropertyDescriptor(holder, key);
  return property !== undefined && ["number", "string"].includes(typeof property.value);
}

function kept(name: string): Error {
  return new Error(`this browser does not let a worker give up ${name}`);
}

/** Adds what replaces something the browser had. */
export function provide(global: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(global, name, { value, writable: true, configurable: true });
  }
}

function own(global: object, name: string): unknown {
  const value: unknown = Reflect.get(global, name);
  // A class is the same for whoever calls it; a function wants the global object.
  return typeof value === "function" && value.prototype === undefined
    ? (value.bind(global) as unknown)
    : value;
}
