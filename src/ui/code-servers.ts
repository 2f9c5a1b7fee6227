/**
 * The origins of code servers that messages may name, as a person writes them: one in a line. Pure.
 */
/** More is a mistake. A guess. */
const MOST_SERVERS = 32;

export type CodeServersRead =
  | { readonly kind: "origins"; readonly origins: readonly string[] }
  /** `why` is a sentence for the person. */
  | { readonly kind: "invalid"; readonly why: string };

export function readCodeServers(text: string): CodeServersRead {
  const origins = new Set<string>();
  for (const word of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const origin = originOf(word.includes("://") ? word : `https://${word}`);
    if (origin === null) {
      return { kind: "invalid", why: `“${word.slice(0, 60)}” is no address of a server.` };
    }
    origins.add(origin);
  }
  if (origins.size > MOST_SERVERS) {
    return { kind: "invalid", why: `At most ${MOST_SERVERS} servers; these are ${origins.size}.` };
  }
  return { kind: "origins", origins: [...origins] };
}

function originOf(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const { protocol, origin, hostname } = new URL(address);
  const isWeb = protocol === "https:" || protocol === "http:";
  return isWeb && /[a-z0-9\]]$/i.test(hostname) ? origin : null;
}
