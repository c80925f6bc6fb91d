// Every state of the page of check-in: looked at as all pages are, and photographed. The camera is there;
// what the server says of check-in is said here, so that each answer comes when it is wanted. Some never
// come, so each tour has a browser of its own, which ends with it.
import assert from "node:assert/strict";
import path from "node:path";
import { problems_of_page } from "./checks.js";
import { settle, small } from "./looks.js";
import { desktop, launch, Person, phone } from "./person.js";

const minute_ms = 60_000;
const window_minutes = [0, 30, 60, 90];
const seed = Buffer.alloc(32, 9).toString("base64url");
const ticket = {
  answer: "ticket", ticket: "dGlja2V0", seed, start_delay_ms: 0, slots: 24, period_ms: 125, age_ms_max: 15_000,
};
const never = "never";
const refused = (code, status) => ({ code, status, detail: "This is how it is." });
const busy = refused("busy", 503);

/** A programme of two hours, which is at that minute now, with four windows of ten minutes. */
function programme_at(minute, more = {}) {
  const time = (minutes) => new Date(Date.now() + (minutes - minute) * minute_ms).toISOString();
  return {
    id: "night-3", title: "Summer Live 夏祭り生放送, night 3", starts_at: time(0), ends_at: time(120), state: "serving",
    delay_ms: { terrestrial: 0, cable: 0, stream: 0 },
    windows: window_minutes.map((start, i) => ({
      window: i + 1, starts_at: time(start), ends_at: time(start + 10), campaign: "night", points: 120,
    })),
    ...more,
  };
}

const had = (window, status = "granted", reason = null) =>
  ({ id: String(window), programme: "night-3", window, time_ms: Date.now(), status, points: 120, reason });
const own_of = (...checkins) => ({ checkins, next: null });
const shows = (programmes, shown, more = {}) => ({ programmes, shown, own: own_of(), ...more });
const at = (minute, shown, more = {}) => shows({ programmes: [programme_at(minute)] }, shown, more);
const opened = (shown, more = {}) => at(31, shown, { opens: true, ...more });
const tried = (shown, more = {}) => opened(`[data-step=${shown}]`, { presses: true, ticket, ...more });
const hinted = (hint, shown = hint) =>
  opened(`.bar.bad[data-step=${shown}]`, { presses: true, ticket, answer: { answer: "retry", hint, retry_in_ms: 0 } });
const result = (status, reason = null) =>
  at(31, `[data-settled=${status}]`, { own: own_of(had(1), had(2, status, reason)) });
const no_ticket = (answer, retry_in_ms) => ({ ticket: { answer, hint: "none", retry_in_ms } });

/** What the server says of what; what is done; and what is shown then. Times are from now. */
const states = () => ({
  loading: shows(never, "main:has(h1) .skel"), // Not that of the app, while the page itself is on its way.
  "no answer": shows(busy, "main [role=alert]"),
  none: shows({ programmes: [] }, "main .state"),
  "in days": at(-4000, ".wait h2"),
  waiting: at(15, ".wait [role=timer]"),
  soon: at(29, ".soon"),
  over: at(110, "main .state"),
  away: shows({ programmes: [programme_at(31, { state: "away" })] }, ".banner.warn"),
  two: shows({ programmes: [programme_at(31), programme_at(-60, { id: "other", title: "The morning after" })] }, ".choice"),
  "own no answer": at(31, ".banner.bad", { own: busy }),
  open: at(31, ".shut .btn-main"),
  frame: opened(".corner"),
  looking: tried("looking"),
  asking: tried("asking", { ticket: never }),
  ready: tried("ready", { ticket: { ...ticket, start_delay_ms: 8000 } }),
  watching: tried("watching"),
  sending: tried("sending", { answer: never }),
  wait: tried("wait", no_ticket("retry", 20_000)),
  "not now": tried("closed", no_ticket("not_now", 1_700_000)),
  "not any more": tried("closed", no_ticket("not_now", null)),
  busy: tried("busy", { ticket: busy }),
  "busy, kept": tried("busy", { answer: busy }),
  "no match": hinted("none", "no_match"),
  "step closer": hinted("step_closer"),
  "hold still": hinted("hold_still"),
  "more light": hinted("more_light"),
  "new ticket": tried("new_ticket", { answer: { answer: "retry", hint: "new_ticket", retry_in_ms: 0 } }),
  refused: tried("failed", { answer: refused("invalid", 400) }),
  ok: opened(".result .lights",
    { presses: true, ticket, answer: { answer: "ok", window: 2, campaign: "night", points: 120 } }),
  pending: result("pending"),
  granted: result("granted"),
  "budget exhausted": result("budget_exhausted"),
  void: result("void", "too_many_tickets"),
});

/** Lets the server say of check-in what `words()` holds at that moment. */
async function lets_say({ page }, words) {
  await page.route("**/v1/checkin/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    const said = words()[/(programmes|me|ticket)$/.exec(pathname)?.[0] ?? "answer"];
    if (said === never || said === undefined) return; // Until the page goes; or it was asked by one that goes.
    await route.fulfill({ status: said.status ?? 200, json: said, contentType: said.code && "application/problem+json" });
  });
}

async function tour(browser, world, shots, { look, theme, language }) {
  const name = `${look.width}-${theme}-${language}`;
  const person = await Person.come(browser, world.server, { look, theme, language, touch: look !== desktop });
  world.people.push(person);
  const { page } = person;
  await person.context.grantPermissions(["camera"]);
  await person.sign_up(`states_${name}`.replaceAll("-", "_"));
  let what = null;
  await lets_say(person, () => ({ programmes: what.programmes, me: what.own, ticket: what.ticket, answer: what.answer }));
  for (const state of Object.keys(states())) {
    what = states()[state];
    await page.goto("/checkin");
    if (what.opens) {
      await page.locator(".shut .btn-main").click();
      await page.locator(".corner").first().waitFor();
    }
    if (what.presses) await page.locator(".acts-row .btn-main").click();
    await page.locator(what.shown).first().waitFor();
    if (shots !== null) {
      await page.screenshot({ path: path.join(shots, `checkin ${state} ${name}.png`.replaceAll(/[ ,]+/g, "-")) });
    }
    await settle(person);
    assert.deepEqual(await page.evaluate(problems_of_page), [], `${state}, ${name}`);
    person.take_refusals();
  }
}

const toured = (one) => async (world, shots) => {
  const browser = world.brings(await launch(["--use-fake-device-for-media-stream"]));
  await tour(browser, world, one.look === small ? null : shots, one);
};

const looks = [
  { look: phone, theme: "dark", language: "ja" }, { look: phone, theme: "light", language: "en" },
  { look: desktop, theme: "dark", language: "en" }, { look: desktop, theme: "light", language: "ja" },
];

export const checkin_looks = {
  ...Object.fromEntries(looks.map((one) => [
    `check-in: its states, ${one.look === phone ? "phone" : "desktop"}, ${one.theme}, ${one.language}`, toured(one),
  ])),

  "check-in: its states fit 320 pixels": toured({ look: small, theme: "dark", language: "en" }),
};
