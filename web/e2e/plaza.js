// The plaza: it is alive, holds still when it is asked to, and is there for everybody.
import assert from "node:assert/strict";
import { tab_to } from "./keyboard.js";
import { ground, Person, phone } from "./person.js";
import { Server } from "./server.js";

const lantern = (person, name) => person.page.locator(".gather", { has: person.page.getByRole("heading", { name }) });
const bubble = (person, text) => person.page.locator(".says li", { hasText: text });
const up = (page) => page.evaluate(() => [...document.querySelectorAll(".up")].map((one) => one.textContent));
const moving = (page) => page.evaluate(() => document.getAnimations().filter((one) =>
  one.playState === "running" && one.effect.getTiming().iterations === Infinity).length);

async function seen(person, text) {
  await bubble(person, text).and(person.page.locator(".up")).waitFor();
}

/** Signs up, and goes where the first lantern leads. */
async function comes_to_write(world, handle) {
  const writer = await world.comes();
  await writer.sign_up(handle);
  await writer.page.getByRole("link", { name: "Matsuri, to the plaza" }).click();
  await writer.page.getByRole("link", { name: "Write or draw" }).click();
  await writer.page.waitForSelector("#say");
  return writer;
}

export const plaza = {
  "the plaza shows who is there, and what they say, in numbers that are true": async (world) => {
    const guest = await world.comes();
    const { page } = guest;
    await guest.visit_plaza();
    const told = await (await page.request.get("/v1/plaza?limit=24")).json();
    const lead = await page.locator(".hero > p").textContent();
    assert.ok(lead.startsWith(`${told.people_count} people are out under ${told.titles_count} lanterns.`), lead);
    assert.deepEqual(await page.locator(".plate h2").allTextContents(),
      told.titles.slice(0, 6).map(({ title }) => title.names.en));
    for (const [at, { people_count, people, posts }] of told.titles.slice(0, 6).entries()) {
      const one = page.locator(".gather").nth(at);
      await one.scrollIntoViewIfNeeded();
      await one.locator(".crowd img").first().waitFor();
      assert.equal(await one.locator(".plate p").textContent(), `${people_count} here`);
      assert.equal(await one.locator(".crowd img").count(), people.length);
      assert.deepEqual(await one.locator(".says a").evaluateAll((all) => all.map((link) => link.pathname)),
        posts.slice(0, 4).map(({ id }) => `/posts/${id}`));
      assert.equal(await one.locator(".up").count(), Math.min(posts.length, 2));
    }
    await page.waitForFunction(() => [...document.querySelectorAll(".crowd img")].every(
      (one) => one.complete && one.naturalWidth > 0));
    const lit = await page.locator(".gather").evaluateAll((all) =>
      all.map((one) => Number(getComputedStyle(one).getPropertyValue("--lit"))));
    assert.deepEqual(lit, [...lit].sort((a, b) => b - a));
    assert.equal(await page.locator(".says [lang=ja]").first().evaluate((one) => one.lang), "ja");
    assert.equal(await page.locator("main [role=status], main [aria-live]").count(), 0);

    // They take turns, and only near the screen.
    await page.evaluate(() => scrollTo(0, 0));
    const before = await up(page);
    await page.waitForFunction((then) => document.querySelector(".up").textContent !== then, before[0]);

    await page.getByRole("button", { name: "Walk on" }).click();
    await page.locator(".plate a:focus", { hasText: told.titles[6].title.names.en }).waitFor();
    assert.equal(await page.locator(".gather").count(), told.titles.length);
    assert.equal(await page.getByRole("button", { name: "Walk on" }).count(), 0);
  },

  "what somebody says rises on everybody's plaza, and leaves it": async (world) => {
    const reader = await world.comes();
    await reader.visit_plaza();
    const writer = await comes_to_write(world, "kite_flier");
    await writer.post("My kite has a kite.");
    await seen(reader, "My kite has a kite.");
    assert.equal(await bubble(reader, "My kite has a kite.").count(), 1);
    await bubble(reader, "My kite has a kite.").getByText("kite_flier").waitFor();
    const card = writer.page.locator("article", { hasText: "My kite has a kite." });
    await card.locator(".menu > button").click();
    await writer.page.getByRole("menuitem", { name: "Delete" }).click();
    await writer.page.locator("dialog").getByRole("button", { name: "Delete" }).click();
    await bubble(reader, "My kite has a kite.").waitFor({ state: "detached" });

    // What tells the end of something is for those who ask.
    await writer.page.check(".comp-extras input[role=switch]");
    await writer.post("It was the wind all along.");
    await writer.page.waitForTimeout(1100); // The plaza is told of one post of a title in a second.
    await writer.post("No more kites today.");
    await seen(reader, "No more kites today.");
    assert.equal(await bubble(reader, "all along").count(), 0);
  },

  "a bubble leads to its post, and back leads to where one was": async (world) => {
    const guest = await world.comes({ look: phone, touch: true });
    const { page } = guest;
    await guest.visit_plaza();
    const link = page.locator(".gather").nth(3).locator(".up a").first();
    await link.scrollIntoViewIfNeeded();
    const at = await page.evaluate(() => scrollY);
    assert.ok(at > 300);
    await link.click();
    await page.waitForURL("**/posts/*");
    await page.locator("article .post-text").waitFor();
    await page.goBack();
    await page.locator(".gather h2").first().waitFor();
    await page.waitForFunction((then) => Math.abs(scrollY - then) < 5, at);
  },

  "it holds still when it is asked to, and remembers": async (world) => {
    const reader = await world.comes();
    const { page } = reader;
    await reader.visit_plaza();
    const button = page.getByRole("button", { name: "Hold still" });
    await button.click();
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    assert.equal(await moving(page), 0);
    const before = await up(page);
    const writer = await comes_to_write(world, "waits_to_rise");
    await writer.post("I can wait.");
    await page.waitForTimeout(6500); // Longer than a turn.
    assert.deepEqual(await up(page), before);
    assert.equal(await bubble(reader, "I can wait.").count(), 0);
    const other = await reader.open();
    await other.goto("/");
    await other.waitForSelector(".up");
    assert.equal(await other.getByRole("button", { name: "Hold still" }).getAttribute("aria-pressed"), "true");
    assert.equal(await moving(other), 0);
    await button.click();
    assert.ok(await moving(page) > 0);
    await seen(reader, "I can wait.");
  },

  "for those who want no motion two bubbles stand still, and new words take a place": async (world) => {
    const reader = await world.comes();
    const { page } = reader;
    await page.emulateMedia({ reducedMotion: "reduce" });
    await reader.visit_plaza();
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    const before = await up(page);
    await page.waitForTimeout(6500);
    assert.deepEqual(await up(page), before);
    const writer = await comes_to_write(world, "calm_one");
    await writer.post("Quietly said.");
    await seen(reader, "Quietly said.");
    assert.equal(await lantern(reader, "Kite Courier").locator(".up").count(), 2);
  },

  "with the keyboard one hears everybody, and nobody goes while one listens": async (world) => {
    const reader = await world.comes();
    const { page } = reader;
    await reader.visit_plaza();
    const first = page.locator(".gather").first().locator(".says li");
    assert.equal(await first.count(), 4);
    await tab_to(page, ".gather:first-of-type .says li:nth-child(4) a");
    const focused = first.nth(3);
    await focused.and(page.locator(".up")).waitFor();
    await page.waitForTimeout(6500);
    assert.ok(await focused.evaluate((one) => one.classList.contains("up") && one.contains(document.activeElement)));
    await page.waitForFunction((one) => getComputedStyle(one).opacity === "1", await focused.elementHandle());
    await page.keyboard.press("Enter");
    await page.waitForURL("**/posts/*");
  },

  "who is not signed in comes to where one writes by logging in": async (world) => {
    const person = await world.comes();
    await person.sign_up("comes_in");
    await person.log_out();
    const { page } = person;
    await person.visit_plaza();
    await page.getByRole("link", { name: "Write or draw" }).click();
    await page.waitForURL("**/login?to=*");
    await page.locator("main").getByRole("link", { name: "Sign up" }).click();
    await page.waitForURL("**/signup?to=*");
    await page.locator("main").getByRole("link", { name: "Log in" }).click();
    await page.fill("#handle", "comes_in");
    await page.fill("#password", person.password);
    await page.click("form button[type=submit]");
    await page.waitForSelector("#say");
    await page.getByRole("heading", { name: "Kite Courier", level: 1 }).waitFor();
  },

  "a plaza without lanterns, without answer and without connection says so": async (world) => {
    const guest = await world.comes();
    const { page } = guest;
    let broken = true;
    await page.route("**/v1/plaza?*", (route) =>
      broken ? route.fulfill({ status: 503, headers: { "Retry-After": "1" },
        contentType: "application/problem+json", body: "{\"code\":\"busy\",\"detail\":\"later\"}" })
        : route.continue());
    await page.goto("/");
    await page.getByRole("alert").getByText("Many people at once.").waitFor();
    broken = false;
    await page.waitForSelector(".gather h2");
    guest.take_refusals();
    await guest.context.setOffline(true);
    await page.locator("main").getByText("No connection.").waitFor();
    await page.waitForFunction(() => document.querySelector(".gather").style.getPropertyValue("--lit") === "0.00");
    await guest.context.setOffline(false);
    await page.locator("main").getByText("No connection.").waitFor({ state: "detached" });

    const empty = new Server();
    try {
      await empty.start();
      const first = await Person.come(world.browser, empty);
      world.people.push(first);
      await first.page.goto("/");
      await first.page.getByRole("heading", { name: "No lantern is lit yet" }).waitFor();
      await first.page.getByRole("link", { name: "Common ground" }).click();
      await first.page.waitForURL(`**${ground}`);
      await first.page.getByRole("heading", { name: "No one has written yet" }).waitFor();
    } finally {
      await empty.end();
    }
  },
};
