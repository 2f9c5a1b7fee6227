import { expect, test } from "vitest";
import { missingRequirement } from "./requirements.ts";

const RTC = function () {};

test.each([
  { scope: {}, code: "insecure-context" },
  { scope: { isSecureContext: false, RTCPeerConnection: RTC }, code: "insecure-context" },
  { scope: { isSecureContext: true }, code: "no-webrtc" },
  { scope: { isSecureContext: true, RTCPeerConnection: RTC }, code: undefined },
])("of $scope it says $code", ({ scope, code }) => {
  expect(missingRequirement(scope)?.code).toBe(code);
});
