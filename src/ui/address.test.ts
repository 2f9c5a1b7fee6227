import { expect, test } from "vitest";
import { optionsOfAddress } from "./address.ts";

test.each([
  { search: "", options: {} },
  { search: "?network=&signaling=,", options: {} },
  { search: "?network=lab", options: { network: "lab" } },
  {
    search: "?signaling=http://a:1,http://b:2&signaling=https%3A%2F%2Fc",
    options: { signaling: ["http://a:1", "http://b:2", "https://c"] },
  },
])("the address $search asks for $options", ({ search, options }) => {
  expect(optionsOfAddress(search)).toEqual(options);
});
