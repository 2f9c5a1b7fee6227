/** What ends a command, in words for people: what is wrong, where, and what to do. */
export class Failure extends Error {
  /** 1: it could not be done, or the package is bad. 2: the command was called wrongly. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Says what the system said about a file, without its stack. */
export function fileFailure(what: string, path: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return new Failure(`${what} ${path}: there is no such file or folder.`);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new Failure(
        `${what} ${path}: you may not. Check the rights of the file and its folder.`,
      );
    case "ENOTDIR":
      return new Failure(`${what} ${path}: a part of this path is a file, not a folder.`);
    default:
      return new Failure(`${what} ${path}: ${message}`);
  }
}
