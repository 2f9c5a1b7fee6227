/**
 * Lets the page hold no frames but those of its sandbox.
 *
 * A frame may navigate itself, and the address it goes to can carry anything:
 * only the policy of the page around it can forbid that. It cannot come with
 * the page's headers, because the server does not know by which address the
 * page is reached; but a policy may be added at any time, and never taken back.
 *
 * For the page of the app alone: a page that uses the library has frames of its
 * own, and should say in its own policy where they may go.
 */
export function allowOnlySandboxFrames(baseUrl: string): void {
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = `frame-src ${baseUrl}peerlet.html ${baseUrl}view.html`;
  document.head.append(meta);
}
