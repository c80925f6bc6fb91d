// Goal: what is sent is what the server's own code makes of the same pictures, to the last bit.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { described, features_of, packed, patterns_of } from "./vci1";

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest();

// The pictures of the test vector that src/match has, too.
const picture = (f: number) => Float64Array.from({ length: 512 }, (_, i) => {
  const [r, c] = [Math.floor(i / 32), i % 32];
  return 128 + 60 * Math.sin(0.5 * c + 0.3 * f) + 40 * Math.cos(0.7 * r - 0.2 * f * (1 + c / 32));
});

test("the patterns are ChaCha20's", () => {
  const patterns = patterns_of(new Uint8Array(sha256("vci1 test")));
  assert.equal(patterns.length, 128 * 512);
  const signs = [...patterns.slice(0, 32)].map((value) => (value < 0 ? "-" : "+")).join("");
  assert.equal(signs, "-++---+---+-++---++---++----+--+");
  const sum = patterns.reduce((all, value) => all + value, 0);
  assert.ok(Math.abs(sum) < 1000, `as many of each: ${sum}`);
});

test("a burst is the test vector's, byte by byte", () => {
  const patterns = patterns_of(new Uint8Array(sha256("vci1 test")));
  const frames = Array.from({ length: 24 }, (_, f) =>
    ({ at_ms: 125 * f, projections: described(patterns, f, picture(f)) }));
  assert.deepEqual([...(frames[0]?.projections ?? [])], [-24, -10, 43, -17, 21, 18, -9, 10, 0, 9, 18, 14, -32, -26, 1, -19]);
  assert.deepEqual([...(frames[9]?.projections ?? [])], [-13, -24, 29, 33, 8, 14, -13, 21, 0, -5, 27, 5, -9, 39, 7, -15]);
  const wire = packed(frames);
  assert.equal(wire.length, 436);
  assert.equal(sha256(wire).toString("hex"), "1c06e471c2cfcdfd62089baef29a29d4870e63f518ec47a33e6e6efb123b246a");
});

test("brightness and gain of a camera hardly count, and nothing is nothing", () => {
  const [plain, bright] = [features_of(picture(3)), features_of(picture(3).map((value) => 20 + 0.7 * value))];
  const off = plain.map((value, i) => Math.abs(value - (bright[i] ?? 9))).reduce((a, b) => Math.max(a, b), 0);
  assert.ok(off < 0.15, `at most ${off}`);
  assert.ok(features_of(new Float64Array(512).fill(77)).every((value) => value === 0));
});
