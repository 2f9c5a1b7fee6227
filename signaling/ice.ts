/**
 * The ICE servers that an operator sets, checked when the server starts: a
 * typing error must not wait for the first tab to find it.
 */

/** As RTCIceServer, which does not exist in Node. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** Browsers warn beyond four, because each slows the gathering down. */
const MAX_ICE_SERVERS = 16;
const ICE_URL = /^(stun|stuns|turn|turns):\S{1,250}$/;

/** Throws an Error that says what is wrong, for whoever starts the server. */
export function parseIceServers(json: string): IceServer[] {
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value) || value.length > MAX_ICE_SERVERS) {
    throw new Error(`expected a list of at most ${MAX_ICE_SERVERS} ICE servers`);
  }
  return value.map(parseIceServer);
}

function parseIceServer(value: unknown): IceServer {
  const { urls, username, credential } = Object(value) as Record<string, unknown>;
  const list: unknown[] = Array.isArray(urls) ? urls : [urls];
  if (!list.every((url) => typeof url === "string" && ICE_URL.test(url))) {
    throw new Error(`expected urls like "stun:example.org:3478", not ${JSON.stringify(urls)}`);
  }
  return {
    urls: list as string[],
    ...(typeof username === "string" && { username }),
    ...(typeof credential === "string" && { credential }),
  };
}
