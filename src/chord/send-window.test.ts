import { expect, test } from "vitest";
import { SendWindow } from "./send-window.ts";

/** How many may be on their way at once. */
function sizeOf(window: SendWindow): number {
  let size = 0;
  while (window.hasRoom(size)) size += 1;
  return size;
}

/** So many round trips, of so long, with the window full each time. */
function roundTrips(window: SendWindow, count: number, tookMs: number): void {
  for (let trip = 0; trip < count; trip++) {
    const size = sizeOf(window);
    for (let i = 0; i < size; i++) window.acknowledged(0, tookMs, size);
  }
}

test("it begins small and doubles each round trip while acknowledgements come as fast as ever", () => {
  const window = new SendWindow();
  const sizes = [0, 1, 1, 1].map((trips) => {
    roundTrips(window, trips, 20);
    return sizeOf(window);
  });
  expect(sizes).toEqual([12, 24, 48, 96]);
});

test("a window that is not used does not grow", () => {
  const window = new SendWindow();
  for (let i = 0; i < 1_000; i++) window.acknowledged(0, 20, 1);
  expect(sizeOf(window)).toBe(12);
});

test("it settles where messages wait about 400 ms longer than the shortest", () => {
  const window = new SendWindow();
  roundTrips(window, 1, 10);
  // A next hop that takes one message a millisecond: the delay is what is on its way.
  for (let i = 0; i < 40_000; i++) {
    const size = sizeOf(window);
    window.acknowledged(i, 10 + size, size);
  }
  expect(sizeOf(window)).toBeGreaterThan(300);
  expect(sizeOf(window)).toBeLessThan(500);
});

test("after a missed acknowledgement it halves, once in a time-out, and never below 12", () => {
  const window = new SendWindow();
  roundTrips(window, 4, 20);
  window.missed(1_000, 1_000);
  window.missed(1_900, 1_000);
  expect(sizeOf(window)).toBe(96);
  for (let at = 2_000; at < 20_000; at += 1_000) window.missed(at, 1_000);
  expect(sizeOf(window)).toBe(12);
  roundTrips(window, 2, 20);
  // No second slow start: about one more each round trip.
  expect(sizeOf(window)).toBe(13);
});

test("what was the shortest delay once is forgotten when the way is longer now", () => {
  const window = new SendWindow();
  roundTrips(window, 3, 5);
  for (let minute = 1; minute <= 8; minute++) {
    for (let i = 0; i < 50; i++) {
      const size = sizeOf(window);
      window.acknowledged(minute * 60_000, 900, size);
    }
  }
  expect(sizeOf(window)).toBeGreaterThan(13);
});
