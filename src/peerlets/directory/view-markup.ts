/** What the view is made of before anything is known: its elements and how they look. */
import {
  MAX_CATEGORY_CHARS,
  MAX_CONTACT_CHARS,
  MAX_DESCRIPTION_CHARS,
  MAX_NAME_CHARS,
  MAX_SEARCH_CHARS,
} from "./limits.ts";

const STYLES = `
  :root { --line: #8885; --soft: #8881; --accent: #1d5fd1; --bad: #b3261e; --good: #1a7f4e; }
  :root[data-theme="dark"] { --accent: #8ab4ff; --bad: #ff8a80; --good: #6fd6a2; }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  body { margin: 0; }
  main { font: 15px/1.45 system-ui, sans-serif; padding: 12px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; max-width: 62rem; }
  @media (min-width: 760px) { main { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); align-items: start; } header { grid-column: 1 / -1; } }
  .column, header, section, form.tall, .cards, .card { display: grid; grid-template-columns: minmax(0, 1fr); }
  .column { gap: 16px; min-width: 0; }
  section, details { border: 1px solid var(--line); border-radius: 12px; padding: 12px; min-width: 0; }
  section { gap: 10px; }
  summary { cursor: pointer; font-weight: 600; }
  h2 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
  h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
  p { margin: 0; min-width: 0; overflow-wrap: anywhere; }
  ul, ol { margin: 0; padding: 0; list-style: none; }
  header { gap: 10px; }
  nav ol { display: flex; flex-wrap: wrap; gap: 2px; align-items: center; }
  nav li + li::before { content: "›"; opacity: .6; padding: 0 2px; }
  form { display: flex; flex-wrap: wrap; gap: 8px; margin: 0; }
  label { display: grid; gap: 3px; font-size: 13px; min-width: 0; flex: 1 1 10rem; }
  label.check { display: flex; gap: 8px; align-items: center; font-size: 14px; }
  input:not([type=checkbox]), textarea, select { font: inherit; font-size: 16px; width: 100%; min-width: 0; padding: 8px 10px; border: 1px solid #7d7d86; border-radius: 8px; background: transparent; color: inherit; }
  select option { color: initial; }
  textarea { resize: vertical; min-height: 5em; }
  button { font: inherit; min-height: 38px; padding: 6px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--soft); color: inherit; cursor: pointer; align-self: end; }
  button.main { border-color: var(--accent); color: var(--accent); font-weight: 600; }
  button.link { border: 0; background: none; padding: 4px 6px; color: var(--accent); min-height: 32px; text-align: left; overflow-wrap: anywhere; }
  button.link[aria-current] { color: inherit; font-weight: 600; }
  button:disabled { opacity: .5; cursor: default; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .chips { display: flex; flex-wrap: wrap; gap: 6px; }
  .cards { gap: 10px; }
  .card { border-top: 1px solid var(--line); padding-top: 10px; gap: 4px; min-width: 0; }
  .card p.text { white-space: pre-line; }
  .row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
  .quiet { color: color-mix(in srgb, currentcolor 75%, transparent); font-size: 13px; }
  .bad { color: var(--bad); }
  .good { color: var(--good); }
  details > * + * { margin-top: 10px; }
  code { font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
`;

export const MARKUP = `
  <style>${STYLES}</style>
  <main>
    <header>
      <nav aria-label="Where you are"><ol id="crumbs"></ol></nav>
      <form id="go">
        <label>Category, or a new one
          <input name="category" maxlength="${MAX_CATEGORY_CHARS}" placeholder="food/bakers" autocomplete="off" autocapitalize="off" spellcheck="false" />
        </label>
        <button>Open</button>
      </form>
      <p class="why bad" id="go-why" role="alert"></p>
    </header>
    <div class="column">
      <section aria-labelledby="categories-title">
        <h2 id="categories-title" tabindex="-1">Categories</h2>
        <ul id="categories" class="chips" aria-labelledby="categories-title"></ul>
        <p id="categories-said" class="said quiet" aria-live="polite"></p>
        <button id="categories-more" hidden>More categories</button>
      </section>
      <section id="providers-part" aria-labelledby="providers-title" hidden>
        <h2 id="providers-title" tabindex="-1"></h2>
        <form id="search" role="search">
          <label>Search here: all words, in name or description
            <input name="text" type="search" maxlength="${MAX_SEARCH_CHARS}" autocomplete="off" />
          </label>
          <button>Search</button>
          <button type="button" id="search-clear" hidden>Show all</button>
        </form>
        <p class="why bad" id="providers-why" role="alert"></p>
        <p class="said quiet" id="providers-said" aria-live="polite"></p>
        <ul id="providers" class="cards" aria-labelledby="providers-title"></ul>
        <div class="row">
          <button id="providers-more" hidden>More providers</button>
          <button id="register-here" class="main">Register an entry here</button>
        </div>
      </section>
    </div>
    <div class="column">
      <section aria-labelledby="mine-title">
        <h2 id="mine-title">Your entries</h2>
        <p class="said quiet" id="mine-said" aria-live="polite"></p>
        <p class="why bad" id="mine-why" role="alert"></p>
        <ul id="mine" class="cards" aria-labelledby="mine-title"></ul>
      </section>
      <details id="register-part">
        <summary>Register an entry</summary>
        <form id="register" class="tall">
          <label>Category<input name="category" required maxlength="${MAX_CATEGORY_CHARS}" placeholder="food/bakers" autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
          <label>Name<input name="name" required maxlength="${MAX_NAME_CHARS}" autocomplete="organization" /></label>
          <label>What you offer<textarea name="description" maxlength="${MAX_DESCRIPTION_CHARS}"></textarea></label>
          <label>How to reach you<input name="contact" maxlength="${MAX_CONTACT_CHARS}" placeholder="telephone, address, site" /></label>
          <label>Listed for
            <select name="ttlMs">
              <option value="3600000">an hour</option>
              <option value="86400000" selected>a day</option>
              <option value="604800000">a week</option>
            </select>
          </label>
          <label class="check"><input type="checkbox" name="autoRenew" checked /> Renew it while this node runs</label>
          <button class="main">Register</button>
        </form>
        <p class="why bad" id="register-why" role="alert"></p>
        <p class="said good" id="register-said" aria-live="polite"></p>
      </details>
      <details id="key-part">
        <summary>Your key</summary>
        <p class="quiet">It signs your entries: who has it can change them. Keep a copy, and import it where you want to go on.</p>
        <p class="quiet">You are <code id="me">–</code></p>
        <div class="row"><button id="export">Show it</button></div>
        <label id="exported" hidden>Your key: copy all of it, and show it to nobody<textarea readonly rows="4" spellcheck="false"></textarea></label>
        <form id="import" class="tall">
          <label>A key from another machine<textarea name="text" required rows="3" spellcheck="false" autocomplete="off"></textarea></label>
          <label class="check"><input type="checkbox" name="replace" /> Give up entries under this node's own key</label>
          <button>Import</button>
        </form>
        <p class="why bad" id="key-why" role="alert"></p>
        <p class="said good" id="key-said" aria-live="polite"></p>
      </details>
    </div>
  </main>`;
