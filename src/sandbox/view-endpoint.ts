/** The view's end of comlink. */
import { wrap } from "comlink";
import type { Plain } from "../base/plain.ts";

/** Calls one method that the guard exposes. */
export type CallGuard = (method: string, args: readonly Plain[]) => Promise<unknown>;

export function wrapPort(port: MessagePort): CallGuard {
  const methods = wrap<Record<string, (...args: Plain[]) => unknown>>(port);
  return async (method, args) => methods[method]?.(...args);
}
