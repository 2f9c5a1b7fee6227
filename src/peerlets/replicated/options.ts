/** What a caller passes beside the rest: an object with names that are known, or nothing. */

/** The options as they are; throws for what is no object, and for a name that is none of `names`. */
export function readOptions<Options extends object>(
  options: unknown,
  names: readonly (keyof Options & string)[],
): Partial<Options> {
  if (options === undefined || options === null) return {};
  const known = names.join(", ");
  if (typeof options !== "object" || Array.isArray(options)) {
    throw new TypeError(`options are an object, with some of ${known}`);
  }
  const unknown = Object.keys(options).find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no option ${JSON.stringify(unknown.slice(0, 40))}, but ${known}`);
  }
  return options;
}
