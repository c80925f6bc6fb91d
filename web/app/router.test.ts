// Goal: every address of the app leads to its page, and the server is told of the same ones.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { route_of, same_place, then_to, wanted_page } from "./router";

test("addresses", () => {
  assert.deepEqual(route_of("/"), { page: "plaza" });
  assert.deepEqual(route_of("/posts/123"), { page: "post", post: "123" });
  assert.deepEqual(route_of("/communities/5"), { page: "community", community: "5", sort: "new" });
  assert.deepEqual(route_of("/communities/5/hot"), { page: "community", community: "5", sort: "hot" });
  assert.deepEqual(route_of("/people/mio_kaze"), { page: "person", handle: "mio_kaze", tab: "posts" });
  assert.deepEqual(route_of("/people/mio_kaze/empathies"),
    { page: "person", handle: "mio_kaze", tab: "empathies" });
  assert.deepEqual(route_of("/titles/new"), { page: "title_form" });
  assert.deepEqual(route_of("/titles/5/edit"), { page: "title_form", title: "5" });
  assert.deepEqual(route_of("/titles/5/communities/new"), { page: "community_form", title: "5" });
  assert.deepEqual(route_of("/communities/5/edit"), { page: "community_form", community: "5" });
  assert.deepEqual(route_of("/support"), { page: "support", who: "" });
  assert.deepEqual(route_of("/support?who=mio_kaze"), { page: "support", who: "mio_kaze" });
  assert.deepEqual(route_of("/support?x=1&who=%40a%3Fb"), { page: "support", who: "@a?b" });
  assert.deepEqual(route_of("/login?to=%2Fsupport%3Fwho%3D7"), { page: "log_in" });
  for (const path of ["/support/7", "/titles/5", "/titles/new/edit", "/communities/new", "/people/", "/people/Mio", "/people/mio_kaze/all", "/communities/5/new", "/posts/", "/posts/0", "/posts/12a", "/posts/1/2", "/nothing", "/signup/"]) {
    assert.deepEqual(route_of(path), { page: "not_found" }, path);
  }
});

test("the server's list of routes leads to pages", () => {
  const { routes } = JSON.parse(readFileSync("dist/assets.json", "utf8")) as { routes: string[] };
  for (const route of routes) {
    assert.notEqual(route_of(route.replace("{id}", "7").replace("{handle}", "mio_kaze")).page, "not_found", route);
  }
});

test("tabs of one page are one place", () => {
  const same = (a: string, b: string) => same_place(route_of(a), route_of(b));
  assert.ok(same("/communities/5", "/communities/5/hot"));
  assert.ok(same("/people/mio_kaze", "/people/mio_kaze/following"));
  assert.ok(!same("/communities/5", "/communities/6") && !same("/people/mio_kaze", "/people/gen_yoi"));
  assert.ok(!same("/communities/5", "/people/mio_kaze") && !same("/posts/1", "/posts/1"));
});

test("who logs in goes on to where they wanted, and never elsewhere", () => {
  assert.equal(wanted_page(new URL(then_to("/login", "/communities/5"), "http://a").search), "/communities/5");
  assert.equal(wanted_page(new URL(then_to("/login", "/support?who=7"), "http://a").search), "/support?who=7");
  for (const to of ["", "?to=", "?to=//else.where", "?to=https://else.where/", "?to=/docs", "?to=javascript:1"]) {
    assert.equal(wanted_page(to), "/", to);
  }
});
