/**
 * What a code server offers, as it says itself: `peerlets/index.json` beside
 * the page. Every field is checked; an entry that breaks its form is left out
 * and counted. Nothing here is trusted: a package is checked when it is installed.
 */
import type { AppType } from "../kbr/kbr.ts";
import { isVersion } from "../peer/version.ts";

export interface GalleryEntry {
  readonly appId: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly publisher: string;
  readonly appType: AppType;
  readonly codeBytes: number;
  /** Null when it has no view. */
  readonly viewBytes: number | null;
  /** Of its manifest, absolute. */
  readonly manifestUrl: string;
  /** SHA-256 of its canonical signed manifest. */
  readonly hash: string;
}

export type Gallery =
  | {
      readonly kind: "offers";
      readonly entries: readonly GalleryEntry[];
      readonly unreadable: number;
    }
  /** The server has none: it offers no code. */
  | { readonly kind: "none" }
  /** `why` is a sentence for the person. */
  | { readonly kind: "failed"; readonly why: string };

export const GALLERY_PATH = "peerlets/index.json";

/** Two hundred entries have about 150 kB. */
export const MAX_INDEX_BYTES = 1_000_000;
/** More than a page can show. A guess. */
const MOST_ENTRIES = 200;
const MAX_CHARS = { name: 64, description: 400, version: 64, url: 1_000 } as const;
/** In ms. A guess. */
const TIMEOUT_MS = 10_000;

/** Asks the server that the page came from. Never throws. */
export async function fetchGallery(baseUrl: string): Promise<Gallery> {
  const url = new URL(GALLERY_PATH, baseUrl).href;
  try {
    const response = await fetch(url, {
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 404) return { kind: "none" };
    if (!response.ok) return failed(`it answered with status ${response.status}`);
    // A server that answers every path with its page has no gallery.
    if (/^text\/html\b/.test(response.headers.get("Content-Type") ?? "")) return { kind: "none" };
    const text = await readText(response);
    return text === null ? failed("its list is too long") : readGallery(text, url);
  } catch {
    return failed("it did not answer");
  }
}

/** Null when it is longer than MAX_INDEX_BYTES. */
async function readText(response: Response): Promise<string | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MAX_INDEX_BYTES) {
      await reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** `url` is the list's own: addresses in it are relative to that, and stay on its origin. */
export function readGallery(text: string, url: string): Gallery {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failed("its list is not JSON");
  }
  const list = Array.isArray(json) ? json : isRecord(json) ? json["packages"] : null;
  if (!Array.isArray(list)) return failed("its list has an unknown form");
  const read = list.slice(0, MOST_ENTRIES).map((entry) => readEntry(entry, url));
  const entries = read.filter((entry) => entry !== null);
  return { kind: "offers", entries, unreadable: list.length - entries.length };
}

function readEntry(value: unknown, url: string): GalleryEntry | null {
  if (!isRecord(value)) return null;
  const appId = hexDigits(value["appId"], 32);
  const publisher = hexDigits(value["publisher"], 64);
  const hash = hexDigits(value["hash"], 64);
  const name = shortText(value["name"], MAX_CHARS.name);
  const description = shortText(value["description"], MAX_CHARS.description);
  const version = shortText(value["version"], MAX_CHARS.version);
  const appType = value["appType"];
  const codeBytes = byteCount(value["codeBytes"]);
  const viewBytes = value["viewBytes"] === null ? null : byteCount(value["viewBytes"]);
  const manifestUrl = address(value["manifest"], url);
  if (appType !== "end-node" && appType !== "per-hop") return null;
  if (appId === null || publisher === null || hash === null || manifestUrl === null) return null;
  if (name === null || name === "" || description === null) return null;
  if (version === null || !isVersion(version)) return null;
  if (codeBytes === null || (viewBytes === null && value["viewBytes"] !== null)) return null;
  return {
    appId,
    name,
    description,
    version,
    publisher,
    appType,
    codeBytes,
    viewBytes,
    manifestUrl,
    hash,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shortText(value: unknown, maxChars: number): string | null {
  return typeof value === "string" && value.length <= maxChars ? value : null;
}

function hexDigits(value: unknown, digits: number): string | null {
  const isHex = typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value);
  return isHex ? value : null;
}

function byteCount(value: unknown): number | null {
  const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  return isCount ? value : null;
}

function address(value: unknown, base: string): string | null {
  const relative = shortText(value, MAX_CHARS.url);
  if (relative === null || !URL.canParse(relative, base)) return null;
  const { href, origin } = new URL(relative, base);
  return origin === new URL(base).origin ? href : null;
}

function failed(why: string): Gallery {
  return { kind: "failed", why: `The gallery cannot be shown: ${why}.` };
}
