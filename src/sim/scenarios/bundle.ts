/** The code of our own peerlets as the simulation runs it: bundled as `prost pack` does, and not minified. */
import { resolve } from "node:path";
import { build } from "vite";

/**
 * `name`: a folder of `src/peerlets`. `limits` are numbers of its `limits.ts` that shall be others:
 * the bundler writes them where they are used.
 */
export async function codeOf(
  name: string,
  limits: Readonly<Record<string, number>> = {},
): Promise<string> {
  // From the project's folder, where npm and Vitest run: this file may be bundled into another.
  const pathOf = (path: string) => resolve("src", path);
  const built = await build({
    configFile: false,
    publicDir: false,
    logLevel: "silent",
    plugins: [
      {
        name: "limits",
        transform: (code, file) =>
          file.endsWith(`/${name}/limits.ts`) ? withLimits(code, limits) : null,
      },
    ],
    resolve: { alias: { "prost/sdk": pathOf("sdk/index.ts") } },
    build: {
      write: false,
      minify: false,
      lib: { entry: pathOf(`peerlets/${name}/peerlet.ts`), formats: ["es"], fileName: name },
    },
  });
  const [bundle] = Array.isArray(built) ? built : [built];
  if (!bundle || !("output" in bundle)) throw new Error("the build watches");
  return bundle.output[0].code;
}

function withLimits(code: string, limits: Readonly<Record<string, number>>): string {
  return Object.entries(limits).reduce(
    (text, [limit, value]) => text.replace(new RegExp(`(${limit} = )[\\d_]+`), `$1${value}`),
    code,
  );
}
