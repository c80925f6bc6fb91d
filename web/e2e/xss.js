// Stored texts that are meant to run: every string of naughty.js in every field that somebody can
// write, through the API and through an import, and then every page that shows them. Nothing runs,
// nothing leaves its box, and a text is shown as it was taken.
import assert from "node:assert/strict";
import http from "node:http";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { Gate, wrong_with_head } from "./gate.js";
import { naughty_strings } from "./naughty.js";
import { desktop, phone } from "./person.js";
import { Server } from "./server.js";
import { faults_of_page } from "./shown.js";

// Nothing here is about rates.
const rates = ["account", "address"].flatMap((who) => ["read", "write", "sign_in", "picture"].map((cost) =>
  `[limits.${who}_${cost}]\nburst = 1000000\nper_minute = 6000000\n`)).join("");
const chunk_count = 50; // As many posts as a page of a feed has.
const password = "a lantern for everybody";

const cut = (text, points_max) => [...text.normalize("NFC")].slice(0, points_max).join("");
const trimmed = (text) => text.replace(/^[\s\u0085\ufeff]+|[\s\u0085\ufeff]+$/gu, "");
/** What is kept of a text that is taken. */
const kept = (text) => trimmed(text.replace(/\r\n/g, "\n").normalize("NFC"));
/** Texts that nobody has a reason to refuse. */
const is_plain = (text) => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(text)
  && /[\p{L}\p{N}\p{P}\p{S}]/u.test(text.replace(/[\u115f\u1160\u3164\uffa0\u2800]/g, ""));
const chunks_of = (list) => Array.from({ length: Math.ceil(list.length / chunk_count) },
  (_, at) => list.slice(at * chunk_count, (at + 1) * chunk_count));

/** Runs `one` for each item, several at a time, and gives what they gave. */
async function each(items, one, at_once = 32) {
  const results = [];
  let next = 0;
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await one(items[at], at);
    }
  }));
  return results;
}

/** Somebody who speaks with the server without a browser. The head of every answer is looked at. */
class Program {
  static agent = new http.Agent({ keepAlive: true, maxSockets: 32 });

  constructor(server) {
    this.server = server;
  }

  static async sign_up(server, handle) {
    const program = new Program(server);
    program.handle = handle;
    const answer = await program.call("POST", "/v1/accounts", { handle, name: handle, password });
    assert.equal(answer.status, 201);
    program.cookie = answer.headers["set-cookie"][0].split(";")[0];
    return program;
  }

  call(method, target, body, headers = {}) {
    const { port } = this.server;
    const sent = body === undefined ? "" : JSON.stringify(body);
    return new Promise((done, fail) => {
      const request = http.request({
        host: "127.0.0.1",
        port, method, path: target, agent: Program.agent,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }), "content-length": Buffer.byteLength(sent),
          origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`,
          ...(this.cookie === undefined ? {} : { cookie: this.cookie }),
          ...(this.position === undefined ? {} : { "matsuri-position": this.position }), ...headers,
        },
      }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => {
          this.position = answer.headers["matsuri-position"] ?? this.position;
          const wrong = wrong_with_head(target, answer.statusCode, answer.headers);
          if (wrong.length > 0) return fail(new Error(wrong.join("\n")));
          done({ status: answer.statusCode, headers: answer.headers, json: text === "" ? null : JSON.parse(text) });
        });
      });
      request.on("error", fail);
      request.end(sent);
    });
  }

  /** The answer to what has to succeed. */
  async does(method, target, body, headers) {
    const answer = await this.call(method, target, body, headers);
    assert.ok(answer.status < 300, `${method} ${target} ${JSON.stringify(body)}: ${JSON.stringify(answer.json)}`);
    return answer.json;
  }
}

/** A server whose every text is naughty, and the gate that browsers come through. */
class Place {
  static #made = null;

  static of(world) {
    if (Place.#made === null) {
      const place = new Place();
      world.at_end(() => place.end());
      Place.#made = place.#make();
    }
    return Place.#made;
  }

  /** What became of each string in each field: the text that is kept, or null where it is refused. */
  fields = {};

  async #make() {
    this.strings = naughty_strings();
    this.server = new Server(rates);
    await this.server.start();
    this.writer = await Program.sign_up(this.server, "writer");
    this.commenter = await Program.sign_up(this.server, "commenter");
    this.admin = await Program.sign_up(this.server, "admin_of_all");
    await this.server.run("account", "role", "admin_of_all", "admin");
    await this.server.run("raid"); // So that its lantern is among what is looked at.
    await this.#write_titles();
    await this.#write_people();
    await this.#write_posts();
    await this.server.stop();
    await this.#import();
    await this.server.start();
    await this.#know_each_other();
    this.gate = new Gate(this.server);
    await this.gate.open();
    return this;
  }

  async end() {
    this.gate?.close();
    Program.agent.destroy();
    await this.server?.end();
  }

  /** Every string in one field: taken and told as it is, or refused for a reason. */
  async #fill(field, points_max, send, value_in) {
    this.fields[field] = await each(this.strings, async (string, at) => {
      const text = cut(string, points_max);
      const answer = await send(text, at);
      const where = `${field} ${JSON.stringify(text)}: ${answer.status}`;
      if (answer.status === 400) {
        assert.ok(!is_plain(text), `${where} ${JSON.stringify(answer.json)}`);
        return null;
      }
      assert.ok(answer.status < 300, `${where} ${JSON.stringify(answer.json)}`);
      const value = value_in(answer.json);
      if (field !== "agent") assert.equal(trimmed(value), kept(text), where);
      return value;
    });
  }

  /** The texts of a field, none twice. */
  texts(field) {
    return [...new Set(this.fields[field].filter((one) => one !== null))];
  }

  async #write_titles() {
    const { admin } = this;
    await this.#until(async () => (await admin.call("POST", "/v1/titles", { names: { en: "x" } })).status === 201);
    const title = await admin.does("POST", "/v1/titles", { names: { en: "Naughty" } });
    const change = (body) => admin.call("PATCH", `/v1/titles/${title.id}`, body);
    await this.#fill("title", 128, (text) => change({ names: { en: text } }), (json) => json.names.en);
    await this.#fill("publisher", 80, (text) => change({ publisher: text }), (json) => json.publisher);
    await this.#fill("platform", 40, (text) => change({ platforms: [text] }), (json) => json.platforms[0]);
    this.fields.crest = await each(this.strings, async (text) => {
      const answer = await change({ crest: text });
      if (answer.status === 200) assert.equal(trimmed(answer.json.crest), kept(text));
      return answer.status === 200 && answer.json.crest !== "" ? answer.json.crest : null;
    });
    const community = await admin.does("POST", "/v1/communities", { title: title.id, name: "x", kind: "official" });
    const rename = (body) => admin.call("PATCH", `/v1/communities/${community.id}`, body);
    await this.#fill("community", 128, (text) => rename({ name: text }), (json) => json.names.und);
    await this.#fill("description", 500, (text) => rename({ description: text }), (json) => json.description);
    // What is a choice is none of these, and what is a tag of a language is not free text.
    for (const text of this.texts("title")) {
      for (const body of [{ post_kinds: [text] }, { who_posts: text }, { names: { [text]: "x" } }]) {
        const answer = await rename(body);
        const is_language = body.names !== undefined && /^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(text);
        if (!is_language) assert.equal(answer.status, 400, JSON.stringify(body));
      }
    }
  }

  async #until(condition) {
    for (let count = 0; count < 200; ++count) {
      if (await condition()) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    assert.fail("it does not come");
  }

  async #write_people() {
    const { commenter, server } = this;
    const change = (body) => commenter.call("PATCH", "/v1/accounts/me", body);
    await this.#fill("name", 40, (text) => change({ name: text }), (json) => json.name);
    await this.#fill("bio", 160, (text) => change({ bio: text }), (json) => json.bio);
    await this.#fill("label", 40, async (label) => {
      const answer = await commenter.call("POST", "/v1/tokens", { label });
      if (answer.status === 201) await commenter.does("DELETE", `/v1/tokens/${answer.json.id}`);
      return answer;
    }, (json) => json.label);
    await each(this.strings, async (handle) => {
      const answer = await new Program(server).call("POST", "/v1/accounts", { handle, name: "x", password });
      const is_good = /^[a-z][a-z0-9_]{2,19}$/.test(handle);
      if (!is_good) assert.equal(answer.status, 400, handle);
      assert.ok([201, 400, 409].includes(answer.status), handle);
    });
    for (const text of this.texts("name")) {
      assert.equal((await change({ face: text })).status, 400);
      assert.equal((await change({ privacy: { follows: text } })).status, 400);
    }
  }

  async #write_posts() {
    const { commenter, writer } = this;
    const said = "/v1/communities/1/posts";
    await this.#fill("text", 280, (text) => writer.call("POST", said, { text }), (json) => json.text);
    const posts = [];
    await this.#fill("tag", 50, async (tag, at) => {
      const answer = await writer.call("POST", said, { text: `tagged ${at}`, tag });
      if (answer.status === 201) posts.push(answer.json.id);
      return answer;
    }, (json) => json.tag);
    await this.#fill("edited text", 280, (text, at) =>
      writer.call("PATCH", `/v1/posts/${posts[at % posts.length]}`, { text }), (json) => json.text);
    await this.#fill("edited tag", 50, (tag, at) =>
      writer.call("PATCH", `/v1/posts/${posts[at % posts.length]}`, { tag }), (json) => json.tag);
    // A notice for each, which tells the words of the post.
    const comments = (at) => `/v1/posts/${posts[at % posts.length]}/comments`;
    await this.#fill("comment", 280, (text, at) => commenter.call("POST", comments(at), { text }), (json) => json.text);
    await this.#fill("comment's tag", 50, (tag, at) =>
      commenter.call("POST", comments(at), { text: `tagged ${at}`, tag }), (json) => json.tag);
    for (const text of this.texts("tag")) {
      for (const body of [{ text: "x", feeling: text }, { text: "x", spoiler: text }, { text: "x", drawing: text },
        { text: "x", drawing: { strokes: [{ pen: text, points: [1, 1, 0] }] } }, { text: "x", [text]: 1 }]) {
        assert.equal((await writer.call("POST", said, body)).status, 400, JSON.stringify(body));
      }
    }
  }

  /** What the pages of one's own show: whom one follows and blocks, drawings, tokens, sessions. */
  async #know_each_other() {
    const { commenter, writer } = this;
    const followed = Array.from({ length: 30 }, (_, at) => `u_${at}`);
    await each(followed, (handle) => writer.does("PUT", `/v1/accounts/me/follows/${handle}`));
    const hidden = Array.from({ length: 80 }, (_, at) => `u_${at * 5}`);
    await each(hidden, (handle, at) =>
      commenter.does("PUT", `/v1/accounts/me/${at % 2 === 0 ? "blocks" : "mutes"}/${handle}`));
    await each(this.texts("label").slice(0, 45), (label) => commenter.does("POST", "/v1/tokens", { label }));
    // Headers are bytes, and have none of these.
    const agents = this.texts("name").filter((one) => !/[\u0000-\u001f\u007f]/.test(one)).slice(0, 30);
    await each(agents, (agent) => writer.does("POST", "/v1/sessions", { handle: "commenter", password },
      { "user-agent": Buffer.from(agent).toString("latin1"), cookie: "" }), 4);
    await each(this.texts("tag").slice(0, 25), (tag, at) => writer.does("POST", "/v1/communities/1/posts",
      { drawing: { strokes: [{ pen: 2, points: [40 + at, 40, 0, 400, 300, 16] }] }, tag }));
  }

  /** The same from an import: people of such names, who write in communities of such names. */
  async #import() {
    const lines = [];
    const begin = Date.now() - 60_000;
    const line = (kind, id, more) =>
      lines.push(JSON.stringify({ kind, source: "naughty", id, created_at: begin + lines.length, ...more }));
    const any = (field, at) => this.texts(field)[at % this.texts(field).length];
    const names = this.texts("name");
    names.forEach((name, at) => line("user", `u${at}`, { handle: `u_${at}`, name, bio: any("bio", at) }));
    names.slice(1).forEach((_, at) => line("follow", `f${at}`, { account: `u${at + 1}`, target: "u0" }));
    this.chunks = chunks_of(this.texts("text"));
    this.titles = this.chunks.map((texts, at) => ({
      names: { en: any("title", at), ja: any("title", at + 1) }, publisher: any("publisher", at),
      platforms: this.texts("platform").slice(at * 16, (at + 1) * 16), crest: any("crest", at),
    }));
    this.chunks.forEach((texts, chunk) => {
      line("title", `t${chunk}`, this.titles[chunk]);
      const communities = this.texts("community").slice(chunk * chunk_count, (chunk + 1) * chunk_count);
      communities.forEach((name, at) => line("community", `c${chunk}.${at}`, {
        community_kind: "official", title: `t${chunk}`, names: { en: name }, description: any("description", chunk * chunk_count + at),
      }));
      line("community", `c${chunk}`, {
        community_kind: "user", title: `t${chunk}`, owner: `u${chunk}`, names: { en: any("community", chunk * 7 + 3) },
        description: cut(texts.map((text) => cut(text, 80)).join("\n"), 500),
      });
      texts.forEach((text, at) => {
        const id = chunk * chunk_count + at;
        const who = { author: `u${id % names.length}`, text, tag: any("tag", id), feeling: id % 6 };
        line("post", `p${id}`, { in: `c${chunk}`, ...who });
        line("comment", `m${id}`, { post: `p${chunk * chunk_count}`, ...who });
      });
      names.slice(chunk * 20 + 1, chunk * 20 + 20).forEach((_, at) => {
        const account = chunk * 20 + 1 + at;
        if (account !== (chunk * chunk_count) % names.length) {
          line("empathy", `e${account}`, { account: `u${account}`, post: `p${chunk * chunk_count}` });
        }
      });
    });
    const file = path.join(this.server.folder, "naughty.ndjson");
    writeFileSync(file, lines.join("\n"));
    await this.server.import(file);
  }
}

/** Somebody who looks at pages of the place, and notes what must not be on any of them. */
class Visitor {
  faults = [];

  static async come(world, place, options) {
    const visitor = new Visitor();
    visitor.place = place;
    visitor.language = options.language ?? "en";
    visitor.person = await world.comes({ server: place.gate, ...options });
    visitor.page = visitor.person.page;
    const { context, faults } = visitor.person;
    visitor.page.on("framenavigated", (frame) => {
      if (!frame.url().startsWith(place.gate.url)) faults.push(`went to ${frame.url()}`);
    });
    context.on("page", (page) => faults.push(`opened ${page.url()}`));
    context.on("request", (request) => {
      if (!request.url().startsWith(place.gate.url)) faults.push(`asked for ${request.url()}`);
    });
    return visitor;
  }

  async log_in(who) {
    const { page } = this;
    await this.person.context.clearCookies();
    await page.goto("/login");
    await page.fill("#handle", who.handle);
    await page.fill("#password", password);
    await page.click("form button[type=submit]");
    await page.waitForFunction(() => location.pathname !== "/login");
    this.person.take_refusals(); // It was asked who this is, who was nobody.
  }

  /** Goes there, waits for `ready`, and sees whether `texts` are there and nothing else. */
  async sees(address, ready, texts = []) {
    await this.page.goto(address);
    await this.page.waitForSelector(ready);
    await this.check(address, texts);
  }

  async check(where, texts = []) {
    // What comes by itself may still be on its way.
    let found = [];
    for (let count = 0; count < 40; ++count) {
      found = await this.page.evaluate(faults_of_page, texts);
      if (!found.some((one) => one.startsWith("not shown"))) break;
      await this.page.waitForTimeout(100);
    }
    const faults = [...found, ...this.place.gate.take_faults(), ...this.person.faults.splice(0)];
    this.faults.push(...faults.map((one) => `${where}: ${one}`));
  }

  /** All at once: what one text does, it does on many pages. */
  assert_quiet() {
    assert.deepEqual(this.faults, []);
  }

  /** Until the list has no more. */
  async reads_to_the_end() {
    const more = this.page.locator(".older button");
    while (await more.count() > 0) {
      await more.first().click({ timeout: 5000 }).catch(() => {}); // It may have come by itself.
      await this.page.waitForTimeout(50);
    }
  }
}

/** What the API says is in a list, page by page: the same that the page is to show. */
async function texts_of(program, address, texts_in, pages_max = 1) {
  const texts = [];
  let next = "";
  for (let count = 0; count < pages_max && next !== null; ++count) {
    const answer = await program.does("GET", `${address}${next === "" ? "" : `&before=${next}`}`);
    texts.push(...texts_in(answer));
    next = answer.next;
  }
  return texts;
}

const of_post = (post) => [post.text, post.author.name, ...(post.tag === null ? [] : [post.tag])];
const of_posts = (answer) => answer.posts.flatMap(of_post);

const name_of = ({ names }, language) => names[language] ?? names.en ?? Object.values(names)[0];

async function see_communities(visitor, place, count_max = Infinity) {
  const { admin } = place;
  const { titles } = await admin.does("GET", "/v1/titles?limit=100");
  for (const [at, title] of titles.slice(0, count_max + 1).entries()) {
    const { communities } = await admin.does("GET", `/v1/communities?title=${title.id}&limit=100`);
    const own = communities.find((one) => one.kind === "user");
    if (own === undefined) continue;
    const posts = `/v1/communities/${own.id}/posts`;
    await visitor.sees(`/communities/${own.id}`, "article", [
      name_of(own, visitor.language), own.description, own.owner.name, title.publisher, title.crest,
      ...communities.filter((one) => one !== own).slice(0, 49).map((one) => name_of(one, visitor.language)),
      ...await texts_of(admin, `${posts}?limit=50`, of_posts),
    ].filter((one) => one !== ""));
    if (at % 2 === 0) continue; // Comments look like posts.
    const first = (await admin.does("GET", `${posts}?limit=100`)).posts.find((one) => one.comment_count > 0);
    await visitor.sees(`/posts/${first.id}`, "article.comment", [
      ...of_post(first), ...of_posts(await admin.does("GET", `/v1/posts/${first.id}/comments?limit=50`)),
    ]);
  }
}

async function see_people(visitor, place) {
  const { admin } = place;
  for (let at = 0; at < place.chunks.length; ++at) {
    const account = await admin.does("GET", `/v1/accounts/u_${at}`);
    await visitor.sees(`/people/u_${at}`, "article", [account.name, account.bio].filter((one) => one !== ""));
  }
  const names = (answer) => answer.people.map((one) => one.name);
  await visitor.page.goto("/people/u_0/followers");
  await visitor.page.waitForSelector(".people-rows");
  await visitor.reads_to_the_end();
  await visitor.check("followers", await texts_of(admin, "/v1/accounts/u_0/followers?limit=100", names, 20));
  await visitor.sees("/people/u_1/following", ".people-rows",
    await texts_of(admin, "/v1/accounts/u_1/following?limit=30", names));
  await visitor.sees("/people/u_1/empathies", "article",
    await texts_of(admin, "/v1/accounts/u_1/empathies?limit=30", of_posts));
  await visitor.sees("/people/writer/drawings", "article img, article canvas, article svg",
    await texts_of(admin, "/v1/accounts/writer/posts?kind=drawing&limit=30", of_posts));
}

async function see_titles(visitor, place) {
  const { admin } = place;
  await visitor.page.goto("/communities");
  await visitor.page.waitForSelector(".title-name");
  await visitor.reads_to_the_end();
  const { titles } = await admin.does("GET", "/v1/titles?limit=100");
  const texts = titles.flatMap((one) => [name_of(one, visitor.language), one.publisher, one.crest, ...one.platforms]);
  for (const title of titles) {
    const { communities } = await admin.does("GET", `/v1/communities?title=${title.id}&limit=50`);
    texts.push(...communities.filter((one) => one.id !== title.main_community).map((one) => name_of(one, visitor.language)));
  }
  await visitor.check("/communities", texts.filter((one) => one !== ""));

  const { titles: lanterns } = await admin.does("GET", "/v1/plaza?limit=6");
  assert.ok(lanterns.some((one) => one.posts.length > 0));
  await visitor.sees("/", ".gather h2", lanterns.flatMap(({ title, posts }) => [
    name_of(title, visitor.language), title.crest,
    ...posts.slice(0, 4).flatMap(({ text, author }) => [text, author.name]),
  ]).filter((one) => one !== ""));
}

async function see_own_pages(visitor, place) {
  const { writer, commenter } = place;
  await visitor.log_in(writer);
  await visitor.sees("/", "main");
  await visitor.sees("/timeline", "article", await texts_of(writer, "/v1/timeline?limit=30", of_posts));
  await visitor.page.goto("/notifications");
  await visitor.page.waitForSelector(".n");
  await visitor.reads_to_the_end();
  await visitor.check("/notifications", await texts_of(writer, "/v1/notifications?limit=100",
    (answer) => answer.notifications.map((one) => one.post?.text ?? "").filter((one) => one !== ""), 3));
  await visitor.log_in(commenter);
  const me = await commenter.does("GET", "/v1/accounts/me");
  const { tokens } = await commenter.does("GET", "/v1/tokens");
  const { blocks } = await commenter.does("GET", "/v1/accounts/me/blocks");
  const { mutes } = await commenter.does("GET", "/v1/accounts/me/mutes");
  assert.ok(tokens.length > 30 && blocks.length > 30 && mutes.length > 30);
  await visitor.sees("/settings", "#tokens ~ ul", [me.name, me.bio, ...tokens.map((one) => one.label),
    ...[...blocks, ...mutes].map((one) => one.name)].filter((one) => one !== ""));
}

export const xss = {
  "naughty strings: no field takes them for anything but texts": async (world) => {
    const place = await Place.of(world);
    for (const [field, texts] of Object.entries(place.fields)) {
      assert.equal(texts.length, place.strings.length, field);
      assert.ok(texts.some((one) => one !== null), field);
    }
  },

  "naughty strings: communities and posts, on a phone": async (world) => {
    const place = await Place.of(world);
    const visitor = await Visitor.come(world, place, { look: phone, touch: true });
    await see_communities(visitor, place);
    visitor.assert_quiet();
  },

  "naughty strings: people and lists, on a phone": async (world) => {
    const place = await Place.of(world);
    const visitor = await Visitor.come(world, place, { look: phone, touch: true });
    await see_people(visitor, place);
    await see_titles(visitor, place);
    visitor.assert_quiet();
  },

  "naughty strings: one's own pages, on a phone": async (world) => {
    const place = await Place.of(world);
    const visitor = await Visitor.come(world, place, { look: phone, touch: true });
    await see_own_pages(visitor, place);
    visitor.assert_quiet();
  },

  "naughty strings: lists and one's own pages, on a desktop in Japanese": async (world) => {
    const place = await Place.of(world);
    const visitor = await Visitor.come(world, place, { look: desktop, theme: "light", language: "ja" });
    await see_communities(visitor, place, 2);
    await see_titles(visitor, place);
    await see_own_pages(visitor, place);
    visitor.assert_quiet();
  },

  "naughty strings: what is typed, asked and comes live": async (world) => {
    const place = await Place.of(world);
    const visitor = await Visitor.come(world, place, { look: phone, touch: true });
    const { page } = visitor;
    const { writer, commenter } = place;
    await visitor.log_in(commenter);
    const texts = place.texts("text").filter((one) => /[<>"'&{}]/.test(one)).slice(0, 12);
    await page.goto("/communities/1");
    for (const [at, text] of texts.entries()) {
      // A draft is kept, and comes back with the page.
      await page.fill("#say", text);
      if (at % 5 === 0) await page.reload();
      await page.waitForSelector("#say");
      await visitor.check(`draft ${text}`, [text]);
    }
    for (const text of texts) {
      const { id } = await writer.does("POST", "/v1/communities/1/posts", { text: `${text} live` });
      await page.waitForFunction((id) => document.querySelector(`[data-post="${id}"], .fresh`) !== null, id);
      if (await page.locator(".fresh").count() > 0) await page.click(".fresh");
      await page.locator(`[data-post="${id}"]`).waitFor();
      await visitor.check(`live ${text}`, [`${text} live`]);
    }
    // The editor, and what is asked before one blocks somebody of such a name.
    const { id } = await commenter.does("POST", "/v1/communities/1/posts", { text: texts[0], tag: cut(texts[0], 50) });
    await page.goto(`/posts/${id}`);
    await page.locator("article .menu > button").first().click();
    await page.locator("[role=menuitem]").first().click();
    await page.waitForSelector(".post-edit");
    await visitor.check("editor", [texts[0]]);
    for (const name of place.texts("name").filter((one) => one.includes("<")).slice(0, 5)) {
      await writer.does("PATCH", "/v1/accounts/me", { name });
      const { posts: [post] } = await commenter.does("GET", "/v1/accounts/writer/posts?limit=1");
      await page.goto(`/posts/${post.id}`);
      await page.locator("article .menu > button").first().click();
      await page.locator("[role=menuitem]").last().click();
      await page.waitForSelector("dialog");
      await visitor.check(`asked about ${name}`, [name]);
      assert.ok((await page.locator("dialog").textContent()).includes(name));
    }
    await writer.does("PATCH", "/v1/accounts/me", { name: "writer" });
    visitor.assert_quiet();
  },

  "naughty strings: in addresses, and pictures and answers opened as pages": async (world) => {
    const place = await Place.of(world);
    const visitor = await Visitor.come(world, place, { look: phone, touch: true });
    const { page, person } = visitor;
    const texts = place.texts("title").filter((one) => /[<>"':&%]/.test(one)).slice(0, 36);
    for (const [at, text] of texts.entries()) {
      const part = encodeURIComponent(text);
      const address = [`/?next=${part}`, `/login?to=${part}#${part}`, `/docs?q=${part}#${part}`, `/communities/${part}`,
        `/people/${part}`, `/posts/${part}/`, `/settings#${part}`, `/v1/posts/${part}`, `/v1/communities/1/posts?before=${part}`,
        `/v1/accounts/${part}`, `/faces/${part}/0.svg`, `/${part}`][at % 12];
      await page.goto(address);
      await visitor.check(address);
    }
    const { posts } = await place.writer.does("GET", "/v1/accounts/writer/posts?kind=drawing&limit=12");
    for (const address of [...posts.map((post) => `/v1/posts/${post.id}/drawing.svg`), `/v1/posts/${posts[0].id}`,
      "/v1/titles", "/v1/communities/1/posts?limit=100", "/v1/accounts/u_0/followers", "/faces/0123456789abcdef/0.svg"]) {
      await page.goto(address);
      assert.equal(await page.locator("script, iframe, [onload], [onerror], a[href]").count(), 0, address);
      await visitor.check(address);
    }
    // Chromium's own page around a PNG has styles, which the policy stops; the head is what counts.
    assert.equal((await fetch(`${place.gate.url}/v1/posts/${posts[0].id}/drawing.png`)).status, 200);
    await visitor.check("a PNG");
    person.take_refusals(); // Most of these addresses lead nowhere.
    visitor.assert_quiet();
  },
};
