// Takes the pictures of the README into docs/images/, with the demo world: `npm run pictures`.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { desktop, launch, Person, phone } from "./person.js";
import { Server } from "./server.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const images = path.join(root, "docs/images");
const size_max = 200 * 1024;

/** WebP, which Playwright does not write by itself. */
async function take(person, name) {
  await person.page.waitForFunction(in_sight);
  const session = await person.context.newCDPSession(person.page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 82 });
  const bytes = Buffer.from(data, "base64");
  if (bytes.length > size_max) throw new Error(`${name}: ${bytes.length} bytes`);
  writeFileSync(path.join(images, `${name}.webp`), bytes);
  console.log(`docs/images/${name}.webp: ${bytes.length} bytes`);
  const { SHOTS } = process.env;
  if (SHOTS) await person.page.screenshot({ path: path.join(SHOTS, `${name}.png`), caret: "initial" });
}

/** Images below the fold are loaded when somebody scrolls there. */
function in_sight() {
  return [...document.images].every(
    (one) => one.complete || one.getBoundingClientRect().top > innerHeight);
}

/** Holds still, with every bubble where it comes to rest. */
async function hold(person) {
  await person.page.waitForSelector(".crowd img");
  await person.page.emulateMedia({ reducedMotion: "reduce" });
  await person.page.waitForFunction(() =>
    [...document.querySelectorAll(".up")].every((one) => getComputedStyle(one).opacity === "1"));
}

/** A lantern on the drawing paper, in lines from and to parts of its size. */
async function draw_lantern(page) {
  const box = await page.locator(".paper canvas").boundingBox();
  const round = (y, bend) => Array.from({ length: 13 }, (_, at) => [0.36 + at * 0.0233, y + bend * Math.sin((at / 12) * Math.PI)]);
  const side = (to) => Array.from({ length: 13 }, (_, at) => [0.5 + to * (0.08 + 0.075 * Math.sin((at / 12) * Math.PI)), 0.16 + at * 0.055]);
  const lines = [
    [[0.5, 0], [0.5, 0.11]], [[0.42, 0.13], [0.58, 0.13]], [[0.42, 0.85], [0.58, 0.85]], side(-1), side(1),
    round(0.34, 0.05), round(0.5, 0.05), round(0.66, 0.05), [[0.5, 0.86], [0.5, 0.97]],
    [[0.46, 0.45], [0.46, 0.47]], [[0.54, 0.45], [0.54, 0.47]],
    [[0.47, 0.58], [0.485, 0.62], [0.5, 0.63], [0.515, 0.62], [0.53, 0.58]],
    [[0.28, 0.3], [0.23, 0.22]], [[0.26, 0.5], [0.2, 0.5]], [[0.28, 0.7], [0.23, 0.78]],
    [[0.72, 0.3], [0.77, 0.22]], [[0.74, 0.5], [0.8, 0.5]], [[0.72, 0.7], [0.77, 0.78]],
  ];
  for (const [[x, y], ...rest] of lines) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
    await page.mouse.down();
    for (const [to_x, to_y] of rest) {
      await page.mouse.move(box.x + to_x * box.width, box.y + to_y * box.height, { steps: 3 });
    }
    await page.mouse.up();
  }
}

/** What somebody does from their own browser. */
const send = (person, method, address, body) => person.page.evaluate(async ([how, where, what]) => {
  const answer = await fetch(where, { method: how, ...(what === undefined ? {} : {
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify(what) }) });
  if (!answer.ok) throw new Error(`${how} ${where} ${answer.status}`);
}, [method, address, body]);

const server = new Server();
await server.import(path.join(root, "demo/festival.ndjson"));
await server.start();
const browser = await launch();
try {
  mkdirSync(images, { recursive: true });
  const read = async (address) => (await fetch(server.url + address)).json();
  const { communities } = await read("/v1/communities?limit=100");
  const named = (name) => communities.find((one) => one.names.en === name).id;

  const night = await Person.come(browser, server, { theme: "dark", look: desktop });
  await night.visit_plaza();
  await hold(night);
  await take(night, "plaza-night");

  const small = await Person.come(browser, server, { theme: "light", language: "ja", look: phone });
  await small.visit_plaza();
  await hold(small);
  await take(small, "phone-plaza-ja");

  const morning = await Person.come(browser, server, { theme: "light", language: "ja", look: desktop });
  await morning.page.goto(`/communities/${named("The mask atelier")}`);
  await morning.page.waitForSelector("article .draw img");
  await take(morning, "community-morning-ja");

  const paper = await Person.come(browser, server, { theme: "light", look: phone });
  await paper.page.goto("/people/hotaru");
  await paper.page.waitForSelector("article");
  await take(paper, "phone-person");

  const mio = await Person.come(browser, server, { theme: "dark", look: phone });
  await mio.sign_up("mio_kaze", "Mio");
  for (const name of ["Lantern Road", "Star Tram"]) {
    await send(mio, "PUT", `/v1/communities/${named(name)}/follow`);
  }
  await mio.page.goto("/timeline");
  await mio.page.waitForSelector("article");
  await take(mio, "phone-timeline");

  await mio.page.goto(`/communities/${named("Lantern Road")}`);
  await mio.page.fill("#say", "I drew the one by the water. It smiles.");
  await mio.page.click(".composer button:has-text('Draw')");
  await mio.page.locator(".paper canvas:focus").waitFor();
  await draw_lantern(mio.page);
  await mio.page.locator(".composer").evaluate((one) => scrollTo(0, one.offsetTop - 80));
  await take(mio, "phone-drawing");
  await mio.page.click(".composer button[type=submit]");
  await mio.page.locator(".paper").waitFor({ state: "detached" });

  const { posts: [post] } = await read(`/v1/communities/${named("Lantern Road")}/posts?limit=1`);
  for (const [handle, name] of [["gen_yoi", "源"], ["noor_b", "Noor B."], ["saki_11", "咲"]]) {
    const friend = await Person.come(browser, server);
    await friend.sign_up(handle, name);
    await send(friend, "PUT", `/v1/posts/${post.id}/empathy`);
    if (handle !== "saki_11") await send(friend, "PUT", "/v1/accounts/me/follows/mio_kaze");
    if (handle === "gen_yoi") await send(friend, "POST", `/v1/posts/${post.id}/comments`, { text: "It has your smile." });
    await friend.leave();
  }
  await mio.page.goto("/notifications");
  await mio.page.waitForFunction(() => document.querySelectorAll(".n").length >= 3);
  await take(mio, "phone-notices");

  await server.run("raid");
  const raiders = [];
  for (const [handle, name] of [["tetsu_raid", "鉄"], ["iris_raid", "Iris"], ["sora_raid", "Sora"]]) {
    const raider = await Person.come(browser, server, { theme: "dark", look: desktop });
    await raider.sign_up(handle, name);
    await raider.page.goto("/play");
    await raider.page.locator(".moves .btn-main").click();
    raiders.push(raider);
  }
  for (let blow = 0; blow < 7; ++blow) {
    await raiders[blow % 3].page.locator(".moves .btn-main:not(.cooling)").click();
  }
  await raiders[0].page.waitForSelector(".moves .btn-main:not(.cooling)");
  await take(raiders[0], "raid-night");
} finally {
  await browser.close();
  await server.end();
}
