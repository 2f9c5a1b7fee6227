/**
 * The peerlet's side of calls to its host: checks that the arguments may pass,
 * sends, and settles the promise when the answer comes.
 */
import { type Plain, rebuildPlain } from "../base/plain.ts";
import type { Grant } from "../peer/grant.ts";
import { type HostMethod, PLAIN_DEPTH, PLAIN_NODES, type Result } from "../peer/sandbox.ts";
import { SandboxCallError } from "./call-error.ts";
import type { FromPeerlet } from "./messages.ts";

interface Waiting {
  resolve(value: Plain): void;
  reject(error: Error): void;
}

export class HostCalls {
  readonly #send: (message: FromPeerlet) => void;
  readonly #grant: Grant;
  readonly #waitingById = new Map<number, Waiting>();
  #lastId = 0;

  constructor(send: (message: FromPeerlet) => void, grant: Grant) {
    this.#send = send;
    this.#grant = grant;
  }

  /** Rejects with a CallError. */
  call(method: HostMethod, args: readonly unknown[]): Promise<Plain> {
    return new Promise((resolve, reject) => {
      // Here and not there: over there it would be an offence.
      if (this.#waitingById.size >= this.#grant.callsOpen) {
        const why = `${this.#grant.callsOpen} calls are open already`;
        throw new SandboxCallError("too-many-calls", why);
      }
      const checked = this.plain(args) as Plain[];
      const id = ++this.#lastId;
      this.#waitingById.set(id, { resolve, reject });
      this.#send(["call", id, method, checked]);
    });
  }

  /** Without an answer. Throws a CallError when the arguments cannot pass. */
  tell(method: HostMethod, args: readonly unknown[]): void {
    this.#send(["call", 0, method, this.plain(args) as Plain[]]);
  }

  answered(id: number, result: Result): void {
    const waiting = this.#waitingById.get(id);
    if (waiting === undefined) return;
    this.#waitingById.delete(id);
    if (result.kind === "value") waiting.resolve(result.value);
    else waiting.reject(new SandboxCallError(result.code, result.why));
  }

  /** The value as plain data within the grant, or a CallError. */
  plain(value: unknown): Plain {
    const rebuilt = rebuildPlain(value, {
      maxDepth: PLAIN_DEPTH,
      maxNodes: PLAIN_NODES,
      maxBytes: this.#grant.messageBytes,
    });
    if (rebuilt.kind === "plain") return rebuilt.value;
    throw new SandboxCallError("bad-parameter", `this value cannot pass: ${rebuilt.why}`);
  }
}
