/**
 * Whom this node publishes for, and what arrived for them. The rest of the
 * peerlet knows objects alone; who is behind one is known here.
 *
 * Clients do not see each other: the objects of another peerlet on this node are
 * those of its own application on all nodes, because their ids are made with
 * its app id. What a person does in the view, or on the page's console, is a
 * client, too: one without an app id, whose objects have the ids that it says.
 */
import type { CallError, Plain, Prost } from "prost/sdk";
import { readOptions } from "../replicated/options.ts";
import {
  MAX_ENDPOINTS,
  MAX_MESSAGE_BYTES,
  MAX_NAME_CHARS,
  MAX_PUBLISHED_BY_CLIENT,
  MAX_RECEIVED,
  MAX_RECEIVED_BYTES,
} from "./limits.ts";
import { isCount, isId } from "./protocol.ts";
import type { Published, Publisher } from "./publisher.ts";
import type { Sender, Sent } from "./sender.ts";

/** The view and the page. */
const OWN = "";

/** What the view, the page, and other applications on this node may call. */
export interface ClientMethods {
  publish(object: unknown): Promise<Published & { readonly object: string }>;
  unpublish(object: unknown): Promise<{ readonly told: number }>;
  sendToObj(message: unknown, object: unknown, n?: unknown): Promise<Sent>;
  published(): readonly (Published & { readonly object: string })[];
  received(options?: unknown): readonly Received[];
}

/** What `prost.service<DolrService>("dolr")` gives. */
export type DolrService = {
  readonly [Name in keyof ClientMethods]: (
    client: string,
    ...args: Parameters<ClientMethods[Name]>
  ) => ReturnType<ClientMethods[Name]>;
};

export interface Received {
  /** Rises by one with each message here; `received({ after })` goes by it. */
  readonly serial: number;
  readonly object: string;
  readonly objectId: string;
  /** A node id, proved. */
  readonly sender: string;
  readonly message: Uint8Array;
  /** By this node's clock, in ms since 1970. */
  readonly atMs: number;
}

interface Owned {
  readonly client: string;
  /** As the client says it: a name or a key. */
  readonly object: string;
}

export class Clients {
  readonly #prost: Prost;
  readonly #publisher: Publisher;
  readonly #sender: Sender;
  /** An object has one client: ids are made so. */
  readonly #owned = new Map<string, Owned>();
  readonly #received: (Received & { readonly client: string })[] = [];
  #receivedBytes = 0;
  #serial = 0;

  constructor(prost: Prost, publisher: Publisher, sender: Sender) {
    this.#prost = prost;
    this.#publisher = publisher;
    this.#sender = sender;
  }

  /** For each method the client comes first: the node vouches for it. */
  service(): DolrService {
    return {
      publish: (client, object) => this.publish(client, object),
      unpublish: (client, object) => this.unpublish(client, object),
      sendToObj: (client, message, object, n = 1) => this.sendToObj(client, message, object, n),
      published: (client) => this.published(client),
      received: (client, options) => this.received(client, options),
    };
  }

  local(): ClientMethods {
    const service = this.service();
    return {
      publish: (object) => service.publish(OWN, object),
      unpublish: (object) => service.unpublish(OWN, object),
      sendToObj: (message, object, n) => service.sendToObj(OWN, message, object, n),
      published: () => service.published(OWN),
      received: (options) => service.received(OWN, options),
    };
  }

  async publish(client: string, object: unknown): Promise<Published & { readonly object: string }> {
    const [objectId, said] = this.#idOf(client, object);
    const isNew = !this.#owned.has(objectId);
    if (isNew && this.published(client).length >= MAX_PUBLISHED_BY_CLIENT) {
      throw new RangeError(`at most ${MAX_PUBLISHED_BY_CLIENT} objects: unpublish one`);
    }
    this.#owned.set(objectId, { client, object: said });
    try {
      const published = await this.#publisher.publish(objectId);
      return { ...published, object: said };
    } catch (error) {
      if (isNew) this.#owned.delete(objectId);
      throw error;
    } finally {
      if (isNew) this.#publishedChanged(client);
    }
  }

  async unpublish(client: string, object: unknown): Promise<{ readonly told: number }> {
    const [objectId] = this.#idOf(client, object);
    if (!this.#owned.delete(objectId)) return { told: 0 };
    this.#publishedChanged(client);
    return { told: await this.#publisher.unpublish(objectId) };
  }

  async sendToObj(client: string, message: unknown, object: unknown, n: unknown): Promise<Sent> {
    const [objectId] = this.#idOf(client, object);
    if (!isCount(n, MAX_ENDPOINTS) || n === 0) {
      throw new RangeError(`a message is for 1 to ${MAX_ENDPOINTS} endpoints`);
    }
    const bytes = typeof message === "string" ? new TextEncoder().encode(message) : message;
    if (!(bytes instanceof Uint8Array)) throw new TypeError("a message is a text or bytes");
    if (bytes.length > MAX_MESSAGE_BYTES) {
      const most = `${MAX_MESSAGE_BYTES} bytes (64 KiB)`;
      throw new RangeError(`a message has at most ${most}, not ${bytes.length}`);
    }
    return this.#sender.send(bytes, objectId, n);
  }

  published(client: string): (Published & { readonly object: string })[] {
    return this.#publisher.list().flatMap((published) => {
      const owned = this.#owned.get(published.objectId);
      return owned?.client === client ? [{ ...published, object: owned.object }] : [];
    });
  }

  /** What arrived, the oldest first; `after`: only later ones than this serial. */
  received(client: string, options: unknown): Received[] {
    const { after = 0 } = readOptions<{ readonly after: unknown }>(options, ["after"]);
    if (!Number.isSafeInteger(after) || (after as number) < 0) {
      throw new TypeError("after is the serial of a message: a whole number from 0");
    }
    return this.#received
      .filter((each) => each.client === client && each.serial > (after as number))
      .map(({ client: _client, ...received }) => received);
  }

  /** From the endpoint. */
  arrived(objectId: string, sender: string, message: Uint8Array): void {
    const owned = this.#owned.get(objectId);
    if (!owned) return;
    const { client, object } = owned;
    this.#serial += 1;
    const atMs = this.#prost.clock.date();
    const received = { serial: this.#serial, object, objectId, sender, message, atMs };
    this.#received.push({ ...received, client });
    this.#receivedBytes += message.length;
    while (this.#received.length > MAX_RECEIVED || this.#receivedBytes > MAX_RECEIVED_BYTES) {
      this.#receivedBytes -= this.#received.shift()!.message.length;
    }
    this.#tell(client, "message", { ...received });
  }

  /** For the view; another peerlet knows what it published. */
  #publishedChanged(client: string): void {
    if (client === OWN) this.#prost.emit("published", this.published(client).length);
  }

  #tell(client: string, event: string, detail: Plain): void {
    if (client === OWN) return this.#prost.emit(event, detail);
    this.#prost.tell(client, event, detail).catch((error: unknown) => {
      // It is not on this node any more, or may not run: what it published leads to nobody.
      if ((error as CallError).code === "refused") void this.#unpublishAll(client);
    });
  }

  async #unpublishAll(client: string): Promise<void> {
    const objectIds = this.published(client).map(({ objectId }) => objectId);
    for (const objectId of objectIds) this.#owned.delete(objectId);
    await Promise.all(objectIds.map((objectId) => this.#publisher.unpublish(objectId)));
  }

  #idOf(client: string, object: unknown): readonly [objectId: string, object: string] {
    const isSound =
      typeof object === "string" && object.length >= 1 && object.length <= MAX_NAME_CHARS;
    if (!isSound)
      throw new TypeError(`an object is a key, or a name of 1 to ${MAX_NAME_CHARS} characters`);
    if (client !== OWN) return [this.#prost.keyOf(`dolr/${client}/${object}`), object];
    return [isId(object) ? object : this.#prost.keyOf(object), object];
  }
}
