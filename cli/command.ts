/** What the commands have in common. */
export interface Io {
  /** Results, to stdout; one line. */
  out(line: string): void;
  /** Notes and errors, to stderr; one line or more. */
  err(text: string): void;
  /** From the folder in which the person called. */
  resolve(path: string): string;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly usage: string;
  /** Resolves to the exit code: 0 or 1. Throws a Failure, or what parseArgs throws. */
  run(args: readonly string[], io: Io): Promise<number>;
}
