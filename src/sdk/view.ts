/** The view's side of the SDK: what its module is given. See `index.ts`. */
import type { Plain } from "../base/plain.ts";

/** This node's own peerlet, as its view sees it. */
export interface ViewContext<Local = Record<string, (...args: Plain[]) => Plain | Promise<Plain>>> {
  /** Where to draw: an element of the view's own frame. */
  readonly root: HTMLElement;
  /** The page's, and when it changes. */
  readonly theme: "light" | "dark";
  readonly onTheme: (listener: (theme: "light" | "dark") => void) => () => void;
  /** The peerlet's `local` methods. */
  readonly local: {
    readonly [Name in keyof Local]: Local[Name] extends (...args: infer Args) => infer Value
      ? (...args: Args) => Promise<Awaited<Value>>
      : never;
  };
  /** Events that the peerlet emits. */
  readonly on: (event: string, listener: (detail: Plain) => void) => () => void;
}

export type ViewSetup<Local = never> = (view: ViewContext<Local>) => void | Promise<void>;

/** Marks the default export of `view.js`. */
export function defineView<Local>(setup: ViewSetup<Local>): ViewSetup<Local> {
  return setup;
}
