/** All that speaks to cast: how a room's messages reach those who are there. */
import type { Prost } from "prost/sdk";
import { isFields } from "./bytes.ts";
import type { Carrier } from "./rooms.ts";

export interface CarrierHere extends Carrier {
  /** What cast tells. */
  told(event: string, detail: unknown, take: (group: string, data: unknown) => void): void;
}

export function carrierOf(_prost: Prost): CarrierHere {
  return {
    join: async () => {},
    leave: async () => {},
    multicast: async () => {},
    told: (event, detail, take) => {
      if (event !== "message" || !isFields(detail)) return;
      const { group, data } = detail;
      if (typeof group === "string") take(group, data);
    },
  };
}
