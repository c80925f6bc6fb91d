// The browser test: a private server, and people with browsers of their own.
//
//   node e2e/run.js [PART OF A TEST'S NAME]
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { has_ffmpeg, has_real } from "./air.js";
import { broadcast } from "./broadcast.js";
import { broadcast_on_air } from "./broadcast_on_air.js";
import { checkin, real_checkin } from "./checkin.js";
import { checkin_looks } from "./checkin_looks.js";
import { community } from "./community.js";
import { connection } from "./connection.js";
import { festival } from "./festival.js";
import { journey } from "./journey.js";
import { keyboard } from "./keyboard.js";
import { looks } from "./looks.js";
import { has_collections } from "./naughty.js";
import { launch, Person } from "./person.js";
import { play } from "./play.js";
import { points } from "./points.js";
import { plaza } from "./plaza.js";
import { Server } from "./server.js";
import { settings } from "./settings.js";
import { studio } from "./studio.js";
import { support } from "./support.js";
import { timeline } from "./timeline.js";
import { titles } from "./titles.js";
import { words } from "./words.js";
import { xss } from "./xss.js";

const shots = path.join(path.dirname(fileURLToPath(import.meta.url)), "shots");
rmSync(shots, { recursive: true, force: true });
mkdirSync(shots, { recursive: true });

class World {
  people = [];
  #brought = [];
  #endings = [];

  constructor(browser, server) {
    this.browser = browser;
    this.server = server;
  }

  /** Somebody new, who leaves at the end of the test. */
  async comes({ server = this.server, ...options } = {}) {
    const person = await Person.come(this.browser, server, options);
    this.people.push(person);
    return person;
  }

  /** A browser of somebody's own, which goes at the end of the test, with whoever is in it. */
  brings(browser) {
    this.#brought.push(browser);
    return browser;
  }

  /** Pictures of what everybody saw last, for whoever has to find out why; gives its words, where a log is all they have. */
  async photograph(name) {
    const said = [];
    for (const [at, person] of this.people.entries()) {
      const file = path.join(shots, `failed-${name.replace(/[^a-z0-9]+/gi, "-")}-${at}.png`);
      await person.page.screenshot({ path: file, caret: "initial" }).catch(() => {});
      const words = await person.page.locator("body").innerText({ timeout: 5000 }).catch((error) => error.message);
      said.push(`${person.page.url()}: ${words.replaceAll(/\s+/g, " ").slice(0, 800)}`, ...person.unanswered());
    }
    return said;
  }

  async everybody_leaves() {
    for (const browser of this.#brought.splice(0)) await browser.close();
    for (const person of this.people.splice(0)) await person.leave();
  }

  /** What several tests share is taken down after the last one. */
  at_end(ending) {
    this.#endings.push(ending);
  }

  async end() {
    for (const ending of this.#endings) await ending();
    await this.browser.close();
  }
}

/** What takes too long fails like what goes wrong, so that it is told what was seen by then. */
function in_time(running) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error("it was not done after 300 s")), 300_000);
  });
  return Promise.race([running, late]).finally(() => clearTimeout(timer));
}

const filmed = { ...checkin, ...real_checkin, ...broadcast_on_air };
const server = new Server();
const lines = path.join(server.folder, "festival.ndjson");
writeFileSync(lines, festival(Date.now()));
await server.import(lines);
await server.run("raid");
await server.start();
const browser = await launch();
const world = new World(browser, server);
const wanted = process.argv[2] ?? "";
await test("the server carries the page that was built last", async () => {
  const served = await (await fetch(server.url)).text();
  assert.equal(served, readFileSync(path.join(shots, "../../dist/index.html"), "utf8"));
});
try {
  for (const [name, run] of Object.entries({ ...journey, ...words, ...keyboard, ...connection,
    ...settings, ...community, ...titles, ...timeline, ...plaza, ...play, ...points, ...filmed, ...checkin_looks,
    ...broadcast, ...studio, ...support, ...xss, ...looks })) {
    if (!name.includes(wanted)) continue;
    const skip = (name in xss && !has_collections
      && "wants the collections of naughty strings (../shared, or MATSURI_SHARED)")
      || (name in filmed && !has_ffmpeg && "wants ffmpeg, which makes its programme")
      || (name in real_checkin && !has_real && "wants a real video (../shared, or MATSURI_SHARED)");
    // Which is for those who can't even leave: see in_time().
    await test(name, { timeout: 600_000, skip }, async () => {
      try {
        await in_time(run(world, shots));
        for (const person of world.people) person.assert_quiet();
      } catch (error) {
        for (const line of await world.photograph(name)) error.message += `\nWhat was seen, ${line}`;
        throw error;
      } finally {
        await world.everybody_leaves();
      }
    });
  }
} finally {
  // A test too, so that a fault of it is told as theirs are.
  await test("everybody leaves, and the server ends with 0 when it is asked to", { timeout: 60_000 }, async () => {
    await world.end();
    assert.equal(await server.end(), 0);
  });
}
