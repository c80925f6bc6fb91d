// The main road: come in, write, be read by somebody else while it happens, and be there afterwards.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { ground, Person } from "./person.js";
import { Server } from "./server.js";

const old_count = 130;

// Somebody's words of another time and place, one a minute.
function old_world() {
  const user = { kind: "user", source: "old-forum", id: "u", created_at: "2019-07-06T09:00:00Z",
    handle: "old_voice", name: "Old Voice" };
  const posts = Array.from({ length: old_count }, (_, i) => ({ kind: "post", source: "old-forum",
    id: String(i), created_at: Date.UTC(2019, 6, 7) + i * 60_000, author: "u", community: "1",
    text: `old word no. ${i + 1}` }));
  return [user, ...posts].map((line) => JSON.stringify(line)).join("\n");
}

export const journey = {
  "an empty community invites, and shows no one": async (world) => {
    const guest = await world.comes();
    await guest.page.goto(ground);
    await guest.page.getByRole("heading", { name: "No one has written yet" }).waitFor();
    await guest.page.locator("main").getByRole("link", { name: "Sign up" }).click();
    await guest.page.waitForURL("**/signup?to=*");
  },

  "sign up, post, and a second browser sees it live; a reload keeps it": async (world) => {
    const reader = await world.comes();
    await reader.page.goto(ground);
    await reader.page.getByText("Come in").waitFor();
    const mio = await world.comes();
    await mio.sign_up("mio_kaze", "澪");
    await mio.post("提灯が灯った 🏮");
    await mio.sees("提灯が灯った 🏮");
    await reader.sees("提灯が灯った 🏮");
    const card = reader.page.locator("article", { hasText: "提灯が灯った" });
    assert.equal(await card.locator(".post-head b").textContent(), "澪");
    assert.equal(await card.locator(".post-text").getAttribute("lang"), "ja");
    assert.equal(await card.locator(".menu").count(), 0); // A guest has nothing to do there.

    for (const person of [mio, reader]) {
      await person.page.reload();
      await person.sees("提灯が灯った 🏮");
      assert.equal(await person.posts("提灯が灯った 🏮").count(), 1);
    }
    await reader.page.locator("article time").first().click();
    await reader.page.waitForURL("**/posts/*");
    await reader.sees("提灯が灯った 🏮");
    await reader.page.reload();
    await reader.sees("提灯が灯った 🏮");
    await reader.page.goBack();
    await reader.page.getByRole("heading", { name: "Common ground", exact: true }).waitFor();
  },

  "many posts come in live, once each and in order; who reads further down is not disturbed": async (world) => {
    const writer = await world.comes();
    const reader = await world.comes();
    await writer.sign_up("writer_1");
    await reader.visit_ground();
    for (let n = 1; n <= 12; ++n) await writer.post(`drum beat no. ${n}`);
    await reader.sees("drum beat no. 12");
    const beats = await reader.page.locator("article .post-text", { hasText: "drum beat" }).allTextContents();
    assert.deepEqual(beats, Array.from({ length: 12 }, (_, i) => `drum beat no. ${12 - i}`));

    // Somebody who reads further down is not pushed away: new ones wait until asked for.
    await reader.page.evaluate(() => scrollTo(0, 600));
    await writer.post("one more beat");
    await reader.page.getByRole("button", { name: "1 new post" }).click();
    await reader.sees("one more beat");
    assert.equal(await reader.page.evaluate(() => scrollY), 0);
  },

  "older posts come on the way down, back to the first": async (world) => {
    const server = new Server();
    try {
      const file = path.join(server.folder, "old.ndjson");
      writeFileSync(file, old_world());
      await server.import(file);
      await server.start();
      const reader = await Person.come(world.browser, server);
      world.people.push(reader);
      const { page } = reader;
      await reader.visit_ground();
      const end = page.getByText("That is where this community began.");
      while (!(await end.isVisible())) await page.mouse.wheel(0, 2000);
      const read = await page.locator("article .post-text").allTextContents();
      const all = Array.from({ length: old_count }, (_, i) => `old word no. ${old_count - i}`);
      assert.deepEqual(read, all);
      assert.match(await page.locator("article time").first().textContent(), /2019/);
    } finally {
      await server.end();
    }
  },

  "sign-up says what is wrong beside the field, and keeps what is right": async (world) => {
    const first = await world.comes();
    await first.sign_up("taken_one");
    const guest = await world.comes();
    const { page } = guest;
    await page.goto("/signup");
    await page.fill("#handle", "X!");
    await page.fill("#name", "Somebody");
    await page.fill("#password", "short");
    await page.click("form button[type=submit]");
    assert.equal(await page.locator("[aria-invalid=true]").count(), 2);
    await page.locator("#handle:focus").waitFor();
    await page.fill("#handle", "taken_one");
    await page.fill("#password", "long enough for all");
    await page.click("form button[type=submit]");
    await page.getByText("This handle is taken").waitFor();
    assert.equal(await page.inputValue("#name"), "Somebody");
    assert.deepEqual(guest.take_refusals(), ["POST /v1/accounts 409"]);
    await page.fill("#handle", "not_taken");
    await page.click("form button[type=submit]");
    await page.getByRole("heading", { name: "Tonight’s plaza" }).waitFor();
  },

  "log out and in again; a wrong password is said without saying which part": async (world) => {
    const person = await world.comes();
    const { page } = person;
    await person.sign_up("comes_back", "Comes Back");
    await person.log_out();
    await page.goto(ground);
    await page.getByText("Come in").waitFor();
    await page.goto("/login");
    await page.fill("#handle", "comes_back");
    await page.fill("#password", "not the password");
    await page.click("form button[type=submit]");
    await page.getByRole("alert").getByText("Handle and password do not match.").waitFor();
    assert.deepEqual(person.take_refusals(), ["POST /v1/sessions 401"]);
    await page.getByRole("switch").check();
    assert.equal(await page.getAttribute("#password", "type"), "text");
    await person.log_in("comes_back", person.password);
    await page.reload();
    await page.waitForSelector("#say");
    await page.goto("/login");
    await page.getByText("You are logged in as").waitFor();
  },

  "addresses that lead nowhere say so": async (world) => {
    const guest = await world.comes();
    await guest.page.goto("/posts/1");
    await guest.page.getByRole("heading", { name: "This post is not here" }).waitFor();
    assert.deepEqual(guest.take_refusals(), ["GET /v1/posts/1 404"]);
    await guest.page.goto("/nowhere");
    guest.take_refusals();
    await guest.page.goto("/docs");
    await guest.page.getByRole("heading", { name: "API reference", level: 1 }).waitFor();
    await guest.page.locator(".nav").getByRole("link", { name: "Plaza" }).click();
    await guest.page.getByRole("heading", { name: "Tonight’s plaza" }).waitFor();
  },
};
