// Goal: api/openapi.yaml keeps its own rules, and the reference shows all of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parse } from "yaml";
import { docs_page, markdown } from "./docs.js";

const openapi = parse(readFileSync(new URL("../../api/openapi.yaml", import.meta.url), "utf8"));
const methods = ["get", "post", "put", "patch", "delete"];
const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  methods.filter((method) => item[method]).map((method) => ({ path, method, item, ...item[method] })));

function resolve(node) {
  if (node?.$ref === undefined) return node;
  return node.$ref.slice(2).split("/").reduce((at, key) => at[key], openapi);
}

test("every operation has an id of its own, a kind, a tag and a summary", () => {
  const ids = operations.map((one) => one.operationId);
  assert.equal(new Set(ids).size, ids.length);
  const tags = openapi.tags.map((tag) => tag.name);
  for (const one of operations) {
    assert.match(one["x-kind"], /^(read|deferred|strict)$/, one.operationId);
    assert.ok(one.summary && tags.includes(one.tags[0]), one.operationId);
    // A player's token stands for itself: to give one out changes nothing. A socket is for commands.
    const reads = (one.method === "get" && one.operationId !== "openGameSocket")
      || one.operationId === "openGameSession";
    assert.equal(one["x-kind"] === "read", reads, one.operationId);
    if (one["x-rate-limit"]) assert.ok(openapi["x-rate-limits"][one["x-rate-limit"]]);
    assert.equal(one["x-rate-limit"] !== undefined, one.responses["429"] !== undefined, one.operationId);
  }
});

test("every error names its code, and the code has that status", () => {
  const statuses = { invalid: [400, 413, 415, 422, 426], unauthenticated: [401], denied: [403],
    not_found: [404], conflict: [409], exhausted: [429], busy: [503] };
  for (const one of operations) {
    for (const [status, ref] of Object.entries(one.responses)) {
      if (Number(status) < 400) continue;
      const schema = resolve(resolve(ref).content["application/problem+json"].schema);
      const code = schema.allOf[1].properties.code.const;
      assert.ok(statuses[code].includes(Number(status)), `${one.operationId} ${status} ${code}`);
    }
  }
});

test("bodies bring 400, 413 and 415; those who must sign in get 401; writes with cookies 403", () => {
  for (const one of operations) {
    const has = (status) => one.responses[status] !== undefined;
    if (one.requestBody) {
      assert.ok(has("400") && has("413") && has("415"), one.operationId);
    }
    const open = (one.security ?? openapi.security).some((way) => Object.keys(way).length === 0);
    if (!open) assert.ok(has("401"), one.operationId);
    if (one.method !== "get") assert.ok(has("403"), one.operationId);
  }
});

test("the parameters in a path are declared", () => {
  for (const one of operations) {
    const declared = [...(one.item.parameters ?? []), ...(one.parameters ?? [])].map(resolve)
      .filter((parameter) => parameter.in === "path").map((parameter) => parameter.name);
    const used = [...one.path.matchAll(/\{(\w+)\}/g)].map((hit) => hit[1]);
    assert.deepEqual(declared.sort(), used.sort(), one.operationId);
  }
});

test("the reference shows every operation, every schema, and links to nothing that is not there", () => {
  const html = docs_page(openapi);
  for (const one of operations) assert.ok(html.includes(`id="${one.operationId}"`), one.operationId);
  const ids = new Set([...html.matchAll(/id="([^"]+)"/g)].map((hit) => hit[1]));
  for (const [, id] of html.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(id), id);
});

test("descriptions are escaped before they are marked up", () => {
  assert.equal(markdown("a <b> `c<d` **e** *f*"),
    "<p>a &lt;b&gt; <code>c&lt;d</code> <strong>e</strong> <em>f</em></p>");
  assert.match(markdown("| a | b |\n|---|---|\n| 1 | `2` |"), /<td><code>2<\/code><\/td>/);
});
