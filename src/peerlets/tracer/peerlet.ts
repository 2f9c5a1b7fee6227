/**
 * Shows the way of a message: every hop adds itself to it. The smallest per-hop
 * application; it comes to exactly the nodes that its messages pass.
 *
 * The data is JSON: `{ "id": "…", "hops": ["…"] }`. What is not counts as a
 * message without an id, whose way begins at the first hop that adds itself.
 */
import { type PeerletMessage, definePeerlet } from "prost/sdk";

interface Way {
  /** Drawn by who wants to hear of it; "" when nobody does. */
  readonly id: string;
  /** The nodes passed, the source first. */
  readonly hops: readonly string[];
}

export interface Traced {
  readonly key: string;
  readonly hops: readonly string[];
  readonly ms: number;
}

interface AtSource {
  arrived(caller: string, id: string, hops: readonly string[]): void;
}

/** As many as a message may make. */
const MAX_HOPS = 64;
/** How long to wait for word from the root, in ms. */
const WAIT_MS = 10_000;

export default definePeerlet((prost) => {
  const waiting = new Map<string, (hops: readonly string[]) => void>();

  const trace = async (name: string): Promise<Traced> => {
    const key = /^[0-9a-f]{40}$/.test(name) ? name : prost.keyOf(name);
    const id = Array.from(prost.random.bytes(8), (byte) => byte.toString(16)).join("-");
    const startMs = prost.clock.now();
    const arrived = new Promise<readonly string[]>((resolve, reject) => {
      const cancel = prost.clock.after(WAIT_MS, () => {
        if (waiting.delete(id)) reject(new Error("no word came from the root"));
      });
      waiting.set(id, (hops) => {
        waiting.delete(id);
        cancel();
        resolve(hops);
      });
    });
    arrived.catch(() => {});
    const receipt = await prost.route(key, write({ id, hops: [] }));
    if (receipt.kind !== "delivered") {
      waiting.delete(id);
      throw new Error("why" in receipt ? receipt.why : `no answer within ${receipt.afterMs} ms`);
    }
    const hops = await arrived;
    return { key, hops, ms: prost.clock.now() - startMs };
  };

  return {
    forward(message) {
      const { id, hops } = read(message);
      if (hops.length >= MAX_HOPS) return null;
      return { data: write({ id, hops: [...hops, prost.self] }) };
    },
    async deliver(message) {
      const { id, hops } = read(message);
      await prost.storage.set("last", { key: message.key, hops });
      prost.emit("arrived", { key: message.key, hops });
      if (id === "") return;
      if (message.source === prost.self) waiting.get(id)?.(hops);
      else {
        // Its receipt does not wait for this: the source hears of it when it can.
        void tell(message.source, id, hops).catch(() => {});
      }
    },
    remote: {
      arrived(_caller: string, id: string, hops: readonly string[]) {
        waiting.get(id)?.(hops);
      },
    },
    local: {
      /** The way to the root of a name, or of a key. */
      trace,
      /** The last message that had its root here. */
      last: async () => (await prost.storage.get("last")) ?? null,
      self: () => prost.self,
    },
  };

  async function tell(source: string, id: string, hops: readonly string[]): Promise<void> {
    const there = await prost.peerletAt<AtSource>(source);
    await there.arrived(id, hops);
  }
});

function write(way: Way): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(way));
}

/** What strangers send may be anything. */
function read({ data }: PeerletMessage): Way {
  try {
    const { id, hops } = JSON.parse(new TextDecoder().decode(data)) as Partial<Way>;
    const isSound =
      typeof id === "string" &&
      id.length <= 40 &&
      Array.isArray(hops) &&
      hops.every((hop) => /^[0-9a-f]{40}$/.test(hop as string));
    if (isSound) return { id, hops: hops.slice(0, MAX_HOPS) };
  } catch {
    // Not JSON: the same as no way at all.
  }
  return { id: "", hops: [] };
}
