/**
 * The builds, one per mode (see scripts/build.mjs), and the two Vitest
 * projects.
 *
 * | mode     | from                        | to              |
 * | -------- | --------------------------- | --------------- |
 * | `app`    | index.html, src/main.ts     | dist/app/       |
 * | `lib`    | src/overlay.ts              | dist/lib/       |
 * | `sdk`    | src/sdk/index.ts            | dist/sdk/       |
 * | `server` | signaling/main.ts, for Node | dist/server/    |
 * | `cli`    | cli/, for Node              | dist/cli/       |
 *
 * The peerlets are no mode: the command line packs them (cli/peerlets.ts).
 */
import { fileURLToPath } from "node:url";
import type { BuildEnvironmentOptions } from "vite";
import { defineConfig } from "vitest/config";

const builds: Record<string, BuildEnvironmentOptions> = {
  app: {
    outDir: "dist/app",
    sourcemap: true,
    // The page's Content-Security-Policy admits no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  lib: {
    outDir: "dist/lib",
    sourcemap: true,
    lib: { entry: "src/overlay.ts", formats: ["es"], fileName: "prost" },
  },
  sdk: {
    outDir: "dist/sdk",
    sourcemap: true,
    lib: { entry: "src/sdk/index.ts", formats: ["es"], fileName: "prost-sdk" },
  },
  server: {
    outDir: "dist/server",
    target: "node20",
    sourcemap: true,
    ssr: "signaling/main.ts",
  },
  cli: {
    outDir: "dist/cli",
    target: "node20",
    sourcemap: true,
    ssr: true,
    rolldownOptions: {
      input: { prost: "cli/main.ts", peerlets: "cli/peerlets.ts" },
      output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
    },
  },
};

/** Peerlets import it by this name, ours like anybody's. */
const alias = { "prost/sdk": fileURLToPath(new URL("src/sdk/index.ts", import.meta.url)) };

export default defineConfig(({ mode }) => ({
  // Relative, so that the app may also live below a path.
  base: "./",
  publicDir: mode === "app" ? "public" : false,
  build: builds[mode] ?? {},
  resolve: { alias },
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          include: ["{src,signaling,cli,scripts}/**/*.test.ts"],
          exclude: ["src/sim/scenarios/**"],
          // Signatures and property tests take seconds where other programs want the cores, too. Guess.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "sim",
          include: ["src/sim/scenarios/**/*.test.ts"],
          // A thousand nodes take their time. Guess, for the slowest machine in use.
          testTimeout: 300_000,
        },
      },
    ],
  },
}));
