/**
 * Who may import whom: the table of the layers, checked against every import.
 * docs/architecture.md says why.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const CORE = ["base", "env", "id", "wire", "link", "kbr", "chord", "peer"];

/** A layer is a folder of src/, or a file directly in it. Each may import itself as well. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  env: ["base"],
  id: ["base"],
  wire: ["base", "id"],
  link: ["base", "env", "id", "wire"],
  kbr: ["base", "env", "id", "wire"],
  chord: ["base", "env", "id", "wire", "link", "kbr"],
  peer: ["base", "env", "id", "wire", "kbr"],
  sdk: ["base", "kbr", "peer"],
  peerlets: ["sdk"],
  sandbox: ["base", "id", "peer", "sdk"],
  platform: [...CORE, "sandbox"],
  ui: ["base", "id", "kbr", "peer", "sdk"],
  // A simulated peerlet meets the same checks as one in a tab.
  sim: [...CORE, "sdk", "sandbox"],
  "overlay.ts": [...CORE, "sdk", "platform"],
  "main.ts": [...CORE, "sdk", "platform", "ui", "overlay.ts"],
};

/** Whose imports from other layers are types, so that nothing of ours gets into a stranger's bundle. */
const TYPES_ONLY = ["sdk"];

/** What strangers import by name, our peerlets do, too. */
const OWN_PACKAGE: Readonly<Record<string, string>> = { "prost/sdk": "sdk/index.ts" };

/** A package is imported by its files alone, so that it can be replaced there. */
const PACKAGE_FILES: Readonly<Record<string, readonly string[]>> = {
  "@noble/ciphers": ["peerlets/im/crypto.ts"],
  "@noble/curves": ["peerlets/im/crypto.ts"],
  "@noble/ed25519": ["id/identity.ts", "peerlets/replicated/crypto.ts"],
  "@noble/hashes": [
    "id/hash.ts",
    "id/identity.ts",
    "peerlets/im/crypto.ts",
    "peerlets/replicated/crypto.ts",
  ],
  comlink: ["sandbox/guard-endpoint.ts", "sandbox/view-endpoint.ts"],
  "idb-keyval": ["platform/idb-storage.ts"],
  peerjs: ["platform/gate-client.ts"],
  "simple-peer": ["platform/webrtc-transport.ts"],
};

/** The simulation runs in Node, and its contracts are suites of tests. */
const SIM_PACKAGES = /^(node:.*|vite|vitest|fast-check)$/;

const SRC = fileURLToPath(new URL(".", import.meta.url));
const IMPORT =
  /(?:^\s*(?:import|export)(?<type>\s+type)?\b[^"';]*?\bfrom\s*|^\s*import\s*|\bimport\()"(?<target>[^"]+)"/gm;

const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => relative(SRC, join(entry.parentPath, entry.name)).split(sep).join("/"));

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

function importsIn(text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(({ groups }) => ({
    target: groups!["target"]!,
    isType: groups!["type"] !== undefined,
  }));
}

/** Null when all is well, else what is wrong with importing `target` in `file`. */
function verdict(file: string, { target, isType }: Import): string | null {
  const isTest = file.endsWith(".test.ts");
  if (!target.startsWith(".") && OWN_PACKAGE[target] === undefined) {
    const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
    const isSim = file.startsWith("sim/") && SIM_PACKAGES.test(name);
    const isAllowed = isTest || isSim || PACKAGE_FILES[name]?.includes(file);
    return isAllowed ? null : `${file} imports ${target}`;
  }
  const path = OWN_PACKAGE[target] ?? posix.join(posix.dirname(file), target);
  const [from, to] = [file.split("/")[0]!, path.split("/")[0]!];
  const isAllowed = from === to || MAY_IMPORT[from]?.includes(to) || (isTest && to === "sim");
  if (!isAllowed) return `${file} imports ${path}`;
  const isWrongValue = from !== to && TYPES_ONLY.includes(from) && !isType && !isTest;
  return isWrongValue ? `${file} imports more than types from ${path}` : null;
}

test("every import stays within its layer's bounds", () => {
  const sources = files.filter((file) => file !== "layers.test.ts");
  const wrong = sources.flatMap((file) =>
    importsIn(readFileSync(join(SRC, file), "utf8")).map((found) => verdict(file, found)),
  );
  expect(sources).not.toEqual([]);
  expect(wrong.filter((text) => text !== null)).toEqual([]);
});

test.each([
  { file: "chord/node.ts", target: "../link/link.ts", isAllowed: true },
  { file: "peer/peer.ts", target: "../chord/node.ts", isAllowed: false },
  { file: "peer/peer.test.ts", target: "../sim/world.ts", isAllowed: true },
  { file: "id/id.ts", target: "../../signaling/gates.ts", isAllowed: false },
  { file: "id/hash.ts", target: "@noble/hashes/sha2.js", isAllowed: true },
  { file: "wire/codec.ts", target: "@noble/hashes/sha2.js", isAllowed: false },
  { file: "link/link.ts", target: "node:fs", isAllowed: false },
  { file: "peerlets/counter/view.ts", target: "prost/sdk", isAllowed: true },
  { file: "peerlets/counter/view.ts", target: "../../peer/peer.ts", isAllowed: false },
  { file: "chord/node.ts", target: "prost/sdk", isAllowed: false },
  { file: "sdk/index.ts", target: "../peer/grant.ts", isAllowed: false },
])("$file may import $target: $isAllowed", ({ file, target, isAllowed }) => {
  expect(verdict(file, { target, isType: false }) === null).toBe(isAllowed);
});

test.each([
  { text: 'import type { Grant } from "../peer/grant.ts";', isType: true },
  { text: 'export type { Grant } from "../peer/grant.ts";', isType: true },
  { text: 'import { type Grant, NO_USAGE } from "../peer/grant.ts";', isType: false },
  { text: 'export * from "../peer/grant.ts";', isType: false },
  { text: 'await import("../peer/grant.ts");', isType: false },
])("$text is a type: $isType", ({ text, isType }) => {
  expect(importsIn(text)).toEqual([{ target: "../peer/grant.ts", isType }]);
  expect(verdict("sdk/index.ts", importsIn(text)[0]!) === null).toBe(isType);
});
