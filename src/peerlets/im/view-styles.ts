/** The view's styles: two panes side by side, one at a time where it is narrow. */
export const STYLES = `
:root { --line: #8884; --soft: #8881; --own: #2563eb; --own-text: #fff; --other: #8882; --on: #15803d; --bad: #b91c1c; --text: #18181b; --back: #fff; --dim: #52525b; color-scheme: light; }
:root[data-theme="dark"] { --own: #2f5fd0; --on: #4ade80; --bad: #f87171; --text: #ececf1; --back: #18181b; --dim: #a1a1aa; color-scheme: dark; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); }
.app { display: grid; grid-template-columns: minmax(220px, 300px) minmax(0, 1fr); height: 100vh; height: 100dvh; min-height: 320px; }
.side { border-right: 1px solid var(--line); display: flex; flex-direction: column; min-height: 0; }
.main { display: flex; flex-direction: column; min-width: 0; min-height: 0; }
button, input, textarea { font: inherit; color: inherit; }
button { padding: 7px 12px; min-height: 36px; border: 1px solid var(--line); border-radius: 8px; background: var(--other); cursor: pointer; }
button.first { background: var(--own); color: var(--own-text); border-color: transparent; }
button.quiet { background: transparent; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--own); outline-offset: 1px; }
input, textarea { width: 100%; padding: 8px 10px; border: 1px solid #7d7d86; border-radius: 8px; background: transparent; min-width: 0; }
.why { color: var(--bad); margin: 0; overflow-wrap: anywhere; }
.why:empty { display: none; }
.dim { color: var(--dim); font-size: 13px; }
.mine { display: flex; align-items: center; gap: 8px; padding: 10px; border-bottom: 1px solid var(--line); }
.mine button { flex: 1; min-width: 0; text-align: left; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.seek { display: grid; grid-template-columns: 1fr auto; gap: 6px; padding: 10px; }
.seek .why { grid-column: 1 / -1; }
.lists { overflow-y: auto; flex: 1; padding: 0 6px 10px; }
.lists h2 { font-size: 12px; font-weight: 600; color: var(--dim); margin: 10px 6px 4px; text-transform: uppercase; letter-spacing: .04em; }
.lists ul { list-style: none; margin: 0; padding: 0; }
.row { width: 100%; display: grid; grid-template-columns: 10px minmax(0, 1fr) auto; gap: 0 9px; align-items: center; text-align: left; background: transparent; border-color: transparent; padding: 7px 8px; }
.row:hover { background: var(--soft); }
.row[aria-current="true"] { background: var(--other); }
.row .name, .row .last { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row .last { grid-column: 2; color: var(--dim); font-size: 13px; }
.row .dot { width: 9px; height: 9px; border-radius: 50%; border: 1.5px solid var(--dim); }
.row .dot.on { background: var(--on); border-color: var(--on); }
.row .dot.room { border-radius: 2px; }
.row .unread { grid-column: 3; grid-row: 1 / span 2; background: var(--own); color: var(--own-text); font-size: 12px; font-weight: 600; min-width: 20px; padding: 1px 6px; border-radius: 10px; text-align: center; }
.row.new .name { font-weight: 650; }
.head { display: flex; align-items: center; gap: 8px; padding: 8px 12px; border-bottom: 1px solid var(--line); }
.head .title { flex: 1 1 8rem; min-width: 0; }
.head h1 { font-size: 16px; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.head p { margin: 0; }
.back { display: none; }
.print { font-family: ui-monospace, monospace; font-size: 13px; user-select: all; }
.log { flex: 1; overflow-y: auto; margin: 0; padding: 12px; list-style: none; display: flex; flex-direction: column; gap: 3px; }
.log .day { align-self: center; color: var(--dim); font-size: 12px; padding: 8px 0 4px; }
.log .said { max-width: min(80%, 34rem); padding: 6px 11px; border-radius: 14px; background: var(--other); align-self: flex-start; overflow-wrap: anywhere; }
.log .said.own { background: var(--own); color: var(--own-text); align-self: flex-end; }
.said .text { white-space: pre-wrap; margin: 0; }
.said .who { font-size: 12px; font-weight: 600; margin: 0; color: var(--dim); }
.said .meta { font-size: 11px; opacity: .8; margin: 1px 0 0; text-align: right; }
.empty { margin: auto; padding: 20px; max-width: 26rem; text-align: center; color: var(--dim); }
.writer { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; padding: 10px 12px; border-top: 1px solid var(--line); align-items: end; }
.writer textarea { resize: none; max-height: 9rem; min-height: 38px; field-sizing: content; }
.writer .why { grid-column: 1 / -1; }
.panel { overflow-y: auto; padding: 16px; display: grid; gap: 14px; align-content: start; max-width: 36rem; }
.panel.is-empty { margin: auto; }
.panel h1 { font-size: 18px; margin: 0; }
.panel h2 { font-size: 14px; margin: 6px 0 0; }
.panel p { margin: 0; }
.panel form { display: grid; gap: 8px; justify-items: start; }
.panel ul { margin: 0; padding: 0; list-style: none; display: grid; gap: 8px; }
.card { border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px; display: grid; gap: 4px; overflow-wrap: anywhere; }
.card .acts, .acts { display: flex; gap: 8px; flex-wrap: wrap; }
.warn { color: var(--bad); }
.sr { position: absolute; top: 0; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 640px) {
  .app { grid-template-columns: minmax(0, 1fr); }
  .app .side { border-right: 0; }
  .app.is-open .side, .app:not(.is-open) .main { display: none; }
  .back { display: inline-block; justify-self: start; }
  .head { flex-wrap: wrap; }
  .head .title { order: 1; flex: 1 0 100%; }
  .head .back { margin-right: auto; }
  .log .said { max-width: 88%; }
}
@media (prefers-reduced-motion: no-preference) { .log { scroll-behavior: smooth; } }
`;
