/**
 * The built app, read once into memory: it is small, and a path that is not in
 * the table does not exist, so none can lead out of the folder.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

export interface StaticFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Vite writes a hash into these names, so what they name never changes. */
const HASHED = /^\/assets\/.*-[\w-]{8}\.\w+(\.map)?$/;
const ONE_YEAR = "public, max-age=31536000, immutable";

/** What a frame could ask of the person or the machine. Its `allow=""` says the same. */
const NO_FEATURES = [
  "autoplay",
  "bluetooth",
  "camera",
  "clipboard-read",
  "clipboard-write",
  "display-capture",
  "encrypted-media",
  "focus-without-user-activation",
  "fullscreen",
  "gamepad",
  "geolocation",
  "hid",
  "idle-detection",
  "local-fonts",
  "microphone",
  "midi",
  "payment",
  "picture-in-picture",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "usb",
  "web-share",
  "window-management",
  "xr-spatial-tracking",
]
  .map((feature) => `${feature}=()`)
  .join(", ");

/** Documents with a policy of their own, which need nothing of the page's. */
const SANDBOX = /^\/sandbox\/\w+\.html$/;
const META_POLICY = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/;

/**
 * The headers under which code of strangers lives: the policy that is in the document, said again where no script
 * comes before it, and the opaque origin, should anyone open it outside of a frame. The last two
 * are what keeps a `<link>` from reaching DNS and TCP, which no policy covers.
 */
function sandboxHeaders(body: Buffer): Readonly<Record<string, string>> {
  const policy = META_POLICY.exec(body.toString("utf8"))?.[1] ?? "default-src 'none'";
  return {
    "Content-Security-Policy": `${policy}; sandbox allow-scripts allow-forms`,
    "Connection-Allowlist": "()",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": NO_FEATURES,
  };
}

/**
 * What the page's own policy must admit for the sandbox of peerlets to start when this server is
 * away: the page then makes the document itself, and a document that a page makes has the page's
 * policy, too. The script by its hash, and what its worker imports from memory.
 */
export function sandboxScriptSources(files: ReadonlyMap<string, StaticFile>): string {
  const policy = META_POLICY.exec(files.get("/sandbox/peerlet.html")?.body.toString("utf8") ?? "");
  return /script-src ([^;]+)/.exec(policy?.[1] ?? "")?.[1] ?? "";
}

/** By URL path, "/index.html" also as "/". Empty when the folder does not exist. */
export function readStaticFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const urlPath = `/${relative(folder, path).split(sep).join("/")}`;
    files.set(urlPath, readStaticFile(path, urlPath));
  }
  const index = files.get("/index.html");
  if (index !== undefined) files.set("/", index);
  return files;
}

function readStaticFile(path: string, urlPath: string): StaticFile {
  const body = readFileSync(path);
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return {
    body,
    headers: {
      "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      "Cache-Control": HASHED.test(urlPath) ? ONE_YEAR : "no-cache",
      ETag: `"${hash}"`,
      ...(SANDBOX.test(urlPath) && sandboxHeaders(body)),
    },
  };
}
