import { expect, test } from "vitest";
import type { Stopped } from "../peer/sandbox.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { type Patient, SandboxWatch } from "./sandbox-watch.ts";

class FakePatient implements Patient {
  suspicion = 0;
  isStuck = false;
  holdsThread = false;
  pongs = 1;
  isAlive = true;
  stopped: Stopped | null = null;
  readonly #watch: SandboxWatch;

  constructor(watch: SandboxWatch) {
    this.#watch = watch;
    watch.add(this);
  }

  ping(): void {
    if (this.isAlive) this.pongs += 1;
  }

  end(stopped: Stopped): void {
    this.stopped ??= stopped;
    this.#watch.remove(this);
  }
}

function world(count: number) {
  const clock = new VirtualClock();
  const watch = new SandboxWatch(clock);
  return { clock, watch, patients: Array.from({ length: count }, () => new FakePatient(watch)) };
}

test("who gives signs of life is left alone", () => {
  const { clock, patients } = world(2);
  clock.advance(60_000);
  expect(patients.map(({ stopped }) => stopped)).toEqual([null, null]);
});

test("of those who die together, who was busy is to blame, and the others are lost", () => {
  const { clock, watch, patients } = world(3);
  patients[1]!.suspicion = 1;
  patients[2]!.suspicion = 0.3;
  for (const patient of patients) watch.died(patient);
  clock.advance(1_000);
  expect(patients.map(({ stopped }) => [stopped?.kind, stopped?.isOffence])).toEqual([
    ["lost", false],
    ["memory", true],
    ["lost", false],
  ]);
});

test("without a sign of guilt, nobody is to blame", () => {
  const { clock, watch, patients } = world(2);
  for (const patient of patients) watch.died(patient);
  clock.advance(1_000);
  expect(patients.map(({ stopped }) => stopped?.kind)).toEqual(["lost", "lost"]);
});

test("who dies alone has nobody else to blame", () => {
  const { clock, watch, patients } = world(2);
  watch.died(patients[0]!);
  clock.advance(1_000);
  expect(patients.map(({ stopped }) => stopped?.kind)).toEqual(["memory", undefined]);
});

test("who never gave a sign of life is not to blame for anything", () => {
  const { clock, patients } = world(1);
  patients[0]!.isAlive = false;
  patients[0]!.pongs = 0;
  clock.advance(30_000);
  expect(patients[0]!.stopped).toMatchObject({ kind: "lost", isOffence: false });
});

test("who falls silent is dead", () => {
  const { clock, patients } = world(2);
  patients[0]!.isAlive = false;
  clock.advance(30_000);
  expect(patients.map(({ stopped }) => stopped?.kind)).toEqual(["memory", undefined]);
});

test("who is stuck goes, but not before the view that may hold the thread", () => {
  const { clock, watch, patients } = world(2);
  const [view, peerlet] = patients as [FakePatient, FakePatient];
  view.holdsThread = true;
  peerlet.isStuck = true;
  watch.stuck();
  clock.advance(2_000);
  expect(peerlet.stopped).toBe(null);
  view.end({ kind: "hung", why: "", isOffence: true });
  clock.advance(1_000);
  expect(peerlet.stopped).toMatchObject({ kind: "lost", isOffence: false });
});

test("of several views that hold the thread none is to blame", () => {
  const { watch, patients } = world(2);
  const [view] = patients as [FakePatient];
  for (const patient of patients) patient.holdsThread = true;
  watch.hung(view, { kind: "hung", why: "", isOffence: true });
  expect(patients.map(({ stopped }) => [stopped?.kind, stopped?.isOffence])).toEqual([
    ["hung", false],
    ["hung", false],
  ]);
});

test("a view that hangs alone is to blame", () => {
  const { watch, patients } = world(2);
  const [view] = patients as [FakePatient];
  view.holdsThread = true;
  watch.hung(view, { kind: "hung", why: "", isOffence: true });
  expect(patients.map(({ stopped }) => stopped?.isOffence)).toEqual([true, undefined]);
});
