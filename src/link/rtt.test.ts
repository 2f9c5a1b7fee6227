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
  { measured: [100], smoothedMs: 100, timeoutMs: 300 },
  { measured: [100, 100], smoothedMs: 100, timeoutMs: 250 },
  { measured: [100, 180], smoothedMs: 110, timeoutMs: 110 + 4 * 57.5 },
  { measured: [1], smoothedMs: 1, timeoutMs: 200 },
  { measured: [0], smoothedMs: 0, timeoutMs: 200 },
  { measured: [2_000], smoothedMs: 2_000, timeoutMs: 3_000 },
])("after $measured ms it is $smoothedMs ms, and the time-out $timeoutMs", (row) => {
  const rtt = after(...row.measured);
  expect(rtt.smoothedMs).toBe(row.smoothedMs);
  expect(rtt.timeoutMs).toBe(row.timeoutMs);
});
