// What those say whom one follows, while they say it; and what was popular, on the last day that had
// something.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { ground } from "./person.js";

async function follow(person, address) {
  await person.page.goto(address);
  await person.page.getByRole("button", { name: /^Follow / }).click();
  await person.page.getByRole("button", { name: /^Following / }).waitFor();
}

const day_ms = 24 * 3600 * 1000;

export const timeline = {
  "the timeline is live, and waits for those who read further down": async (world) => {
    const star = await world.comes();
    await star.sign_up("live_star", "Star");
    const stranger = await world.comes();
    await stranger.sign_up("live_stranger", "Stranger");
    for (let n = 1; n <= 12; ++n) await star.post(`old post ${n}\n\n\nwith room`);
    const fan = await world.comes();
    await fan.sign_up("live_fan", "Fan");
    await follow(fan, "/people/live_star");
    const { page } = fan;
    await page.click(".nav a[href='/timeline']");
    await page.getByText("old post 12").waitFor();
    await star.post("at the top");
    await fan.sees("at the top");
    await page.mouse.wheel(0, 900);
    await page.waitForFunction(() => scrollY > 300);
    await stranger.post("of a stranger");
    for (const n of [1, 2, 3]) await star.post(`further down ${n}`);
    const button = page.getByRole("button", { name: "3 new posts" });
    await button.waitFor();
    await page.getByRole("status").getByText(/new posts? at the top/).waitFor({ state: "attached" });
    assert.equal(await fan.posts("further down 1").count(), 0);
    await button.click();
    await fan.sees("further down 3");
    assert.equal(await page.evaluate(() => scrollY), 0);
    await page.locator("[role=feed]:focus").waitFor();
    assert.equal(await fan.posts("of a stranger").count(), 0);
  },

  "whom one follows elsewhere comes into an open timeline, and goes again": async (world) => {
    const star = await world.comes();
    await star.sign_up("open_star", "Open Star");
    await star.post("said before");
    const fan = await world.comes();
    await fan.sign_up("open_fan");
    const { page } = fan;
    await page.goto("/timeline");
    await page.getByText("Quiet here").waitFor();
    const other = await fan.open();
    await other.goto("/people/open_star");
    const button = other.getByRole("button", { name: /Open Star/ }).and(other.locator("[aria-pressed]"));
    await button.click();
    await fan.sees("said before");
    await star.post("said now");
    await fan.sees("said now");
    await button.click();
    await page.getByText("Quiet here").waitFor();
    await star.post("said to others");
    // A post of one's own tells that the stream has come so far.
    await other.goto(ground);
    await other.fill("#say", "said by myself");
    await other.click(".composer button[type=submit]");
    await fan.sees("said by myself");
    assert.equal(await page.getByText("said to others").count(), 0);
  },

  "a mute holds in an open timeline, and a session that ends takes it away": async (world) => {
    const loud = await world.comes();
    await loud.sign_up("loud_star", "Loud");
    await loud.post("first noise of many");
    const fan = await world.comes();
    await fan.sign_up("quiet_fan");
    await follow(fan, "/people/loud_star");
    const { page } = fan;
    await page.click(".nav a[href='/timeline']");
    await fan.sees("first noise of many");
    await page.locator("article .menu > button").first().click();
    await page.getByRole("menuitem", { name: "Mute" }).click();
    await page.getByText("first noise of many").waitFor({ state: "detached" });
    await loud.post("second noise of many");
    const other = await fan.open();
    await other.goto(ground);
    await other.fill("#say", "a quiet word of mine");
    await other.click(".composer button[type=submit]");
    await fan.sees("a quiet word of mine");
    assert.equal(await page.getByText("second noise of many").count(), 0);
    await other.goto("/settings");
    await other.getByRole("button", { name: "Log out everywhere" }).click();
    await other.getByRole("dialog").getByRole("button", { name: "Log out everywhere" }).click();
    await page.getByText("Come in").waitFor();
    fan.take_refusals();
  },

  "popular opens on the last day that has posts, and goes from one such day to the next": async (world) => {
    const { server } = world;
    const file = path.join(server.folder, "past.ndjson");
    const line = (kind, id, days_ago, more) => JSON.stringify(
      { kind, source: "e2e", id, created_at: Date.now() - days_ago * day_ms, ...more });
    writeFileSync(file, `${[
      line("user", "u", 30, { name: "Old Friend" }),
      line("title", "t", 30, { names: { en: "Yesterday's Game" } }),
      line("community", "c", 30, { community_kind: "official", title: "t", names: { en: "Days gone by" } }),
      line("post", "p1", 9, { in: "c", author: "u", text: "nine days ago" }),
      line("post", "p2", 4, { in: "c", author: "u", text: "four days ago" }),
    ].join("\n")}\n`);
    await server.stop();
    await server.import(file);
    await server.start();
    const reader = await world.comes();
    const { page } = reader;
    await page.goto("/communities");
    await page.getByRole("link", { name: "Days gone by" }).click();
    await page.getByText("four days ago").waitFor();
    await page.getByRole("link", { name: "Popular" }).click();
    const date = (days_ago) => new Intl.DateTimeFormat("en", { dateStyle: "full", timeZone: "UTC" })
      .format(Date.now() - days_ago * day_ms);
    const bar = page.locator(".day");
    await bar.getByText(date(4)).waitFor();
    await reader.sees("four days ago");
    assert.equal(await bar.getByRole("button", { name: "A later day" }).getAttribute("aria-disabled"), "true");
    await bar.getByRole("button", { name: "An earlier day" }).click();
    await bar.getByText(date(9)).waitFor();
    await reader.sees("nine days ago");
    assert.equal(await reader.posts("four days ago").count(), 0);
    assert.equal(await bar.getByRole("button", { name: "An earlier day" }).getAttribute("aria-disabled"), "true");
    await bar.getByRole("button", { name: "A later day" }).click();
    await bar.getByText(date(4)).waitFor();
    // Today has its day as soon as somebody writes.
    const address = new URL(page.url()).pathname;
    const writer = await world.comes();
    await writer.sign_up("writes_today");
    await writer.page.goto(address);
    await writer.post("today at last");
    await page.reload();
    await bar.getByText(date(0)).waitFor();
    await reader.sees("today at last");
  },
};
