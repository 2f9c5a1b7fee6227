/** How the explorer looks. Colours are mixed with the page's own, so that both themes work. */
export const STYLES = `
  body { margin: 0; }
  main { font: 15px/1.45 system-ui, sans-serif; padding: 14px; display: grid; gap: 12px; max-width: 44rem; }
  form { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 10px; }
  .wide, .actions { grid-column: 1 / -1; }
  label { display: grid; gap: 3px; font-size: 13px; min-width: 0; }
  input, textarea, select, button { font: inherit; font-size: 15px; color: inherit; border: 1px solid #7d7d86; border-radius: 8px; padding: 7px 10px; background: transparent; min-width: 0; }
  textarea { resize: vertical; }
  select option { color: #111; background: #fff; }
  :root[data-theme="dark"] select option { color: #eee; background: #1a2027; }
  button { background: #8882; cursor: pointer; padding: 7px 16px; }
  button.primary { background: #2f6fde; border-color: #2f6fde; color: #fff; }
  button:disabled { opacity: .5; cursor: default; }
  :focus-visible { outline: 2px solid #2f6fde; outline-offset: 2px; }
  .actions { display: flex; gap: 8px; margin: 0; flex-wrap: wrap; }
  .said, .why { margin: 0; min-height: 1.4em; }
  .why:empty { display: none; }
  .why { color: #d33; }
  :root[data-theme="dark"] .why { color: #ff8078; }
  ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }
  .values li { border: 1px solid #8885; border-radius: 10px; padding: 8px 12px; min-width: 0; }
  .values pre { margin: 0; font: 14px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 14em; overflow: auto; }
  .values p, .key { margin: 4px 0 0; font-size: 12px; opacity: .75; overflow-wrap: anywhere; }
  .place { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; }
  .place[hidden] { display: none; }
  .place div { flex: 1 1 14rem; min-width: 0; }
  figure { margin: 0; flex: 0 0 160px; }
  svg { width: 160px; height: 160px; display: block; }
  .ring { fill: none; stroke: #8888; stroke-width: 1.5; }
  .key-mark { stroke: #e08a00; stroke-width: 3; }
  .root { fill: #2f6fde; }
  .replica { fill: none; stroke: #2f6fde; stroke-width: 2.5; }
  h2 { font-size: 13px; font-weight: 600; margin: 0 0 4px; opacity: .8; }
  .replicas { gap: 2px; font-size: 14px; }
  .replicas b { font-family: ui-monospace, monospace; font-weight: 600; }
  .more { margin-top: 8px; }
  @media (min-width: 900px) {
    main { grid-template-columns: minmax(0, 44rem) minmax(0, 22rem); gap: 12px 32px; max-width: none; align-items: start; }
    main > * { grid-column: 1; }
    .place { grid-column: 2; grid-row: 1 / span 4; flex-direction: column; align-items: start; }
    .place div { flex: none; }
    figure { flex: none; }
    svg { width: 220px; height: 220px; }
  }
`;
