/**
 * What a contract is made of: cases that run anywhere, in Vitest as in a real
 * page, so they bring their own way to say what is wrong.
 */
export interface ContractCase {
  /** The sentence that is false when it fails. */
  readonly title: string;
  run(): Promise<void>;
}

/** Fails the case unless both are the same in JSON. */
export function same(what: string, found: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what} is ${is}, not ${should}`);
}

export function holds(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`this does not hold: ${what}`);
}
