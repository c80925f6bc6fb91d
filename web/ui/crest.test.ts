// Goal: a title has the same crest for ever, and few share one.
import assert from "node:assert/strict";
import test from "node:test";
import { crest_of } from "./crest";

test("crests follow from ids, and differ", () => {
  const ids = Array.from({ length: 200 }, (_, at) => String(2_181_000_000_000_000_000n + BigInt(at) * 2048n));
  const crests = ids.map((id) => crest_of(id).solid + crest_of(id).lines);
  assert.deepEqual(ids.map((id) => crest_of(id).solid + crest_of(id).lines), crests);
  assert.ok(new Set(crests).size > 170, `${new Set(crests).size} of 200`);
  for (const path of crests) assert.match(path, /^[MLCQAZahlmqv\d .-]+$/);
});
