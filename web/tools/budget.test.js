// Goal: the first view stays small enough for a slow phone, and nothing in it is inline.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";

const first_view_gzip_max = 60 * 1024;
const read = (file) => readFileSync(new URL(`../dist/${file}`, import.meta.url));
const manifest = JSON.parse(read("assets.json"));

test("scripts and styles of the first view are within the budget", () => {
  const html = read("index.html").toString();
  const files = [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((hit) => hit[1]);
  assert.ok(files.length >= 3, `found ${files}`);
  const size = files.reduce((sum, file) => sum + gzipSync(read(file), { level: 9 }).length, 0);
  console.log(`first view: ${size} of ${first_view_gzip_max} bytes after gzip`);
  assert.ok(size <= first_view_gzip_max);
});

test("what comes later is not in the first view", () => {
  const html = read("index.html").toString();
  for (const [what, mark] of [
    ["the drawing editor", "getCoalescedEvents"], ["the editor of faces", "face-part"],
    ["tokens", "made-token"], ["notifications", "n-link"], ["posts", "post-acts"],
    ["the composer", "comp-foot"], ["the raid", "catfish"], ["log-in", "gate-head"], ["charts", "u-over"],
    ["support", "titles_whole"], ["check-in", "willReadFrequently"],
  ]) {
    const holders = manifest.assets.filter(({ file }) =>
      file.endsWith(".js") && read(file).includes(mark));
    const later = holders.filter(({ path }) => !html.includes(path));
    assert.ok(holders.length === 1 && later.length === 1, what);
  }
});

test("pages have no inline script and no inline style", () => {
  for (const page of ["index.html", "docs.html"]) {
    const html = read(page).toString();
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/i, page);
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/i, page);
    assert.doesNotMatch(html, /\{\{/, page);
  }
});

test("assets.json lists every file as it is, with twins that are smaller", () => {
  for (const asset of manifest.assets) {
    assert.equal(read(asset.file).length, asset.size, asset.path);
    assert.ok(asset.type, asset.path);
    assert.equal(asset.immutable, /^\/assets\/.+\.(?:[0-9a-f]{12}|[0-9A-Z]{8})\.\w+$/.test(asset.path), asset.path);
    for (const twin of Object.values(asset.encodings)) {
      assert.ok(read(twin).length < asset.size, twin);
    }
  }
  assert.ok(manifest.assets.some((asset) => asset.file === manifest.index));
});
