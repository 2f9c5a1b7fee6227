/** The error that a peerlet or a view catches: branch on `code`. */
import type { CallErrorCode } from "../peer/sandbox.ts";

export class SandboxCallError extends Error {
  readonly code: CallErrorCode;

  constructor(code: CallErrorCode, why: string) {
    super(why);
    this.name = "CallError";
    this.code = code;
  }
}
