import { expect, test } from "vitest";
import { RoundTrip } from "./rtt.ts";

function after(...measuredMs: readonly number[]): RoundTrip {
  const rtt = new RoundTrip();
  for (const ms of measuredMs) rtt.measured(ms);
  return rtt;
}

test("before anything was measured the time-out is a second", () => {
  expect(after().smoothedMs).toBeNull();
  expect(after().timeoutMs).toBe(1_000);
});

/** RFC 6298, section 2: SRTT = R, RTTVAR = R/2, then 1/8 and 1/4 of each difference. */
test.each([
  { measured: [100], smoothedMs: 100, timeoutMs: 1_000 },
  { measured: [100, 100], smoothedMs: 100, timeoutMs: 1_000 },
  { measured: [1_000, 1_800], smoothedMs: 1_100, timeoutMs: 3_000 },
  { measured: [400, 400], smoothedMs: 400, timeoutMs: 1_000 },
  { measured: [800], smoothedMs: 800, timeoutMs: 2_400 },
  { measured: [0], smoothedMs: 0, timeoutMs: 1_000 },
  { measured: [2_000], smoothedMs: 2_000, timeoutMs: 3_000 },
])("after $measured ms it is $smoothedMs ms, and the time-out $timeoutMs", (row) => {
  const rtt = after(...row.measured);
  expect(rtt.smoothedMs).toBe(row.smoothedMs);
  expect(rtt.timeoutMs).toBe(row.timeoutMs);
});
