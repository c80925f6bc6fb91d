// The raid: many browsers, one boss, one order, and nobody is healed after death.
import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { problems_of_page } from "./checks.js";
import { tab_to } from "./keyboard.js";
import { settle } from "./looks.js";
import { phone } from "./person.js";
import { Server } from "./server.js";

const hour_ms = 3_600_000;
// A little more than what features/play/fight.ts takes between two blows.
const pace_ms = 700;
// No test begins in one raid and ends in the next.
const needed_ms = 120_000;

/** Signs up, and goes to the raid. */
async function comes_to_play(world, handle, options = {}) {
  const left_ms = hour_ms - (Date.now() % hour_ms);
  if (left_ms < needed_ms) await setTimeout(left_ms + 500);
  const person = await world.comes(options);
  await person.sign_up(handle, options.name ?? handle);
  await person.page.goto("/play");
  await person.page.waitForSelector(".moves .btn, .won, .fallen");
  return person;
}

const attack = (page) => page.locator(".moves .btn-main", { hasText: /Attack|攻撃/ });

async function joins(page) {
  await page.locator(".moves .btn-main", { hasText: /Join|Wake|加勢|起こす/ }).click();
  await attack(page).waitFor();
}

/** Strikes that many times, at one's own pace. */
async function strikes(page, count) {
  for (let at = 0; at < count; ++at) {
    await page.locator(".moves .btn-main:not(.cooling)").click();
    await setTimeout(pace_ms);
  }
}

/** What the server says, asked as the player of that page: entities, a board, a command, changes. */
const as_player = (person, what, given) => person.page.evaluate(async ([how, value]) => {
  const arena = `raid-${Math.floor(Date.now() / 3_600_000)}`;
  const json = async (answer) => {
    if (!answer.ok) throw new Error(`${answer.url} ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const play = await json(await fetch("/v1/play"));
  const game = `/v1/game/${play.title.id}`;
  const headers = { "Content-Type": "application/json" };
  const session = await json(await fetch(`${game}/sessions`, {
    method: "POST", headers, body: JSON.stringify({ title_key: play.title_key }),
  }));
  const proofs = { ...headers, Authorization: `Bearer ${play.title_key}`, "Matsuri-Player": session.player_token };
  const ask = async (address, init = {}) =>
    json(await fetch(game + address, { ...init, credentials: "omit", headers: proofs }));
  const key = (at) => {
    const time = (session.server_time_ms + at).toString(16).padStart(12, "0");
    const random = [...crypto.getRandomValues(new Uint8Array(8))].map((one) => one.toString(16).padStart(2, "0")).join("");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(4)}`;
  };
  if (how === "id") return session.player;
  if (how === "entity") return (await ask(`/entities/${arena}/${value.join("/")}`)).entity.fields;
  if (how === "board") return (await ask(`/boards/damage${value}`)).entries;
  if (how === "changes") return (await ask(`/changes?arena=${arena}&limit=1000`)).changes;
  const commands = value.map((one, at) => ({ key: key(at % 1000), arena, ...one }));
  return (await ask("/commands", { method: "POST", body: JSON.stringify({ commands }) })).outcomes;
}, [what, given]);

const boss_of = (person) => as_player(person, "entity", ["boss", "catfish"]);
const raider_of = (person, id) => as_player(person, "entity", ["raider", id]);
const shown_hp = (page) => page.locator(".hudrow [data-hp]").getAttribute("data-hp").then(Number);

/** What a raider does to themselves until they fall. */
const falls = (id) => [1, 2, 3].map(() => ({
  reason: "test.fall", entities: [{ kind: "raider", id }], guards: [{ entity: 0, field: "hp", is: ">", value: 0 }],
  steps: [{ entity: 0, field: "hp", do: "sub_clamp", value: 40 }],
}));

async function looks_well(person, where) {
  await settle(person);
  assert.deepEqual(await person.page.evaluate(problems_of_page), [], where);
}

async function shows(page, hp) {
  await page.waitForFunction((wanted) => document.querySelector(".hudrow [data-hp]")?.dataset.hp === wanted, String(hp));
}

export const play = {
  "two browsers fight one boss, and agree with each other and the server": async (world) => {
    const mio = await comes_to_play(world, "raid_mio", { name: "Mio" });
    const gen = await comes_to_play(world, "raid_gen", { name: "源", language: "ja", look: phone, touch: true });
    await joins(mio.page);
    await joins(gen.page);
    await Promise.all([strikes(mio.page, 6), strikes(gen.page, 6)]);
    const boss = await boss_of(mio);
    assert.ok(boss.hp < boss.hp_max);
    await shows(mio.page, boss.hp);
    await shows(gen.page, boss.hp);
    // The same lines in the same places, newest first.
    const order = (page) => page.locator(".fd li").evaluateAll((all) =>
      all.map((one) => `${one.dataset.seq} ${one.dataset.what}`));
    assert.deepEqual(await order(mio.page), await order(gen.page));
    const seqs = (await order(mio.page)).map((one) => Number(one.split(" ")[0]));
    assert.deepEqual(seqs, [...seqs].sort((a, b) => b - a));
    assert.equal(new Set(seqs).size, seqs.length);
    // They are called what their accounts are.
    await mio.page.locator(".party", { hasText: "源" }).waitFor();
    await gen.page.locator(".party", { hasText: "Mio" }).waitFor();
    // What the boss lost is what raiders did.
    const changes = await as_player(mio, "changes");
    const raiders = new Map(changes.flatMap(({ entities }) => entities).filter(({ kind }) => kind === "raider")
      .map(({ id, fields }) => [id, fields.damage ?? 0]));
    assert.equal(boss.hp_max - boss.hp, [...raiders.values()].reduce((a, b) => a + b, 0));
    assert.equal(changes.filter(({ actor, reason }) => reason === "raid.attack" && raiders.has(actor)).length
      >= 12, true);
  },

  "the ranking follows the blows on every page, and everybody finds their own place": async (world) => {
    const mio = await comes_to_play(world, "rank_mio", { name: "Mio" });
    const gen = await comes_to_play(world, "rank_gen", { name: "源", language: "ja", look: phone, touch: true });
    await joins(mio.page);
    await joins(gen.page);
    await strikes(mio.page, 2);
    await strikes(gen.page, 1);
    const ids = [await as_player(mio, "id"), await as_player(gen, "id")];
    // Both pages come to what the server says, without being asked again: who is among the best, and oneself.
    const best = await as_player(mio, "board", "?limit=5");
    assert.deepEqual(best.map(({ rank }) => rank), best.map(({ value }) =>
      1 + best.filter((other) => other.value > value).length));
    for (const [page, id] of [[mio.page, ids[0]], [gen.page, ids[1]]]) {
      const [own] = await as_player(mio, "board", `/around/${id}?limit=1`);
      assert.equal(own.id, id);
      const wanted = [...best, own].map((one) => `${one.rank} ${one.id} ${one.value}`);
      await page.waitForFunction((all) => {
        const shown = [...document.querySelectorAll(".rank-list li")].map((one) =>
          `${one.dataset.rank} ${one.dataset.ranked} ${one.lastElementChild.textContent.replace(/\D/g, "")}`);
        return all.every((one) => shown.includes(one));
      }, wanted);
      const current = page.locator(".rank-list [aria-current]");
      assert.equal(await current.count(), 1);
      assert.equal(await current.getAttribute("data-ranked"), id);
      await page.locator(".ranks [role=status]", { hasText: String(own.rank) }).waitFor();
    }
    await looks_well(mio);
    await looks_well(gen);
    // Whoever strikes again is seen at once by those who only look.
    const before = (await as_player(mio, "board", `/around/${ids[0]}?limit=1`))[0].value;
    await strikes(mio.page, 1);
    await mio.page.waitForFunction(([id, value]) => {
      const row = document.querySelector(`.rank-list [data-ranked='${id}']`);
      return Number(row.lastElementChild.textContent.replace(/\D/g, "")) > value;
    }, [ids[0], before]);
  },

  "nobody is healed after death": async (world) => {
    const healer = await comes_to_play(world, "raid_healer", { name: "Saki" });
    const other = await comes_to_play(world, "raid_falls", { name: "Falls Soon" });
    await joins(healer.page);
    await joins(other.page);
    const id = await as_player(other, "id");
    const hurt = falls(id).slice(0, 1);
    assert.equal((await as_player(other, "commands", hurt))[0].outcome, "applied");
    const face = healer.page.locator(`[data-raider='${id}']`);
    await healer.page.locator(`[data-raider='${id}'][data-hp='60']`).click();
    await healer.page.locator(".moves .btn", { hasText: "Heal" }).filter({ hasText: "Falls Soon" }).waitFor();
    // Healed while they stand.
    await healer.page.locator(".moves .btn", { hasText: "Heal" }).click();
    await healer.page.locator(`[data-raider='${id}'][data-hp='80']`).waitFor();
    assert.equal((await raider_of(other, id)).hp, 80);
    // The heal is on its way when they fall.
    let release;
    const held = new Promise((done) => (release = done));
    let pressed;
    const on_its_way = new Promise((done) => (pressed = done));
    await healer.page.route("**/v1/game/*/commands", async (route) => {
      pressed();
      await held;
      await route.continue();
    });
    await healer.page.locator(".moves .btn:not(.cooling)", { hasText: "Heal" }).click();
    await on_its_way;
    await as_player(other, "commands", falls(id));
    release();
    await healer.page.locator(".fd li[data-what='late']", { hasText: "Falls Soon" }).first().waitFor();
    await healer.page.unroute("**/v1/game/*/commands");
    assert.equal((await raider_of(other, id)).hp, 0);
    await other.page.locator(".fallen").waitFor();
    // The page offers nobody who fell, and the server takes it from nobody.
    await healer.page.locator(`[data-raider='${id}'][data-hp='0']`).waitFor();
    assert.equal(await face.getAttribute("aria-disabled"), "true");
    const heal = (guards) => ({
      reason: "raid.heal", entities: [{ kind: "raider", id }], guards,
      steps: [{ entity: 0, field: "hp", do: "add_clamp", value: 20, bound: 100 }],
    });
    const outcomes = await as_player(other, "commands", [
      heal([]), heal([{ entity: 0, field: "hp", is: ">", value: 0 }]),
      { entities: [{ kind: "raider", id }], steps: [{ entity: 0, field: "hp", do: "set_if_absent", value: 100 }] },
      { entities: [{ kind: "raider", id }], steps: [{ entity: 0, field: "hp", do: "set", value: 100 }] },
      { entities: [{ kind: "raider", id }], steps: [{ entity: 0, do: "remove" }] },
    ]);
    assert.deepEqual(outcomes.map(({ outcome }) => outcome), ["invalid", "rejected", "applied", "invalid", "invalid"]);
    assert.match(outcomes[0].message, /needs the guard hp > 0/);
    assert.equal((await raider_of(other, id)).hp, 0);
  },

  "a lost connection keeps what one did, under the same keys": async (world) => {
    const person = await comes_to_play(world, "raid_tunnel");
    const { page } = person;
    await joins(page);
    const id = await as_player(person, "id");
    const sent = [];
    page.on("request", (request) => {
      if (!request.url().endsWith("/commands")) return;
      sent.push(request.postDataJSON().commands.map(({ key }) => key));
    });
    const struck = async () => (await as_player(person, "changes"))
      .filter(({ actor, reason }) => actor === id && reason === "raid.attack");
    // An answer gets lost: asked again, it counted once.
    await person.loses_an_answer("**/v1/game/*/commands");
    await attack(page).click();
    while (sent.length < 2) await setTimeout(50);
    await page.unroute("**/v1/game/*/commands");
    assert.deepEqual(sent[1], sent[0]);
    while ((await struck()).length < 1) await setTimeout(50);
    // No network: it is said, what one does waits, and goes out when it is back.
    await person.context.setOffline(true);
    await page.getByText("No connection.").waitFor();
    await strikes(page, 2);
    await page.getByText("2 moves wait").waitFor();
    await person.context.setOffline(false);
    await page.getByText("No connection.").waitFor({ state: "detached" });
    const all = await struck();
    assert.equal(all.length, 3);
    assert.deepEqual(all.map(({ key }) => key), [...new Set(sent.flat())]);
    // The page is loaded again while a move waits: the next page sends it, under its key.
    await page.route("**/v1/game/*/commands", (route) => route.abort("connectionreset"));
    sent.length = 0;
    await attack(page).click();
    while (sent.length < 1) await setTimeout(20);
    const [key] = sent[0];
    await page.unroute("**/v1/game/*/commands");
    await page.route("**/v1/game/*/commands", (route) => route.abort("connectionreset"));
    await page.reload();
    await page.unroute("**/v1/game/*/commands");
    while ((await struck()).length < 4) await setTimeout(50);
    assert.equal((await struck()).filter((one) => one.key === key).length, 1);
    await shows(page, (await boss_of(person)).hp);
  },

  "a raid that is away is said, and comes back by itself": async (world) => {
    const person = await comes_to_play(world, "raid_away");
    const { page } = person;
    let broken = true;
    await page.route("**/v1/game/*/changes?*", (route) =>
      broken ? route.fulfill({ status: 503, headers: { "Retry-After": "1" },
        contentType: "application/problem+json", body: "{\"code\":\"busy\",\"detail\":\"later\"}" })
        : route.continue());
    await page.reload();
    await page.getByRole("alert").getByText("Many people at once.").waitFor();
    await looks_well(person);
    broken = false;
    await page.waitForSelector(".moves .btn");
    person.take_refusals();
  },

  "the raid with the keyboard alone": async (world) => {
    const other = await comes_to_play(world, "raid_hurt", { name: "Hurt One" });
    await joins(other.page);
    const id = await as_player(other, "id");
    // Hurt, and among the few who did most: these are the ones who are shown.
    const [hurt] = falls(id);
    const healing = { ...hurt, steps: [{ entity: 0, field: "healed", do: "add", value: 30 }] };
    const outcomes = await as_player(other, "commands", [hurt, ...Array(50).fill(healing)]);
    assert.ok(outcomes.every(({ outcome }) => outcome === "applied"));
    const person = await comes_to_play(world, "raid_keys");
    const { page } = person;
    await page.goto("/communities");
    await page.waitForSelector("a[href='/play']");
    await tab_to(page, "a[href='/play']");
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: "The Great Catfish" }).waitFor();
    await tab_to(page, ".moves .btn-main");
    await page.keyboard.press("Enter");
    // What one pressed has become what one presses next.
    await page.locator(".moves .btn-main:focus", { hasText: "Attack" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".fd li[data-what='attack']", { hasText: "You" }).first().waitFor();
    await tab_to(page, `[data-raider='${id}']`);
    await page.keyboard.press("Space");
    await page.locator(`[data-raider='${id}'][aria-pressed='true']`).waitFor();
    await tab_to(page, ".moves .btn:not(.btn-main)", "Shift+Tab");
    await page.keyboard.press("Enter");
    await page.locator(`[data-raider='${id}'][data-hp='80']`).waitFor();
    await tab_to(page, "#say");
    await page.keyboard.type("keys are swords");
    await page.keyboard.press("Control+Enter");
    await page.locator(".voices .bubble", { hasText: "keys are swords" }).waitFor();
    await looks_well(person);
  },

  "one speaks from inside the game, and others feel with it while they fight": async (world) => {
    const speaker = await comes_to_play(world, "raid_speaks", { name: "Speaker" });
    const reader = await comes_to_play(world, "raid_reads", { look: phone, touch: true });
    await joins(speaker.page);
    await joins(reader.page);
    await speaker.page.fill("#say", "Its whiskers are ticklish.");
    await speaker.page.click(".composer button[type=submit]");
    const heard = reader.page.locator(".voices li", { hasText: "Its whiskers are ticklish." });
    await heard.waitFor();
    await heard.locator(".emp").click();
    await heard.locator(".emp[aria-pressed='true']").waitFor();
    await strikes(reader.page, 1);
    await speaker.page.locator(".voices li", { hasText: "whiskers" }).locator(".emp .num", { hasText: "1" }).waitFor();
    // It is a post like any other, in the game's own community, and says where it was written.
    await speaker.page.getByRole("link", { name: "All that is said" }).click();
    await speaker.sees("Its whiskers are ticklish.");
    await speaker.page.locator("article", { hasText: "whiskers" }).locator(".badge.tag", { hasText: "raid" }).waitFor();
  },

  "who has no name yet is asked in, and comes back to the fight": async (world) => {
    const guest = await world.comes();
    const { page } = guest;
    await page.goto("/play");
    await page.getByRole("heading", { name: "The Great Catfish" }).waitFor();
    await page.getByText("Who fights has a name and a face.").waitFor();
    await looks_well(guest);
    await page.locator("main").getByRole("link", { name: "Sign up" }).click();
    await page.fill("#handle", "raid_new");
    await page.fill("#name", "New Here");
    await page.fill("#password", "a sword of paper");
    await page.click("form button[type=submit]");
    await page.waitForSelector(".moves .btn");
  },

  "where there is no raid nothing leads to one; then one is made beside the running server": async (world) => {
    const server = new Server();
    await server.start();
    try {
      const guest = await world.comes({ server });
      const { page } = guest;
      await page.goto("/communities");
      await page.waitForSelector(".common-link");
      await page.getByText("No other lantern hangs yet").waitFor();
      assert.equal(await page.locator("a[href='/play']").count(), 0);
      await page.goto("/play");
      await page.getByRole("heading", { name: "No raid here" }).waitFor();
      await looks_well(guest);
      assert.deepEqual([...new Set(guest.take_refusals())], ["GET /v1/play 404"]);
      await server.run("raid");
      await server.run("raid"); // Again: nothing more is made.
      const title = async () => (await fetch(`${server.url}/v1/play`)).status;
      while (await title() !== 200) await setTimeout(50);
      await setTimeout(1500); // What another process defines is heard of within a second.
      await guest.sign_up("raid_first");
      await page.goto("/communities");
      await page.locator("a[href='/play']").click();
      await page.getByText("It sleeps. Whoever comes first wakes it.").waitFor();
      await joins(page);
      await strikes(page, 1);
      const titles = await (await fetch(`${server.url}/v1/titles`)).json();
      assert.equal(titles.titles.length, 1);

      // The last blow: everybody sees that it is one, and nobody strikes after it.
      const id = await as_player(guest, "id");
      const blow = {
        reason: "raid.attack", entities: [{ kind: "boss", id: "catfish" }, { kind: "raider", id }],
        guards: [{ entity: 0, field: "hp", is: ">", value: 0 }, { entity: 1, field: "hp", is: ">", value: 0 }],
        steps: [{ entity: 0, field: "hp", do: "sub_clamp", value: 60 }, { entity: 1, field: "damage", do: "add", value: 60 }],
      };
      const outcomes = await as_player(guest, "commands", Array(201).fill(blow));
      assert.equal(outcomes.at(-1).outcome, "rejected");
      await page.getByRole("heading", { name: "The catfish is beaten" }).waitFor();
      assert.equal(await shown_hp(page), 0);
      await looks_well(guest);
    } finally {
      await world.everybody_leaves();
      assert.equal(await server.end(), 0);
    }
  },

  "the raid's states are designed: lost, fallen, beaten, calm": async (world, shots) => {
    for (const [theme, language, look] of [["dark", "en", phone], ["light", "ja", undefined]]) {
      const person = await comes_to_play(world, `raid_look_${theme}`, {
        theme, language, name: language === "ja" ? "灯" : "Lumen", ...(look === undefined ? {} : { look, touch: true }),
      });
      const { page } = person;
      const take = async (name) => {
        await looks_well(person, name);
        await page.screenshot({ path: path.join(shots, `raid-${name}-${theme}-${language}.png`), caret: "initial", fullPage: true });
      };
      await take("before");
      await joins(page);
      await strikes(page, 2);
      await take("fight");
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.waitForFunction(() => document.getAnimations().length === 0);
      await page.emulateMedia({ reducedMotion: "no-preference" });
      await person.context.setOffline(true);
      await page.locator("main .banner.warn").waitFor();
      await strikes(page, 1);
      await take("lost");
      await person.context.setOffline(false);
      await page.locator("main .banner.warn").waitFor({ state: "detached" });
      await as_player(person, "commands", falls(await as_player(person, "id")));
      await page.locator(".fallen").waitFor();
      await take("fallen");
    }
  },
};
