// Somebody with a browser of their own: cookies, storage and settings of one person, and a record of
// everything that must not happen on a page.
import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome"];
export const phone = { width: 390, height: 844 };
/** The community that is always there, where the tests write. */
export const ground = "/communities/1";
export const desktop = { width: 1280, height: 900 };

function chromium_path() {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
      try {
        accessSync(path.join(folder, name), constants.X_OK);
        return path.join(folder, name);
      } catch {
        // Not in this folder.
      }
    }
  }
  throw new Error(`no Chromium: none of ${names.join(", ")} is on the PATH`);
}

/** `more` are arguments of Chromium. */
export function launch(more = []) {
  // Chromium's own sandbox does not work for root, as whom containers run.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  args.push("--disable-dev-shm-usage", ...more); // Which is small there.
  return chromium.launch({ executablePath: chromium_path(), args });
}

// What the network says of a request that failed; whether it may fail is asked of `refusals`.
const network_noise = /^Failed to load resource/;

export class Person {
  /** Script errors, console errors, violations of the content policy, dialogs. Always empty. */
  faults = [];
  /** "METHOD /path STATUS" of every answer from 400 on; a test takes those that it means. */
  refusals = [];
  #unanswered = new Map(); // what the pages asked for, and when

  static async come(browser, server, { look = desktop, theme, language = "en", touch = false } = {}) {
    const person = new Person();
    person.server = server;
    person.context = await browser.newContext({
      baseURL: server.url, viewport: look, hasTouch: touch, locale: language === "ja" ? "ja-JP" : "en-GB",
      colorScheme: theme ?? "dark", timezoneId: "UTC",
    });
    person.context.setDefaultTimeout(30_000);
    await person.context.exposeBinding("matsuri_fault", (_, text) => person.faults.push(text));
    await person.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) =>
        window.matsuri_fault(`policy: ${event.effectiveDirective} ${event.blockedURI}`));
    });
    person.page = await person.open();
    return person;
  }

  async open() {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.faults.push(`script: ${error.stack ?? error}`));
    page.on("crash", () => this.faults.push(`crash: ${page.url()}`));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (!network_noise.test(message.text())) this.faults.push(`console: ${message.text()}`);
    });
    page.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => this.#unanswered.set(request, Date.now()));
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => this.#unanswered.delete(request));
    page.on("response", (response) => {
      if (response.status() < 400) return;
      const { pathname } = new URL(response.url());
      this.refusals.push(`${response.request().method()} ${pathname} ${response.status()}`);
    });
    return page;
  }

  /**
   * The first answer to what the page sends to `address` gets lost, though what it asked arrived.
   * Gives how often it asked.
   */
  async loses_an_answer(address) {
    const other = await this.open();
    await other.goto("/settings");
    const asked = { times: 0 };
    await this.page.route(address, async (route) => {
      if (route.request().method() !== "POST" || asked.times++ > 0) return route.continue();
      await this.arrives(route, other);
      await route.abort("connectionreset");
    });
    return asked;
  }

  /**
   * Sends what a page wanted to send from `other` instead, and gives the answer. A fault where there is none. (Playwright's own
   * way, route.fetch(), did not come back now and then, and says so only after the last test.)
   */
  async arrives(route, other) {
    const request = route.request();
    try {
      return await other.evaluate(async ([url, method, headers, body]) => {
        const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(20_000) });
        if (!answer.ok) throw new Error(`${url} ${answer.status} ${await answer.text()}`);
        return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
      }, [request.url(), request.method(), request.headers(), request.postData()]);
    } catch (error) {
      this.faults.push(`did not arrive: ${error}`);
      throw error;
    }
  }

  /** For whoever has to find out why: the requests that are under way, a stream of events among them. */
  unanswered() {
    return [...this.#unanswered].map(([request, since_ms]) =>
      `no answer after ${(Date.now() - since_ms) / 1000} s: ${request.method()} ${request.url()}`);
  }

  /** The refusals since the last call. */
  take_refusals() {
    return this.refusals.splice(0);
  }

  assert_quiet() {
    assert.deepEqual(this.faults, []);
    assert.deepEqual(this.take_refusals(), []);
  }

  /** Goes to the plaza, and waits for its lanterns. */
  async visit_plaza() {
    await this.page.goto("/");
    await this.page.waitForSelector(".gather h2");
  }

  /** Goes to the common ground, and waits for its posts, or for the word that there are none. */
  async visit_ground() {
    await this.page.goto(ground);
    await this.page.waitForSelector(".feed [role=feed], .feed .state");
  }

  /** Signs up, and goes to the common ground. */
  async sign_up(handle, name = handle) {
    const { page } = this;
    this.handle = handle;
    this.password = `a lantern for ${handle}`;
    await page.goto(`/signup?to=${ground}`);
    await page.fill("#handle", handle);
    await page.fill("#name", name);
    await page.fill("#password", this.password);
    await page.click("form button[type=submit]");
    await page.waitForSelector("#say");
  }

  /** Logs out in the settings, which leads to the plaza. */
  async log_out() {
    await this.page.goto("/settings");
    await this.page.getByRole("button", { name: "Log out here" }).click();
    await this.page.waitForSelector(".nav a[href='/login'], .tabbar a[href='/login']");
  }

  async log_in(handle, password) {
    const { page } = this;
    await page.goto(`/login?to=${ground}`);
    await page.fill("#handle", handle);
    await page.fill("#password", password);
    await page.click("form button[type=submit]");
    await page.waitForSelector("#say");
  }

  /** Becomes an admin, as far as the server and the page know. */
  async rises() {
    await this.server.run("account", "role", this.handle, "admin");
    // There is no such title; who may not change any is told only that. Each time counts as a write.
    const asked = () => this.page.evaluate(async () => (await fetch("/v1/titles/1", {
      method: "PATCH", headers: { "Content-Type": "application/json" }, body: '{"publisher":"Nobody"}',
    })).status);
    while (await asked() !== 404) await setTimeout(100);
    await this.page.reload();
    this.take_refusals();
  }

  /** Makes a title by the API, as an admin; gives what the server answers. */
  make_title(names, more = {}) {
    return this.page.evaluate(async (title) => {
      const answer = await fetch("/v1/titles", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(title),
      });
      if (!answer.ok) throw new Error(`no title: ${answer.status} ${await answer.text()}`);
      return answer.json();
    }, { names, ...more });
  }

  /** Posts, and waits until the composer is empty again. */
  async post(text) {
    const { page } = this;
    await page.fill("#say", text);
    await page.click(".composer button[type=submit]");
    await page.waitForFunction(() => document.querySelector("#say").value === "");
  }

  /** The posts that read exactly so. */
  posts(text) {
    return this.page.locator("article .post-text").filter({ hasText: text })
      .and(this.page.getByText(text, { exact: true }));
  }

  async sees(text) {
    await this.posts(text).first().waitFor();
  }

  async leave() {
    await this.context.close();
  }
}
