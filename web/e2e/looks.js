// Every page in every look: phone and desktop, night and morning, English and Japanese. Each is
// checked by checks.js, and photographed for people to look at.
import assert from "node:assert/strict";
import path from "node:path";
import { problems_of_page } from "./checks.js";
import { desktop, phone } from "./person.js";

export const small = { width: 320, height: 640 };

/** Names, the way there, and what to wait for. */
const pages = {
  plaza: ["/", ".crowd img"],
  post: ["/posts/{post}", "article"],
  communities: ["/communities", ".common-link"],
  community: ["/communities/1", "article"],
  hot: ["/communities/1/hot", ".feed article"],
  popular: ["/communities/1/popular", ".feed article"],
  person: ["/people/{handle}", ".feed article"],
  drawings: ["/people/{handle}/drawings", ".feed .state"],
  followers: ["/people/{handle}/followers", ".feed .state"],
  timeline: ["/timeline", "main article, main .state"],
  notices: ["/notifications", "main .n, main .state"],
  points: ["/points", "main .points"],
  play: ["/play", ".moves .btn"],
  checkin: ["/checkin", "main .state"],
  settings: ["/settings", "#blocks ~ p, #blocks ~ ul"],
  "sign-up": ["/signup", "#password"],
  "log-in": ["/login", "#password"],
  "not-found": ["/posts/0", "h1"],
  docs: ["/docs", "h1"],
};
const for_guests = ["sign-up", "log-in"];
const for_admins = {
  "new-title": ["/titles/new", "#crest"],
  "new-community": ["/titles/{title}/communities/new", "#kind"],
  "change-community": ["/communities/{community}/edit", "#description"],
  analytics: ["/studio/analytics", ".studio .card"],
};

/** Until nothing moves: a colour on its way from one to the other is neither. */
export async function settle(person) {
  await person.page.evaluate(() => document.fonts.ready);
  await person.page.waitForFunction(() => document.getAnimations().every((one) =>
    one.playState !== "running" || one.effect.getTiming().iterations === Infinity));
}

async function check(person, where) {
  await settle(person);
  assert.deepEqual(await person.page.evaluate(problems_of_page), [], where);
}

async function visit(person, [address, ready], places) {
  await person.page.goto(address.replace(/\{(\w+)\}/, (_, name) => places[name]));
  await person.page.waitForSelector(ready);
  // Bubbles rise for ever where they may.
  const moves = person.page.locator(".acts button[aria-pressed=false]");
  if (await moves.count() > 0) await moves.click();
}

async function take(person, shots, name) {
  await settle(person);
  await person.page.screenshot({ path: path.join(shots, `${name}.png`), caret: "initial" });
}

async function tour(world, shots, { look, look_name, theme, language }) {
  const person = await world.comes({ look, theme, language, touch: look !== desktop });
  await person.sign_up(`tour_${look_name}_${theme}_${language}`.slice(0, 20), language === "ja" ? "まつり好き" : "Tourist");
  await person.post(language === "ja" ? "屋台の灯りがきれいです。" : "The stalls are lit. ".repeat(6));
  const post = await person.page.locator("article a[href^='/posts/']").first().getAttribute("href");
  const guest = await world.comes({ look, theme, language, touch: look !== desktop });
  const places = { post: post.slice("/posts/".length), handle: person.handle };
  for (const [name, page] of Object.entries({ ...pages, ...for_admins })) {
    const who = for_guests.includes(name) ? guest : person;
    if (name in for_admins && places.title === undefined) {
      await person.rises();
      const title = await person.make_title({ en: "Lantern Quest", ja: "提灯クエスト" }, { crest: "提" });
      Object.assign(places, { title: title.id, community: title.main_community });
    }
    await visit(who, page, places);
    await check(who, `${name}, ${look_name}, ${theme}, ${language}`);
    if (shots !== null) await take(who, shots, `${name}-${look_name}-${theme}-${language}`);
    who.take_refusals();
  }
}

const tours = {};
for (const [look_name, look] of Object.entries({ phone, desktop })) {
  for (const theme of ["dark", "light"]) {
    for (const language of ["en", "ja"]) {
      tours[`pages: ${look_name}, ${theme}, ${language}`] = (world, shots) =>
        tour(world, shots, { look, look_name, theme, language });
    }
  }
}

export const looks = {
  ...tours,

  "pages fit 320 pixels": (world) =>
    tour(world, null, { look: small, look_name: "small", theme: "dark", language: "en" }),

  "theme and language are chosen once, and stay": async (world) => {
    const guest = await world.comes({ theme: "light" });
    const { page } = guest;
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await guest.visit_plaza();
    assert.equal(await ground(), "rgb(243, 235, 218)");
    await page.getByRole("button", { name: "Night" }).click();
    assert.equal(await ground(), "rgb(18, 20, 43)");
    await page.getByRole("button", { name: "日本語" }).click();
    await page.getByRole("heading", { name: "今夜の広場" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "ja");
    assert.match(await page.title(), /広場/);

    // Before the first paint, and in every other page of this browser.
    await page.reload({ waitUntil: "commit" });
    await page.waitForFunction(() => document.body !== null);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    const other = await guest.open();
    await other.goto("/settings");
    await other.getByRole("heading", { name: "設定" }).waitFor();
    await other.getByRole("button", { name: "端末に合わせる" }).click();
    assert.equal(await other.evaluate(() => document.documentElement.dataset.theme), undefined);
  },

  "states are designed too: menu, dialog, loss, refusal": async (world, shots) => {
    const other = await world.comes();
    await other.sign_up("other_one", "Somebody Else");
    await other.post("to be blocked, or not");
    for (const theme of ["dark", "light"]) {
      const person = await world.comes({ look: phone, theme, touch: true });
      const { page } = person;
      await person.sign_up(`states_${theme}`, "Stateful");
      await page.fill("#say", "word ".repeat(52));
      await page.locator("article .menu > button").first().click();
      await page.locator("[role=menuitem]").last().waitFor();
      await check(person, "menu");
      await take(person, shots, `state-menu-${theme}`);
      await page.locator("[role=menuitem]").last().click();
      await page.locator("dialog").waitFor();
      await take(person, shots, `state-dialog-${theme}`);
      await page.keyboard.press("Escape");
      await person.context.setOffline(true);
      await page.getByText("No connection.").waitFor();
      await page.click(".composer button[type=submit]");
      await page.getByText("It goes out when").waitFor();
      await page.evaluate(() => scrollTo(0, 0));
      await check(person, "offline");
      await take(person, shots, `state-offline-${theme}`);
      await person.context.setOffline(false);
      await page.waitForFunction(() => document.querySelector("#say").value === "");
      await page.goto("/settings");
      await page.fill("#token-label", "my robot");
      await page.getByRole("button", { name: "Make a token" }).click();
      await page.locator("#made-token").scrollIntoViewIfNeeded();
      await check(person, "token");
      await take(person, shots, `state-token-${theme}`);
      await page.goto("/signup");
      await page.getByText("You are logged in as").waitFor();
      await check(person, "already");
    }
  },

  "nothing moves for those who asked for stillness": async (world) => {
    const guest = await world.comes();
    await guest.page.emulateMedia({ reducedMotion: "reduce" });
    for (const visit of ["visit_plaza", "visit_ground"]) {
      await guest[visit]();
      assert.equal(await guest.page.evaluate(() => document.getAnimations().length), 0);
    }
  },
};
