/**
 * A named counter, kept at the root of its name: the smallest application that
 * uses the ring. Adding to it from anywhere brings this peerlet to that root.
 *
 * One node holds a count, and it is not replicated: when another node becomes
 * the root, the count begins anew there. See `dht` for what replicates.
 */
import { type Prost, definePeerlet } from "prost/sdk";

/** What the peerlet at the root of a name does for others. */
interface AtRoot {
  add(caller: string, name: string, by: number): Promise<Count>;
  read(caller: string, name: string): Promise<Count>;
}

export interface Count {
  readonly name: string;
  readonly count: number;
  /** The node that holds it. */
  readonly root: string;
}

const MAX_NAME_CHARS = 100;

export default definePeerlet((prost) => {
  /** Additions to one name wait for each other: reading and writing are two steps. */
  let last: Promise<unknown> = Promise.resolve();

  const read = async (name: string): Promise<Count> => {
    const kept = await prost.storage.get(checkName(name));
    return { name, count: typeof kept === "number" ? kept : 0, root: prost.self };
  };
  const add = (name: string, by = 1): Promise<Count> => {
    if (!Number.isSafeInteger(by)) throw new TypeError("a counter is counted in whole numbers");
    const added = last.then(async () => {
      const before = await read(name);
      const after = { ...before, count: before.count + by };
      await prost.storage.set(name, after.count);
      prost.emit("count", { ...after });
      return after;
    });
    last = added.catch(() => {});
    return added;
  };
  const atRootOf = (name: string) => prost.lookupPeerlet<AtRoot>(prost.keyOf(checkName(name)));

  return {
    /** A message adds one; its data is the name, and when it is empty the key stands for it. */
    async deliver({ key, data }) {
      await add(data.length === 0 ? key : new TextDecoder().decode(data));
    },
    remote: {
      add: (_caller: string, name: string, by?: number) => add(name, by),
      read: (_caller: string, name: string) => read(name),
    },
    local: {
      /** Adds to the counter of a name, wherever its root is. */
      add: async (name: string, by = 1) => (await atRootOf(name)).add(name, by),
      read: async (name: string) => (await atRootOf(name)).read(name),
      /** The counters that this node holds. */
      held: () => heldBy(prost),
    },
  };
});

async function heldBy(prost: Prost): Promise<Count[]> {
  const names = await prost.storage.keys();
  return Promise.all(
    names.map(async (name) => ({
      name,
      count: (await prost.storage.get(name)) as number,
      root: prost.self,
    })),
  );
}

function checkName(name: unknown): string {
  if (typeof name === "string" && name.length >= 1 && name.length <= MAX_NAME_CHARS) return name;
  throw new TypeError(`a counter's name has 1 to ${MAX_NAME_CHARS} characters`);
}
