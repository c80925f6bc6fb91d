// Goal: the lock file builds anywhere: it names versions and checksums, and no host.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

test("the lock file has no addresses", () => {
  const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
  for (const [name, entry] of Object.entries(lock.packages)) {
    assert.equal(entry.resolved, undefined, name);
    if (name !== "") assert.ok(entry.integrity, name);
  }
});
