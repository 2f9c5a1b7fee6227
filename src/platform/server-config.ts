/**
 * What a signaling server wants its visitors to use: the network's name and the
 * ICE servers. Remembered, so that a page that starts while its server is away
 * waits for the right network.
 */
import { MAX_NETWORK_BYTES } from "../wire/limits.ts";

export interface ServerConfig {
  readonly network: string;
  readonly iceServers: readonly RTCIceServer[];
}

/** Nothing is worth more of a person's time before they see a page. A guess. */
const LIMIT_MS = 3_000;
/** As many as our server hands out. */
const MOST_ICE_SERVERS = 16;
const MOST_URL_CHARS = 512;

const DEFAULT_CONFIG: ServerConfig = { network: "prost", iceServers: [] };

export async function readServerConfig(
  server: string,
  memory: Pick<Storage, "getItem" | "setItem"> | undefined,
): Promise<ServerConfig> {
  const place = `prost.config.${server}`;
  try {
    const response = await fetch(`${server}/config.json`, {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await response.text();
    const config = response.ok ? parseServerConfig(text) : null;
    if (config) {
      remember(memory, place, text);
      return config;
    }
  } catch {
    // Away: what it said last time will do.
  }
  return parseServerConfig(recall(memory, place)) ?? DEFAULT_CONFIG;
}

/** Null when it is not what a server would say. */
export function parseServerConfig(text: string | null): ServerConfig | null {
  try {
    const { network, iceServers } = JSON.parse(text ?? "") as Record<string, unknown>;
    const isSound =
      typeof network === "string" &&
      network.length > 0 &&
      new TextEncoder().encode(network).length <= MAX_NETWORK_BYTES &&
      Array.isArray(iceServers) &&
      iceServers.length <= MOST_ICE_SERVERS &&
      iceServers.every(isIceServer);
    return isSound ? { network, iceServers } : null;
  } catch {
    return null;
  }
}

function isIceServer(value: unknown): value is RTCIceServer {
  if (value === null || typeof value !== "object") return false;
  const { urls, username, credential } = value as Record<string, unknown>;
  const list = Array.isArray(urls) ? urls : [urls];
  const isUrl = (url: unknown) =>
    typeof url === "string" && url.length <= MOST_URL_CHARS && /^(stun|turn)s?:/.test(url);
  const isText = (text: unknown) => text === undefined || typeof text === "string";
  return (
    list.length > 0 &&
    list.length <= MOST_ICE_SERVERS &&
    list.every(isUrl) &&
    isText(username) &&
    isText(credential)
  );
}

function remember(memory: Pick<Storage, "setItem"> | undefined, place: string, text: string): void {
  try {
    memory?.setItem(place, text);
  } catch {
    // Full, or refused: then it is asked next time.
  }
}

function recall(memory: Pick<Storage, "getItem"> | undefined, place: string): string | null {
  try {
    return memory?.getItem(place) ?? null;
  } catch {
    return null;
  }
}
