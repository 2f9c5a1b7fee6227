/**
 * All that speaks to cast: how a room's messages reach those who are there. A
 * room is an open group, whose name is derived from the room's.
 */
import type { Prost } from "prost/sdk";
import type { CastService } from "../cast/service.ts";
import { isFields } from "./bytes.ts";
import type { Carrier } from "./rooms.ts";

export interface CarrierHere extends Carrier {
  /** What cast tells. */
  told(event: string, detail: unknown, take: (group: string, data: unknown) => void): void;
}

/** Of calls of cast, in ms: it tries for 25 s itself. */
const CAST_MS = 27_000;

export function carrierOf(prost: Prost): CarrierHere {
  const cast = prost.service<CastService>("cast", { timeoutMs: CAST_MS });
  return {
    join: async (group) => void (await cast.join(group)),
    leave: (group) => cast.leave(group),
    multicast: async (group, data) => void (await cast.multicast(group, data)),
    told: (event, detail, take) => {
      if (event !== "message" || !isFields(detail)) return;
      const { group, data } = detail;
      if (typeof group === "string") take(group, data);
    },
  };
}
