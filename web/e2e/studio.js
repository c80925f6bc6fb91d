// The studio: what a game did, for staff; and for nobody else a way to it.
import assert from "node:assert/strict";
import path from "node:path";
import { problems_of_page } from "./checks.js";
import { tab_to } from "./keyboard.js";
import { settle, small } from "./looks.js";
import { desktop, phone } from "./person.js";
import { an_admin } from "./titles.js";

const place = "/studio/analytics";

async function looks_well(person, where, shots, name) {
  await settle(person);
  assert.deepEqual(await person.page.evaluate(problems_of_page), [], where);
  if (name !== undefined) {
    await person.page.screenshot({ path: path.join(shots, `${name}.png`), caret: "initial", fullPage: true });
  }
}

/** A title whose game is played by its server, and by whoever's page this is. */
const plays = (person, names) => person.page.evaluate(async (given) => {
  const ask = async (method, address, body, headers = {}) => {
    const answer = await fetch(address, {
      method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body),
      credentials: headers.Authorization === undefined ? "same-origin" : "omit",
    });
    if (!answer.ok) throw new Error(`${address} ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const title = await ask("POST", "/v1/titles", { names: given });
  const game = `/v1/game/${title.id}`;
  const bearer = async (kind) => `Bearer ${(await ask("POST", `${game}/keys`, { kind, name: kind })).key}`;
  const server = { Authorization: await bearer("server") };
  const client = await bearer("client");
  await ask("PUT", `${game}/schema`, { kinds: [
    { name: "purse", fields: [{ name: "gold", min: 0 }] },
    { name: "raider", fields: [{ name: "damage" }], players: { which: "own", steps: [{ field: "damage", do: "add", value_max: 50 }] } },
  ] }, server);
  const session = await ask("POST", `${game}/sessions`, { title_key: client.slice("Bearer ".length) });
  const key = (at) => {
    const time = (session.server_time_ms + at).toString(16).padStart(12, "0");
    const random = [...crypto.getRandomValues(new Uint8Array(8))].map((one) => one.toString(16).padStart(2, "0")).join("");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(4)}`;
  };
  const purse = (reason, how, value, guards = []) => ({
    reason, arena: "market", entities: [{ kind: "purse", id: "p" }], guards, steps: [{ entity: 0, field: "gold", do: how, value }],
  });
  const enough = [{ entity: 0, field: "gold", is: ">=", value: 60 }];
  const commands = [
    purse("shop.mint", "add", 100), purse("shop.buy", "sub", 60, enough), purse("shop.buy", "sub", 60, enough),
  ].map((one, at) => ({ key: key(at), ...one }));
  await ask("POST", `${game}/commands`, { commands }, server);
  await ask("POST", `${game}/commands`, { commands: [{
    key: key(5), reason: "raid.hit", arena: "raid-1", entities: [{ kind: "raider", id: session.player }],
    steps: [{ entity: 0, field: "damage", do: "add", value: 30 }],
  }] }, { Authorization: client, "Matsuri-Player": session.player_token });
  return title.id;
}, names);

/** The texts of a table, row by row. */
export const rows_of = (page, label) => page.locator(`[role=region][aria-label="${label}"] tbody tr`)
  .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));

async function counts(page) {
  await page.getByRole("button", { name: /Count now|いま集計する/ }).click();
  await page.locator("#title").waitFor();
  await page.locator(".studio .btn-main[aria-busy=false]").waitFor();
}

export const studio = {
  "studio: an admin counts what a game did, and sees it": async (world, shots) => {
    const admin = await an_admin(world, "studio_admin");
    const { page } = admin;
    await page.click(`.nav a[href='${place}']`);
    await page.locator("h1:focus", { hasText: "Analytics" }).waitFor();
    await page.getByRole("heading", { name: "Nothing has been counted yet" }).waitFor();
    await looks_well(admin, "nothing counted", shots, "studio-empty");
    const title = await plays(admin, { en: "Lantern Market", ja: "提灯市" });
    await counts(page);
    await page.selectOption("#title", title);
    await page.locator("#economy-field").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("title"), title);

    // Until then the title that was there before is shown.
    await page.waitForFunction(() => document.querySelectorAll('[aria-label="By reason"] tbody tr').length === 3);
    assert.deepEqual(await rows_of(page, "By reason"), [
      ["shop.buy", "1", "1", "0", "0"], ["raid.hit", "1", "0", "0", "0"], ["shop.mint", "1", "0", "0", "0"]]);
    assert.equal(await page.inputValue("#economy-field"), "purse.gold");
    assert.deepEqual(await rows_of(page, "By reason, purse.gold"), [
      ["shop.mint", "100", "0", "100"], ["shop.buy", "0", "60", "-60"]]);
    await page.selectOption("#economy-field", "raider.damage");
    assert.deepEqual(await rows_of(page, "By reason, raider.damage"), [["raid.hit", "30", "0", "30"]]);
    const raids = await rows_of(page, "Raids");
    assert.deepEqual(raids.map((row) => [row[0], ...row.slice(3)]).sort(), [
      ["market", "0", "2", "1"], ["raid-1", "1", "1", "0"]]);
    const [cohort] = await rows_of(page, "Retention");
    assert.equal(cohort[1], "1");
    assert.match(cohort[2], /not over yet/);

    // Each chart is drawn, and has a table, which the keyboard opens.
    assert.equal(await page.locator(".chart[role=img] canvas").count(), 3);
    await tab_to(page, ".as-table summary");
    await page.keyboard.press("Enter");
    const actives = await rows_of(page, "Daily actives");
    assert.equal(actives.length, 28);
    assert.deepEqual(actives.at(-1).slice(1), ["1", "1"]);
    await page.locator(".chart").first().hover({ position: { x: 200, y: 100 } });
    await page.locator(".pointed", { hasText: "Active" }).waitFor();
    await page.getByRole("button", { name: "7 days" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".as-table[open] tbody tr").length === 7);
    await looks_well(admin, "a report");

    // Days that cannot be are said, and what is shown stays.
    const from = await page.inputValue("#days-from");
    await page.fill("#days-from", "2099-01-01");
    await page.getByText("The first day comes before the last.").waitFor();
    await page.fill("#days-from", "2000-01-01");
    await page.getByText("At most 92 days at once.").waitFor();
    await looks_well(admin, "wrong days");
    assert.equal((await rows_of(page, "Daily actives")).length, 7);
    await page.fill("#days-from", from);
    await page.waitForFunction(() => document.querySelector("#days-wrong") === null);

    // The address says what is shown.
    const address = page.url();
    const other = await admin.open();
    await other.goto(address);
    await other.locator("#economy-field").waitFor();
    assert.equal(await other.inputValue("#title"), title);
    assert.equal(await other.inputValue("#days-from"), from);
  },

  "studio: it shows that it counts, and what went wrong": async (world, shots) => {
    const admin = await an_admin(world, "studio_wrong");
    const { page } = admin;
    await page.goto(place);
    await page.getByRole("button", { name: "Count now" }).first().waitFor();
    // Of a run that takes its time, and of one that failed: as the server would say it.
    const none = await page.evaluate(async () => (await fetch("/v1/analytics/runs")).json());
    const with_run = (run) => ({
      ...none, busy: run.state === "running", runs: [{
        id: "9", asked_by: "night", started_ms: 5, ended_ms: run.state === "running" ? null : 6, commands: 0,
        done: 0, total: 0, error: null, ...run,
      }, ...none.runs],
    });
    let told = with_run({ state: "running", done: 1500, total: 4000 });
    await page.route("**/v1/analytics/runs", (route) => route.fulfill({ json: told }));
    await page.reload();
    await page.getByRole("status").getByText("1,500 of 4,000").waitFor();
    assert.equal(await page.locator("#run-progress").evaluate((bar) => bar.position), 0.375);
    await looks_well(admin, "running", shots, "studio-running");
    told = with_run({ state: "failed", error: "connection refused" });
    await page.getByRole("alert").getByText("connection refused").waitFor();
    await looks_well(admin, "failed", shots, "studio-failed");
    await page.unroute("**/v1/analytics/runs");
    await page.route("**/v1/analytics/**", (route) => route.abort());
    await page.reload();
    await page.getByRole("alert").getByText("The figures did not arrive.").waitFor();
    await looks_well(admin, "unreachable");
    await page.unroute("**/v1/analytics/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Count now" }).first().waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
    // What was aborted is said on the console.
    admin.take_refusals();
  },

  "studio: only staff see it": async (world) => {
    const admin = await an_admin(world, "studio_boss");
    const guest = await world.comes();
    await guest.page.goto(place);
    await guest.page.locator("#invite").waitFor();
    const user = await world.comes();
    await user.sign_up("studio_user");
    assert.equal(await user.page.locator(`a[href='${place}']`).count(), 0);
    await user.page.goto(place);
    await user.page.getByRole("heading", { name: "For staff" }).waitFor();
    await looks_well(user, "denied");
    await admin.page.evaluate(() => fetch("/v1/accounts/studio_user/role", {
      method: "PUT", headers: { "Content-Type": "application/json" }, body: '{"role":"support"}',
    }));
    await user.page.reload();
    await user.page.locator(`.foot a[href='${place}']`).waitFor();
    await user.page.locator(".studio").waitFor();
    await user.page.locator("#title, .studio .state").first().waitFor();
    assert.equal(await user.page.getByRole("button", { name: "Count now" }).count(), 0);
    await user.page.click(".brand");
    await user.page.waitForSelector(".crowd, .lantern, h1");
    assert.equal(await user.page.evaluate(() => document.body.classList.contains("staff")), false);
  },

  "studio: in every look": async (world, shots) => {
    const first = await an_admin(world, "studio_looks");
    const title = await plays(first, { en: "Lantern Market", ja: "提灯市" });
    await first.page.goto(place);
    await counts(first.page);
    for (const [look_name, look] of Object.entries({ desktop, phone, small })) {
      for (const theme of ["dark", "light"]) {
        for (const language of ["en", "ja"]) {
          const person = await world.comes({ look, theme, language, touch: look !== desktop });
          await person.log_in(first.handle, first.password);
          await person.page.goto(`${place}?title=${title}`);
          await person.page.locator(".chart canvas").nth(2).waitFor();
          const where = `studio-${look_name}-${theme}-${language}`;
          await looks_well(person, where, shots, where);
          await person.leave();
          world.people.splice(world.people.indexOf(person), 1);
        }
      }
    }
  },
};
