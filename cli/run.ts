/** Finds the command that is meant, runs it, and tells what went wrong. */
import type { Command, Io } from "./command.ts";
import { Failure } from "./failure.ts";
import { inspect } from "./inspect.ts";
import { keygen } from "./keygen.ts";
import { pack } from "./pack.ts";
import { verify } from "./verify.ts";

const COMMANDS: Readonly<Record<string, Command>> = { keygen, pack, verify, inspect };

const USAGE = `Usage: prost COMMAND [arguments]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join("\n")}

"prost COMMAND --help" says more. Exit codes: 0 done, 1 failed or not good, 2 called wrongly.
`;

/** Resolves to the exit code; rejects only for a mistake of this program. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "help") {
    io.out(USAGE.trimEnd());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    io.err(`prost: there is no command ${JSON.stringify(name)}.\n\n${USAGE.trimEnd()}`);
    return 2;
  }
  if (rest.includes("--help")) {
    io.out(command.usage.trimEnd());
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    if (!isForPeople(error)) throw error;
    const exitCode = error instanceof Failure ? error.exitCode : 2;
    const hint = exitCode === 2 ? `\n"prost ${name} --help" says how to call it.` : "";
    io.err(`prost ${name}: ${error.message}${hint}`);
    return exitCode;
  }
}

/** Ours, or about the arguments. */
function isForPeople(error: unknown): error is Error {
  if (error instanceof Failure) return true;
  const { code } = (error ?? {}) as { code?: unknown };
  return error instanceof Error && String(code).startsWith("ERR_PARSE_ARGS");
}
