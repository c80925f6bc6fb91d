// Check-in, whole: programmes of their own, closures beside the server, and cameras that film them.
import assert from "node:assert/strict";
import path from "node:path";
import { balance_of, minutes_ms, own_of, points, real, with_air } from "./air.js";
import { problems_of_page } from "./checks.js";
import { tab_to } from "./keyboard.js";
import { settle, small } from "./looks.js";
import { desktop, launch, Person, phone } from "./person.js";

/** Opens the camera, or a recording, in front of what is on; `ago_ms`: what it films was on some time ago. */
export async function opens(person, programme, { recording, ago_ms = 0 } = {}) {
  const { page } = person;
  await programme.opens();
  await page.goto("/checkin");
  const button = page.locator(".shut .btn-main");
  await button.waitFor();
  if (recording === undefined) await button.click();
  else await page.locator("input[type=file]").setInputFiles(recording);
  await page.locator(".corner").first().waitFor();
  await programme.is_filmed(person, ago_ms);
}

export const presses = ({ page }) => page.locator(".acts-row .btn-main").click();

/** As viewers do, who press again: by chance a try does not count, and a camera of a busy machine misses pictures. */
async function checks_in(person, programme) {
  const { page } = person;
  const button = page.locator(".acts-row .btn-main");
  for (let left = 3; left > 0; --left) {
    await presses(person);
    await button.waitFor({ state: "hidden" }); // It is another one while a try goes on.
    await button.or(page.locator(".result h2:focus")).waitFor();
    if (await button.count() === 0) return;
    await programme.is_filmed(person);
  }
  assert.fail("three tries, and none counted");
}

async function looks_well(person, where) {
  await settle(person);
  assert.deepEqual(await person.page.evaluate(problems_of_page), [], where);
}

async function is_granted(person, programme) {
  await person.page.locator(".result [data-settled=granted]").waitFor();
  const [one, ...others] = await own_of(person);
  assert.deepEqual([one.programme, one.window, one.status, one.points, others],
    [programme.id, 1, "granted", points, []]);
  assert.equal(await balance_of(person), points);
}

/** What goes out for check-in from now on. */
function attempts_of({ page }) {
  const sent = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && /\/v1\/checkin\/[^/]+$/.test(request.url())) sent.push(request.postDataJSON());
  });
  return sent;
}

export const checkin = {
  "check-in: a camera in front of the broadcast, and the points come": with_air(async (on, shots) => {
    const programme = await on.blobs();
    const looks = [[desktop, "light", "en"], [phone, "dark", "ja"], [small, "dark", "en"], [phone, "light", "en"]];
    for (const [at, [look, theme, language]] of looks.entries()) {
      const name = `${look.width}-${theme}-${language}`;
      const person = await on.comes("blobs", `viewer_${at}`, { look, theme, language, touch: look !== desktop });
      const { page } = person;
      await opens(person, programme);
      await looks_well(person, `camera ${name}`);
      await page.screenshot({ path: path.join(shots, `checkin-camera-${name}.png`) });
      await programme.is_filmed(person);
      await checks_in(person, programme);
      // The camera is let go.
      assert.equal(await page.locator("video").count(), 0);
      await is_granted(person, programme);
      await page.locator(".slots .had").waitFor();
      await page.locator(".result", { hasText: /You have 120 points|120ポイント/ }).waitFor();
      await looks_well(person, `result ${name}`);
      await page.screenshot({ path: path.join(shots, `checkin-result-${name}.png`) });
      // Who comes back hears that they have it, and is not asked for the camera.
      await programme.opens();
      await page.reload();
      await page.locator(".result", { hasText: /Already checked in|チェックイン済みです/ }).waitFor();
      assert.equal(await page.locator(".shut").count(), 0);
      await page.goto("/points");
      await page.locator(".postings", { hasText: programme.title }).waitFor();
    }
  }),

  "check-in: another channel, and what was on before, get a hint and no points": with_air(async (on) => {
    const programme = await on.blobs();
    for (const [film, ago_ms] of [["other", 0], ["blobs", 25_000]]) {
      const person = await on.comes(film, `viewer_of_${film}`);
      const sent = attempts_of(person);
      const { page } = person;
      await opens(person, programme, { ago_ms });
      await presses(person);
      await page.locator(".bar.bad", { hasText: "This does not look like the programme" }).waitFor();
      // Where edges were found they may have misled: then it was tried once more by itself, with the corners as laid.
      assert.ok([1, 2].includes(sent.length), `${sent.length} attempts`);
      assert.equal(new Set(sent.map(({ ticket }) => ticket)).size, 1);
      assert.equal(new Set(sent.map(({ descriptor }) => descriptor)).size, sent.length);
      assert.deepEqual(await own_of(person), []);
      assert.equal(await balance_of(person), 0);
      await looks_well(person, film);
      if (film === "other") continue;
      // The same camera, and now it is on: pressed once more it counts.
      await programme.is_filmed(person);
      await presses(person);
      await page.locator(".result h2", { hasText: "You are checked in" }).waitFor();
    }
  }),

  "check-in: a recording chosen in place of the camera": with_air(async (on, shots, world) => {
    const programme = await on.blobs();
    // This browser has no camera.
    const person = await world.comes({ look: phone, touch: true });
    await person.sign_up("viewer_of_file");
    await opens(person, programme, { recording: on.recording("blobs") });
    await checks_in(person, programme);
    await is_granted(person, programme);
  }),

  "check-in: busy, what the camera saw is kept, and sent again by itself": with_air(async (on) => {
    const programme = await on.blobs();
    const person = await on.comes("blobs", "viewer_busy");
    const { page } = person;
    await opens(person, programme);
    const sent = [];
    await page.route(`**/v1/checkin/${programme.id}`, async (route) => {
      sent.push(route.request().postData());
      if (sent.length > 1) return route.continue();
      await route.fulfill({ status: 503, headers: { "Retry-After": "2" }, contentType: "application/problem+json",
        body: '{"code":"busy","detail":"later"}' });
    });
    await presses(person);
    await page.locator(".bar.warn", { hasText: "Your place is kept" }).waitFor();
    await looks_well(person);
    await page.locator(".result h2", { hasText: "You are checked in" }).waitFor();
    assert.equal(sent.length, 2);
    assert.equal(sent[0], sent[1]);
    assert.deepEqual(person.take_refusals(), [`POST /v1/checkin/${programme.id} 503`]);
  }),

  "check-in: no connection, what the camera saw is kept, and sent when there is one again": with_air(async (on) => {
    const programme = await on.blobs();
    const person = await on.comes("blobs", "viewer_offline", { look: phone, touch: true });
    const { page } = person;
    await opens(person, programme);
    await page.route(`**/v1/checkin/${programme.id}`, async (route) => {
      await person.context.setOffline(true);
      await route.abort("internetdisconnected");
    }, { times: 1 });
    await presses(person);
    await page.locator(".bar.warn", { hasText: "No answer" }).waitFor();
    await looks_well(person);
    await person.context.setOffline(false);
    await is_granted(person, programme);
  }),

  "check-in: with the keyboard alone": with_air(async (on) => {
    const programme = await on.blobs();
    const person = await on.comes("blobs", "viewer_keys");
    const { page } = person;
    await programme.opens();
    await page.goto("/communities");
    await page.waitForSelector("a[href='/checkin']");
    await tab_to(page, "a[href='/checkin']");
    await page.keyboard.press("Enter");
    await page.locator("h1:focus").waitFor();
    await page.locator(".shut .btn-main").waitFor();
    await tab_to(page, ".shut .btn-main");
    await page.keyboard.press("Enter");
    await page.locator(".corner").first().waitFor();
    await page.locator(".acts-row .btn-main:focus").waitFor();
    await tab_to(page, ".corner", "Shift+Tab");
    const corner = page.locator(".corner:focus");
    const place = () => corner.evaluate((one) => [parseFloat(one.style.left), parseFloat(one.style.top)]);
    const [left, top] = await place();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowUp");
    const [right, above] = await place();
    const [across, up] = [right - left, top - above];
    assert.ok(Math.abs(across - 0.5) < 0.01 && Math.abs(up - 3) < 0.01, `${across} ${up}`);
    await programme.is_filmed(person);
    await tab_to(page, ".acts-row .btn-main");
    await page.keyboard.press("Enter");
    await page.locator(".result h2:focus").waitFor();
    await tab_to(page, ".after .btn-main");
  }),

  "check-in: corners are dragged, and stay inside and a frame": with_air(async (on) => {
    const programme = await on.blobs();
    const person = await on.comes("blobs", "viewer_drags", { look: phone });
    const { page } = person;
    await opens(person, programme);
    const view = await page.locator(".corners").boundingBox();
    const drag = async (number, x, y) => {
      const box = await page.locator(".corner").nth(number).boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(view.x + x * view.width, view.y + y * view.height, { steps: 5 });
      await page.mouse.up();
      return page.locator(".corner").nth(number)
        .evaluate((one) => [parseFloat(one.style.left) / 100, parseFloat(one.style.top) / 100]);
    };
    const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 0.01);
    assert.ok(near(await drag(0, 0.2, 0.3), [0.2, 0.3]));
    assert.ok(near(await drag(1, 2, 0.25), [0.98, 0.25]));
    // Across the other side it would be no frame: it stops before.
    const [x, y] = await drag(2, 0.1, 0.1);
    assert.ok(x > 0.2 && y > 0.25, `${x} ${y}`);
  }),

  "check-in: without a camera it is said what to do": with_air(async (on, _, world) => {
    const programme = await on.blobs();
    const asked = await launch(["--use-fake-device-for-media-stream", "--deny-permission-prompts"]);
    // No camera, and a name that no page of this machine has: browsers trust only those.
    const bare = await launch(["--use-fake-device-for-media-stream=device-count=0",
      "--host-resolver-rules=MAP tv.example 127.0.0.1"]);
    try {
      const refuses = await Person.come(asked, world.server);
      await refuses.sign_up("viewer_refuses");
      const has_none = await Person.come(bare, world.server);
      await has_none.context.grantPermissions(["camera"]);
      await has_none.sign_up("viewer_has_none");
      const elsewhere = Object.create(world.server, { url: { value: `http://tv.example:${world.server.port}` } });
      const has_http = await Person.come(bare, elsewhere);
      await has_http.sign_up("viewer_http");
      for (const [person, said] of [[refuses, "The camera is not allowed here"], [has_none, "No camera was found"],
        [has_http, "No camera without https"]]) {
        await programme.opens();
        await person.page.goto("/checkin");
        await person.page.locator(".shut .btn-main").click();
        await person.page.getByRole("alert").getByText(said).waitFor();
        await looks_well(person, said);
        // A recording helps those who have one.
        await tab_to(person.page, ".shut .btn-bare");
      }
      // Chromium says of such pages that it does without some headers.
      has_http.faults = has_http.faults.filter((one) => !one.includes("the URL's origin was untrustworthy"));
      for (const person of [refuses, has_none, has_http]) {
        person.assert_quiet();
        await person.leave();
      }
    } finally {
      await asked.close();
      await bare.close();
    }
  }),

  "check-in: guests see when, and are asked in; before and after it is said that nothing is on": with_air(async (on, _, world) => {
    const programme = await on.blobs();
    await programme.opens();
    const guest = await world.comes({ look: small });
    const { page } = guest;
    await page.goto("/checkin");
    await page.locator("main a[href^='/login']").waitFor();
    await page.locator(".slots li[aria-current]").waitFor();
    await looks_well(guest, "guest");
    const person = await world.comes();
    await person.sign_up("viewer_waits");
    await programme.begins(Date.now() + 30 * minutes_ms);
    await person.page.goto("/checkin");
    await person.page.locator(".wait [role=timer]").waitFor();
    await looks_well(person, "before");
    await programme.begins(Date.now() - 60 * minutes_ms);
    await person.page.goto("/checkin");
    await person.page.getByText("Nothing to check in to just now").waitFor();
    await looks_well(person, "after");
    const heard = person.page.waitForResponse("**/v1/checkin/programmes");
    await person.page.goto("/communities");
    await (await heard).finished();
    await person.page.locator(".common-link").first().waitFor();
    await settle(person);
    assert.equal(await person.page.locator("a[href='/checkin']").count(), 0);
  }),
};

export const real_checkin = {
  "check-in, a real broadcast: filmed upright it counts": with_air(async (on, shots) => {
    const programme = await on.trailer();
    const person = await on.comes("trailer", "viewer_real", { look: phone, touch: true });
    await opens(person, programme);
    await person.page.screenshot({ path: path.join(shots, "checkin-real.png") });
    await checks_in(person, programme);
    await is_granted(person, programme);
  }),

  "check-in, a real broadcast: its own file counts, whole": with_air(async (on, shots, world) => {
    const programme = await on.trailer();
    for (const [at, [look, theme, language]] of [[desktop, "light", "en"], [small, "dark", "ja"]].entries()) {
      const person = await world.comes({ look, theme, language, touch: look === small });
      const { page } = person;
      await person.sign_up(`viewer_file_${at}`);
      await programme.opens();
      await page.goto("/checkin");
      await page.locator("input[type=file]").setInputFiles(real);
      await page.locator(".corner").first().waitFor();
      await programme.begins(Date.now() - 1000 * await page.evaluate(() => document.querySelector("video").currentTime));
      await page.getByRole("button", { name: language === "ja" ? "画面全体にする" : "Take the whole picture" }).click();
      await looks_well(person, `file ${at}`);
      await page.screenshot({ path: path.join(shots, `checkin-file-${look.width}-${theme}-${language}.png`) });
      if (at > 0) continue; // Once through all of it: it takes what the stretch takes.
      await presses(person);
      await person.page.locator(".result [data-settled=granted]").waitFor({ timeout: 90_000 });
      assert.equal(await balance_of(person), points);
    }
  }),

  "check-in, a real broadcast: for another it is of no use": with_air(async (on) => {
    await on.trailer();
    const person = await on.comes("trailer", "viewer_real_other");
    await opens(person, await on.blobs());
    await presses(person);
    await person.page.locator(".bar.bad").waitFor();
    assert.deepEqual(await own_of(person), []);
  }),
};
