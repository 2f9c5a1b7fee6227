/**
 * Bundles a peerlet or a view into one self-contained ES module: what a node
 * hashes, sends and runs. The same sources give the same bytes.
 *
 * Nothing may be left to load: in a sandbox there is no network and no file.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin, Rolldown } from "vite";
import { Failure } from "./failure.ts";

export interface BundleOptions {
  readonly entry: string;
  readonly isMinified: boolean;
}

/** Both engines that are supported have it. */
const TARGET = "es2022";
const NOTHING_LOADS = "In a sandbox nothing can be loaded.";

/** Throws a Failure that names the file, and the line where it can. */
export async function bundle({ entry, isMinified }: BundleOptions): Promise<Uint8Array> {
  const chunk = await buildOne(entry, isMinified);
  if (!chunk.exports.includes("default")) {
    const define = basename(entry).startsWith("view.") ? "defineView" : "definePeerlet";
    throw new Failure(`${entry} has no default export. Write: export default ${define}(…)`);
  }
  return new TextEncoder().encode(chunk.code);
}

async function buildOne(entry: string, isMinified: boolean): Promise<Rolldown.OutputChunk> {
  // Only packing needs it, and loading it takes longer than all else.
  const { build, parseAst } = await import("vite");
  const left: string[] = [];
  let built: Awaited<ReturnType<typeof build>>;
  try {
    built = await build({
      root: dirname(entry),
      configFile: false,
      envFile: false,
      publicDir: false,
      logLevel: "silent",
      mode: "production",
      // Libraries ask for it, and there is no process in a sandbox.
      define: { "process.env.NODE_ENV": '"production"' },
      plugins: [sdkPlugin(), selfContainedPlugin(left)],
      build: {
        write: false,
        target: TARGET,
        minify: isMinified,
        sourcemap: false,
        // Pictures and styles go into the module, whatever their size.
        assetsInlineLimit: () => true,
        lib: { entry, formats: ["es"], fileName: "bundle" },
        rolldownOptions: {
          // Comments with file names would differ from machine to machine.
          experimental: { attachDebugInfo: "none" },
          // Vite leaves the spaces in libraries, for tools that read comments there.
          output: { codeSplitting: false, minify: isMinified },
        },
      },
    });
  } catch (error) {
    throw new Failure(`${entry} cannot be bundled: ${explain(error)}`);
  }
  if (left.length > 0) throw new Failure(left.join("\n"));
  const { output } = (Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput;
  const [chunk, ...others] = output;
  const extra = others[0]?.fileName;
  if (extra !== undefined) {
    throw new Failure(
      `${entry}: bundling makes a second file, ${extra}. A package is one module: import what you need as text or data ("./file?raw", "./file?inline").`,
    );
  }
  if (hasDynamicImport(parseAst(chunk.code))) {
    throw new Failure(
      `${entry}: an import() is left in the bundle. ${NOTHING_LOADS} Import files and packages by name, statically.`,
    );
  }
  return chunk;
}

/** `prost/sdk` is the one of this program, wherever the package lies. */
function sdkPlugin(): Plugin {
  return {
    name: "prost:sdk",
    enforce: "pre",
    resolveId: (id) => (id === "prost/sdk" ? join(rootFolder(), "src/sdk/index.ts") : null),
  };
}

/** Where this package is, be the program run from its sources, a cache, or dist/. */
function rootFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (nameOfPackage(folder) === "prost") return folder;
    if (folder === dirname(folder)) throw new Failure("This program was moved away from prost.");
  }
}

function nameOfPackage(folder: string): string | null {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return name as string;
  } catch {
    return null;
  }
}

/** Notes, with its place, each import that would be left for the sandbox to load. */
function selfContainedPlugin(left: string[]): Plugin {
  return {
    name: "prost:self-contained",
    enforce: "pre",
    async resolveId(id, importer, options) {
      if (importer === undefined) return null;
      const isUrl = /^(?:[a-z]+:)?\/\//i.test(id);
      const isWorker = /[?&](?:shared)?worker\b/.test(id);
      const found =
        isUrl || isWorker ? null : await this.resolve(id, importer, { ...options, skipSelf: true });
      const isOfNode = found?.id.includes("vite-browser-external") || id.startsWith("node:");
      if (found !== null && !isOfNode && !found.external) return found;
      const why = isUrl
        ? `an import from the network. ${NOTHING_LOADS} Get a copy of it.`
        : isWorker
          ? "a worker. A sandbox starts none."
          : isOfNode
            ? "a part of Node. A sandbox has none of it."
            : "not found. Check the name; a package has to be installed where its importer is.";
      left.push(`${placeOf(importer, id)}: ${JSON.stringify(id)} is ${why}`);
      return { id, external: true };
    },
  };
}

/** The file, and the line in which the import is found. */
function placeOf(importer: string, id: string): string {
  const path = importer.split("?")[0]!;
  try {
    const lines = readFileSync(path, "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes(id));
    return line === -1 ? path : `${path}:${line + 1}`;
  } catch {
    return path; // Made by a plugin; there is no such file.
  }
}

/** Walks the whole tree of the program. */
function hasDynamicImport(node: unknown): boolean {
  if (node === null || typeof node !== "object") return false;
  if ((node as { type?: unknown }).type === "ImportExpression") return true;
  return Object.values(node).some(hasDynamicImport);
}

/** The bundler's own words have colours and stacks. */
function explain(error: unknown): string {
  const { message } = error as Error;
  // oxlint-disable-next-line no-control-regex -- that is what colours are made of
  const plain = message.replaceAll(/\u001b\[[\d;]*m/g, "");
  const [words = ""] = plain.split(/\n\s+at /);
  return words.replace(/^Build failed with \d+ errors?:\s*/, "").trim();
}
