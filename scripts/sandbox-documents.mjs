/**
 * Writes the two documents that code of strangers runs in, each of one file:
 * our script inline, and a policy that admits it by its hash.
 *
 *     dist/app/sandbox/peerlet.html   src/sandbox/frame.ts, with the three workers in it as texts
 *     dist/app/sandbox/view.html      src/sandbox/view.ts
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { ROOT } from "./set-up.mjs";

/** @param {string} folder where the built app is */
export async function writeSandboxDocuments(folder) {
  const target = join(ROOT, folder, "sandbox");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "peerlet.html"), await peerletDocument());
  writeFileSync(join(target, "view.html"), await viewDocument());
}

async function peerletDocument() {
  const script = withTexts(await bundle("frame"), {
    __SUPERVISOR__: await bundle("supervisor"),
    __BOOTSTRAP__: await bundle("bootstrap"),
    __GUARD__: await bundle("guard"),
  });
  return html("Sandbox of a peerlet", script, [
    "default-src 'none'",
    `script-src blob: ${hashOf(script)}`,
    "worker-src blob:",
    "connect-src 'none'",
    "frame-src 'none'",
    "child-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "webrtc 'block'",
  ]);
}

async function viewDocument() {
  const script = await bundle("view");
  return html("View of a peerlet", script, [
    "default-src 'none'",
    `script-src blob: ${hashOf(script)}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "connect-src 'none'",
    "worker-src 'none'",
    "frame-src 'none'",
    "child-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "webrtc 'block'",
  ]);
}

/**
 * One classic script, in strict mode: else the frames of an error's stack would give its functions away.
 *
 * @param {string} name of a file in src/sandbox
 * @returns {Promise<string>}
 */
async function bundle(name) {
  const entry = join(ROOT, `src/sandbox/${name}.ts`);
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: {
      write: false,
      target: "es2022",
      minify: true,
      lib: { entry, formats: ["iife"], name: "sandbox" },
    },
  });
  const [output] = /** @type {import("vite").Rolldown.RolldownOutput[]} */ (result);
  const chunk = output?.output[0];
  if (chunk?.type !== "chunk") throw new Error(`${name} was not bundled`);
  return `"use strict";${chunk.code.trim()}`;
}

/**
 * Puts texts in the places of a script that are called as they are.
 *
 * @param {string} script
 * @param {Record<string, string>} texts
 */
function withTexts(script, texts) {
  return Object.entries(texts).reduce((whole, [name, text]) => {
    const place = new RegExp(`(["'\`])${name}\\1`);
    if (!place.test(whole)) throw new Error(`the script has no place for ${name}`);
    // A function: in a text, "$&" would be replaced.
    return whole.replace(place, () => JSON.stringify(text).replaceAll("<", "\\u003c"));
  }, script);
}

/** @param {string} script */
function hashOf(script) {
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}

/**
 * @param {string} title
 * @param {string} script
 * @param {string[]} policy
 */
function html(title, script, policy) {
  if (/<\/script|<!--/i.test(script)) throw new Error(`the script of "${title}" would end early`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join("; ")}">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
</head>
<body>
<script>${script}</script>
</body>
</html>
`;
}
