/** The guard's end of comlink: exposes methods towards a view, behind the endpoint guard. */
import { type Endpoint, expose } from "comlink";
import type { GuardedCall } from "./endpoint-guard.ts";

export interface GuardedPort {
  /** Calls that have passed the guard. */
  hear(listener: (call: GuardedCall) => void): void;
  send(message: unknown): void;
}

/** `methods` has no prototype, and its functions never throw: what comlink makes of an error is not ours. */
export function exposeMethods(
  methods: Readonly<Record<string, (...args: never[]) => unknown>>,
  port: GuardedPort,
): void {
  const endpoint: Endpoint = {
    addEventListener: (_type, listener) => {
      port.hear((call) => {
        const event = { data: call } as MessageEvent;
        if (typeof listener === "function") listener(event);
        else listener.handleEvent(event);
      });
    },
    removeEventListener: () => {},
    postMessage: (message: unknown) => port.send(message),
  };
  expose(methods, endpoint);
}
