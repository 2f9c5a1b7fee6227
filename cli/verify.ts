/** prost verify: is this package what its publisher signed? */
import { parseArgs } from "node:util";
import type { Command } from "./command.ts";
import { Failure } from "./failure.ts";
import { checkPackage, findPackage } from "./package.ts";

export const verify: Command = {
  summary: "check a package: form, bounds, app id, signature, hashes",
  usage: `Usage: prost verify FILE|DIR

Checks a package as a node does before it runs anything of it. Takes a .peerlet file, a
packed folder, or a manifest.json (then the code and view beside it count if they are there).
Exits with 0 when all is good, with 1 when something is not.

  --help   print this
`,
  async run(args, io) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
    const [path] = positionals;
    if (path === undefined || positionals.length > 1) {
      throw new Failure("verify takes one file or folder.", 2);
    }
    const { checks, manifest, hash } = checkPackage(findPackage(io.resolve(path)));
    for (const { what, problem } of checks) {
      if (problem === null) io.out(`good  ${what}`);
      else io.err(`BAD   ${what}: ${problem}`);
    }
    if (checks.some(({ problem }) => problem !== null)) return 1;
    io.out(`${manifest?.name} ${manifest?.version} is package ${hash}`);
    return 0;
  },
};
