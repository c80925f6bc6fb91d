// Support: a player lost something, and somebody of the staff finds out why.
import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { problems_of_page } from "./checks.js";
import { tab_to } from "./keyboard.js";
import { new_key } from "./keys.js";
import { settle, small } from "./looks.js";
import { desktop, phone } from "./person.js";

const hero = { name: "hero", fields: [{ name: "hp", min: 0, max: 100 }, { name: "gold" }] };
hero.players = {
  which: "any",
  steps: [{ field: "hp", do: "sub_clamp", value_max: 40, guards: [{ field: "hp", is: ">", value: 0 }] }],
};

async function json(answer) {
  if (!answer.ok) throw new Error(`${answer.url} ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** What a person's own page asks of the API. */
const ask = (person, address, body) => person.page.evaluate(async ([url, sent]) => {
  const answer = await fetch(url, sent === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent),
  });
  if (!answer.ok) throw new Error(`${url} ${answer.status} ${await answer.text()}`);
  return answer.json();
}, [address, body]);

/** A title with its server and its players, from outside of any browser. */
class Game {
  static async made(admin, names) {
    const game = new Game();
    game.url = admin.server.url;
    game.title = (await admin.make_title(names)).id;
    game.path = `/v1/game/${game.title}`;
    const keys = ["server", "client"].map((kind) => ask(admin, `${game.path}/keys`, { kind, name: kind }));
    [game.server_key, game.client_key] = (await Promise.all(keys)).map(({ key }) => key);
    await game.send("PUT", "/schema", { kinds: [hero] });
    return game;
  }

  async send(method, where, body, headers = { Authorization: `Bearer ${this.server_key}` }) {
    return json(await fetch(this.url + this.path + where, {
      method, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body),
    }));
  }

  async run(reason, id, steps, player, guards = []) {
    const command = { key: new_key(), arena: "town", reason, entities: [{ kind: "hero", id }], guards,
      steps: steps.map(([field, how, value]) => ({ entity: 0, field, do: how, value })) };
    const headers = player === undefined ? undefined
      : { Authorization: `Bearer ${this.client_key}`, "Matsuri-Player": player };
    const { outcomes } = await this.send("POST", "/commands", { commands: [command] }, headers);
    assert.equal(outcomes[0].outcome, "applied", JSON.stringify(outcomes[0]));
  }

  token_of(person) {
    return ask(person, `${this.path}/sessions`, { title_key: this.client_key }).then((told) => told.player_token);
  }
}

const id_of = (person) => ask(person, "/v1/accounts/me").then(({ id }) => id);

/** Gives the role as an operator does, and waits until the server and the page know. */
async function becomes_support(person) {
  await person.server.run("account", "role", person.handle, "support");
  const asked = () => person.page.evaluate(async () => (await fetch("/v1/support/players/1")).status);
  while (await asked() !== 404) await setTimeout(100);
  await person.page.reload();
  person.take_refusals();
}

/** A player to whom something happened, whoever else was in it, and somebody who wants to know why. */
async function story(world, mark) {
  const admin = await world.comes();
  await admin.sign_up(`boss_${mark}`);
  await admin.rises();
  const game = await Game.made(admin, { en: "Kite Courier", ja: "紙凧飛脚" });
  const saki = await world.comes();
  await saki.sign_up(`saki_${mark}`, "咲 Saki");
  const gen = await world.comes();
  await gen.sign_up(`gen_${mark}`, "Gen");
  const id = await id_of(saki);
  await game.run("game.begin", id, [["hp", "set", 100], ["gold", "set", 300]]);
  await game.run("raid.attack", id, [["hp", "sub_clamp", 10]], await game.token_of(gen),
    [{ entity: 0, field: "hp", is: ">", value: 0 }]);
  await saki.post(`where is my gold, ${mark}?`);
  await game.run("shop.buy_sword", id, [["gold", "sub", 100]]);
  const { title } = game;
  await ask(admin, "/v1/points/campaigns", { key: new_key(), name: `summer-${mark}`, title, budget: 1000 });
  await ask(admin, "/v1/points/sinks", { key: new_key(), name: `shop-${mark}`, title });
  await ask(admin, "/v1/points/grants",
    { event: `welcome-${mark}`, campaign: `summer-${mark}`, account: id, amount: 300, reason: "welcome" });
  await ask(saki, "/v1/points/spends", { key: new_key(), sink: `shop-${mark}`, amount: 100, reason: "shop.buy_lamp" });
  const helper = await world.comes();
  await helper.sign_up(`help_${mark}`, "Helper");
  await becomes_support(helper);
  return { admin, game, saki, gen, helper, id, gen_id: await id_of(gen) };
}

const entry = (page, text) => page.locator(".ev", { hasText: text });

export const support = {
  "why did they lose 100: found with the keyboard alone": async (world) => {
    const { helper, id, gen_id } = await story(world, "keys");
    const { page } = helper;
    await page.goto("/");
    await page.waitForSelector(".gather h2");
    await tab_to(page, ".nav a[href='/support']");
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: "Support" }).waitFor();
    await tab_to(page, "#who");
    await page.keyboard.type("@Saki_Keys ");
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: "咲 Saki" }).waitFor();
    assert.equal(new URL(page.url()).search, "?who=saki_keys");
    assert.equal(await page.locator(".p-who .number").textContent(), id);
    // At a glance: what went, why, and by whose hand.
    const bought = entry(page, "Shop: buy sword");
    await bought.waitFor();
    assert.equal(await bought.locator("p .badge").first().textContent(), "gold −100");
    assert.match(await bought.textContent(), /by the title’s server.*Kite Courier.*town.*gold −100 → 200.*shop\.buy_sword/);
    assert.equal(await bought.getAttribute("data-loss"), "true");
    const spent = entry(page, "Shop: buy lamp");
    assert.equal(await spent.locator("p .badge").first().textContent(), "Points −100");
    assert.match(await spent.textContent(), /Spent on shop-keys.*by the player.*200 left after it/);
    assert.equal(await page.locator("[data-points]").textContent(), "200");
    await entry(page, "where is my gold, keys?").waitFor();
    await entry(page, "Chrome on Linux").waitFor();
    const times = await page.locator(".ev time").evaluateAll((all) => all.map((one) => one.dateTime));
    assert.deepEqual(times, [...times].sort().reverse());
    // What they have now.
    const ent = page.locator(".of-title", { hasText: "Kite Courier" }).locator(".ent");
    await ent.getByRole("img", { name: "hp: 90 of 100" }).waitFor();
    assert.match(await ent.textContent(), /gold200/);
    // Only what became less.
    await tab_to(page, ".chip[aria-pressed=false]");
    await page.locator(".chip:focus", { hasText: "Losses" }).waitFor();
    await page.keyboard.press("Enter");
    await entry(page, "where is my gold").waitFor({ state: "detached" });
    assert.deepEqual(await page.locator(".ev b").allTextContents(), ["Shop: buy lamp", "Shop: buy sword", "Attack"]);
    // Who did it is a way to them.
    await entry(page, "Attack").locator(`a[href='/support?who=${gen_id}']`, { hasText: "@gen_keys" }).waitFor();
    await tab_to(page, `a[href='/support?who=${gen_id}']`);
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: "Gen" }).waitFor();
    // Of what is another's, what was before may not be among what was read: then it is said.
    await entry(page, "by the player").filter({ hasText: "hp 90" }).filter({ hasText: "before it: not known" }).waitFor();
    await page.goBack();
    await page.locator("h1", { hasText: "咲 Saki" }).waitFor();
    // Nobody of that name.
    await page.goto("/support?who=nobody_here");
    await page.getByRole("alert").getByText("There is no account").waitFor();
    assert.deepEqual(helper.take_refusals(), ["GET /v1/support/players/nobody_here 404"]);
  },

  "the key of a command is copied": async (world) => {
    const { helper } = await story(world, "copy");
    const { page } = helper;
    await helper.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto("/support?who=saki_copy");
    const button = entry(page, "Shop: buy sword").getByRole("button", { name: "Copy the key" });
    await button.click();
    await page.getByText("Copied.").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, await button.getAttribute("title"));
    assert.match(copied, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  },

  "who is not staff sees no way to it, and nothing there": async (world) => {
    const person = await world.comes();
    const { page } = person;
    await page.goto("/support?who=somebody");
    await page.getByRole("heading", { name: "This page is for support" }).waitFor();
    assert.equal(await page.locator("a[href^='/support']").count(), 0);
    await page.locator("main").getByRole("link", { name: "Log in" }).click();
    await page.waitForURL((url) => url.pathname === "/login" && url.searchParams.get("to") === "/support?who=somebody");
    await person.sign_up("just_plays");
    assert.equal(await page.locator("a[href^='/support']").count(), 0);
    await page.goto("/support?who=just_plays");
    await page.getByText("Your account does not have that role.").waitFor();
    assert.equal(await page.locator("#who, .ev").count(), 0);
    const told = await page.evaluate(async () => (await fetch("/v1/support/players/just_plays")).status);
    assert.equal(told, 403);
    person.take_refusals();
  },

  "one source that fails holds nobody up, and comes in later": async (world) => {
    const { helper } = await story(world, "fail");
    const { page } = helper;
    let broken = true;
    const refuse = (route) => (broken ? route.fulfill({ status: 503, contentType: "application/problem+json",
      body: "{\"code\":\"busy\",\"detail\":\"later\"}" }) : route.continue());
    await page.route("**/v1/game/*/history?*", refuse);
    await page.route("**/v1/game/*/players/*/entities", refuse);
    await page.goto("/support?who=saki_fail");
    const missing = page.getByRole("alert").filter({ hasText: "did not arrive. All else is here." });
    await missing.waitFor();
    assert.match(await missing.textContent(), /Game: .*Kite Courier/);
    await entry(page, "where is my gold, fail?").waitFor();
    assert.equal(await page.locator(".ev[data-kind=game]").count(), 0);
    await page.getByText("What they have here did not arrive.").waitFor();
    helper.take_refusals();
    broken = false;
    await missing.getByRole("button", { name: "Try again" }).click();
    await entry(page, "Shop: buy sword").waitFor();
    assert.equal(await missing.count(), 0);
    await page.locator(".of-title .banner").getByRole("button", { name: "Try again" }).click();
    await page.getByRole("img", { name: "hp: 90 of 100" }).waitFor();
    const times = await page.locator(".ev time").evaluateAll((all) => all.map((one) => one.dateTime));
    assert.deepEqual(times, [...times].sort().reverse());
  },

  "points are granted once, with a clear word of what became of them": async (world) => {
    const { helper, id } = await story(world, "give");
    const { page } = helper;
    await page.goto("/support?who=saki_give");
    await page.locator("[data-points='200']").waitFor();
    const open = page.getByRole("button", { name: "Grant points" });
    const dialog = page.getByRole("dialog", { name: /Grant points to .*咲 Saki/ });
    // With the keyboard; what is missing is said where it is.
    await open.focus();
    await page.keyboard.press("Enter");
    await dialog.waitFor();
    await page.locator("#grant-amount:focus").waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByText("A whole number from 1").waitFor();
    await dialog.getByText("Write a reason").waitFor();
    await page.keyboard.type("2000");
    await page.selectOption("#grant-campaign", "summer-give");
    await page.fill("#grant-reason", "sorry for the wait");
    await dialog.getByRole("button", { name: "Grant 2,000 points" }).click();
    await dialog.getByText("Nothing was granted: the campaign has only 700 left.").waitFor();
    await page.fill("#grant-amount", "50");
    await page.focus("#grant-amount");
    await page.keyboard.press("Enter");
    await dialog.getByText("50 points granted. The balance is 250.").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.locator("[data-points='250']").waitFor();
    // Whose account that was is asked for behind it.
    const given = entry(page, "Sorry for the wait").filter({ hasText: "@help_give" });
    await given.waitFor();
    assert.match(await given.textContent(), /Points \+50.*Received from summer-give.*@help_give/);
    // An answer that gets lost: asked again, it counted once.
    await helper.loses_an_answer("**/v1/points/grants");
    await open.click();
    await page.fill("#grant-amount", "7");
    await page.selectOption("#grant-campaign", "summer-give");
    await page.fill("#grant-reason", "once");
    await dialog.getByRole("button", { name: "Grant 7 points" }).click();
    await dialog.getByText("It is not known yet whether this arrived.").waitFor();
    assert.equal(await page.locator("#grant-amount").isDisabled(), true);
    await dialog.getByRole("button", { name: "Ask again" }).click();
    await dialog.getByText("It had arrived: 7 points were granted, once.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.locator("[data-points='257']").waitFor();
    assert.equal((await ask(helper, `/v1/points/accounts/${id}`)).balance, 257);
  },

  "a long record is read page by page, without a hole": async (world) => {
    const { helper, game, id } = await story(world, "long");
    const { page } = helper;
    for (let n = 0; n < 70; ++n) await game.run(`step.n${n}`, id, [["gold", "add", 1]]);
    await page.goto("/support?who=saki_long");
    await entry(page, "Step: n69").waitFor();
    const steps = () => page.locator(".ev b").allTextContents();
    let before = (await steps()).length;
    while (await page.getByRole("button", { name: "Further back" }).count() > 0) {
      await page.getByRole("button", { name: "Further back" }).click();
      await page.waitForFunction((n) => document.querySelectorAll(".ev").length > n
        || !document.querySelector(".older"), before);
      before = (await steps()).length;
    }
    const all = await steps();
    assert.deepEqual(all.filter((one) => one.startsWith("Step")), Array.from({ length: 70 }, (_, n) => `Step: n${69 - n}`));
    await page.getByText("That is where the record begins.").waitFor();
  },

  "support in every look": async (world, shots) => {
    const { helper } = await story(world, "looks");
    const looks = [
      ["en", "dark", desktop], ["ja", "light", desktop], ["en", "light", { width: 1440, height: 1000 }],
      ["ja", "dark", phone], ["en", "light", small], ["ja", "dark", small],
    ];
    for (const [language, theme, look] of looks) {
      const { page } = helper;
      await page.evaluate(([lang, colours]) => {
        localStorage.setItem("matsuri-language", lang);
        localStorage.setItem("matsuri-theme", colours);
      }, [language, theme]);
      await page.setViewportSize(look);
      for (const [name, address, ready] of [["found", "/support?who=saki_looks", ".of-title .hp"], ["find", "/support", "#who"]]) {
        await page.goto(address);
        await page.waitForSelector(ready);
        if (name === "found") await page.locator(".ev[data-kind=game]").first().waitFor();
        await settle(helper);
        const where = `support-${name}-${language}-${theme}-${look.width}`;
        assert.equal(await page.evaluate(() => document.documentElement.lang), language);
        assert.deepEqual(await page.evaluate(problems_of_page), [], where);
        await page.screenshot({ path: path.join(shots, `${where}.png`), fullPage: name === "found", caret: "initial" });
      }
    }
  },
};
