/**
 * What an author of a peerlet or a view imports: `prost/sdk`.
 *
 * A peerlet is one ES module whose default export is `definePeerlet(setup)`; a
 * view is one whose default export is `defineView(setup)`. Both run sandboxed:
 * no network, no DOM in a peerlet, no storage but `prost.storage`.
 *
 * Everything that crosses a boundary is plain data: null, undefined, booleans,
 * numbers, texts, Uint8Array, arrays and plain objects of these. Other values
 * are refused with an error that says so.
 */
export * from "./peerlet.ts";
export * from "./view.ts";
