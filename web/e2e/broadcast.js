// The control room as it looks: without a programme, in trouble, and on an evening of many.
import assert from "node:assert/strict";
import path from "node:path";
import { problems_of_page } from "./checks.js";
import { settle, small } from "./looks.js";
import { desktop, phone } from "./person.js";
import { an_admin } from "./titles.js";

export const place = "/studio/broadcast";
const tv = { width: 1920, height: 1080 };
const minutes_ms = 60_000;

export async function looks_well(person, where, shots, name) {
  await settle(person);
  assert.deepEqual(await person.page.evaluate(problems_of_page), [], where);
  if (name !== undefined) {
    await person.page.screenshot({ path: path.join(shots, `${name}.png`), caret: "initial", fullPage: true });
  }
}

/** One of the large figures, until it reads so. */
export const figure = (page, name, value) =>
  page.locator(".kpi", { has: page.locator("dt", { hasText: name }) }).locator("b", { hasText: value }).waitFor();

/** Three evenings as the server tells them: the third is on air, and its campaigns come to their ends. */
function evenings(title) {
  const now = Date.now();
  const [length_s, step_s, at_s] = [1800, 5, 740];
  const at = (ms) => new Date(ms).toISOString();
  const starts = [now - 14 * 24 * 60 * minutes_ms, now - 7 * 24 * 60 * minutes_ms, now - at_s * 1000];
  const programmes = starts.map((start, n) => ({
    id: String(n + 1), title, starts_at: at(start), ends_at: at(start + length_s * 1000),
    delay_ms: { terrestrial: 2000, cable: 3500, stream: 12_000 }, state: "serving",
    windows: [[0, 300, "opening", 100], [900, 1080, "drums", 150], [1500, 1680, "finale", 200]].map(([from, to, campaign, worth], window) => ({
      window: window + 1, starts_at: at(start + from * 1000), ends_at: at(start + to * 1000), campaign, points: worth,
    })),
  }));
  const attendance = (n) => {
    const gone = n === 2 ? at_s : length_s + 180;
    const rate = (s) => (300 + 900 * n) * Math.exp(-s / 90) * Math.min(1, s / 40) + 90 * Math.exp(-(((s - 940) / 60) ** 2)) + 2;
    const steps = Array.from({ length: Math.ceil(gone / step_s) }, (_, step) => Math.round(rate(step * step_s) * step_s));
    const ok = steps.map((count) => Math.round(count * 0.86));
    const retry = steps.map((count) => Math.round(count * 0.12));
    const not_now = steps.map((count, step) => count - ok[step] - retry[step]);
    const all = (counts) => counts.reduce((a, b) => a + b, 0);
    return {
      id: programmes[n].id, starts_at: programmes[n].starts_at, ends_at: programmes[n].ends_at, as_of: at(starts[n] + gone * 1000),
      step_s, attempts: { ok, retry, not_now },
      results: {
        ok: all(ok), no_match: all(retry) - 900, flat: 500, not_eligible: 300, no_window: all(not_now), too_late: 90, malformed: 10,
      },
      checkins: [
        { window: 1, campaign: "opening", status: "granted", reason: null, count: 81_904, points: 8_190_400 },
        { window: 1, campaign: "opening", status: "pending", reason: null, count: 214, points: 21_400 },
        { window: 1, campaign: "opening", status: "void", reason: "too_many_attempts", count: 31, points: 3100 },
      ],
      campaigns: [
        { name: "drums", state: "open", left: 5_000_000 }, { name: "finale", state: "missing", left: null },
        { name: "opening", state: "open", left: 19_000 },
      ],
      backlog: { records: 1480, trouble: null },
    };
  };
  return { programmes, attendance };
}

/** What the server tells this person is changed on its way. */
async function is_told(person, told) {
  const json = (body) => ({ contentType: "application/json", body: JSON.stringify(body) });
  await person.context.route("**/v1/checkin/programmes", (route) => 
    route.fulfill(json({ programmes: told.programmes })));
  await person.context.route("**/v1/checkin/programmes/*/attendance*", (route) => {
    const [, id] = /programmes\/(\d+)\//.exec(route.request().url());
    return route.fulfill(json(told.attendance(Number(id) - 1)));
  });
}

export const broadcast = {
  "control room: nothing yet, away, stuck, and lost": async (world, shots) => {
    const admin = await an_admin(world, "control_states");
    const { page } = admin;
    const evening = evenings("Summer Live");
    const told = { programmes: [], attendance: evening.attendance };
    let is_lost = false;
    await is_told(admin, told);
    await admin.context.route("**/v1/checkin/**", (route) => (is_lost ? route.abort() : route.fallback()));
    await page.goto(place);
    await page.getByRole("heading", { name: "No programme yet" }).waitFor();
    await looks_well(admin, "none", shots, "control-none");
    // It appears by itself.
    told.programmes = [{ ...evening.programmes[2], state: "away" }];
    told.attendance = () => ({ ...evening.attendance(2), backlog: { records: 1480, trouble: "busy: the database is away" } });
    await page.getByText("Its closure takes no check-ins just now").waitFor();
    await page.getByText("the database is away").waitFor();
    await figure(page, "Not applied yet", "1,480");
    await page.getByText("There is no campaign finale").waitFor();
    await page.getByText("opening has less left than is due").waitFor();
    await looks_well(admin, "troubles", shots, "control-troubles");
    is_lost = true;
    await page.getByText("The newest figures did not arrive.").waitFor();
    // What came before stays, and it is said of when it is.
    await page.getByText(/What you see is of/).waitFor();
    await figure(page, "Not applied yet", "1,480");
    await looks_well(admin, "lost");
    is_lost = false;
    told.programmes = evening.programmes;
    told.attendance = evening.attendance;
    await page.getByRole("button", { name: "Try again" }).first().click();
    await page.getByText("records of this server").waitFor();
    assert.equal(await page.getByText("The newest figures did not arrive.").count(), 0);
    admin.take_refusals();
  },

  "control room: earlier evenings are laid over, and the address says which": async (world) => {
    const admin = await an_admin(world, "control_over");
    const { page } = admin;
    await is_told(admin, evenings("Summer Live"));
    await page.goto(place);
    // Of the same title, by themselves.
    await page.waitForFunction(() => document.querySelectorAll("#curve ~ .legend li").length === 3);
    const chips = page.locator(".laid .chip");
    assert.deepEqual(await chips.evaluateAll((all) => all.map((one) => one.getAttribute("aria-pressed"))), ["true", "true"]);
    await chips.first().focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll("#curve ~ .legend li").length === 2);
    assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { programme: "3", over: "1" });
    const other = await admin.open();
    await other.goto(page.url());
    await other.waitForFunction(() => document.querySelectorAll("#curve ~ .legend li").length === 2);
    await other.locator(".chart").first().hover({ position: { x: 90, y: 100 } });
    await other.locator(".pointed", { hasText: "Summer Live" }).first().waitFor();
    // Another programme is another page: nothing ended before the first.
    await other.selectOption("#programme", "1");
    await other.waitForFunction(() => document.querySelectorAll("#curve ~ .legend li").length === 1);
    assert.equal(await other.locator(".laid").count(), 0);
    await other.locator(".badge", { hasText: "Over" }).first().waitFor();
  },

  "control room: an admin makes the campaign that is missing": async (world, shots) => {
    const admin = await an_admin(world, "control_purse");
    await admin.make_title({ en: "Night of drums", ja: "太鼓の夜" });
    const { page } = admin;
    const evening = evenings("Summer Live");
    const campaigns = () => page.evaluate(async () => (await (await fetch("/v1/points/campaigns")).json()).campaigns);
    const mine = async () => (await campaigns()).find((one) => one.name === "finale");
    // All but the campaigns is of another evening; those are the server's own.
    const told = {
      programmes: evening.programmes,
      attendance: (n) => ({ ...evening.attendance(n), campaigns: [made ?? { name: "finale", state: "missing", left: null }] }),
    };
    let made = null;
    await is_told(admin, told);
    await page.goto(place);
    const open = page.getByRole("button", { name: "Make finale" });
    const dialog = page.getByRole("dialog", { name: "Make the campaign finale" });
    await open.focus();
    await page.keyboard.press("Enter");
    await page.locator("#campaign-budget:focus").waitFor();
    await page.locator("#campaign-owner").waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByText("A whole number from 1").waitFor();
    await looks_well(admin, "budget missing", shots, "control-campaign");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.textContent === "Make finale");
    assert.equal(await mine(), undefined);
    // The titles do not come at once.
    await page.route("**/v1/titles?*", (route) => route.abort());
    await open.click();
    await dialog.getByText("The titles did not arrive.").waitFor();
    await page.unroute("**/v1/titles?*");
    await dialog.getByRole("button", { name: "Try again" }).click();
    // An answer that gets lost: asked again, it was made once.
    await admin.loses_an_answer("**/v1/points/campaigns");
    await page.fill("#campaign-budget", "12,000");
    await page.selectOption("#campaign-owner", { label: "Night of drums" });
    await dialog.getByRole("button", { name: "Make it" }).click();
    await dialog.getByText("It is not known yet whether this arrived.").waitFor();
    assert.equal(await page.locator("#campaign-budget").isDisabled(), true);
    made = { name: "finale", state: "open", left: 12_000 };
    await dialog.getByRole("button", { name: "Ask again" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal((await mine()).left, 12_000);
    await open.waitFor({ state: "detached" });
    await page.getByRole("cell", { name: "12,000" }).waitFor();
    // Somebody else made it meanwhile: it says so, and the form stays.
    made = null;
    await open.click({ timeout: 20_000 }); // When the room looks again.
    await page.locator("#campaign-owner").waitFor();
    await page.fill("#campaign-budget", "5");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await dialog.locator(".banner.bad").waitFor();
    assert.equal((await mine()).left, 12_000);
    admin.take_refusals();
  },

  "control room: only staff see it": async (world) => {
    const guest = await world.comes();
    await guest.page.goto(place);
    await guest.page.locator("#invite").waitFor();
    const user = await world.comes();
    await user.sign_up("control_user");
    assert.equal(await user.page.locator(`a[href='${place}']`).count(), 0);
    await user.page.goto(place);
    await user.page.getByRole("heading", { name: "For staff" }).waitFor();
    await looks_well(user, "denied");
  },

  "control room: in every look": async (world, shots) => {
    const first = await an_admin(world, "control_looks");
    for (const [look_name, look] of Object.entries({ desktop, phone, small, tv })) {
      for (const theme of ["dark", "light"]) {
        for (const language of ["en", "ja"]) {
          const person = await world.comes({ look, theme, language, touch: look === phone || look === small });
          await is_told(person, evenings(language === "ja" ? "夏祭り生放送" : "Summer Festival Live"));
          await person.log_in(first.handle, first.password);
          await person.page.goto(place);
          await person.page.locator(".chart canvas").nth(1).waitFor();
          await person.page.waitForFunction(() => document.querySelectorAll("#curve ~ .legend li").length === 3);
          const where = `control-${look_name}-${theme}-${language}`;
          await looks_well(person, where, shots, where);
          await person.page.locator(".budget .btn").click();
          await person.page.locator("#campaign-budget:focus").waitFor();
          await looks_well(person, `${where}-campaign`, shots, `${where}-campaign`);
          await person.leave();
          world.people.splice(world.people.indexOf(person), 1);
        }
      }
    }
  },
};
