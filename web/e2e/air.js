// Programmes on the air: built of videos, served by closures beside the server, and filmed by cameras.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { new_key } from "./keys.js";
import { shared } from "./naughty.js";
import { launch, Person } from "./person.js";
import { binary } from "./server.js";

export const minutes_ms = 60_000;
export const points = 120;
/** A real broadcast: people, titles, black, and bars above and below. */
export const real = path.join(shared, "data/video_broadcast/sintel_trailer_480x204.mp4");
export const has_real = existsSync(real);
export const has_ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

function must(command, ...args) {
  const run = spawnSync(command, args, { encoding: "utf8", timeout: 400_000 });
  assert.equal(run.status, 0, `${command} ${args.join(" ")}: ${run.error ?? run.stderr}`);
}

const ffmpeg = (...args) => must("ffmpeg", "-v", "error", "-y", ...args);

// Big blobs that fade into others twice a second: each moment, and each seed, is its own.
function make_blobs(file, seed, length_s) {
  ffmpeg("-f", "lavfi", "-i",
    `color=c=gray:s=32x18:r=2,noise=alls=100:all_seed=${seed}:allf=t+u,format=yuv420p`,
    "-vf", "scale=320:180:flags=bicubic,minterpolate=fps=25:mi_mode=blend,eq=contrast=1.8", "-t", String(length_s),
    "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p", file);
}

const mark_count = 10; // across an eighth of the film
const film_s = 35;
const across = { size: [480, 270], tv: [316, 178], at: [80, 48] };
const upright = { size: [480, 640], tv: [400, 225], at: [42, 205] };

// What a camera sees of a broadcast: a TV in a dark room, a little from aside, with noise. Marks in the
// corner, far from the TV, say how far the film is: ten times a second, as a binary number. A camera of
// Chromium's shows 30 pictures a second, whatever the file says.
function make_film(master, file, { size: [width, height], tv: [tv_width, tv_height], at }) {
  const [aside, up] = [width / 42, height / 36];
  ffmpeg("-f", "lavfi", "-i", `color=c=0x1b1620:s=${width}x${height}:r=30`, "-i", master,
    "-f", "lavfi", "-i", `color=c=black:s=${2 * mark_count}x2:r=30`, "-filter_complex",
    `[1]fps=30,scale=${tv_width}:${tv_height}:force_original_aspect_ratio=decrease,`
    + `pad=${tv_width}:${tv_height}:-1:-1[tv];[0][tv]overlay=${at.join(":")}:shortest=1,`
    + `perspective=x0=${aside}:y0=${up}:x1=${width - aside}:y1=${-up}:x2=${aside / 3}:y2=${height - up}:`
    + `x3=${width - aside / 3}:y3=${height + up}:sense=source,`
    + "eq=brightness=0.04:contrast=0.9,noise=alls=6:allf=t[room];"
    + `[2]format=gray,geq=lum='255*mod(floor(floor(N/3)/pow(2,floor(X/2))),2)',scale=${width / 8}:${width / 80}:flags=neighbor,`
    + "format=yuv420p[marks];[room][marks]overlay=0:0:shortest=1,format=yuvj420p",
    "-t", String(film_s), "-q:v", "4", "-f", "mjpeg", file);
}

/** When the film that the page shows began; null where it is not that far, or too far. */
const began = ([count, from_ms, to_ms]) => {
  const video = document.querySelector("video");
  if (video === null || video.videoWidth === 0) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 4 * count, height: 4 });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  paper.drawImage(video, 0, 0, video.videoWidth / 8, video.videoWidth / 80, 0, 0, 4 * count, 4);
  const { data } = paper.getImageData(0, 2, 4 * count, 1);
  let film_ms = 0;
  for (let i = 0; i < count; ++i) if (data[4 * (4 * i + 2)] > 128) film_ms += 100 * 2 ** i;
  return from_ms <= film_ms && film_ms <= to_ms ? Date.now() - film_ms : null;
};

async function send(person, method, address, body) {
  return person.page.evaluate(async ([way, to, what]) => {
    const headers = what === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(to, { method: way, headers, body: what === undefined ? undefined : JSON.stringify(what) });
    if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }, [method, address, body]);
}

/** One programme: what it is called, and when it is broadcast. */
class Programme {
  constructor(air, title, id) {
    Object.assign(this, { air, title, id });
  }

  /** It begins, or began, at that moment. */
  begins(at_ms) {
    return send(this.air.admin, "PUT", `/v1/checkin/programmes/${this.id}`,
      { starts_at: new Date(at_ms).toISOString(), delay_ms: { terrestrial: 0, cable: 0, stream: 0 } });
  }

  /** It began just now: its window is open. */
  opens() {
    return this.begins(Date.now() - 3000);
  }

  /** It is where the film is that this page shows; or was there some time ago. */
  async is_filmed({ page }, ago_ms = 0) {
    // Early in the film: the trailer is good for it once, near its 11th second, and a film that begins again spoils a try.
    const handle = await page.waitForFunction(began, [mark_count, 1500, 8000], { polling: 100, timeout: 2000 * film_s });
    await this.begins(await handle.jsonValue() - ago_ms);
  }
}

/** What is on the air, made once: who may say when it is broadcast, and browsers with their cameras. */
class Air {
  #browsers = new Map();
  #programmes = new Map();

  static async begin(world) {
    const air = new Air();
    air.world = world;
    air.folder = path.join(world.server.folder, "air");
    mkdirSync(air.folder);
    air.admin = await Person.come(world.browser, world.server);
    await air.admin.sign_up("air_admin");
    await air.admin.rises();
    const title = (await air.admin.make_title({ en: "Night of lanterns" })).id;
    await send(air.admin, "POST", "/v1/points/campaigns", { key: new_key(), name: "night", title, budget: 100_000 });
    world.at_end(async () => {
      await air.admin.leave();
      for (const browser of air.#browsers.values()) await browser.close();
    });
    return air;
  }

  file(name) {
    return path.join(this.folder, name);
  }

  /** The made one. */
  blobs() {
    return this.#programme("blobs", "Night of lanterns", [1, 88]);
  }

  /** The real one. */
  trailer() {
    return this.#programme("trailer", "The trailer", [1, 51]);
  }

  #programme(name, ...more) {
    if (!this.#programmes.has(name)) this.#programmes.set(name, this.#add(name, this.#master(name), ...more));
    return this.#programmes.get(name);
  }

  /** What is broadcast: the real video, the made one, or that of another channel. */
  #master(name) {
    if (name === "trailer") return real;
    const file = this.file(`${name}.mp4`);
    if (!existsSync(file)) make_blobs(file, ...{ blobs: [7, 90], other: [8, film_s] }[name]);
    return file;
  }

  /** What a camera sees of it. */
  #film(name) {
    const file = this.file(`${name}.mjpeg`);
    if (!existsSync(file)) make_film(this.#master(name), file, name === "trailer" ? upright : across);
    return file;
  }

  async #add(name, master, title, [from_s, to_s]) {
    writeFileSync(this.file(`${name}.toml`),
      `[[window]]\nstart = ${from_s}\nend = ${to_s}\ncampaign = "night"\npoints = ${points}\n`);
    must(binary, "program", "build", master, "--title", title, "--start", "2026-01-01T12:00:00Z",
      "--windows", this.file(`${name}.toml`), "--out", this.file(name), "--cache", this.file("cache"));
    await this.world.server.run("program", "add", path.join(this.file(name), "show.checkin"));
    const serving = async () => (await send(this.admin, "GET", "/v1/checkin/programmes")).programmes
      .find((one) => one.title === title && one.state === "serving");
    let found;
    while ((found = await serving()) === undefined) await this.admin.page.waitForTimeout(200);
    return new Programme(this, title, found.id);
  }

  /** Nothing is on, nor will be. */
  async ends() {
    for (const one of this.#programmes.values()) await (await one).begins(Date.now() - 60 * minutes_ms);
  }

  /** A recording of a film, as people choose it from their files. */
  recording(film) {
    const file = this.file(`${film}-recorded.mp4`);
    if (!existsSync(file)) {
      ffmpeg("-f", "mjpeg", "-framerate", "30", "-i", this.#film(film), "-c:v", "libx264",
        "-preset", "ultrafast", "-crf", "20", "-pix_fmt", "yuv420p", file);
    }
    return file;
  }

  async #browser(film) {
    if (!this.#browsers.has(film)) {
      this.#browsers.set(film, await launch(["--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${this.#film(film)}`]));
    }
    return this.#browsers.get(film);
  }

  /** Somebody new, with a camera that films that. */
  async comes(film, handle, options = {}) {
    const person = await Person.come(await this.#browser(film), this.world.server, options);
    this.world.people.push(person);
    await person.context.grantPermissions(["camera"]);
    await person.sign_up(handle);
    return person;
  }
}

let air = null;

/** A test with the air, which is there for all of them. Nothing is on when it begins, and when it has ended. */
export const with_air = (run) => async (world, shots) => {
  const on = await (air ??= Air.begin(world));
  try {
    await run(on, shots, world);
  } finally {
    await on.ends();
  }
};

/** What somebody has. */
export const own_of = async (person) => (await send(person, "GET", "/v1/checkin/me")).checkins;
export const balance_of = async (person) => (await send(person, "GET", "/v1/points/me")).balance;
