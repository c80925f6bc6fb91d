// Check-in, whole: a programme of its own, a closure beside the server, and a camera that films it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { problems_of_page } from "./checks.js";
import { tab_to } from "./keyboard.js";
import { new_key } from "./keys.js";
import { settle, small } from "./looks.js";
import { desktop, launch, Person, phone } from "./person.js";
import { binary } from "./server.js";

const minutes_ms = 60_000;
const points = 120;
/** Of the programme, in which one may check in. */
const window_s = [1, 50];

export const has_ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

function must(command, ...args) {
  const run = spawnSync(command, args, { encoding: "utf8", timeout: 180_000 });
  assert.equal(run.status, 0, `${command} ${args.join(" ")}: ${run.error ?? run.stderr}`);
}

const ffmpeg = (...args) => must("ffmpeg", "-v", "error", "-y", ...args);

// Big blobs that fade into others twice a second: each moment is its own.
function make_master(file) {
  ffmpeg("-f", "lavfi", "-i", "color=c=gray:s=32x18:r=2,noise=alls=100:all_seed=7:allf=t+u,format=yuv420p",
    "-vf", "scale=320:180:flags=bicubic,minterpolate=fps=25:mi_mode=blend,eq=contrast=1.8", "-t", "55",
    "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p", file);
}

// What a camera sees of it: a TV in a dark room, a little from aside, with noise.
function make_film(master, file) {
  ffmpeg("-f", "lavfi", "-i", "color=c=0x1b1620:s=640x360:r=25", "-i", master, "-filter_complex",
    "[1]scale=420:236[tv];[0][tv]overlay=108:64:shortest=1,"
    + "perspective=x0=15:y0=10:x1=625:y1=-10:x2=5:y2=350:x3=635:y3=370:sense=source,"
    + "eq=brightness=0.04:contrast=0.9,noise=alls=6:allf=t", "-q:v", "5", "-f", "mjpeg", file);
}

const send = (person, method, address, body) => person.page.evaluate(async ([way, to, what]) => {
  const headers = what === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(to, { method: way, headers, body: what === undefined ? undefined : JSON.stringify(what) });
  if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}, [method, address, body]);

/** The programme on the air, made once: who may say when it is broadcast, and a browser with its camera. */
class Air {
  static async begin(world) {
    const air = new Air();
    const folder = path.join(world.server.folder, "programme");
    mkdirSync(folder);
    const file = (name) => path.join(folder, name);
    make_master(file("master.mp4"));
    make_film(file("master.mp4"), file("film.mjpeg"));
    writeFileSync(file("windows.toml"),
      `[[window]]\nstart = ${window_s[0]}\nend = ${window_s[1]}\ncampaign = "night"\npoints = ${points}\n`);
    must(binary, "program", "build", file("master.mp4"), "--title", "Night of lanterns",
      "--start", new Date(Date.now() + 60 * minutes_ms).toISOString(), "--windows", file("windows.toml"),
      "--out", file("out"), "--cache", file("cache"));
    await world.server.run("program", "add", file("out/show.checkin"));
    air.browser = await launch(["--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${file("film.mjpeg")}`]);
    air.admin = await Person.come(air.browser, world.server);
    await air.admin.sign_up("air_admin");
    await air.admin.rises();
    const title = (await air.admin.make_title({ en: "Night of lanterns" })).id;
    await send(air.admin, "POST", "/v1/points/campaigns", { key: new_key(), name: "night", title, budget: 100_000 });
    const serving = async () => {
      const [one] = (await send(air.admin, "GET", "/v1/checkin/programmes")).programmes;
      return one?.state === "serving" ? one.id : null;
    };
    while ((air.programme = await serving()) === null) await air.admin.page.waitForTimeout(200);
    world.at_end(async () => {
      await air.admin.leave();
      await air.browser.close();
    });
    return air;
  }

  /** It begins, or began, at that moment. */
  broadcast(at_ms) {
    return send(this.admin, "PUT", `/v1/checkin/programmes/${this.programme}`,
      { starts_at: new Date(at_ms).toISOString(), delay_ms: { terrestrial: 0, cable: 0, stream: 0 } });
  }

  /** Somebody new with a camera, in front of the page. */
  async comes(world, handle, options = {}) {
    const person = await Person.come(this.browser, world.server, options);
    world.people.push(person);
    await person.context.grantPermissions(["camera"]);
    await person.sign_up(handle);
    return person;
  }

  /** Opens the camera, which films from the programme's beginning on; it is broadcast `shift_ms` later than that. */
  async opens_camera({ page }, shift_ms = 0) {
    await this.broadcast(Date.now() - 1000 * (window_s[0] + 1));
    await page.goto("/checkin");
    await page.locator(".shut .btn-main").click();
    const opened = Date.now();
    await page.locator(".corner").first().waitFor();
    await this.broadcast(opened + shift_ms);
  }
}

let air = null;
const on_air = async (world) => (air ??= await Air.begin(world));

const presses = ({ page }) => page.locator(".acts-row .btn-main").click();
const own = async (person) => (await send(person, "GET", "/v1/checkin/me")).checkins;

async function looks_well(person, where) {
  await settle(person);
  assert.deepEqual(await person.page.evaluate(problems_of_page), [], where);
}

export const checkin = {
  "a camera in front of the broadcast checks one in, and the points come": async (world, shots) => {
    const on = await on_air(world);
    const looks = [[desktop, "light", "en"], [phone, "dark", "ja"], [small, "dark", "en"], [phone, "light", "en"]];
    for (const [at, [look, theme, language]] of looks.entries()) {
      const name = `${look.width}-${theme}-${language}`;
      const person = await on.comes(world, `viewer_${at}`, { look, theme, language, touch: look !== desktop });
      const { page } = person;
      await on.opens_camera(person);
      await looks_well(person, `camera ${name}`);
      await page.screenshot({ path: path.join(shots, `checkin-camera-${name}.png`) });
      await presses(person);
      await page.locator(".result h2:focus").waitFor();
      // The camera is let go.
      assert.equal(await page.locator("video").count(), 0);
      await page.locator(".result [data-settled=granted]").waitFor();
      await page.locator(".slots .had").waitFor();
      await page.locator(".result", { hasText: /You have 120 points|120ポイント/ }).waitFor();
      await looks_well(person, `result ${name}`);
      await page.screenshot({ path: path.join(shots, `checkin-result-${name}.png`) });
      const [one, ...others] = await own(person);
      assert.deepEqual([one.programme, one.window, one.status, one.points, others],
        [on.programme, 1, "granted", points, []]);
      assert.equal((await send(person, "GET", "/v1/points/me")).balance, points);
      // Who comes back hears that they have it, and is not asked for the camera.
      await on.broadcast(Date.now() - 1000 * (window_s[0] + 1));
      await page.reload();
      await page.locator(".result", { hasText: /Already checked in|チェックイン済みです/ }).waitFor();
      assert.equal(await page.locator(".shut").count(), 0);
      await page.goto("/points");
      await page.locator(".postings", { hasText: "Night of lanterns" }).waitFor();
    }
  },

  "what is not the programme is said, tried with the corners as laid, and counts for nothing": async (world) => {
    const on = await on_air(world);
    const person = await on.comes(world, "viewer_else");
    const { page } = person;
    const sent = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().includes("/v1/checkin/")) sent.push(request.postDataJSON());
    });
    // What the camera films was on long ago.
    await on.opens_camera(person, -25_000);
    await presses(person);
    await page.locator(".bar.bad", { hasText: "This does not look like the programme" }).waitFor();
    assert.equal(sent.length, 2);
    assert.equal(sent[0].ticket, sent[1].ticket);
    assert.notEqual(sent[0].descriptor, sent[1].descriptor);
    assert.deepEqual(await own(person), []);
    await looks_well(person);
    // The same camera, and now it is on: pressed once more it counts.
    await page.locator(".acts-row .btn", { hasText: "Close the camera" }).click();
    await on.opens_camera(person);
    await presses(person);
    await page.locator(".result h2", { hasText: "You are checked in" }).waitFor();
  },

  "busy: what the camera saw is kept, and sent again by itself": async (world) => {
    const on = await on_air(world);
    const person = await on.comes(world, "viewer_busy");
    const { page } = person;
    await on.opens_camera(person);
    const sent = [];
    await page.route(`**/v1/checkin/${on.programme}`, async (route) => {
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
    person.take_refusals();
  },

  "a check-in with the keyboard alone": async (world) => {
    const on = await on_air(world);
    const person = await on.comes(world, "viewer_keys");
    const { page } = person;
    await page.goto("/communities");
    await page.waitForSelector("a[href='/checkin']");
    await tab_to(page, "a[href='/checkin']");
    await on.broadcast(Date.now() - 1000 * (window_s[0] + 1));
    await page.keyboard.press("Enter");
    await page.locator("h1:focus").waitFor();
    await tab_to(page, ".shut .btn-main");
    await page.keyboard.press("Enter");
    const opened = Date.now();
    await page.locator(".corner").first().waitFor();
    await on.broadcast(opened);
    await tab_to(page, ".corner");
    const corner = page.locator(".corner").first();
    const place = () => corner.evaluate((one) => [parseFloat(one.style.left), parseFloat(one.style.top)]);
    const [left, top] = await place();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowDown");
    const [right, below] = await place();
    const [across, down] = [right - left, below - top];
    assert.ok(Math.abs(across - 0.5) < 0.01 && Math.abs(down - 3) < 0.01, `${across} ${down}`);
    await tab_to(page, ".acts-row .btn-main");
    await page.keyboard.press("Enter");
    await page.locator(".result h2:focus").waitFor();
  },

  "corners are dragged, and stay inside and a frame": async (world) => {
    const on = await on_air(world);
    const person = await on.comes(world, "viewer_drags", { look: phone });
    const { page } = person;
    await on.opens_camera(person);
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
  },

  "without a camera it is said what to do; guests see when, and are asked in": async (world) => {
    const on = await on_air(world);
    await on.broadcast(Date.now() - 1000 * (window_s[0] + 1));
    const guest = await world.comes({ look: small });
    await guest.page.goto("/checkin");
    await guest.page.locator("main a[href^='/login']").waitFor();
    await guest.page.locator(".slots li[aria-current]").waitFor();
    await looks_well(guest);
    const refused = await on.comes(world, "viewer_refused");
    for (const [spoil, said] of [
      [() => (MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"))),
        "The camera is not allowed here"],
      [() => (MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException("no", "NotFoundError"))),
        "No camera was found"],
      [() => Object.defineProperty(window, "isSecureContext", { value: false }), "No camera without https"],
    ]) {
      await on.broadcast(Date.now() - 1000 * (window_s[0] + 1));
      await refused.page.goto("/checkin");
      await refused.page.locator(".shut .btn-main").waitFor();
      await refused.page.evaluate(spoil);
      await refused.page.locator(".shut .btn-main").click();
      await refused.page.getByRole("alert").getByText(said).waitFor();
      await looks_well(refused, said);
    }
    // Before it opens: when it does. When it is over: that it is.
    await on.broadcast(Date.now() + 30 * minutes_ms);
    await refused.page.goto("/checkin");
    await refused.page.locator(".wait [role=timer]").waitFor();
    await looks_well(refused, "before");
    await on.broadcast(Date.now() - 60 * minutes_ms);
    await refused.page.goto("/checkin");
    await refused.page.getByText("Nothing to check in to just now").waitFor();
    await looks_well(refused, "after");
    await refused.page.goto("/communities");
    await refused.page.locator(".common-link").first().waitFor();
    await refused.page.waitForLoadState("networkidle");
    assert.equal(await refused.page.locator("a[href='/checkin']").count(), 0);
  },
};
