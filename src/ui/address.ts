/**
 * What the page's address says about which ring to join.
 *
 * `?network=lab` names the network; `?signaling=https://a.example,https://b.example`,
 * which may be repeated, names the servers. What is missing is left to joinOverlay().
 */
export interface AddressOptions {
  readonly network?: string;
  readonly signaling?: readonly string[];
}

export function optionsOfAddress(search: string): AddressOptions {
  const params = new URLSearchParams(search);
  const network = params.get("network")?.trim() ?? "";
  const signaling = params
    .getAll("signaling")
    .flatMap((text) => text.split(","))
    .map((url) => url.trim())
    .filter((url) => url !== "");
  return {
    ...(network === "" ? {} : { network }),
    ...(signaling.length === 0 ? {} : { signaling }),
  };
}
