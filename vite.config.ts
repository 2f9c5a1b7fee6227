/**
 * The three builds, one per mode (see scripts/build.mjs), and the two Vitest
 * projects.
 *
 * | mode     | from                        | to              |
 * | -------- | --------------------------- | --------------- |
 * | `app`    | index.html, src/main.ts     | dist/app/       |
 * | `lib`    | src/overlay.ts              | dist/lib/       |
 * | `server` | signaling/main.ts, for Node | dist/server/    |
 */
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
  server: {
    outDir: "dist/server",
    target: "node20",
    sourcemap: true,
    ssr: "signaling/main.ts",
  },
};

export default defineConfig(({ mode }) => ({
  // Relative, so that the app may also live below a path.
  base: "./",
  publicDir: mode === "app" ? "public" : false,
  build: builds[mode] ?? {},
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "signaling/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["src/sim/scenarios/**"],
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
