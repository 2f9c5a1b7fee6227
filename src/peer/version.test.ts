import { expect, test } from "vitest";
import { MAX_VERSION_CHARS, compareVersions, isVersion } from "./version.ts";

test.each([
  { text: "0.0.0", is: true, because: "any three numbers are" },
  { text: "10.20.30", is: true, because: "numbers may have many digits" },
  { text: "1.0.0-alpha.1", is: true, because: "it may be a prerelease" },
  { text: "1.0.0-0a.-.--1", is: true, because: "labels are odd, but legal" },
  { text: `1.0.0-${"a".repeat(MAX_VERSION_CHARS - 6)}`, is: true, because: "it just fits" },
  { text: `1.0.0-${"a".repeat(MAX_VERSION_CHARS - 5)}`, is: false, because: "it is too long" },
  { text: "1.0", is: false, because: "a number is missing" },
  { text: "1.0.0.0", is: false, because: "there is a number too many" },
  { text: "01.0.0", is: false, because: "1.0.0 has one spelling" },
  { text: "1.0.0-01", is: false, because: "so have labels that are numbers" },
  { text: "1.0.0-", is: false, because: "the label is missing" },
  { text: "1.0.0-a..b", is: false, because: "a label is empty" },
  { text: "1.0.0+7", is: false, because: "builds of one version would count as the same" },
  { text: "v1.0.0", is: false, because: "the v is not part of it" },
  { text: "1.0.0\n", is: false, because: "a line end is not part of it" },
  { text: "", is: false, because: "nothing is no version" },
])("$text is a version: $is, because $because", ({ text, is }) => {
  expect(isVersion(text)).toBe(is);
});

test("versions come in the order of Semantic Versioning 2.0.0", () => {
  const inOrder = [
    "0.0.9",
    "0.1.0",
    // The chain of section 11.
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "2.0.9007199254740992",
    "2.0.9007199254740993",
    "10.0.0",
  ];
  for (const [i, a] of inOrder.entries()) {
    for (const [k, b] of inOrder.entries()) {
      expect(Math.sign(compareVersions(a, b)), `${a} and ${b}`).toBe(Math.sign(i - k));
    }
  }
});
