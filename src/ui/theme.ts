/**
 * Light, dark, or as the system says: one button that goes round, and remembers.
 *
 * The choice stands in `data-theme` of the root element, "light" or "dark", or
 * is absent: `page-theme.ts` watches it there, and tells the open views.
 */
import { h, setAttribute, setText } from "./dom.ts";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "prost.theme";
const WORDS: Readonly<Record<Theme, string>> = { auto: "Auto", light: "Light", dark: "Dark" };

/** Before anything is drawn, so that nothing flashes. */
export function applyStoredTheme(): void {
  apply(storedTheme());
}

export function themeButton(): HTMLButtonElement {
  const icon = h("span", { class: "theme-icon", "aria-hidden": "true" });
  const word = h("span");
  const button = h("button", { type: "button", class: "quiet theme", "data-testid": "theme" });
  button.append(icon, word);
  const show = (theme: Theme) => {
    setText(word, WORDS[theme]);
    setAttribute(button, "aria-label", `Theme: ${WORDS[theme]}`);
    setAttribute(button, "title", "Auto, light or dark");
  };
  show(storedTheme());
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(storedTheme()) + 1) % THEMES.length]!;
    store(next);
    apply(next);
    show(next);
  });
  return button;
}

function apply(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "auto") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme);
  // The browser's own bar: index.html has one colour for each scheme, a choice makes both the same.
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const scheme = theme === "auto" ? meta.dataset["scheme"] : theme;
    meta.content = scheme === "dark" ? "#0b1015" : "#f5f6f2";
  }
}

/** Storage can be forbidden; then the choice lasts as long as the page. */
let unstored: Theme | null = null;

function storedTheme(): Theme {
  if (unstored !== null) return unstored;
  try {
    const text = localStorage.getItem(STORAGE_KEY);
    return THEMES.find((theme) => theme === text) ?? "auto";
  } catch {
    return "auto";
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(STORAGE_KEY, theme);
  } catch {
    unstored = theme;
  }
}
