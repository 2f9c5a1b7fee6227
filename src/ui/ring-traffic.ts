/**
 * Which links carried something between two snapshots. Pure.
 */
export interface LinkBytes {
  readonly id: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface Movement {
  readonly id: string;
  readonly direction: "out" | "in";
  readonly bytes: number;
}

/**
 * Less than this is the links' own heartbeat (a ping and a pong are 24 bytes), which is no news, and
 * would keep every tab drawing all day. A routed message has at least 80.
 */
const LEAST_BYTES = 64;

/** A link that was not there before has no movement yet: its first bytes are the handshake's. */
export function movements(before: readonly LinkBytes[], now: readonly LinkBytes[]): Movement[] {
  const beforeById = new Map(before.map((link) => [link.id, link]));
  return now.flatMap(({ id, sentBytes, receivedBytes }) => {
    const old = beforeById.get(id);
    if (old === undefined) return [];
    const moved: Movement[] = [
      { id, direction: "out", bytes: sentBytes - old.sentBytes },
      { id, direction: "in", bytes: receivedBytes - old.receivedBytes },
    ];
    return moved.filter(({ bytes }) => bytes >= LEAST_BYTES);
  });
}
