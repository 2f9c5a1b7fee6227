/**
 * Keeps a frame from taking the focus by itself: what a person types is meant
 * for where they are. `focus-without-user-activation` is to do that one day.
 *
 * The page cannot see a click into a frame, only that the pointer is over it,
 * or that the Tab key has just been pressed.
 */

/** A Tab moves the focus at once. Guess. */
const TAB_MS = 300;

/** Returns how to stop guarding. */
export function guardFocus(frame: HTMLIFrameElement): () => void {
  let before: HTMLElement | null = activeElement();
  let tabbedAtMs = -Infinity;
  const focused = () => {
    before = activeElement();
  };
  const pressed = ({ key }: KeyboardEvent) => {
    if (key === "Tab") tabbedAtMs = performance.now();
  };
  const blurred = () => {
    if (document.activeElement !== frame || frame.matches(":hover")) return;
    if (performance.now() - tabbedAtMs < TAB_MS) return;
    frame.blur();
    before?.focus();
  };
  document.addEventListener("focusin", focused);
  document.addEventListener("keydown", pressed, true);
  window.addEventListener("blur", blurred);
  return () => {
    document.removeEventListener("focusin", focused);
    document.removeEventListener("keydown", pressed, true);
    window.removeEventListener("blur", blurred);
  };

  function activeElement(): HTMLElement | null {
    const element = document.activeElement;
    return element instanceof HTMLElement && element !== frame && element !== document.body
      ? element
      : null;
  }
}
