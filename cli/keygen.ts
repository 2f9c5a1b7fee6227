/** prost keygen: makes a publisher's key. */
import { parseArgs } from "node:util";
import type { Command } from "./command.ts";
import { Failure } from "./failure.ts";
import { defaultKeyPath, makeKey } from "./key-file.ts";

export const keygen: Command = {
  summary: "make a publisher's key",
  usage: `Usage: prost keygen [options]

Makes an Ed25519 key, writes its secret to a file that only you may read, and prints the
publisher: the public key, by which others know you. Who has the file can publish and
upgrade in your name; who loses it can upgrade no more. A file that is there is not replaced.

  --out FILE   where to write (default: $PROST_KEY, or the key of this machine,
               ${defaultKeyPath()})
  --help       print this
`,
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: { out: { type: "string" } } });
    if (values.out === "") throw new Failure("--out takes the name of a file.", 2);
    const path = io.resolve(values.out ?? defaultKeyPath());
    const { publicKey } = makeKey(path);
    io.out(Buffer.from(publicKey).toString("hex"));
    io.err(`wrote ${path}: keep it secret, and keep a copy`);
    return 0;
  },
};
