/** How the rooms board looks: rooms on top, messages and the tree side by side where there is room. */
export const STYLES = `
:root { --line: #71717a; --soft: #71717a2e; --own: #2563eb; --own-text: #fff; --text: #18181b; --back: #fff; --dim: #52525b; --bad: #b91c1c; color-scheme: light; }
:root[data-theme="dark"] { --line: #8b8b94; --own: #2f5fd0; --text: #ececf1; --back: #18181b; --dim: #a1a1aa; --bad: #f87171; color-scheme: dark; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); }
main { display: flex; flex-direction: column; gap: 10px; padding: 12px; height: 100vh; height: 100dvh; min-height: 420px; }
form { display: flex; gap: 8px; flex-wrap: wrap; margin: 0; }
input, button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 8px; min-height: 36px; padding: 6px 11px; }
input { flex: 1 1 9rem; min-width: 0; background: transparent; }
button { background: var(--soft); cursor: pointer; }
button.first { background: var(--own); border-color: transparent; color: var(--own-text); }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--own); outline-offset: 1px; }
p { margin: 0; overflow-wrap: anywhere; }
p:empty { display: none; }
.why { color: var(--bad); }
.note, .place, .to { color: var(--dim); font-size: 13px; }
.rooms { display: flex; gap: 6px; flex-wrap: wrap; max-height: 5.5rem; overflow-y: auto; flex: none; }
.rooms:empty { display: none; }
.rooms button { border-radius: 999px; padding: 3px 12px; min-height: 32px; max-width: min(100%, 18rem); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: none; }
.rooms [aria-pressed="true"] { background: var(--own); border-color: transparent; color: var(--own-text); }
.rooms b { font-weight: 600; margin-left: 6px; }
section { display: flex; flex-direction: column; gap: 8px; flex: 1; min-height: 0; }
header { display: flex; justify-content: space-between; align-items: center; gap: 8px; }
h2 { font-size: 17px; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.both { display: grid; grid-template-columns: minmax(0, 1fr) 190px; gap: 10px; flex: 1; min-height: 0; }
ol { margin: 0; padding: 10px; list-style: none; display: flex; flex-direction: column; gap: 4px; overflow-y: auto; border: 1px solid var(--soft); border-radius: 10px; }
ol:empty::before { content: "Nothing yet. What is written from now on appears here."; color: var(--dim); margin: auto; padding: 16px; text-align: center; }
li { max-width: min(88%, 34rem); padding: 5px 11px; border-radius: 14px; background: var(--soft); align-self: flex-start; overflow-wrap: anywhere; white-space: pre-wrap; }
li.own { background: var(--own); color: var(--own-text); align-self: flex-end; }
li span { display: block; font-size: 12px; color: var(--dim); }
li.own span { color: inherit; }
figure { margin: 0; display: flex; flex-direction: column; gap: 6px; min-height: 0; overflow-y: auto; }
svg { width: 100%; height: auto; display: block; }
svg line { stroke: var(--line); stroke-width: 1.5; }
svg circle { fill: var(--back); stroke: var(--line); stroke-width: 2; }
svg .member { fill: var(--line); }
svg .self { fill: var(--own); stroke: var(--own); }
svg text { fill: var(--dim); font: 11px ui-monospace, monospace; text-anchor: middle; }
.hello { margin: auto; max-width: 24rem; text-align: center; color: var(--dim); }
@media (max-width: 560px) {
  .both { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(9rem, 1fr) auto; }
  .tree { display: none; }
}
`;
