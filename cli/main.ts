#!/usr/bin/env node
/** The program `prost`. Only here are the streams and the folder of the process used. */
import { resolve } from "node:path";
import { runCli } from "./run.ts";

// npm runs scripts in the package's folder; paths are meant from where the person is.
const isNpmScript = process.env["npm_lifecycle_event"] === "prost";
const folder = (isNpmScript ? process.env["INIT_CWD"] : undefined) ?? process.cwd();

// Who reads the first lines only, as `head` does, has had enough: that is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  resolve: (path) => resolve(folder, path),
});
