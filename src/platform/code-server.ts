/**
 * Reads from code servers: any static host that answers other origins. Nothing
 * of this page's goes there but the address, and nothing of what comes back is
 * believed: `peer/` checks hashes and signatures.
 */
import type { Fetched } from "../peer/code-sources.ts";

/** A server that is slower counts as away, in ms. A guess. */
const LIMIT_MS = 8_000;

/** Null when it is away or says no. */
export async function fetchCode(url: string, mostBytes: number): Promise<Fetched> {
  try {
    const response = await fetch(url, {
      credentials: "omit",
      // An open redirect on an allowed server would lead to any other.
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    if (!response.ok || !response.body) return null;
    return await readAtMost(response.body, mostBytes);
  } catch {
    return null;
  }
}

async function readAtMost(
  body: ReadableStream<Uint8Array>,
  mostBytes: number,
): Promise<Uint8Array | "too-large"> {
  const reader = body.getReader();
  const bytes = new Uint8Array(mostBytes);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes.slice(0, length);
    if (length + value.length > mostBytes) {
      await reader.cancel();
      return "too-large";
    }
    bytes.set(value, length);
    length += value.length;
  }
}
