/** prost inspect: what a package declares, for people or for programs. */
import { parseArgs } from "node:util";
import type { Manifest } from "../src/peer/manifest.ts";
import type { Command } from "./command.ts";
import { Failure } from "./failure.ts";
import { checkPackage, findPackage } from "./package.ts";

export const inspect: Command = {
  summary: "show what a package declares",
  usage: `Usage: prost inspect FILE|DIR [--json]

Shows the manifest of a .peerlet file, a packed folder, or a manifest.json, and whether
the package is good. Exits with 0 when the manifest can be read, be the rest good or not.

  --json   {"manifest": …, "hash": …, "problems": […]}
  --help   print this
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean", default: false } },
    });
    const [path] = positionals;
    if (path === undefined || positionals.length > 1) {
      throw new Failure("inspect takes one file or folder.", 2);
    }
    const { checks, manifest, hash } = checkPackage(findPackage(io.resolve(path)));
    const problems = checks.flatMap(({ what, problem }) =>
      problem === null ? [] : [`${what}: ${problem}`],
    );
    if (values.json) {
      io.out(JSON.stringify({ manifest, hash, problems }, null, 2));
    } else {
      if (manifest !== null) for (const line of describe(manifest)) io.out(line);
      if (hash !== null) io.out(row("package", hash));
      io.out(row("verified", problems.length === 0 ? "yes" : "NO"));
      for (const problem of problems) io.err(`BAD   ${problem}`);
    }
    return manifest === null ? 1 : 0;
  },
};

function describe(manifest: Manifest): string[] {
  const { name, version, description, appType, api, appId, publisher, previous, salt } = manifest;
  const { code, view, wants, uses } = manifest;
  const what = appType === "end-node" ? "messages at their root" : "messages at every hop";
  return [
    `${name} ${version}`,
    ...(description === "" ? [] : [description]),
    row("app id", appId),
    row("publisher", publisher),
    row("salt", salt),
    row("app type", `${appType}: it gets ${what}`),
    row("API", String(api)),
    row("code", `${count(code.bytes)} bytes, SHA-256 ${code.sha256}`),
    row("view", view === null ? "none" : `${count(view.bytes)} bytes, SHA-256 ${view.sha256}`),
    row("previous", previous ?? "none"),
    ...Object.entries(uses ?? {}).map(([used, use]) =>
      row("uses", `${used}, app id ${use.appId}, package ${use.hash} or another`),
    ),
    row("wants", `${wants.cpuShare * 100} % of one core`),
    row("", `${count(wants.storageBytes)} bytes of storage`),
    row("", `${count(wants.messagesPerSecond)} messages per second, each way`),
    row("", `${count(wants.callsOpen)} calls open, each way`),
  ];
}

function row(label: string, value: string): string {
  return `  ${label.padEnd(9)}  ${value}`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}
