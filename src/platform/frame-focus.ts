/**
 * Keeps a frame from taking the focus from the page by itself: what a person
 * types is meant for where they are. `focus-without-user-activation` is to do that one day.
 *
 * The page cannot see a click into a frame, only that the pointer is over it,
 * or that the Tab key has just been pressed.
 */

/** A Tab moves the focus at once. Guess. */
const TAB_MS = 300;
/** What has the focus loses it in the same moment in which the frame gets it. Guess. */
const SAME_MOMENT_MS = 100;

const TYPED_INTO = "input, textarea, select, [contenteditable], [role=listbox] *";

/** Taken so often within this time, it is no accident: between two of them keys may reach the frame. Guesses. */
const MOST_THEFTS = 3;
const THEFTS_MS = 10_000;

/** `stolen` is called when the frame does not leave it. Returns how to stop guarding. */
export function guardFocus(frame: HTMLIFrameElement, stolen: () => void): () => void {
  let before: HTMLElement | null = activeElement();
  let leftAtMs = before === null ? -Infinity : Infinity;
  let tabbedAtMs = -Infinity;
  let theftsMs: number[] = [];
  const focused = () => {
    before = activeElement();
    leftAtMs = Infinity;
  };
  const left = () => {
    leftAtMs = performance.now();
  };
  const pressed = ({ key }: KeyboardEvent) => {
    if (key === "Tab") tabbedAtMs = performance.now();
  };
  const blurred = () => {
    if (document.activeElement !== frame || frame.matches(":hover")) return;
    const now = performance.now();
    if (now - tabbedAtMs < TAB_MS) return;
    // Nothing that takes keys had it: nobody was typing there.
    if (now - leftAtMs > SAME_MOMENT_MS || !before?.matches(TYPED_INTO)) return;
    // Not at once: while the browser moves the focus, only what the document calls active would
    // change, and the keys would go to the frame all the same.
    setTimeout(() => {
      frame.blur();
      window.focus();
      before?.blur();
      before?.focus();
    });
    theftsMs = [...theftsMs.filter((atMs) => now - atMs < THEFTS_MS), now];
    if (theftsMs.length >= MOST_THEFTS) stolen();
  };
  document.addEventListener("focusin", focused);
  document.addEventListener("focusout", left);
  document.addEventListener("keydown", pressed, true);
  window.addEventListener("blur", blurred);
  return () => {
    document.removeEventListener("focusin", focused);
    document.removeEventListener("focusout", left);
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
