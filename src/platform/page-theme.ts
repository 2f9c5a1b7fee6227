/** The theme that the page shows, and when it changes: its own choice (`data-theme` of its root), else the system's. */
import type { Theme } from "../sandbox/messages.ts";

const DARK = "(prefers-color-scheme: dark)";

export function pageTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia(DARK).matches ? "dark" : "light";
}

/** Returns how to stop listening. */
export function onPageTheme(listener: (theme: Theme) => void): () => void {
  const changed = () => listener(pageTheme());
  const system = matchMedia(DARK);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", changed);
  };
}
