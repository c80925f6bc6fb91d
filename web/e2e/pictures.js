// Takes the pictures of the README into docs/images/, with the demo world: `npm run pictures`.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { desktop, launch, Person, phone } from "./person.js";
import { Server } from "./server.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const images = path.join(root, "docs/images");
const size_max = 150 * 1024;

/** WebP, which Playwright does not write by itself. */
async function take(person, name) {
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

const server = new Server();
await server.import(path.join(root, "demo/festival.ndjson"));
await server.start();
const browser = await launch();
try {
  mkdirSync(images, { recursive: true });
  const night = await Person.come(browser, server, { theme: "dark", look: desktop });
  await night.sign_up("mio_kaze", "Mio");
  await night.page.fill("#say", "I brought a drum. May I sit by the water?");
  await night.page.getByText("Draft kept on this device").waitFor();
  await night.page.locator(".toast").waitFor({ state: "detached" });
  await night.page.locator("#say").blur();
  await take(night, "plaza-night");

  const communities = await (await night.page.request.get(`${server.url}/v1/communities?limit=100`)).json();
  const atelier = communities.communities.find((one) => one.names.en === "The mask atelier").id;
  const morning = await Person.come(browser, server, { theme: "light", language: "ja", look: desktop });
  await morning.page.goto(`/communities/${atelier}`);
  await morning.page.waitForSelector("article .draw img");
  await morning.page.waitForFunction(in_sight);
  await take(morning, "community-morning-ja");

  const small = await Person.come(browser, server, { theme: "dark", language: "ja", look: phone });
  await small.page.goto("/communities");
  await small.page.waitForSelector("main h2");
  await take(small, "phone-communities-ja");

  const paper = await Person.come(browser, server, { theme: "light", look: phone });
  await paper.page.goto("/people/hotaru");
  await paper.page.waitForSelector("article");
  await paper.page.waitForFunction(in_sight);
  await take(paper, "phone-person");
} finally {
  await browser.close();
  await server.end();
}
