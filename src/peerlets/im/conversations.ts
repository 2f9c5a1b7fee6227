/** How conversations are named in the history: with a person, in a room. */
const PERSON = "p:";
const ROOM = "r:";

export function conversationOf(publicKey: string): string {
  return `${PERSON}${publicKey}`;
}

export function conversationOfRoom(key: string): string {
  return `${ROOM}${key}`;
}

/** Null for a room's. */
export function personOf(conversation: string): string | null {
  return conversation.startsWith(PERSON) ? conversation.slice(PERSON.length) : null;
}

/** The public key, or the key of the room. */
export function keyOfConversation(conversation: string): string {
  return conversation.slice(PERSON.length);
}
