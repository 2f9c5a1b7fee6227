/**
 * Keeps tabs of the app open in a headless browser, so that one person alone
 * sees a living overlay. A tab that crashes is opened again, and so is the
 * browser.
 */
import { chromiumArgs } from "./chromium.mjs";
import { messageOf } from "./set-up.mjs";

/** @typedef {import("@playwright/test").Browser} Browser */
/** @typedef {import("@playwright/test").BrowserContext} BrowserContext */

/** What dies at once is not started again in a busy loop. Guess. */
const RESTART_DELAY_MS = 2000;

export class OpenTabs {
  #url;
  #count;
  #executablePath;
  /** @type {Browser | null} */
  #browser = null;
  #closed = false;

  /**
   * @param {string} url
   * @param {number} count
   * @param {string} executablePath
   */
  constructor(url, count, executablePath) {
    this.#url = url;
    this.#count = count;
    this.#executablePath = executablePath;
  }

  start() {
    void this.#keepBrowser();
  }

  async close() {
    this.#closed = true;
    await this.#browser?.close().catch(() => {});
  }

  async #keepBrowser() {
    while (!this.#closed) {
      try {
        await this.#runBrowser();
      } catch (error) {
        if (!this.#closed) process.stderr.write(`--peers: ${messageOf(error)}\n`);
      }
      await this.#browser?.close().catch(() => {});
      if (!this.#closed) await delay();
    }
  }

  /** Ends when the browser does. */
  async #runBrowser() {
    const { chromium } = await import("@playwright/test");
    const browser = await chromium.launch({
      executablePath: this.#executablePath,
      args: chromiumArgs(),
      // Signals are ours to handle.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    this.#browser = browser;
    if (this.#closed) return;
    const gone = new Promise((resolve) => browser.once("disconnected", resolve));
    const context = await browser.newContext();
    await Promise.all(Array.from({ length: this.#count }, () => this.#keepTab(context)));
    await gone;
  }

  /** @param {BrowserContext} context */
  async #keepTab(context) {
    const page = await context.newPage();
    page.once("crash", () => {
      void page.close().catch(() => {});
      delay()
        .then(() => (this.#closed ? undefined : this.#keepTab(context)))
        .catch(() => {}); // The browser is gone, too, and comes back with all its tabs.
    });
    await page.goto(this.#url);
  }
}

function delay() {
  return new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
}
