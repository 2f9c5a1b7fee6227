/**
 * For views: buttons that wait while something is done. A browser takes the focus
 * from a button that is disabled, and who works by keyboard would have to look for it.
 */

/** Disables these buttons until `work` has ended; the one that was pressed has the focus afterwards, unless `work` gave it away. */
export async function whileBusy(
  buttons: Iterable<HTMLButtonElement>,
  work: () => Promise<void>,
): Promise<void> {
  const waiting = [...buttons].filter(({ disabled }) => !disabled);
  const pressed = waiting.find((button) => button === document.activeElement);
  for (const button of waiting) button.disabled = true;
  try {
    await work();
  } finally {
    for (const button of waiting) button.disabled = false;
    if (document.activeElement === document.body) pressed?.focus();
  }
}
