// Goal: what a form lets through the server takes, at each limit of the document and one past; and
// buttons are for those who may.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parse } from "yaml";
import type { Community, Failure } from "../../../sdk/ts/src/index";
import { en } from "../../lib/en";
import {
  changes, community_of, description_max, is_staff, may_change, name_count_max, name_max, owned_max,
  owns_enough, platform_count_max, platform_max, publisher_max, crest_bytes_max, title_of, wrong_community,
  wrong_place, wrong_title, type CommunityFields, type TitleFields,
} from "./rules";

const { schemas } = (parse(readFileSync("../api/openapi.yaml", "utf8")) as {
  components: { schemas: Record<string, Record<string, number> & Record<string, Record<string, number>>> };
}).components;

test("the limits are those of the document", () => {
  assert.equal(name_count_max, schemas["Names"]?.["maxProperties"]);
  assert.equal(name_max, schemas["Names"]?.["additionalProperties"]?.["maxLength"]);
  assert.equal(description_max, schemas["CommunityDescription"]?.["maxLength"]);
  assert.equal(publisher_max, schemas["Publisher"]?.["maxLength"]);
  assert.equal(platform_count_max, schemas["Platforms"]?.["maxItems"]);
  assert.equal(platform_max, schemas["Platforms"]?.["items"]?.["maxLength"]);
  assert.equal(crest_bytes_max, schemas["Crest"]?.["maxLength"]);
});

const community: CommunityFields = {
  kind: "user", names: [{ language: "en", text: " Maps " }], description: "", takes: "both", who_posts: "everyone",
};
const title: TitleFields = { names: community.names, crest: "", publisher: "", platforms: "" };
const named = (...texts: string[]) => texts.map((text, at) => ({ language: `a${at}`, text }));

test("names: at the limit and one past, and no language twice", () => {
  const wrong = (names: TitleFields["names"]) => Object.keys(wrong_title({ ...title, names }, en));
  assert.deepEqual(wrong(named("x".repeat(128), "🏮".repeat(128))), []);
  assert.deepEqual(wrong(named("x", "x".repeat(129), " ")), ["name-1", "name-2"]);
  assert.deepEqual(wrong([{ language: "en-GB", text: "a" }, { language: "en-gb", text: "b" }]), ["name-1"]);
});

test("titles: at the limit and one past", () => {
  const wrong = (part: Partial<TitleFields>) => Object.keys(wrong_title({ ...title, ...part }, en));
  const lines = (count: number, length: number) => Array(count).fill("x".repeat(length)).join("\n");
  assert.deepEqual(wrong({ crest: "👩‍👩‍👧‍👦", publisher: "x".repeat(80), platforms: lines(16, 40) }), []);
  assert.deepEqual(wrong({ crest: "灯り", publisher: "x".repeat(81), platforms: lines(16, 41) }),
    ["crest", "publisher", "platforms"]);
  assert.deepEqual(wrong({ platforms: lines(17, 1) }), ["platforms"]);
  assert.deepEqual(wrong({ crest: `e${"\u0301".repeat(33)}` }), ["crest"]); // One character, 66 bytes.
  assert.deepEqual(title_of({ ...title, platforms: " PC \n\n Phone" }).platforms, ["PC", "Phone"]);
});

test("communities: at the limit and one past, and what is sent of them", () => {
  const wrong = (description: string) => Object.keys(wrong_community({ ...community, description }, en));
  assert.deepEqual(wrong("x".repeat(500)), []);
  assert.deepEqual(wrong("x".repeat(501)), ["description"]);
  assert.deepEqual(community_of({ ...community, takes: "drawing" }),
    { names: { en: "Maps" }, description: "", post_kinds: ["drawing"], who_posts: "everyone" });
  assert.deepEqual(changes(community_of(community), community_of({ ...community, who_posts: "owner" })),
    { who_posts: "owner" });
  assert.deepEqual(changes(community_of(community), community_of(community)), {});
});

test("who may", () => {
  const owner = { id: "1", role: "user" } as const;
  const other = { id: "2", role: "user" } as const;
  const moderator = { id: "3", role: "moderator" } as const;
  const admin = { id: "4", role: "admin" } as const;
  const owned = { kind: "user", owner } as unknown as Community;
  const official = { kind: "official", owner: null } as unknown as Community;
  assert.deepEqual([owner, other, moderator, admin, null].map((me) => may_change(owned, me)),
    [true, false, true, true, false]);
  assert.deepEqual([owner, other, moderator, admin, null].map((me) => may_change(official, me)),
    [false, false, false, true, false]);
  assert.ok(is_staff(moderator) && is_staff(admin) && !is_staff(owner));
  assert.ok(!owns_enough(Array(owned_max - 1).fill(owned), owner));
  assert.ok(owns_enough([official, ...Array(owned_max).fill(owned)], owner));
  assert.ok(!owns_enough(Array(owned_max).fill(owned), other));
});

test("a refusal is said at the field that it names", () => {
  const place = (detail: string, code: Failure["code"] = "invalid") => wrong_place({ code, detail, status: 400 });
  assert.equal(place("names: 1 to 16 languages are taken"), "name-0");
  assert.equal(place("crest: one character is taken, or none"), "crest");
  assert.equal(place("description has at most 500 characters"), "description");
  assert.equal(place("this Idempotency-Key was used for another request"), "form");
  assert.equal(place("description", "busy"), "form");
});
